"""What if: a copy answers, the venture and its file stay as they are."""

import json
import shutil
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.evidence import Evidence, Source
from core.market.measure import measure
from core.readiness.assess import assess
from core.readiness.explain import explain, figure_of
from core.readiness.joint import kept
from core.readiness.joint.review import review
from core.readiness.joint.swap import replaceable
from core.readiness.joint.whatif import WhatIf, edited, read_changes, whatif
from core.settings import PROJECT
from core.venture import Venture, load
from tests.unit.readiness.readiness_support import IDS, good

FILE = """# a founder's words
schema = 1
name = "Desk"

[must]
accuracy = 0.9
p95_ms = 50
macro_f1 = 0.8
som = 1000

[market]
tam = ["banks"]

[[market.assumptions]]
id = "banks"
label = "Banks"
unit = "USD/year"
p10 = 1
p50 = 2
p90 = 3
"""
FEW = 64
SAMPLE = PROJECT / "data" / "ventures" / "support-desk"


@pytest.fixture
def venture(tmp_path: Path) -> Venture:
    file = tmp_path / "venture.toml"
    file.write_text(FILE)
    return load(file)


def evidence(of: Venture, **values: Any) -> dict[str, Evidence]:
    out = {}
    for name, (unit, _) in IDS.items():
        value = values.get(name.replace(".", "_"), good(name))
        record = Evidence(name, value, unit, "m", Source("measured"))
        out[name] = record.with_inputs(of.inputs(record.room))
    return out


def asked(of: Venture, found: dict[str, Evidence], **changes: Any) -> WhatIf:
    inputs = {room: of.inputs(room) for room in ("model", "privacy", "licences", "market")}
    return whatif(of, found, {k.replace("__", "."): v for k, v in changes.items()}, inputs, n=FEW)


def test_a_better_figure_clears_its_gate_and_the_record_is_not_touched(venture: Venture) -> None:
    found = evidence(venture, model_accuracy=0.8)
    told = asked(venture, found, model__accuracy=0.95)
    out = told.as_json()
    json.dumps(out, allow_nan=False)
    assert (out["before"]["verdict"], out["after"]["verdict"]) == ("NO-GO", "GO")
    assert [row["check"] for row in out["changed"]] == ["model.accuracy"]
    assert found["model.accuracy"].value == 0.8


def test_another_limit_is_tried_on_a_copy_of_the_file(venture: Venture) -> None:
    told = asked(venture, evidence(venture, model_accuracy=0.8), must__accuracy=0.7)
    assert told.after.assessment.verdict.word == "GO"
    assert venture.file.read_text() == FILE
    assert venture.must.accuracy == 0.9


def test_a_table_of_a_list_is_named_by_its_id(venture: Venture) -> None:
    assert edited(venture, {"market.assumptions.banks.p50": 2.5}).market.assumptions[0].p50 == 2.5
    with pytest.raises(InputError, match="has no 'shops' there; it has banks"):
        edited(venture, {"market.assumptions.shops.p50": 2.5})


