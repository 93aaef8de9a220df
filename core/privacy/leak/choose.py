"""Which rows a person should look at: some from everywhere, more from where the search is least sure.

Rows are sorted into four strata by what can be seen without a label, and a simple random sample is drawn within each,
so every row has a known chance to be drawn, its inclusion probability n_h / N_h, and the estimate stays unbiased
although doubtful rows are drawn more often (Horvitz and Thompson 1952; Cochran 1977, chapter 5).
"""

import math
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from core.privacy.leak.mark import Mark, in_sight

ROWS = 50
LEAST = 4  # rows of a stratum
NEAR = 0.15  # how near to the threshold a score is no clear answer
RARE = 0.01  # share of rows below which a form is rare

MISSED, UNSURE, FOUND, CLEAN = "looks missed", "unsure", "found", "nothing found"
STRATA = (MISSED, UNSURE, FOUND, CLEAN)
GUESS = {MISSED: 0.5, UNSURE: 0.3, FOUND: 0.1, CLEAN: 0.03}  # shares that leak, guessed before any label

# What people's data often looks like, whatever it is: a number of four digits or more, an address sign, and a
# capital within a sentence.
_LOOKS = re.compile(r"\d[\d ./()-]{2,}\d|\S+@\S+|(?<=[a-z,;] )[A-Z][\w'’-]+|[一-鿿]{2,}")
_MIXED = re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])\S+")


def forms(text: str) -> set[str]:
    """The forms of words that mix letters and digits: "AB-1204" is "aa-9"."""
    return {re.sub(r"\d+", "9", re.sub(r"[^\W\d_]", "a", w)) for w in _MIXED.findall(text)}


def stratum(text: str, found: Sequence[Mark], maybe: Sequence[Mark], *, threshold: float, rare: frozenset[str]) -> str:
    """Where a row belongs, by what can be seen before anybody labels it.

    Args:
        text: the row.
        found: what would be masked.
        maybe: what the detector saw below its threshold.
        threshold: that threshold.
        rare: forms of words that few rows have.
    """
    looks = [Mark(m.start(), m.end(), "") for m in _LOOKS.finditer(text)]
    looks += [Mark(m.start(), m.end(), "") for m in _MIXED.finditer(text) if forms(m.group()) & rare]
    if any(in_sight(text, look, found) >= 3 for look in looks):
        return MISSED
    if any(in_sight(text, m, found) for m in maybe) or any(m.score < threshold + NEAR for m in found):
        return UNSURE
    return FOUND if found else CLEAN


def rare_forms(texts: Sequence[str]) -> frozenset[str]:
    """The forms that under one row in a hundred has."""
    counts = Counter(form for text in texts for form in forms(text))
    return frozenset(form for form, n in counts.items() if n < max(2.0, RARE * len(texts)))


def allocate(sizes: Mapping[str, int], rows: int = ROWS) -> dict[str, int]:
    """Rows to draw from each stratum: in proportion to its size and to the spread that leaks in it are guessed to have.

    That is the allocation with the narrowest interval where the guesses are right (Neyman 1934); wrong ones cost width,
    never truth. A stratum that is smaller than its part is drawn whole, and the rest goes where rows are left.
    """
    total = sum(sizes.values())
    spread = {s: n * math.sqrt(GUESS[s] * (1 - GUESS[s])) for s, n in sizes.items() if n}
    goal = {s: max(LEAST, rows * v / sum(spread.values())) for s, v in spread.items()}
    out = dict.fromkeys(goal, 0)
    for _ in range(min(rows, total)):  # the next row goes where most is missing
        open_ = [s for s in goal if out[s] < sizes[s]]
        out[max(open_, key=lambda s: (goal[s] - out[s]) / goal[s])] += 1
    return out


def draw(strata: Sequence[str], rows: int = ROWS, *, seed: int) -> list[int]:
    """Positions of the rows to label, in an order in which every beginning covers all strata as evenly as it can."""
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    members = {s: [i for i, own in enumerate(strata) if own == s] for s in STRATA}
    counts = allocate({s: len(m) for s, m in members.items()}, rows)
    order: list[tuple[float, float, int]] = []
    for s, n in counts.items():
        order += [((j + 0.5) / n, rng.random(), i) for j, i in enumerate(rng.sample(members[s], n))]
    return [i for *_, i in sorted(order)]
