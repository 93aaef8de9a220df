"""What a serving report leaves as evidence: the board with its pick, the cost, the rate, and the share answered alone.

Imports nothing that takes seconds, so that the door can name these figures before it measures them.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.evidence import Evidence, Source
from core.prices import STALE_DAYS

PROVEN, WORSE = "proven", "worse"  # a receipt's words; "not proven" leaves it open
UNPROVEN = (
    "Smaller and faster variants are made only of models that name classes. Their receipt counts the answers that "
    "changed, and of a score every answer changes a little: the proof there would be of its error, and is not built. "
    "The tuned model can be served as it is: its answer times and its size stand under Training."
)
BOARD, NON_INFERIOR = "model.optimised", "model.non_inferior"
IDS = {
    BOARD: "word",
    NON_INFERIOR: "word",
    "model.cost_per_1000": "USD",
    "model.server_rate": "requests/s",
    "model.by_itself": "share",
}
METHODS = {
    BOARD: "The variant of the tuned model that does what is asked at the least cost; all variants answer the same "
    "test rows and are timed in one run, in turns (MLPerf's rules as far as one machine allows).",
    NON_INFERIOR: "Whether the pick is proven to keep the tuned model's accuracy but for the margin fixed beforehand: "
    "paired score test of non-inferiority (Tango 1998) on the same test rows, corrected for the number of variants "
    "(Holm 1979).",
    "model.cost_per_1000": "Price of an hour of a comparable machine divided by the requests of the pick that it "
    "answers in the hour, one after the other, at the utilisation stated.",
    "model.server_rate": "The highest rate of Poisson arrivals that was tried at which 95 of 100 requests to the pick "
    "were answered in time, counted from their arrival; the detail holds the lowest rate that was too high.",
    "model.by_itself": "Share of the test rows that the pick answers when it hands those below a threshold of "
    "confidence to a person; the validation rows chose the threshold, and the interval of the error among the answered "
    "test rows is at most the target; Wilson 95 % interval.",
}


def of_report(told: Mapping[str, Any], source: Source, currency: str = "USD") -> list[Evidence]:
    """The records of a report's JSON values; what was not measured is a record with the reason.

    Args:
        told: `Report.as_json()`, its variants with whatever else the page shows of them.
        source: what measured it.
        currency: of the venture; prices are in USD, so in another one the cost is unknown.
    """
    pick = told["pick"]
    board = Evidence(BOARD, pick, "word", METHODS[BOARD], source, reason="" if pick else told["why"], detail=told)
    return [board, _kept(told, source), _cost(told, source, currency), _rate(told, source), _alone(told, source)]


def _kept(told: Mapping[str, Any], source: Source) -> Evidence:
    """Proven, worse or unknown; the tuned model itself loses nothing against itself."""
    row = next((v for v in told["variants"] if v["name"] == told["pick"]), None)
    value, reason = None, told["why"]
    if row is not None and told["pick"] == told["against"]:
        value, reason = PROVEN, f"{told['pick']} is the tuned model itself."
    elif row is not None:
        value = row["receipt"] if row["receipt"] in (PROVEN, WORSE) else "unknown"
        reason = row.get("receipt_said", "") or f"No test was made of {told['pick']}."
    return Evidence(
        NON_INFERIOR, value, IDS[NON_INFERIOR], METHODS[NON_INFERIOR], source, n=told.get("n"), reason=reason
    )


def _cost(told: Mapping[str, Any], source: Source, currency: str) -> Evidence:
    name, machine = "model.cost_per_1000", told["machine"]
    row = next((v for v in told["variants"] if v["name"] == told["pick"]), None)
    cost = row["cost_per_1000"] if row else None
    reason = told["why"] if row is None else "" if cost is not None else told["machine_said"]
    if currency != "USD" and cost is not None:
        cost, reason = None, f"Machine prices are in USD and the venture counts in {currency}."
    if cost is None or row is None:
        return Evidence(name, None, currency, METHODS[name], source, reason=reason)
    read = datetime.combine(date.fromisoformat(machine["read"]), time(), UTC)
    detail = {"machine": machine, "said": told["machine_said"], "utilisation": told["utilisation"]}
    return Evidence(
        name,
        cost,
        currency,
        METHODS[name],
        source,
        valid_until=read + timedelta(days=STALE_DAYS + 1),
        detail=detail | {"dearest": row["cost_per_1000_high"]},
    )


def _rate(told: Mapping[str, Any], source: Source) -> Evidence:
    name, served = "model.server_rate", told["server"]
    if served is None or served["requests_per_s"] is None:
        reason = served["reason"] if served else told["why"]
        return Evidence(name, None, IDS[name], METHODS[name], source, reason=reason, detail=served or {})
    n = sum(t["n"] for t in served["trials"] if t["rate"] == served["requests_per_s"])
    return Evidence(name, served["requests_per_s"], IDS[name], METHODS[name], source, n=n, detail=served)


def _alone(told: Mapping[str, Any], source: Source) -> Evidence:
    name, found = "model.by_itself", told["abstain"]
    kept = [p for p in found["promises"] if p["verdict"] == "kept"] if found else []
    if not kept:
        reason = "No share is shown to be answered at any of the error targets." if found else told["why"]
        if found is None and told["pick"]:
            reason = "The run has no validation rows to choose a threshold on."
        return Evidence(name, None, IDS[name], METHODS[name], source, reason=reason)
    best = max(kept, key=lambda p: p["at"]["coverage"])
    at = best["at"]
    return Evidence(
        name,
        at["coverage"],
        IDS[name],
        METHODS[name],
        source,
        low=at["coverage_low"],
        high=at["coverage_high"],
        n=found["n_test"],
        detail={"target": best["target"], "at": at},
    )
