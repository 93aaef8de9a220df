"""Answer a check from evidence: pass, fail, unknown or stale, each with its reason.

A figure with an interval passes only if the whole interval is on the good side of the limit, and fails only if the
whole interval is on the bad side; an interval across the limit has not answered the question.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

from core.evidence import Check, Evidence, Status
from core.readiness.questions import Question, alternatives
from core.readiness.words import ROOM, figure, figures, span

Inputs = Mapping[str, Mapping[str, str]]
Answer = tuple[Status, str, str]  # status, reason, what would clear it
_HONEST = 0.002  # how far a recorded interval may lie from Wilson's and still count as one from counts
_CLOCKS_APART = timedelta(minutes=5)  # of two machines that work on one database
_PRACTICAL = 1_000_000  # more rows than this is no advice


def answer(
    question: Question, evidence: Mapping[str, Evidence], inputs: Inputs | None, now: datetime | None = None
) -> Check:
    """Answer one question from the newest evidence by id.

    `inputs` maps a room to what its evidence would be computed from today (name -> SHA-256); a room that is not in
    it, or None, is checked for expiry only.
    """
    status, reason, todo = _answer(question, evidence, inputs, now or datetime.now(UTC))
    return Check(
        id=question.id,
        room=question.room,
        title=question.title,
        gate=question.gate,
        status=status,
        reason=f"{reason} {question.changed}".strip(),
        evidence=(question.evidence,) if question.evidence in evidence else (),
        todo="" if status is Status.PASS else todo,
    )


def _answer(question: Question, evidence: Mapping[str, Evidence], inputs: Inputs | None, now: datetime) -> Answer:
    found = evidence.get(question.evidence)
    if question.missing:
        return _not_required(question, found)
    if found is None:
        return _not_measured(question, any(e.room == question.room for e in evidence.values()))
    if since := why_stale(found, inputs, now):
        known = "It could not be measured, and" if found.value is None else f"{_said(found)} was measured, but"
        return Status.STALE, f"{known} {since}.", f"Start the {ROOM[question.room]} measurement again."
    if found.value is None:
        todo = f"Give what was missing, then start the {ROOM[question.room]} measurement again."
        return Status.UNKNOWN, _sentence(found.reason), todo
    if found.value == "unknown":
        return Status.UNKNOWN, _sentence(found.reason or "The answer is unknown"), question.todo
    if isinstance(found.value, float) and not math.isfinite(found.value):
        return Status.UNKNOWN, "The evidence is not a finite number.", question.todo
    if question.op == "is_known":
        return Status.PASS, f"{_said(found)}.", ""
    if question.op == "is_one_of":
        return _one_of(question, found)
    return _compared(question, found)


def why_stale(found: Evidence, inputs: Inputs | None, now: datetime | None = None) -> str:
    """Why a record no longer speaks of today's inputs; empty where it still does."""
    now = now or datetime.now(UTC)
    if found.measured_at > now + _CLOCKS_APART:
        return f"it is dated {found.measured_at:%Y-%m-%d %H:%M} UTC, in the future; check the clock of the machine"
    current = (inputs or {}).get(found.room)
    if not found.is_stale(found.inputs if current is None else current, now):
        return ""
    changed = sorted({name for name, _ in set(found.inputs.items()) ^ set((current or found.inputs).items())})
    if not changed:
        return f"it was valid until {found.valid_until:%Y-%m-%d} only" if found.valid_until else "its time ran out"
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"{', '.join(changed[:3])}{more} changed since"


def _not_required(question: Question, found: Evidence | None) -> Answer:
    measured = f"Measured {_said(found)}, but" if found and found.value is not None else "Not checked:"
    reason = f"{measured} the venture file does not say what it must reach ({question.missing})."
    return Status.UNKNOWN, reason, f"Say in venture.toml what it must reach: {question.missing}."


def _not_measured(question: Question, room_was_measured: bool) -> Answer:
    if room_was_measured:
        reason = f"Not measured yet: the last {ROOM[question.room]} measurement left no such figure."
        return Status.UNKNOWN, reason, question.todo
    return Status.UNKNOWN, "Not measured yet.", f"Start the {ROOM[question.room]} measurement."


