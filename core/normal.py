"""The standard normal distribution at logits, which keep both tails exact.

Of SciPy only `scipy.special`, which costs the dashboard 9 MB; `scipy.stats` would cost it 62 (docs/adr/0007).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri_exp

Array = NDArray[np.float64]


def at_logit(z: Array) -> Array:
    """The quantile at y = 1 / (1 + e^-z)."""
    smaller = ndtri_exp(-np.logaddexp(0.0, np.abs(z)))  # at the logarithm of the smaller of y and 1 - y
    return np.asarray(np.where(z < 0, smaller, -smaller))


def logit_of(w: Array) -> Array:
    """ln(y / (1 - y)) at y = the share of the normal below `w`: the inverse of `at_logit`."""
    return np.asarray(log_ndtr(w) - log_ndtr(-np.asarray(w)))
