"""Shares of a file with the uncertainty of having read only some of its rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.intervals import wilson

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a file's rows (0 to 1) with its 95 % interval; the bounds meet where every row was read."""

    value: float
    low: float
    high: float


def share_of(hits: int, n: int, total: int, unread: int = 0) -> Share:
    """The share of `total` rows, from `hits` among `n` drawn at random; `unread` of the n may be hits too.

    With no hit the upper bound is the exact one-sided limit 1 - 0.05^(1/n), about 3/n (Clopper and Pearson 1934;
    Hanley and Lippman-Hand 1983); with nothing but hits the lower one mirrors it; between them Wilson's. What was read
    is certain, so the bounds never pass the share that the file would have were all unseen rows of one kind.
    """
    if not n or not total:
        return Share(0.0, 0.0, 1.0)
    low = 0.0 if hits == 0 else ALPHA ** (1 / n) if hits == n else wilson(hits, n)[0]
    most = hits + unread
    high = 1 - ALPHA ** (1 / n) if most == 0 else 1.0 if most == n else wilson(most, n)[1]
    value = hits / n
    low, high = max(low, hits / total), min(high, (total - n + most) / total)
    return Share(value, min(low, value), max(high, value))


def pooled(parts: Sequence[tuple[Share, int]]) -> Share:
    """The share over several files from (share, rows) of each, the interval by variance recovery (Zou and Donner 2008).

    Its half-widths are the root of the summed squares of the files' own, so a file read completely adds none.
    """
    total = sum(rows for _, rows in parts)
    if not total:
        return Share(0.0, 0.0, 1.0)
    value = sum(s.value * rows for s, rows in parts) / total
    below = math.sqrt(sum(((s.value - s.low) * rows / total) ** 2 for s, rows in parts))
    above = math.sqrt(sum(((s.high - s.value) * rows / total) ** 2 for s, rows in parts))
    return Share(value, max(0.0, value - below), min(1.0, value + above))
