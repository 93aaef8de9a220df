"""Why the verdict moved: P(go) from one kept review to the next, check by check."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.readiness.joint.holds import Holds

Kept = Mapping[str, Any]  # the detail of a readiness.verdict record


@dataclass(frozen=True, slots=True)
class Move:
    """One check between two reviews.

    Attributes:
        was, now: its answers; empty where a review does not ask it.
        points: by how much P(go) moved when its draws were replaced, those of the checks before it already being new.
    """

    check: str
    title: str
    was: str
    now: str
    points: float


def packed(holds: Holds) -> str:
    """Draws of a check as text for a kept review: a bit each."""
    return base64.b64encode(np.packbits(holds).tobytes()).decode("ascii")


def unpacked(text: str, n: int) -> Holds:
    """The draws again."""
    return np.unpackbits(np.frombuffer(base64.b64decode(text), dtype=np.uint8), count=n).astype(bool)


def moves(before: Kept, after: Kept) -> list[Move]:
    """What moved P(go) from `before` to `after`; checks that changed neither their answer nor P(go) are left out.

    The draws are the same points in both, so the steps add up to the difference exactly. A check that one review does
    not count holds in all its draws.
    """
    n = int(after["n"])
    if int(before["n"]) != n:
        return []
    old, new = _by_check(before, n), _by_check(after, n)
    said = {side: {c["id"]: c for c in kept["checks"]} for side, kept in (("was", before), ("now", after))}
    now = {name: old.get(name, np.ones(n, dtype=bool)) for name in dict.fromkeys([*old, *new])}
    out = []
    for name in now:
        value = _together(now, n)
        now[name] = new.get(name, np.ones(n, dtype=bool))
        points = _together(now, n) - value
        was, is_ = (said[side].get(name, {}).get("status", "") for side in ("was", "now"))
        if points or was != is_:
            title = (said["now"].get(name) or said["was"].get(name) or {}).get("title", name)
            out.append(Move(name, title, was, is_, points))
    return out


def _by_check(kept: Kept, n: int) -> dict[str, Holds]:
    return {a["id"]: unpacked(a["holds"], n) for a in kept["answers"] if a["counted"]}


def _together(columns: Mapping[str, Holds], n: int) -> float:
    return float(np.logical_and.reduce(list(columns.values())).mean()) if columns else 0.0
