"""Gates come first and cannot be outweighed; less evidence or a worse answer never makes a better verdict."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evidence import Check, Evidence, Source, Status
from core.readiness.assess import assess
from core.readiness.verdict import Verdict, Word, verdict, weigh
from tests.unit.readiness.readiness_support import IDS, desk, fewer, good, records

ORDER = [Word.NO_GO, Word.NOT_ENOUGH, Word.CONDITIONAL, Word.GO]
WORSE = [Status.PASS, Status.UNKNOWN, Status.FAIL]


def check(gate: bool, status: Status, name: str = "model.x") -> Check:
    return Check(name, "model", f"Title of {name}", gate, status, "reason", todo="do it")


def judged(*answers: tuple[bool, Status]) -> Verdict:
    return verdict([check(g, s, f"model.c{k}") for k, (g, s) in enumerate(answers)])


checks = st.lists(st.tuples(st.booleans(), st.sampled_from(list(Status))), max_size=6)


@pytest.mark.parametrize(
    ("answers", "word", "code"),
    [
        ([(True, Status.PASS)], Word.GO, 0),
        ([(True, Status.PASS), (False, Status.PASS)], Word.GO, 0),
        ([(True, Status.PASS), (False, Status.FAIL)], Word.CONDITIONAL, 10),
        ([(True, Status.PASS), (False, Status.UNKNOWN)], Word.CONDITIONAL, 10),
        ([(True, Status.PASS), (False, Status.STALE)], Word.CONDITIONAL, 10),
        ([(True, Status.FAIL), (True, Status.UNKNOWN), (False, Status.PASS)], Word.NO_GO, 20),
        ([(True, Status.UNKNOWN), (True, Status.PASS)], Word.NOT_ENOUGH, 30),
        ([(True, Status.STALE), (False, Status.FAIL)], Word.NOT_ENOUGH, 30),
        ([(False, Status.PASS)], Word.NOT_ENOUGH, 30),
        ([(False, Status.FAIL)], Word.NOT_ENOUGH, 30),
        ([], Word.NOT_ENOUGH, 30),
    ],
)
def test_the_rules_of_the_verdict(answers: list[tuple[bool, Status]], word: Word, code: int) -> None:
    found = judged(*answers)
    assert (found.word, found.exit_code) == (word, code)


@settings(deadline=None)
@given(checks)
def test_the_word_alone_is_the_verdicts_word(answers: list[tuple[bool, Status]]) -> None:
    assert weigh(answers) is judged(*answers).word


def test_the_headline_names_what_decides() -> None:
    assert judged((True, Status.FAIL), (True, Status.PASS)).headline == "1 of 2 gates fails: “Title of model.c0”."
    many = judged(*[(True, Status.UNKNOWN)] * 5).headline
    assert many.startswith("No gate fails, but 5 of 5 gates are not answered: “Title of model.c0”; ")
    assert many.endswith(" and 2 more.")
    assert "1 condition remains" in judged((True, Status.PASS), (False, Status.FAIL)).headline


def test_everything_between_it_and_go_is_a_condition_the_weightiest_first() -> None:
    found = judged((False, Status.FAIL), (True, Status.PASS), (True, Status.STALE), (True, Status.FAIL))
    assert [c.id for c in found.conditions] == ["model.c3", "model.c2", "model.c0"]
    assert all(c.todo for c in found.conditions)


@settings(deadline=None)
@given(checks, st.randoms())
def test_the_order_of_the_checks_does_not_matter(answers: list[tuple[bool, Status]], rng: Any) -> None:
    every = [check(g, s, f"model.c{k}") for k, (g, s) in enumerate(answers)]
    shuffled = list(every)
    rng.shuffle(shuffled)
    assert verdict(shuffled) == verdict(every)


def test_no_order_of_a_few_checks_matters() -> None:
    every = [check(k % 2 == 0, s, f"model.c{k}") for k, s in enumerate(Status)]
    assert len({verdict(p) for p in permutations(every)}) == 1


@settings(deadline=None)
@given(checks, st.data())
def test_a_worse_answer_never_makes_a_better_verdict(answers: list[tuple[bool, Status]], data: st.DataObject) -> None:
    if not answers:
        return
    k = data.draw(st.integers(0, len(answers) - 1))
    gate, status = answers[k]
    rank = WORSE.index(Status.UNKNOWN if status is Status.STALE else status)
    worse = data.draw(
        st.sampled_from([s for s in Status if WORSE.index(Status.UNKNOWN if s is Status.STALE else s) >= rank])
    )
    after = judged(*answers[:k], (gate, worse), *answers[k + 1 :])
    assert ORDER.index(after.word) <= ORDER.index(judged(*answers).word)


@settings(deadline=None)
@given(checks, st.booleans(), st.sampled_from([Status.UNKNOWN, Status.STALE, Status.FAIL]))
def test_an_open_check_more_never_helps_unless_it_is_the_first_gate(
    answers: list[tuple[bool, Status]], gate: bool, status: Status
) -> None:
    before, after = judged(*answers), judged(*answers, (gate, status))
    assert ORDER.index(after.word) <= ORDER.index(before.word)


@settings(max_examples=500, deadline=None)
@given(records(), st.data())
def test_deleting_evidence_never_makes_a_better_verdict(evidence: dict[str, Evidence], data: st.DataObject) -> None:
    kept = data.draw(fewer(evidence))
    before, after = assess(desk(), evidence).verdict.word, assess(desk(), kept).verdict.word
    if before in (Word.NO_GO, Word.NOT_ENOUGH):
        assert after in (Word.NO_GO, Word.NOT_ENOUGH)
    if before is not Word.GO:
        assert after is not Word.GO


def test_the_property_above_sees_every_verdict() -> None:
    every = {n: Evidence(n, good(n), u, "m", Source("measured")) for n, (u, _) in IDS.items()}
    assert assess(desk(), every).verdict.word is Word.GO
    without = {n: e for n, e in every.items() if n != "model.gain"}
    assert assess(desk(), without).verdict.word is Word.CONDITIONAL
    assert assess(desk(), {n: e for n, e in every.items() if n != "model.accuracy"}).verdict.word is Word.NOT_ENOUGH
    blocked = Evidence("licences.saas", "blocked", "word", "m", Source("measured"))
    assert assess(desk(), every | {"licences.saas": blocked}).verdict.word is Word.NO_GO
