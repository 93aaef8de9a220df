"""What the model room's tests share: tables of their own, a base model small enough to train in a second."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from model_support import write_csv

os.environ.setdefault("OMP_NUM_THREADS", "2")
# Test modules import torch before core.model, which says this to the program: see core/model/__init__.py.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to a CSV of the test's own."""

    def make(rows: Sequence[Sequence[str]], name: str = "rows.csv", header: Sequence[str] = ("text", "label")) -> Path:
        return write_csv(tmp_path / name, rows, header)

    return make


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two narrow layers with random weights, and the bundled model's tokenizer."""
    return _random_bert(tmp_path_factory.mktemp("tiny") / "tiny-bert", layers=2)


@pytest.fixture(scope="session")
def three_layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with three layers, so that there are some to leave out."""
    return _random_bert(tmp_path_factory.mktemp("three") / "three-layers", layers=3)


@pytest.fixture(scope="module")
def few_requests() -> Iterator[None]:
    """Trainings of this module time no more single requests than p95 takes."""
    from latency_support import requests

    with requests():
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, three_layers: Path) -> Path:
    """A finished run of three layers, which nobody changes: modules take a copy."""
    from latency_support import requests
    from optimise_support import finished_run

    with requests():
        return finished_run(tmp_path_factory.mktemp("finished"), three_layers)


def _random_bert(folder: Path, layers: int) -> Path:
    import torch
    from transformers import BertConfig, BertModel

    from core.model.base import load_base
    from core.model.config import BUNDLED

    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": layers, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=30522, **shape)).save_pretrained(folder)
    load_base(BUNDLED).tokenizer.save_pretrained(folder)
    return folder
