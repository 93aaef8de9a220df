"""Holds a name model against another on texts that neither learned from, and says whether it may take its place."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.intervals import wilson
from core.privacy.names.fill import Filled

TYPES = {
    "PERSON": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "ORG": "ORGANIZATION",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
    "NORP": "NRP",
}
IOU = 0.9
LEAST = 30  # texts with personal data, below which nothing is adopted

Spans = Sequence[tuple[int, int, str]]


@dataclass(frozen=True, slots=True)
class Answers:
    """What one model made of each text, in the texts' order: does it leak, is it flagged; and its spans' hits."""

    leaks: tuple[bool | None, ...]  # None where there is nothing to leak
    flagged: tuple[bool | None, ...]  # None where there is something to find
    gold: int
    found: int
    hits: int

    @property
    def f2(self) -> float:
        """F2 over typed spans at an overlap of 0.9; recall counts four times as much as precision."""
        return 5 * self.hits / (4 * self.gold + self.found) if self.gold + self.found else 0.0

    def share(self, what: Sequence[bool | None]) -> dict[str, Any]:
        """A share with its 95 % interval and n; without a value where nothing was counted."""
        counted = [w for w in what if w is not None]
        if not counted:
            return {"value": None, "low": None, "high": None, "n": 0}
        low, high = wilson(sum(counted), len(counted))
        return {"value": sum(counted) / len(counted), "low": low, "high": high, "n": len(counted)}

    def as_json(self) -> dict[str, Any]:
        """The figures, without any text."""
        return {"leak": self.share(self.leaks), "clean_flagged": self.share(self.flagged), "f2": self.f2}


def answers(gold: Sequence[Filled], found: Sequence[Spans]) -> Answers:
    """Judge found spans (start, end, type) against made-up or labelled texts; what is unsure counts neither way."""
    leaks: list[bool | None] = []
    flagged: list[bool | None] = []
    n_gold = n_found = hits = 0
    for text, spans in zip(gold, found, strict=True):
        loose = {c for a, b in text.unsure for c in range(a, b)}
        counted = [s for s in spans if not loose & set(range(s[0], s[1]))]
        wanted = [(a, b, TYPES.get(label, label)) for a, b, label in text.spans]
        covered = {c for a, b, _ in spans for c in range(a, b)}
        must = {c for a, b, _ in wanted for c in range(a, b) if not text.text[c].isspace()}
        leaks.append(bool(must - covered) if wanted else None)
        flagged.append(None if wanted else bool(counted))
        n_gold, n_found = n_gold + len(wanted), n_found + len(counted)
        hits += _hits(wanted, counted)
    return Answers(tuple(leaks), tuple(flagged), n_gold, n_found, hits)


def _hits(gold: Spans, found: Spans) -> int:
    free = list(found)
    count = 0
    for a, b, kind in gold:
        for f in free:
            if f[2] == kind and (min(b, f[1]) - max(a, f[0])) >= IOU * (max(b, f[1]) - min(a, f[0])):
                free.remove(f)
                count += 1
                break
    return count


def by_model(nlp: Any) -> Callable[[Sequence[str]], list[list[tuple[int, int, str]]]]:
    """A spaCy name model as something that answers texts, its labels as the types of the detector."""

    def answer(texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
        docs = nlp.pipe(texts, batch_size=128)
        return [[(e.start_char, e.end_char, TYPES[e.label_]) for e in d.ents if e.label_ in TYPES] for d in docs]

    return answer


@dataclass(frozen=True, slots=True)
class Change:
    """How a share changed on the same texts: after less before, with its 95 % interval, and n."""

    value: float
    low: float
    high: float
    n: int


def change(before: Sequence[bool | None], after: Sequence[bool | None], groups: Sequence[str]) -> Change | None:
    """The paired difference of two shares; None where nothing was counted.

    Texts of one sentence resemble each other, so sentences are what is drawn: the cluster-robust standard error of a
    mean, with Student's factor for few sentences (Cameron and Miller 2015, doi 10.3368/jhr.50.2.317).
    """
    from scipy.stats import t  # noqa: PLC0415 - takes half a second

    sums: dict[str, list[float]] = {}
    for b, a, key in zip(before, after, groups, strict=True):
        if b is not None and a is not None:
            sums.setdefault(key, []).append(float(a) - float(b))
    n, m = sum(len(v) for v in sums.values()), len(sums)
    if not n:
        return None
    mean = sum(map(sum, sums.values())) / n
    if m < 2:
        return Change(mean, -1.0, 1.0, n)
    spread = math.sqrt(m / (m - 1) * sum((sum(v) - mean * len(v)) ** 2 for v in sums.values())) / n
    half = float(t.ppf(0.975, m - 1)) * spread
    return Change(mean, max(-1.0, mean - half), min(1.0, mean + half), n)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the new model may take the old one's place, why, and the figures of both."""

    adopted: bool
    reason: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    leak: Change | None
    clean: Change | None

    def as_json(self) -> dict[str, Any]:
        """As JSON values; no text of anybody's is among them."""
        return asdict(self)


def compare(gold: Sequence[Filled], before: Answers, after: Answers) -> Verdict:
    """Adopt only what leaks less beyond doubt and flags no more clean texts."""
    keys = [g.key for g in gold]
    leak, clean = change(before.leaks, after.leaks, keys), change(before.flagged, after.flagged, keys)
    adopted, reason = _decide(leak, clean)
    return Verdict(adopted, reason, before.as_json(), after.as_json(), leak, clean)


def _decide(leak: Change | None, clean: Change | None) -> tuple[bool, str]:
    if leak is None or leak.n < LEAST:
        return False, f"Too few texts with personal data to judge by: {leak.n if leak else 0}, and it takes {LEAST}."
    if leak.high >= 0:
        return False, "The share of texts that leak did not fall beyond doubt."
    if clean is None:
        return False, "No text without personal data was at hand, so nobody knows whether more of them are flagged."
    if clean.value > 0:
        return False, "More texts without personal data are flagged."
    return True, "Fewer texts leak, and no more texts without personal data are flagged."
