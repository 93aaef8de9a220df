"""Smaller and faster: the page says what was proven and what was not, and never calls unknown what it does not know."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from core import ventures
from core.evidence import Evidence, Source
from core.jobs import KINDS, jobs
from core.settings import Settings
from core.store import append, connect
from core.venture import load
from pages.model.optimise import EVIDENCE, KIND, SERVE

PROJECT = Path(__file__).resolve().parents[2]
VIEW = "Smaller and faster"


def variant(name: str, accuracy: float, p95: float | None, size: float, receipt: str, why: str) -> dict[str, Any]:
    times = {"p95_ms": p95, "p95_low": p95 and 0.9 * p95, "p95_high": p95 and 1.1 * p95}
    return {
        "name": name,
        "accuracy": accuracy,
        "low": accuracy - 0.01,
        "high": accuracy + 0.01,
        "receipt": receipt,
        "p50_ms": 4.0,
        "p99_ms": None,
        **times,
        "faster": {"value": 6.2, "low": 5.9, "high": 6.5} if p95 else None,
        "size_mb": size,
        "cost_per_1000": 0.00021,
        "pareto": True,
        "division": "closed",
        "why": why,
        "flips": 3,
        "flips_by_class": [{"label": "card", "lost": 2, "won": 1, "other": 0}],
    }


def promise(target: float, verdict: str, coverage: float, error: float) -> dict[str, Any]:
    at = {"threshold": 0.8, "n": 270, "coverage": coverage, "coverage_low": coverage, "coverage_high": coverage}
    at |= {"error": error, "error_low": error / 2, "error_high": error * 1.5}
    return {"target": target, "verdict": verdict, "reason": "Because.", "at": at}


DETAIL: dict[str, Any] = {
    "variants": [
        variant("fp32", 0.94, 95.0, 91.0, "", "It does what is asked, but costs 5 times as much as onnx-int8."),
        variant("onnx-int8", 0.939, 15.0, 24.0, "proven", "Taken: it does what is asked at the least cost."),
        variant("pruned", 0.90, None, 40.0, "worse", "It is worse than the fp32 model by more than the margin."),
    ],
    "pick": "onnx-int8",
    "why": "Ship onnx-int8: 93.9% right.",
    "warning": "Other programs kept 1.2 of 2 cores busy.",
    "machine": {"machine": "c7i.large", "source": "https://example.com"},
    "machine_said": "AWS c7i.large in us-east-1: 2 vCPU.",
    "utilisation": 0.3,
    "server": {
        "requests_per_s": 113.0,
        "not_at": 119.0,
        "bound_ms": 250,
        "workers": 2,
        "reason": "",
        "trials": [
            {"rate": 113.0, "p95": {"value": 115.0, "low": 110, "high": 120}, "steady_p95_ms": 162.0, "held": True},
            {"rate": 119.0, "p95": None, "steady_p95_ms": None, "held": False},
        ],
    },
    "abstain": {
        "n_validation": 499,
        "n_test": 3080,
        "curve": [promise(0.02, "kept", c, e)["at"] for c, e in ((0.2, 0.0), (0.6, 0.01), (1.0, 0.06))],
        "promises": [promise(0.02, "kept", 0.8, 0.012), promise(0.05, "not shown", 0.95, 0.045)],
    },
}


def open_view(own: Settings, *records: Evidence) -> AppTest:
    sample = next(e for e in ventures.entries(own) if e.sample)
    of = load(sample.file, ventures.roots(own, sample.file))
    append(connect(own), of.key, [r.with_inputs(of.inputs("model")) for r in records], run=None)
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    at.query_params["venture"] = sample.slug
    at.run()
    at.switch_page("pages/model/train.py").run()
    return at.radio(key=f"model-view-{sample.slug}").set_value(VIEW).run()


def words(at: AppTest) -> str:
    kinds = (at.title, at.markdown, at.caption, at.info, at.error, at.warning, at.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def trained() -> Evidence:
    detail = {"per_class": [], "baselines": []}
    return Evidence("model.accuracy", 0.94, "share", "Measured.", Source("measured"), 0.93, 0.95, n=3080, detail=detail)


def made(detail: dict[str, Any]) -> Evidence:
    return Evidence(EVIDENCE, "onnx-int8", "word", "Measured.", Source("measured"), n=3080, detail=detail)


def test_without_a_tuned_model_the_view_says_what_to_do_first(own: Settings) -> None:
    at = open_view(own)
    assert not at.exception
    assert "There is no tuned model yet" in words(at)


def test_before_it_was_made_the_ways_are_explained_and_buttons_start_it(own: Settings) -> None:
    at = open_view(own, trained())
    assert not at.exception
    said = words(at)
    for way in ("**INT8** keeps", "**Pruning** takes out", "**Distillation** trains"):
        assert way in said
    kinds = [k for k in (SERVE, KIND) if k in KINDS]
    for kind in kinds:
        at.button(key={SERVE: "start-serve", KIND: "start-optimise"}[kind]).click().run()
        assert not at.exception
    assert {j.kind for j in jobs(connect(own))} - {"review"} == set(kinds)  # the board asks for that itself


def test_the_pick_stands_first_and_each_other_variant_says_why_it_lost(own: Settings) -> None:
    at = open_view(own, trained(), made(DETAIL))
    assert not at.exception
    said = words(at)
    assert "Ship onnx-int8: 93.9% right." in said
    assert "Take onnx-int8: 6.2 (5.9 to 6.5) times as fast, 24 MB" in said
    assert "costs 5 times as much" in said
    assert ":red-badge[worse]" in said
    assert "Costs are for AWS c7i.large" in said
    assert "answer 30 % of the time" in said
    assert "1.2 of 2 cores busy" in said
    prices = next(d.value for d in at.dataframe if "$ an hour" in d.value)
    assert prices["source"].str.startswith("https://").all()
    table = next(d.value for d in at.dataframe if "variant" in d.value)
    assert list(table["variant"]) == ["fp32", "onnx-int8 (take this)", "pruned"]
    assert table.loc[1, "p99"] == "n too small"
    assert table.loc[2, "p95"] == "n too small"
    assert table.loc[1, "1,000 requests"] == "$0.00021"


def test_what_it_bears_and_what_it_answers_alone_are_said_with_what_is_not_shown(own: Settings) -> None:
    said = words(open_view(own, trained(), made(DETAIL)))
    assert "It bears 113 requests a second, not 119, with 95 of 100 answered within 250 ms" in said
    assert "It answers 80 % by itself, at most 2 % of them wrong" in said  # the kept promise, not the larger one
    assert "At most 5 % wrong: **not shown**" in said


def test_flips_are_shown_by_class(own: Settings) -> None:
    at = open_view(own, trained(), made(DETAIL))
    assert at.selectbox(key="flips-variant").value == "onnx-int8"
    assert "3 answers changed: 2 lost, 1 won" in words(at)


def test_a_report_without_a_pick_a_price_or_a_load_test_still_reads(own: Settings) -> None:
    bare = [{k: v for k, v in x.items() if k not in ("faster", "flips", "cost_per_1000")} for x in DETAIL["variants"]]
    none = {"variants": bare, "pick": None, "why": "No variant is shown to do all that is asked.", "machine": None}
    none["machine_said"] = "No machine in data/prices.csv has 3 processors."
    at = open_view(own, trained(), made(none))
    assert not at.exception
    said = words(at)
    assert "No variant is shown to do all that is asked" in said
    assert "No machine in data/prices.csv has 3 processors." in said
    table = next(d.value for d in at.dataframe if "variant" in d.value)
    assert set(table["1,000 requests"]) == {"unknown"}


def test_a_failed_measurement_gives_its_reason(own: Settings) -> None:
    why = "The test set has 12 rows; a receipt needs 358."
    nothing = Evidence(EVIDENCE, None, "word", "Measured.", Source("measured"), reason=why)
    at = open_view(own, trained(), nothing)
    assert not at.exception
    assert why in words(at)


def test_the_model_alone_is_measured_too_and_no_variant_is_claimed(own: Settings) -> None:
    at = open_view(own, trained(), made(DETAIL | {"variants": DETAIL["variants"][:1], "pick": "fp32"}))
    assert not at.exception
    said = words(at)
    assert "no smaller or faster variant yet" in said
    assert "Take fp32" not in said
    assert "It bears 113 requests a second" in said
