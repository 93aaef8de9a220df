"""What a measurement follows from: lines of the venture file, the files they name, and other rooms' evidence.

Rooms do not import each other. Where one needs another's figure its door is handed the record, and its own evidence
turns stale when that record is superseded.
"""

import hashlib
from collections.abc import Mapping

from core.evidence import ROOMS, Evidence
from core.venture import Venture

READINESS = "readiness"
# By the room that reads: rooms, or single figures.
FEEDS: Mapping[str, tuple[str, ...]] = {"market": ("model.server_rate",), READINESS: ROOMS}


def fed(room: str, records: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """The records that a room's door is handed, of the newest of each figure; none for a room that reads none."""
    wanted = FEEDS.get(room, ())
    return {name: e for name, e in records.items() if name in wanted or e.room in wanted}


def inputs_of(room: str, venture: Venture, records: Mapping[str, Evidence]) -> dict[str, str]:
    """Name -> SHA-256 of all that a room's evidence would follow from if it were measured now."""
    out = venture.inputs(room)
    for feed in FEEDS.get(room, ()):
        mine = {name: e for name, e in records.items() if name == feed or e.room == feed}
        out[f"evidence ({feed})"] = _digest(mine)
    return out


def all_inputs(venture: Venture, records: Mapping[str, Evidence]) -> dict[str, Mapping[str, str]]:
    """`inputs_of` every room and of the review."""
    return {room: inputs_of(room, venture, records) for room in (*ROOMS, READINESS)}


def _digest(records: Mapping[str, Evidence]) -> str:
    rows = [
        f"{name} {e.value!r} {e.low!r} {e.high!r} {e.unit} {e.measured_at.timestamp():.6f}"
        for name, e in records.items()
    ]
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
