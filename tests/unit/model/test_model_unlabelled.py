"""Texts without a label: labels spread to near ones, and a second model learns from them."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_support import labelled_rows, write_csv
from torch.nn.functional import normalize

from core.errors import InputError
from core.model.data import Rows, normalised, read_texts
from core.model.look import Asked
from core.model.recipe import settled
from core.model.scores.look import look_scores
from core.model.shots import few, with_texts
from core.model.split import split
from core.model.unlabelled import spread

ROWS = labelled_rows(120)


def clouds(n: int, seed: int, classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Points on a sphere around one corner a class, those of the classes in turns."""
    draw = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    return normalize(torch.eye(8)[labels] + 0.15 * torch.randn(n, 8, generator=draw), dim=1), labels


@given(n=st.integers(12, 60), known=st.integers(3, 9), seed=st.integers(0, 99))
def test_shares_add_up_to_one_and_near_rows_take_the_label_of_their_cloud(n: int, known: int, seed: int) -> None:
    x, labels = clouds(known + n, seed)
    shares = spread(x, labels[:known].tolist(), 3)
    assert shares.shape == (n, 3)
    assert torch.allclose(shares.sum(1), torch.ones(n), atol=1e-4)
    assert (shares.argmax(1) == labels[known:]).double().mean() > 0.9


def test_a_text_that_no_label_reaches_may_be_of_any_class() -> None:
    x, labels = clouds(42, 0)
    lonely = torch.zeros(12, 8)
    lonely[:, 7] = 1  # twelve alike, and like nothing else
    shares = spread(torch.cat([x, lonely]), labels[:12].tolist(), 3)
    assert torch.allclose(shares[-12:], torch.full((12, 3), 1 / 3))


def test_what_shots_leave_are_texts_without_labels_and_none_of_them_is_tested() -> None:
    rows = Rows(tuple(t for t, _ in ROWS), tuple(c for _, c in ROWS))
    parts = few(split(rows, None, 7, "rows.csv"), 8, 7)
    own = {normalised(t) for side in (parts.train, parts.validation, parts.test) for t in side.texts}
    assert not own & {normalised(t) for t in parts.texts}
    assert len(own) + len(parts.texts) == len({normalised(t) for t in rows.texts})
    more = with_texts(parts, [*parts.test.texts, parts.train.texts[0].upper(), "something else", "Something  else"], 7)
    assert len(more.texts) == len(parts.texts) + 1


def test_texts_are_read_from_a_table_without_labels_once_each(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "more.csv", [("a text",), ("A  text",), ("",), ("null",)], ("text",))
    assert read_texts(table, "text") == ("a text", "null")
    with pytest.raises(InputError, match="no column 'words'; there are 'text'"):
        read_texts(table, "words")


def test_texts_are_learned_from_where_there_are_any_unless_a_person_says_no() -> None:
    assert settled({}, 24, 3, 80)[0].spread
    assert "80 texts without a label" in settled({}, 24, 3, 80)[1]
    assert not settled({}, 24, 3)[0].spread
    assert not settled({"spread": False}, 24, 3, 80)[0].spread


def test_scores_do_not_spread(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "rows.csv", [(t, str(n)) for n, (t, _) in enumerate(ROWS)])
    with pytest.raises(InputError, match="a score does not spread"):
        look_scores(Asked(table, None, "text", "label", unlabelled=(table, "text")))
