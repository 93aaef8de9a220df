"""The evidence of money: the cost of 1,000 requests, and the gross margin as demand grows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.evidence import Evidence, Source
from core.market.unitcost import SCALES, Array, Service, at_scales, comparable, spread
from core.prices import STALE_DAYS

MARGINS = {1: "market.margin", 10: "market.margin_10x", 100: "market.margin_100x"}
COST = "market.cost_per_1000"
_DRAWS = 4096  # that a page computes with: the first of a Sobol sequence lie as evenly as all of it
_COST = (
    "Price of the machines that must run divided by the requests they answer: machine price / (measured rate x "
    "utilisation), machines bought whole for the busiest hours; median and 80 % of the draws of the stated demand."
)
_MARGIN = (
    "1 - cost / price of a request at {scale} times the stated demand, of machines alone: people, sales and support "
    "are not in it; median and 80 % of the joint draws."
)
_NO_RATE = "No measured rate: press Measure how it serves on the page Smaller and faster of the model room."


def priced(
    rate: Evidence | None,
    stale: bool,
    drawn: Mapping[str, Array],
    stated: Mapping[str, Any],
    prices: Sequence[Mapping[str, Any]],
    currency: str,
) -> list[Evidence]:
    """Cost of 1,000 requests, and margin at 1, 10 and 100 times the demand; unknown with a reason where one is missing.

    Args:
        rate: the model room's `model.server_rate`; None where it was never measured.
        stale: its inputs changed since.
        drawn: "price" of a request and "demand" a year, the same joint draws.
        stated: peak, most_busy and machine of the venture, and the words of who says so.
        prices: rows of the price list.
        currency: of the venture.
    """
    value = rate.value if rate is not None else None
    if rate is None or not isinstance(value, int | float):
        return _unknown(currency, f"{_NO_RATE} {rate.reason if rate else ''}".strip())
    if stale:
        return _unknown(currency, "The measured rate is of a model or data that changed since; measure how it serves.")
    machine, said = comparable(prices, int(rate.detail.get("cores") or 1), stated["machine"])
    if machine is None:
        return _unknown(currency, said)
    not_at = rate.detail.get("not_at")
    service = Service(machine["usd_per_hour"], float(value), not_at, stated["peak"], stated["most_busy"])
    return _figures(service, machine, said, drawn, stated["peak_by"], currency)


def _figures(
    service: Service, machine: Mapping[str, Any], said: str, drawn: Mapping[str, Array], peak_by: str, currency: str
) -> list[Evidence]:
    price = drawn["price"] if currency == "USD" else None
    rows = at_scales(drawn["demand"], price, service)
    detail = {
        "rows": rows,
        "machine": dict(machine),
        "said": said,
        "rate": service.rate,
        "not_at": service.not_at,
        "peak": service.peak,
        "peak_by": peak_by,
        "most_busy": service.most_busy,
        "demand": spread(drawn["demand"]),
        "price": spread(drawn["price"]),
        "currency": currency,
        "draws": {k: _few(drawn[k]) for k in ("demand", "price")},
    }
    about: dict[str, Any] = {"n": len(drawn["demand"]), "level": 0.8, "valid_until": _until(machine["read"])}
    source = Source("measured", f"{said} Rate: model.server_rate. Price: {machine['source']}", machine["read"])
    out = [_figure(COST, rows[0]["cost"], "USD", _COST, source, detail, about)]
    for row, scale in zip(rows, SCALES, strict=True):
        if row["margin"] is None:
            out.append(_no_margin(scale, f"Machine prices are in USD and the venture counts in {currency}."))
        else:
            method = _MARGIN.format(scale=scale)
            out.append(_figure(MARGINS[scale], row["margin"], "share", method, source, {"row": row}, about))
    return out


def _until(read: str) -> datetime | None:
    """When the price grows old; of one that is old already the evidence says so itself."""
    until = datetime.combine(date.fromisoformat(read), time(), UTC) + timedelta(days=STALE_DAYS + 1)
    return until if until > datetime.now(UTC) else None


def _figure(
    name: str, of: Mapping[str, float], unit: str, method: str, source: Source, detail: Mapping[str, Any], about: Any
) -> Evidence:
    return Evidence(name, of["p50"], unit, method, source, low=of["p10"], high=of["p90"], detail=detail, **about)


def _unknown(currency: str, reason: str) -> list[Evidence]:
    source = Source("measured")
    return [Evidence(COST, None, "USD", _COST, source, reason=reason), *(_no_margin(s, reason) for s in SCALES)]


def _no_margin(scale: int, reason: str) -> Evidence:
    return Evidence(MARGINS[scale], None, "share", _MARGIN.format(scale=scale), Source("measured"), reason=reason)


def _few(values: Array) -> list[float]:
    """Draws that a page can compute with, to four digits."""
    return [float(f"{v:.4g}") for v in values[:_DRAWS]]
