"""The door: the newest run of the venture's own table is found, measured, and put on record."""

import json
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from model_support import labelled_rows, write_csv

from core.errors import InputError
from core.model import measure as door
from core.model.look import Asked
from core.model.run import train_and_benchmark
from core.model.serving import newest
from core.model.serving.evidence import BOARD, IDS
from core.model.serving.newest import Table, trained
from core.venture import Venture, load

VENTURE = """
schema = 1
name = "Desk"
[must]
accuracy = 0.2
[[datasets]]
id = "rows"
path = "rows.csv"
text = "text"
label = "label"
"""


@pytest.fixture
def venture(tmp_path: Path) -> Venture:
    write_csv(tmp_path / "rows.csv", labelled_rows(160))
    (tmp_path / "venture.toml").write_text(VENTURE, encoding="utf-8")
    return load(tmp_path / "venture.toml")


@pytest.mark.usefixtures("few_requests")
def test_the_newest_run_of_this_very_table_is_measured(
    venture: Venture, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "Asked", partial(newest.Asked, seconds=1, server_seconds=2))
    runs = venture.folder / "runs"
    settings = {"base": str(tiny_base), "epochs": 1}
    train_and_benchmark(Asked(venture.folder / "rows.csv", None, "text", "label", settings=settings), runs / "1")
    other = shutil.copytree(runs / "1", runs / "2")  # newer, but of another table
    kept = json.loads((other / "answer" / "answer.json").read_text())
    kept["source"]["sha256"] = "0"
    (other / "answer" / "answer.json").write_text(json.dumps(kept))
    os.utime(other / "result.json")
    assert trained(runs, Table(venture.folder / "rows.csv", "text", "label")) == runs / "1"
    found = {e.id: e for e in door.serve(venture, runs / "3")}
    assert set(found) == set(IDS)
    (row,) = found[BOARD].detail["variants"]
    assert row["name"] == "fp32"
    assert row["low"] <= row["accuracy"] <= row["high"]
    assert row["size_mb"] > 0
    assert found[BOARD].value == "fp32" or row["asked"]["accuracy"] != "met"
    assert json.loads((runs / "3" / "serving.json").read_text())["variants"][0]["name"] == "fp32"


def test_without_a_run_of_this_table_it_says_what_to_do_first(venture: Venture) -> None:
    with pytest.raises(InputError, match="train and measure it first"):
        door.serve(venture, venture.folder / "runs" / "1")


def test_a_venture_without_labels_has_nothing_to_serve_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "venture.toml").write_text('schema = 1\nname = "Empty"\n', encoding="utf-8")
    found = door.serve(load(tmp_path / "venture.toml"), tmp_path / "run")
    assert {e.id for e in found} == set(IDS)
    assert all(e.value is None and "label column" in e.reason for e in found)
