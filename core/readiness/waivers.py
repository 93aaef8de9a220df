"""Waivers: a named person's word, with a reason and a last day, that a check may stay open meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from core.errors import InputError
from core.evidence import Check, Status
from core.venture import Venture
from core.venture_policy import Waiver


def waived(venture: Venture, checks: Sequence[Check], now: datetime | None = None) -> tuple[Check, ...]:
    """The checks with the venture's waivers: a waived gate that does not pass is a condition instead.

    One whose last day is over changes nothing, and the check says so.

    Raises:
        InputError: a waiver names no check of the venture, or one check has two.
    """
    by_check: dict[str, Waiver] = {}
    known = [c.id for c in checks]
    for waiver in venture.policy.waivers:
        if waiver.id not in known:
            raise InputError(f"policy.waivers: {waiver.id!r} is no check of this venture; it has {', '.join(known)}.")
        if waiver.id in by_check:
            raise InputError(f"policy.waivers: {waiver.id!r} stands there twice; keep one.")
        by_check[waiver.id] = waiver
    today = (now or datetime.now(UTC)).date()
    return tuple(_with(c, by_check[c.id], today > by_check[c.id].until) if c.id in by_check else c for c in checks)


def _with(check: Check, waiver: Waiver, over: bool) -> Check:
    if check.status is Status.PASS:
        return check
    if over:
        said = f" The waiver by {waiver.by} ran out on {waiver.until:%Y-%m-%d}."
        return replace(check, reason=f"{check.reason}{said}")
    said = f"Waived by {waiver.by} until {waiver.until:%Y-%m-%d}: {waiver.reason.rstrip('.')}."
    return replace(check, gate=False, waiver=said)
