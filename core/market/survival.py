"""Customers are adopters who stayed: the curves know who ever bought, churn says who still pays."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def customers(adopters: Array, churn: float | Array, held: float = 0.0) -> Array:
    """Customers at the end of each period, when a constant share of them leaves in each.

    Who arrives in a period can leave from the next one on: C(t) = C(t-1) (1 - churn) + new(t).

    Args:
        adopters: new ones of each period, periods in the last axis.
        churn: share of the customers that leaves in a period, 0 to 1; one for all, or one for each row.
        held: customers before the first period.
    """
    if np.any(np.asarray(churn) < 0) or np.any(np.asarray(churn) > 1):
        raise ValueError("churn is a share from 0 to 1")
    out = np.empty_like(adopters, dtype=float)
    now = np.full(adopters.shape[:-1], float(held))
    for t in range(adopters.shape[-1]):
        now = now * (1 - churn) + adopters[..., t]
        out[..., t] = now
    return out
