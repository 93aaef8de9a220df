"""Reviews that were just drawn, so that a slider which moves one venture does not draw the other one anew."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock

from core.evidence import Evidence
from core.readiness.checks import Inputs
from core.readiness.joint.review import Review, review
from core.readiness.policy import load_policy
from core.venture import Venture

_MOST = 24
_kept: OrderedDict[str, Review] = OrderedDict()
_lock = Lock()


def reviewed(
    venture: Venture, evidence: Mapping[str, Evidence], inputs: Inputs | None, now: datetime | None, n: int
) -> Review:
    """`review`, or the same review drawn before from the same venture, policy, evidence and minute.

    Raises:
        InputError: as `review`.
    """
    key = _fingerprint(venture, evidence, inputs, now or datetime.now(UTC), n)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = review(venture, evidence, inputs, now, n)
    with _lock:
        _kept[key] = found
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return found


def _fingerprint(
    venture: Venture, evidence: Mapping[str, Evidence], inputs: Inputs | None, now: datetime, n: int
) -> str:
    """What a review follows from. A minute, because evidence and waivers run out."""
    owners = repr(sorted(venture.policy.owners.items()))  # no evidence follows from them, so no dump holds them
    parts = [
        venture.key,
        venture.model_dump_json(),
        owners,
        load_policy(venture).model_dump_json(),
        f"{now:%F %H:%M}",
        str(n),
    ]
    parts += [f"{name} {e.as_json()!r} {e.detail.get('machine')!r}" for name, e in sorted(evidence.items())]
    parts += [f"{room} {sorted(of.items())!r}" for room, of in sorted((inputs or {}).items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
