"""The evidence of adoption: customers to come, from a curve, a potential and churn."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.evidence import Evidence, Source
from core.market.adoption.curves import Array
from core.market.adoption.forecast import Adoption
from core.market.survival import customers
from core.market.unitcost import spread

CUSTOMERS = "market.customers"
Quantiles = tuple[float, float, float]
_METHOD = (
    "Adopters ({curve} curve) less those who left (churn), after {horizon} periods (one: a {period}); median and 80 % "
    "of {n:,} futures."
)
_SEED = 5


def adopted(found: Adoption, potential: Array | None, churn: Quantiles, said: Mapping[str, Any]) -> Evidence:
    """Customers at the end of the forecast: adopters of each future, less those who left.

    Args:
        found: of the series.
        potential: draws of all who will ever buy; with it the series gives the pace alone.
        churn: p10, p50, p90 of the share that leaves in a period.
        said: analogue, source, period and who says the churn.
    """
    horizon = found.bands.shape[1]
    sales, earlier = _futures(found, potential, horizon)
    leaves = drawn_share(churn, len(sales))
    paths = np.concatenate([np.tile(earlier, (len(sales), 1)), sales], axis=1)
    kept = customers(paths, leaves)
    last = spread(kept[:, -1])
    told = found.as_json()
    return Evidence(
        CUSTOMERS,
        last["p50"],
        "customers",
        _METHOD.format(curve=found.problem.curve.name.title(), horizon=horizon, period=said["period"], n=len(sales)),
        Source("stated", said["words"], said["date"]),
        low=last["p10"],
        high=last["p90"],
        level=0.8,
        n=len(found.problem.sales),
        detail={
            **told,
            "sales": found.problem.sales.tolist(),
            "reason": found.estimate.reason,
            "own": potential is not None,
            "bands": _bands(sales),
            "adopters": _bands(np.cumsum(paths, axis=1)[:, len(earlier) :]),
            "customers": _bands(kept[:, len(earlier) :]),
            "paths": [[float(f"{v:.4g}") for v in row] for row in sales.tolist()],
            "churn": {"p10": churn[0], "p50": churn[1], "p90": churn[2]},
            **said,
        },
    )


def at_the_end(found: Adoption, potential: Array, churn: Quantiles) -> tuple[Array, Array]:
    """The customers at the end of the forecast and all who will ever buy, in each future."""
    sales, _ = _futures(found, potential, found.bands.shape[1])
    kept = customers(sales, drawn_share(churn, len(sales)))[:, -1]
    return kept, _sizes(potential, len(sales))


def _sizes(potential: Array, n: int) -> Array:
    """`n` even draws of a potential."""
    even = (np.random.default_rng(_SEED).permutation(n) + 0.5) / n
    return np.asarray(np.quantile(potential, even))


def _futures(found: Adoption, potential: Array | None, horizon: int) -> tuple[Array, Array]:
    """New adopters of each period in every future, and of the periods before."""
    if potential is None:
        return found.posterior.sales(horizon), found.problem.sales
    return found.posterior.launch(_sizes(potential, len(found.posterior.draws)), horizon), np.empty(0)


def drawn_share(quantiles: Quantiles, n: int) -> Array:
    """Draws of a share through its p10, p50 and p90: straight between them and on to the ends, within 0 and 1."""
    low, middle, high = quantiles
    ends = (max(0.0, low - (middle - low)), low, middle, high, min(1.0, high + (high - middle)))
    even = (np.random.default_rng(_SEED + 1).permutation(n) + 0.5) / n
    return np.asarray(np.interp(even, (0.0, 0.1, 0.5, 0.9, 1.0), ends))


def _bands(paths: Array) -> list[dict[str, float]]:
    low, middle, high = np.quantile(paths, (0.1, 0.5, 0.9), axis=0).tolist()
    return [{"p10": a, "p50": b, "p90": c} for a, b, c in zip(low, middle, high, strict=True)]
