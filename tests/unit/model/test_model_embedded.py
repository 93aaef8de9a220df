"""What a frozen base model made of rows is kept by what it follows from, and is the same when it is read back."""

from pathlib import Path

import pytest
import torch
from model_support import labelled_rows, write_csv

from core.model import embedded
from core.model.embedded import MOST, embeddings
from core.model.look import Asked, look, read_ahead
from core.model.plain import read_base
from core.progress import Cancelled, silent

IDS = [[2, 5 + i % 7, 3] for i in range(40)]


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows that the model was asked for."""
    asked: list[int] = []
    real = embedded.Classifier.embed

    def counted(self: object, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        asked.append(len(input_ids))
        return real(self, input_ids, attention_mask)

    monkeypatch.setattr(embedded.Classifier, "embed", counted)
    return asked


def test_the_second_time_nothing_is_asked_and_every_bit_is_the_same(
    three_layers: Path, tmp_path: Path, uncounted: list[int]
) -> None:
    base = read_base(str(three_layers))
    plain = embeddings(base, IDS, silent, None)
    first = embeddings(base, IDS, silent, tmp_path)
    uncounted.clear()
    again = embeddings(base, IDS, silent, tmp_path)
    assert uncounted == []
    assert torch.equal(plain, first)
    assert torch.equal(first, again)
    (file,) = tmp_path.glob("*")
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(b"damaged")
    assert torch.equal(embeddings(base, IDS, silent, tmp_path), first)
    assert sum(uncounted) == len(IDS)
    for i in range(MOST + 1):
        embeddings(base, IDS[: i + 1], silent, tmp_path)
    assert len(list(tmp_path.glob("*"))) == MOST


def test_a_look_goes_on_from_what_was_read_ahead_and_finds_the_same(
    three_layers: Path, tmp_path: Path, uncounted: list[int]
) -> None:
    table = write_csv(tmp_path / "rows.csv", labelled_rows(90))
    settings = {"base": str(three_layers)}
    plain = look(Asked(table, None, "text", "label", settings=settings), load=read_base)
    asked = Asked(table, None, "text", "label", settings=settings, kept=tmp_path / "kept")
    uncounted.clear()

    def stop(done: float, total: float, note: str = "") -> None:
        if note == "Reading the texts":
            raise Cancelled

    read_ahead(asked, stop, read_base)
    ahead = sum(uncounted)
    assert 0 < ahead
    found = look(asked, load=read_base)
    assert sum(uncounted) == 90  # no row twice
    assert _without_seconds(found.as_json()) == _without_seconds(plain.as_json())


def _without_seconds(told: object) -> object:
    if isinstance(told, dict):
        return {name: _without_seconds(value) for name, value in told.items() if name != "seconds"}
    return [_without_seconds(value) for value in told] if isinstance(told, list) else told