def _one_of(question: Question, found: Evidence) -> Answer:
    words = question.limit if isinstance(question.limit, tuple) else ()
    if not isinstance(found.value, str):
        return Status.UNKNOWN, f"The evidence is a number, the policy asks for {alternatives(words)}.", question.todo
    told = f"{found.value}: {found.reason}" if found.reason else found.value
    if f" {found.value}:" in found.reason:  # "1 blocked: ..." says the word itself
        told = found.reason
    if found.value in words:
        return Status.PASS, _sentence(told), ""
    return Status.FAIL, _sentence(f"{told}; {alternatives(words)} is asked"), question.todo


def _compared(question: Question, found: Evidence) -> Answer:
    limit, value = question.limit, found.value
    if not isinstance(limit, float) or not isinstance(value, int | float):
        return Status.UNKNOWN, "The evidence holds no number to compare with the limit.", question.todo
    if question.unit and found.unit != question.unit:
        reason = f"It was measured in {found.unit}, the policy asks in {question.unit}, so the two cannot be compared."
        return Status.UNKNOWN, reason, question.todo
    low, high = bounds(found, value)
    sides = {"at_least": (low >= limit, high < limit), "above": (low > limit, high <= limit)}
    good, bad = sides.get(question.op, (high <= limit, low > limit))
    asked, *_ = figures([limit, value, *(b for b in (low, high) if math.isfinite(b))], found.unit)
    side = f"{question.op.replace('_', ' ')} {asked} is asked"
    if good or bad:
        because = f" {_sentence(found.reason)}" if bad and found.reason else ""
        return (Status.PASS if good else Status.FAIL), f"{_said(found, limit)}; {side}.{because}", question.todo
    rows = rows_needed(found, limit)
    settle = f"; about {rows:,} more test rows would settle it if the share stays there" if rows else ""
    reason = f"{_said(found, limit)}: the interval crosses {asked}{settle}."
    hopeful = rows and (value >= limit) == (question.op != "at_most")
    return Status.UNKNOWN, reason, f"Measure on about {rows:,} more test rows." if hopeful else question.todo


def bounds(found: Evidence, value: float) -> tuple[float, float]:
    """The interval, never without the value itself; a bound that is missing beside another one is open."""
    if found.low is None and found.high is None:
        return value, value
    low = -math.inf if found.low is None or math.isnan(found.low) else found.low
    high = math.inf if found.high is None or math.isnan(found.high) else found.high
    return min(low, value), max(high, value)


def rows_needed(found: Evidence, limit: float) -> int | None:
    """How many more rows until the interval leaves the limit, if the share stays as it is; None where nobody can say.

    A Wilson interval excludes the limit t exactly when |p - t| > z sqrt(t (1 - t) / n) (it inverts the score test),
    so n > z^2 t (1 - t) / (p - t)^2. Told only for a share from counts, which is one whose interval is Wilson's, and
    only of the model: more test rows can be labelled, but a data set that is scanned has the rows it has.
    """
    value, n = found.value, found.n
    if (
        found.room != "model"
        or found.unit != "share"
        or not n
        or not isinstance(value, int | float)
        or not 0 < limit < 1
        or value == limit
    ):
        return None
    z = NormalDist().inv_cdf((1 + found.level) / 2)
    centre = (value + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(0.0, value * (1 - value)) / n + z * z / (4 * n * n))
    if found.low is None or found.high is None:
        return None
    if abs(found.low - (centre - half)) > _HONEST or abs(found.high - (centre + half)) > _HONEST:
        return None
    more = math.floor(z * z * limit * (1 - limit) / (value - limit) ** 2) + 1 - n
    return _round_up(more) if 0 < more <= _PRACTICAL else None


def _round_up(rows: int) -> int:
    """Two digits are all that "about" promises; rounded up, so that following the advice is enough."""
    step = int(10 ** max(0, len(str(rows)) - 2))
    return -(-rows // step) * step


def _said(found: Evidence, limit: float | None = None) -> str:
    """A figure with its interval and n: "93.8 % (95 % interval 92.9 to 94.6 %, n = 3,080)"."""
    if isinstance(found.value, str) or found.value is None:
        return found.value or "nothing"
    bounds = [b for b in (found.low, found.high) if b is not None and math.isfinite(b)]
    value, *said = figures([found.value, *bounds, *([limit] if limit is not None else [])], found.unit)
    parts = [f"{figure(found.level, 'share')} interval {span(*said[:2])}"] if len(set(bounds)) == 2 else []
    parts += [f"n = {found.n:,}"] if found.n else []
    return f"{value} ({', '.join(parts)})" if parts else value


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
