"""Owners: who clears a check that is open, as the venture names them by check or by room."""

from collections.abc import Sequence
from dataclasses import replace

from core.errors import InputError
from core.evidence import ROOMS, Check
from core.venture import Venture


def owned(venture: Venture, checks: Sequence[Check]) -> tuple[Check, ...]:
    """The checks with the person who clears each: the one named for the check, else the one of its room.

    Raises:
        InputError: an owner is named for what is neither a check of the venture nor a room.
    """
    owners = venture.policy.owners
    known = [*ROOMS, *(c.id for c in checks)]
    for name in owners:
        if name not in known:
            raise InputError(
                f"policy.owners: {name!r} is no check of this venture and no room; it has {', '.join(known)}."
            )
    return tuple(replace(c, owner=owners.get(c.id, owners.get(c.room, "")).strip()) for c in checks)
