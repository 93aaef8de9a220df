"""What if: a copy answers, the venture and its file stay as they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.evidence import Evidence, Source
from core.readiness.assess import assess
from core.readiness.explain import explain, figure_of
from core.readiness.joint.whatif import WhatIf, edited, read_changes, whatif
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
    assert told.rule.id == "licences.mode"
    assert any("not measured yet" in line for line in told.lines())


def test_a_check_that_is_none_is_refused_with_those_there_are(venture: Venture) -> None:
    with pytest.raises(InputError, match=r"model\.acc: is no check of this venture; it has model\.accuracy"):
        explain(venture, "model.acc", assess(venture, {}), {}, [])
