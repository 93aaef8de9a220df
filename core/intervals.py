"""Wilson's interval for a share: the one formula that every room needs."""

import math

Z95 = 1.959963984540054  # standard normal quantile at 0.975


def wilson(hits: float, n: float) -> tuple[float, float]:
    """The bounds of the 95 % score interval of the share hits / n (Wilson 1927); they always hold the share itself.

    Counts of weighted observations, effective ones, need not be whole.

    Raises:
        ValueError: n is not positive.
    """
    if n <= 0:
        raise ValueError("a share needs at least one observation")
    p, zz = hits / n, Z95 * Z95
    centre = (p + zz / (2 * n)) / (1 + zz / n)
    half = Z95 / (1 + zz / n) * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
    return min(max(0.0, centre - half), p), max(min(1.0, centre + half), p)
