"""The whole report: one run of all variants, a pick, and the pick under load."""

import json
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from unittest import mock

import numpy as np
from clock_support import Clock, told_by

from core.evidence import Evidence, Source
from core.model.serving.evidence import BOARD, IDS, NON_INFERIOR, of_report
from core.model.serving.pick import Must
from core.model.serving.report import Report, Rows, Variant, report
from core.model.serving.scenarios import server

WORDS = ("card", "loan", "login")
TEXTS = [f"{WORDS[i % 3]} question {i}" for i in range(300)]
TRUTH = np.arange(300) % 3


CLOCK = Clock()


class Engine:
    """Right on all texts but those whose number ends in 7; takes its time."""

    classes = WORDS
    folder = Path()

    def __init__(self, name: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        CLOCK.sleep(self.seconds * len(texts))
        out = np.zeros((len(texts), 3), dtype=np.float32)
        for row, text in enumerate(texts):
            word, _, number = text.split()
            wrong = number.endswith("7")
            out[row, (WORDS.index(word) + wrong) % 3] = 0.5 if wrong else 5
        return out


def variant(name: str, seconds: float, size: float, receipt: str = "") -> Variant:
    return Variant(Engine(name, seconds), Engine(name, 0).logits(TEXTS), size, receipt)


ROWS = Rows(TEXTS[:150], TRUTH[:150], TEXTS, TRUTH)


@cache
def found(must: Must | None = None) -> Report:
    both = [variant("fp32", 0.008, 90), variant("onnx-int8", 0.001, 24, "proven")]
    under_load = partial(server, workers=1, clock=CLOCK)
    with told_by(CLOCK), mock.patch("core.model.serving.report.server", under_load):
        return report(both, ROWS, must or Must(p95_ms=100), seed=1, seconds=1.5, server_seconds=3)


def test_the_faster_variant_that_is_proven_no_worse_is_picked_and_measured_under_load() -> None:
    it = found()
    told = it.as_json()
    json.dumps(told, allow_nan=False)
    assert told["pick"] == "onnx-int8"
    fast = told["variants"][1]
    assert fast["faster"]["low"] > 1
    assert fast["accuracy_timed"]["value"] <= 1
    assert fast["differing"] == 0  # what was timed answered as the accuracy run did
    assert it.served is not None
    assert it.served.bound_ms == 100
    assert it.served.rate is not None
    assert told["server"]["requests_per_s"] > 20


def test_the_pick_answers_its_sure_rows_alone_without_an_error() -> None:
    told = found().as_json()
    promise = next(p for p in told["abstain"]["promises"] if p["target"] == 0.05)
    assert promise["at"]["error"] == 0  # all wrong answers sound unsure
    assert 0.85 < promise["at"]["coverage"] < 0.95


def test_without_a_pick_nothing_is_measured_under_load() -> None:
    it = found(Must(accuracy=0.99))
    assert it.board.pick is None
    assert it.as_json()["server"] is None
    assert it.as_json()["abstain"] is None


def test_what_was_measured_and_what_was_not_are_both_on_record() -> None:
    source = Source("measured", "test")
    records = {e.id: e for e in of_report(found().as_json(), source)}
    assert set(records) == set(IDS)
    assert records[BOARD].value == "onnx-int8"
    assert records["model.server_rate"].n >= 90
    assert records["model.by_itself"].low <= records["model.by_itself"].value <= records["model.by_itself"].high
    cost = records["model.cost_per_1000"]
    if cost.value is None:  # no machine with as many processors as this one is priced
        assert "processors" in cost.reason
    else:
        assert 0 < cost.value <= cost.detail["dearest"]
        assert cost.valid_until is not None
    nothing = of_report(found(Must(accuracy=0.99)).as_json(), source)
    assert all(e.value is None and e.reason for e in nothing)


def test_the_pick_is_proven_no_worse_worse_or_neither_and_the_tuned_model_loses_nothing() -> None:
    told, source = found().as_json(), Source("measured", "test")

    def kept(pick: str | None, **changed: object) -> Evidence:
        rows = [v | changed if v["name"] == pick else v for v in told["variants"]]
        records = of_report(told | {"pick": pick, "variants": rows, "n": 300}, source)
        return next(e for e in records if e.id == NON_INFERIOR)

    assert (kept("onnx-int8").value, kept("onnx-int8").n) == ("proven", 300)
    assert kept("onnx-int8", receipt="worse", receipt_said="Worse by 4 points.").value == "worse"
    open_ = kept("onnx-int8", receipt="not proven", receipt_said="About 900 rows would settle it.")
    assert (open_.value, open_.reason) == ("unknown", "About 900 rows would settle it.")
    assert kept("fp32").value == "proven"
    assert kept(None).value is None


def test_a_cost_in_another_currency_is_unknown_and_says_why() -> None:
    records = {e.id: e for e in of_report(found().as_json(), Source("measured", "test"), "EUR")}
    cost = records["model.cost_per_1000"]
    assert cost.value is None
    assert "EUR" in cost.reason or "processors" in cost.reason
