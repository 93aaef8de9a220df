"""A founder's own model: mined from what two searches agree on, kept where it leaks less, dropped on demand."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import InputError
from core.privacy.engine import published
from core.privacy.names import judge, own, weights
from core.privacy.names.measure import own_file, use
from core.privacy.names.mine import SAME, mine, readable
from core.privacy.names.train import Settings
from core.venture import Venture, parse

TEXTS = ["my colleague Ann Lee is here", "nothing is here", "my colleague Bob Ray is here", "my card is here"]
Found = list[list[tuple[int, int, str]]]


def names_in(texts: Sequence[str]) -> Found:
    return [[(t.index(n), t.index(n) + 7, "PERSON") for n in ("Ann Lee", "Bob Ray") if n in t] for t in texts]


def nothing(texts: Sequence[str]) -> Found:
    return [[] for _ in texts]


def test_rows_that_differ_in_their_names_alone_give_one_sentence_without_them() -> None:
    made = mine(TEXTS, names_in, names_in)
    assert len(made) == 3
    assert not any("Ann" in t.key or "Bob" in t.key for t in made)
    assert [p.slot for p in made[0].parts if p.slot and p.slot != SAME] == ["full"]


def test_what_only_one_search_found_teaches_nothing() -> None:
    made = mine(TEXTS, names_in, nothing)
    assert {p.slot for t in made for p in t.parts if p.slot} == {SAME}


def test_a_rare_word_that_may_be_a_name_both_missed_teaches_nothing() -> None:
    [first, *_] = mine(["ask zyxwyn now", "ask now", "ask now please", "now ask"], nothing, nothing)
    assert [p.text for p in first.parts if p.slot == SAME] == ["zyxwyn"]


def test_endless_and_empty_rows_are_left_out_and_equal_ones_read_once() -> None:
    assert readable(["  ", "hello there", "hello there ", "x" * 5000]) == ["hello there"]


def test_too_few_sentences_are_said_not_learned_from(tmp_path: Path) -> None:
    nlp = published()
    model = own.Model(nlp, names_in, names_in, weights.read(nlp))
    with pytest.raises(InputError, match="takes 20"):
        own.train_own(TEXTS, [], tmp_path / "n.npz", using=model)
    assert not (tmp_path / "n.npz").exists()


def test_a_short_training_on_real_rows_is_judged_and_kept_only_where_adopted(tmp_path: Path) -> None:
    people = ("Anna", "Peter", "Laura", "James")
    things = ("order", "parcel", "invoice", "letter", "refund", "card", "phone", "ticket")
    rows = [f"{p} wrote that the {a} and the {b} are late" for p in people for a in things for b in things]
    rows += [f"the {a} and the {b} are late" for a in things for b in things]
    nlp = published()
    model = own.Model(nlp, judge.by_model(nlp), judge.by_model(published()), weights.read(nlp))
    before = weights.fingerprint(weights.read(nlp))
    settings = Settings(texts=300, epochs=2)
    got = own.train_own(rows, [], tmp_path / "n.npz", settings=settings, using=model)
    assert got.texts == 600
    assert got.adopted == (tmp_path / "n.npz").exists()
    assert got.adopted == got.held_out.adopted
    assert weights.fingerprint(weights.read(nlp)) != before
    assert got.held_out.after["leak"]["value"] < got.held_out.before["leak"]["value"]
    assert "Anna" not in str(got.as_json())


def venture(folder: Path) -> Venture:
    return parse({"schema": 1, "name": "Test"}, folder / "venture.toml")


def test_scans_of_a_venture_use_its_own_weights_until_they_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_settings: object
) -> None:
    monkeypatch.delenv(weights.IN_FORCE, raising=False)
    mine_, other = venture(tmp_path / "a"), venture(tmp_path / "b")
    own_file(mine_).parent.mkdir(parents=True)
    own_file(mine_).touch()
    use(mine_)
    assert weights.in_force() == own_file(mine_)
    use(other)
    assert weights.in_force() == weights.SHIPPED
    assert own.drop(own_file(mine_))
    assert not own.drop(own_file(mine_))
    use(mine_)
    assert weights.in_force() == weights.SHIPPED
    assert weights.IN_FORCE not in os.environ