def test_a_change_of_what_a_room_reads_says_that_it_must_be_measured_again(venture: Venture) -> None:
    told = asked(venture, evidence(venture), model__epochs=3)
    assert told.again == ("model",)
    told = asked(venture, evidence(venture), distribution__modes=["saas", "internal"])
    assert "licences" in told.again
    assert asked(venture, evidence(venture), must__accuracy=0.7).again == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"must.acuracy": 0.9}, "did you mean 'accuracy'"),
        ({"must.accuracy": "high"}, "must.accuracy"),
        ({"market.assumptions.banks.p50": 9}, "p10 <= p50 <= p90"),
        ({"model.accuracy": [1]}, "must be a number or a word"),
        ({"name.first": "x"}, "not a place"),
        ({"policy.owners.marketing": "Ada"}, r"policy\.owners: 'marketing' is no check"),
    ],
)
def test_what_the_file_does_not_take_is_one_clear_message(venture: Venture, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        whatif(venture, {}, changes, n=FEW)


def test_changes_are_read_as_toml_and_else_as_text() -> None:
    told = read_changes(["must.accuracy=0.9", 'distribution.modes=["saas"]', "licences.saas=blocked", "a.b = true"])
    assert told == {"must.accuracy": 0.9, "distribution.modes": ["saas"], "licences.saas": "blocked", "a.b": True}
    for wrong in (["accuracy"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(InputError):
            read_changes(wrong)


def test_an_explanation_holds_the_rule_the_figure_and_what_it_was_before(venture: Venture) -> None:
    found = evidence(venture, model_accuracy=0.8)
    earlier = Evidence("model.accuracy", 0.7, "share", "m", Source("measured"))
    assert figure_of(venture, "model.accuracy") == "model.accuracy"
    told = explain(venture, "model.accuracy", assess(venture, found), found, [earlier, found["model.accuracy"]])
    out = told.as_json()
    json.dumps(out, allow_nan=False)
    assert (out["check"]["status"], out["limit"], len(out["history"])) == ("fail", "90 %", 2)
    said = "\n".join(told.lines())
    assert "why it is asked: A product that answers wrongly" in said
    assert "70 %" in said


def test_a_mode_is_explained_by_the_rule_of_all_modes(venture: Venture) -> None:
    told = explain(venture, "licences.saas", assess(venture, {}), {}, [])
    assert any("asked: is one of allowed or obligations" in line for line in told.lines())
    assert told.rule.id == "licences.mode"
    assert any("not measured yet" in line for line in told.lines())


def test_a_check_without_a_stated_limit_is_explained_by_what_is_left_out(venture: Venture) -> None:
    silent = venture.model_copy(update={"must": venture.must.model_copy(update={"accuracy": None})})
    told = explain(silent, "model.accuracy", assess(silent, {}), {}, [])
    assert any("asked: what must.accuracy says" in line for line in told.lines())


def test_a_check_that_is_none_is_refused_with_those_there_are(venture: Venture) -> None:
    with pytest.raises(InputError, match=r"model\.acc: is no check of this venture; it has model\.accuracy"):
        explain(venture, "model.acc", assess(venture, {}), {}, [])


COMPONENTS = {
    "packages": [
        {"name": "Unidecode", "modes": {"saas": {"status": "blocked"}, "internal": {"status": "allowed"}}},
        {"name": "zope.interface", "modes": {"saas": {"status": "unknown"}, "internal": {"status": "unknown"}}},
        {"name": "free", "modes": {"saas": {"status": "allowed"}, "internal": {"status": "allowed"}}},
    ],
    "models": [{"name": "base", "modes": {"saas": {"status": "obligations"}, "internal": {"status": "allowed"}}}],
    "datasets": [],
    "modes": {"saas": {}, "internal": {}},
}


def licensed(of: Venture, **more: Any) -> dict[str, Evidence]:
    found = evidence(of, licences_saas="blocked")
    records = [
        Evidence("licences.packages", 3.0, "packages", "m", Source("measured"), detail=COMPONENTS | more),
        Evidence("licences.blocked", 1.0, "components", "m", Source("measured")),
        Evidence("licences.unknown", 1.0, "components", "m", Source("measured")),
    ]
    return found | {e.id: e.with_inputs(of.inputs("licences")) for e in records}


def swap(of: Venture, found: dict[str, Evidence], **changes: str) -> WhatIf:
    return asked(of, found, **{f"packages.{k.replace('_', '.')}": v for k, v in changes.items()})


def test_a_package_taken_out_or_replaced_clears_what_it_blocked_and_no_more(venture: Venture) -> None:
    found = licensed(venture)
    assert asked(venture, found).after.assessment.verdict.word == "NO-GO"
    one = swap(venture, found, Unidecode="MIT")
    assert one.after.assessment.verdict.word == "NOT ENOUGH EVIDENCE", "another package is still not known"
    both = swap(venture, found, Unidecode="none", zope_interface="Apache-2.0")
    assert both.after.assessment.verdict.word == "GO"
    worse = swap(venture, found, Unidecode="AGPL-3.0-only", zope_interface="none")
    assert worse.after.assessment.verdict.word == "NO-GO"
    assert found["licences.saas"].value == "blocked"


def test_packages_that_hold_it_back_are_offered_those_that_block_first(venture: Venture) -> None:
    assert replaceable(licensed(venture), ["saas"]) == ["Unidecode", "zope.interface"]
    assert replaceable(licensed(venture), ["internal"]) == ["zope.interface"]
    assert replaceable({}, ["saas"]) == []


def test_a_list_that_is_cut_off_is_never_taken_for_better_than_its_last_line(venture: Venture) -> None:
    cut = licensed(venture, packages=COMPONENTS["packages"][:2], packages_left_out=5)
    told = swap(venture, cut, Unidecode="none", zope_interface="none")
    assert told.after.assessment.verdict.word == "NOT ENOUGH EVIDENCE"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"packages.nothing": "MIT"}, "no such package ships; there are Unidecode"),
        ({"packages.Unidecode": "a fine licence"}, "is no SPDX licence"),
        ({"privacy.policy": "burn"}, "must be 'keep' or 'mask'"),
        ({"market.money.machine": "abacus"}, "has no machine called 'abacus'"),
    ],
)
def test_a_choice_that_nobody_has_is_one_clear_message(venture: Venture, changes: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        whatif(venture, licensed(venture), changes, n=FEW)


def test_packages_of_licences_that_nobody_checked_cannot_be_replaced(venture: Venture) -> None:
    with pytest.raises(InputError, match="were not checked yet"):
        swap(venture, evidence(venture), Unidecode="MIT")


def test_masked_data_is_as_clean_as_the_leak_meter_says_and_else_unknown(venture: Venture) -> None:
    found = evidence(venture, privacy_direct_share=0.8)
    assert asked(venture, found, privacy__policy="keep").after.assessment.verdict.word == "NO-GO"
    unlabelled = {k: e for k, e in found.items() if k != "privacy.leak_share"}
    told = asked(venture, unlabelled, privacy__policy="mask")
    assert told.after.assessment.verdict.word == "NOT ENOUGH EVIDENCE"
    assert "model" in told.again
    direct = {"direct": {"value": 0.001, "low": 0.0, "high": 0.004, "n": 900}}
    labelled = found | {"privacy.leak_share": replace(found["privacy.leak_share"], detail=direct)}
    assert asked(venture, labelled, privacy__policy="mask").after.assessment.verdict.word == "GO"


def test_another_price_and_machine_are_priced_at_once(tmp_path: Path) -> None:
    shutil.copy(SAMPLE / "venture.toml", tmp_path / "venture.toml")
    of = load(tmp_path / "venture.toml")
    rate = Evidence("model.server_rate", 40.0, "requests/s", "m", Source("measured"), n=900, detail={"cores": 2})
    rate = rate.with_inputs(of.inputs("model"))
    sized = {e.id: e for e in measure(of, tmp_path, read={rate.id: rate})} | {rate.id: rate}
    prices = {k: 0.01 * v for k, v in (("p10", 0.12), ("p50", 0.22), ("p90", 0.4))}
    told = whatif(of, sized, {f"market.assumptions.price.{q}": v for q, v in prices.items()}, n=FEW)
    som = {c.id: c for c in told.after.assessment.checks}["market.som"]
    assert som.status == "fail", "a hundredth of the price leaves no market worth it"
    assert "market" not in told.again
    dear = whatif(of, sized, {"market.money.machine": "g-16vcpu-64gb"}, n=FEW)

    def cost(one: WhatIf, side: str) -> float:
        return float(next(e for e in getattr(one, side).assessment.evidence if e.id == "market.cost_per_1000").value)

    assert cost(dear, "after") > 3 * cost(dear, "before")


def test_a_review_is_drawn_once_for_the_same_venture_evidence_and_minute(
    venture: Venture, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(kept, "review", lambda *a: drawn.append(a) or review(*a))
    monkeypatch.setattr(kept, "_kept", OrderedDict())
    when = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    found = {k: replace(e, measured_at=when) for k, e in evidence(venture).items()}
    for accuracy in (0.8, 0.85, 0.8):
        whatif(venture, found, {"model.accuracy": accuracy}, now=when, n=FEW)
    assert len(drawn) == 3, "the unchanged venture once, and each change once"
    whatif(venture, found | {"model.gain": replace(found["model.gain"], value=0.5)}, {}, now=when, n=FEW)
    whatif(venture, found, {}, now=when + timedelta(minutes=1), n=FEW)
    assert len(drawn) == 5, "other evidence and a later minute are other reviews"
