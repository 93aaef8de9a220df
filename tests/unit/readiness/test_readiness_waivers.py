"""A waiver turns a gate into a condition for a while, stays visible, and never makes a GO; owners change no answer."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import InputError
from core.evidence import Check, Evidence, Source, Status
from core.readiness.assess import Assessment, assess
from core.readiness.verdict import Word
from core.venture import Venture
from tests.unit.readiness.readiness_support import IDS, desk, good

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
WAIVER = {
    "id": "licences.saas",
    "by": "Ada Lin",
    "reason": "the vendor's new licence comes in July",
    "until": "2026-06-01",
}


def waiving(*waivers: dict[str, Any]) -> Venture:
    venture = desk()
    policy = {"waivers": list(waivers)}
    return venture.model_copy(update={"policy": type(venture.policy).model_validate(policy)})


def reviewed(venture: Venture, licence: str = "blocked", now: datetime = NOW) -> Assessment:
    m = Source("measured")
    records = {n: Evidence(n, good(n), unit, "m", m, measured_at=NOW) for n, (unit, _) in IDS.items()}
    records["licences.saas"] = Evidence("licences.saas", licence, "word", "m", m, measured_at=NOW)
    return assess(venture, records, now=now)


def of(result: Assessment) -> Check:
    return next(c for c in result.checks if c.id == "licences.saas")


def test_a_waived_gate_that_fails_leaves_conditions_and_says_who_answers_for_it() -> None:
    assert reviewed(desk()).verdict.word is Word.NO_GO
    result = reviewed(waiving(WAIVER))
    assert result.verdict.word is Word.CONDITIONAL
    check = of(result)
    assert check.status is Status.FAIL
    assert not check.gate
    assert check.waiver == "Waived by Ada Lin until 2026-06-01: the vendor's new licence comes in July."
    assert check.as_json()["waiver"] == check.waiver


def test_a_waiver_holds_through_its_last_day_and_not_a_day_longer() -> None:
    assert reviewed(waiving(WAIVER), now=NOW.replace(hour=23)).verdict.word is Word.CONDITIONAL
    late = reviewed(waiving(WAIVER), now=NOW.replace(day=2, hour=0))
    assert late.verdict.word is Word.NO_GO
    assert of(late).reason.endswith("The waiver by Ada Lin ran out on 2026-06-01.")


def test_a_check_that_passes_needs_no_waiver() -> None:
    result = reviewed(waiving(WAIVER), licence="allowed")
    assert result.verdict.word is Word.GO
    assert (of(result).gate, of(result).waiver) == (True, "")


@pytest.mark.parametrize(
    ("waivers", "says"),
    [
        ([WAIVER | {"id": "licences.sas"}], "'licences.sas' is no check of this venture"),
        ([WAIVER, WAIVER], "stands there twice"),
    ],
)
def test_a_waiver_of_nothing_is_refused(waivers: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(InputError, match=says):
        reviewed(waiving(*waivers))


def test_evidence_from_the_future_is_stale_and_says_so() -> None:
    tomorrow = Evidence("licences.saas", "allowed", "word", "m", Source("measured"), measured_at=NOW.replace(day=2))
    check = of(assess(desk(), {"licences.saas": tomorrow}, now=NOW))
    assert check.status is Status.STALE
    assert "dated 2026-06-02 12:00 UTC, in the future" in check.reason


def owning(**owners: str) -> Venture:
    venture = desk()
    policy = {"owners": {name.replace("__", "."): who for name, who in owners.items()}}
    return venture.model_copy(update={"policy": type(venture.policy).model_validate(policy)})


def test_an_owner_is_named_for_a_room_or_one_check_and_changes_no_answer() -> None:
    found = reviewed(owning(licences="Tom", licences__saas="Ada Lin", market="Mara"))
    assert {c.id: c.owner for c in found.checks if c.room == "licences"} == {
        "licences.saas": "Ada Lin",
        "licences.fine_tune": "Tom",
    }
    assert [(c.id, c.status) for c in found.checks] == [(c.id, c.status) for c in reviewed(desk()).checks]
    assert owning(market="Mara").inputs("readiness") == desk().inputs("readiness")


def test_an_owner_of_what_is_no_check_and_no_room_is_one_clear_message() -> None:
    with pytest.raises(InputError, match=r"policy\.owners: 'marketing' is no check .* model, privacy"):
        reviewed(owning(marketing="Mara"))
