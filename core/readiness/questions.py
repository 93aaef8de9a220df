"""What one venture is asked: the policy's checks with its modes, its own limits and its own wishes filled in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.errors import InputError
from core.readiness.policy import MODE, Limit, PolicyFile, Rule, contradiction, stated, wrong_limit
from core.readiness.words import MODE as MODE_WORDS
from core.readiness.words import figure
from core.venture import MODES, Venture
from core.venture_policy import OwnCheck


@dataclass(frozen=True, slots=True)
class Question:
    """One check as this venture is asked it.

    Attributes:
        limit: what the figure is compared with; None where the venture does not state it (then `missing` names the
            key), or where knowing the figure is enough.
        changed: how the venture differs from the policy, as sentences; empty where it does not.
        effort_days: days of one person to answer it, as the policy judges.
    """

    id: str
    room: str
    title: str
    gate: bool
    evidence: str
    op: str
    limit: Limit
    unit: str
    todo: str
    missing: str = ""
    changed: str = ""
    effort_days: float = 1.0


def questions(venture: Venture, policy: PolicyFile) -> tuple[Question, ...]:
    """All checks of this venture, in the order of the policy.

    A check with {mode} is asked once for every way in which the venture is distributed. One that the policy marks
    only_if_stated is left out where the venture states no limit, and one of a task where the labelled data has another.

    Raises:
        InputError: the venture wishes to change a check that the policy does not have, or in a way that makes no sense.
    """
    own = _own(venture, policy)
    out = []
    task = "score" if venture.predicts_scores else "classify"
    for rule in policy.checks:
        if rule.task not in ("", task):
            continue
        for question in _expanded(rule, venture):
            changed = _changed(question, own.get(question.id) or own.get(rule.id), rule)
            if not (rule.only_if_stated and changed.missing):
                out.append(changed)
    if len({q.id for q in out}) != len(out):
        raise InputError(f"policy {policy.name}: a check of one mode has the same id as another check; rename it.")
    if found := contradiction((q.id, q.evidence, q.op, q.limit) for q in out):
        raise InputError(f"policy {policy.name}, with the limits of this venture: {found.said}.")
    return tuple(out)


def _expanded(rule: Rule, venture: Venture) -> Iterator[Question]:
    value = rule.threshold if not rule.threshold_from else stated(venture, rule.threshold_from)
    base = Question(
        id=rule.id,
        room=rule.room,
        title=rule.title,
        gate=rule.gate,
        evidence=rule.evidence,
        op=rule.op,
        limit=value,
        unit=rule.unit.replace("{currency}", venture.market.currency),
        todo=rule.todo,
        missing=rule.threshold_from if value is None else "",
        effort_days=rule.effort_days,
    )
    if MODE not in rule.evidence:
        yield base
        return
    for mode in dict.fromkeys(venture.distribution.modes):
        words = MODE_WORDS[mode]
        yield replace(
            base,
            id=_of_mode(rule, mode),
            evidence=rule.evidence.replace(MODE, mode),
            title=rule.title.replace(MODE, words),
            todo=rule.todo.replace(MODE, words),
        )


def _of_mode(rule: Rule, mode: str) -> str:
    return rule.id.removesuffix("mode") + mode


def _own(venture: Venture, policy: PolicyFile) -> dict[str, OwnCheck]:
    known = [r.id for r in policy.checks]
    known += [_of_mode(r, m) for r in policy.checks if MODE in r.evidence for m in MODES]
    out: dict[str, OwnCheck] = {}
    for wish in venture.policy.checks:
        if wish.id not in known:
            raise InputError(f"policy.checks: {wish.id!r} is no check of this policy; known are {', '.join(known)}.")
        if wish.id in out:
            raise InputError(f"policy.checks: {wish.id!r} stands there twice; keep one.")
        if wish.threshold is None and wish.gate is None and wish.effort_days is None:
            raise InputError(
                f"policy.checks: {wish.id!r} changes nothing; give threshold, gate or effort_days, or take it out."
            )
        out[wish.id] = wish
    return out


def _changed(question: Question, wish: OwnCheck | None, rule: Rule) -> Question:
    if wish is None:
        return question
    says = []
    if wish.threshold is not None:
        limit = _own_limit(question, wish)
        says.append(
            f"this venture's own limit {said_limit(limit, question.unit)}, policy says {_policy_limit(question, rule)}"
        )
        question = replace(question, limit=limit, missing="")
    if wish.gate is not None:
        before, after = ("a gate" if g else "no gate" for g in (question.gate, wish.gate))
        says.append(f"{after} for this venture, policy says {before}")
        question = replace(question, gate=wish.gate)
    if wish.effort_days is not None:
        says.append(f"{_days(wish.effort_days)} of work for this venture, policy says {_days(question.effort_days)}")
        question = replace(question, effort_days=wish.effort_days)
    sentence = "; ".join(says)
    return replace(question, changed=f"{sentence[0].upper()}{sentence[1:]}: {wish.reason.rstrip('.')}.")


def _days(days: float) -> str:
    return f"{days:g} {'day' if days == 1 else 'days'}"


def _own_limit(question: Question, wish: OwnCheck) -> Limit:
    """The venture's own limit in the type of the check; words may be separated by commas."""
    problem = ""
    limit: Limit = None
    if question.op == "is_known":
        problem = "only asks whether the figure is known, so it takes no threshold"
    elif question.op == "is_one_of":
        limit = tuple(w.strip() for w in str(wish.threshold).split(",") if w.strip())
        if not limit or "unknown" in limit or not isinstance(wish.threshold, str):
            problem = 'needs a threshold of words, for example "allowed"; "unknown" can never pass'
    else:
        limit = wish.threshold if isinstance(wish.threshold, float) else None
        problem = wrong_limit(limit, question.unit)
    if problem:
        raise InputError(f"policy.checks: {wish.id}: {problem}.")
    return limit


def said_limit(limit: Limit, unit: str) -> str:
    """A limit in words: "0.5 %", "allowed or obligations"."""
    if limit is None:
        return "none"
    return figure(limit, unit) if isinstance(limit, float) else alternatives(limit)


def alternatives(words: Sequence[str]) -> str:
    """Words as a choice: "a, b or c"."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _policy_limit(question: Question, rule: Rule) -> str:
    if not rule.threshold_from:
        return said_limit(question.limit, question.unit)
    value = f" ({said_limit(question.limit, question.unit)})" if question.limit is not None else ""
    return rule.threshold_from + value
