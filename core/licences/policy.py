"""What a licence means for a product, per way of bringing it to people: rules as data, expressions computed.

AND takes the worst of its arms, OR the best, and the arm chosen is recorded. A licence that no rule names is unknown,
and unknown stays unknown: it gives way only to an arm that may be chosen instead of it.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import InputError
from core.licences.spdx import All, Leaf, Node, category, leaves

FOLDER = Path(__file__).resolve().parents[2] / "data" / "policies" / "licences"
Mode = Literal["internal", "saas", "on_premises", "on_device"]
MODES: tuple[Mode, ...] = ("internal", "saas", "on_premises", "on_device")
Use = Literal["dynamic", "static", "modified", "copied", "model", "dataset"]
USES: tuple[Use, ...] = ("dynamic", "static", "modified", "copied", "model", "dataset")


class Standing(StrEnum):
    """What a licence allows in a mode, best first."""

    ALLOWED = "allowed"
    OBLIGATIONS = "obligations"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"

    @property
    def badness(self) -> int:
        """0 for the best."""
        return _BADNESS[self]


_BADNESS = {standing: i for i, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one licence expression means in one mode.

    Attributes:
        reason: why, in words.
        clause: the part of the licence it rests on; empty where nothing is concluded.
        obligations: what is owed, in the imperative.
        chosen: the arms chosen of an OR.
    """

    status: Standing
    reason: str
    obligations: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    clause: str = ""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


@lru_cache(maxsize=8192)
def _named(licence: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(licence.lower(), pattern.lower()) for pattern in patterns)


class RuleAnswer(_Part):
    """One cell of the policy."""

    status: Standing
    why: str = Field(min_length=1)
    owed: tuple[str, ...] = ()


class Answers(_Part):
    """A rule's answers; `shipped` stands for both ways in which copies reach customers."""

    internal: RuleAnswer | None = None
    saas: RuleAnswer | None = None
    shipped: RuleAnswer | None = None
    on_premises: RuleAnswer | None = None
    on_device: RuleAnswer | None = None

    def get(self, mode: Mode) -> RuleAnswer | None:
        """The answer for a mode, None where the rule has none."""
        own: RuleAnswer | None = getattr(self, mode)
        return own or (self.shipped if mode in ("on_premises", "on_device") else None)


class Rule(_Part):
    """What some licences mean: answers for a closed product, and where they differ for an open one."""

    id: str
    clause: str = Field(min_length=1)
    licences: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    uses: tuple[Use, ...] = USES
    closed: Answers
    open: Answers = Answers()

    def holds(self, licence: str, use: Use) -> bool:
        """Whether the rule speaks of this licence, used this way."""
        return use in self.uses and (_named(licence, self.licences) or category(licence) in self.categories)

    def answer(self, mode: Mode, *, open_source: bool) -> RuleAnswer | None:
        """The cell for a mode."""
        return (self.open.get(mode) if open_source else None) or self.closed.get(mode)


class Policy(_Part):
    """A whole policy file."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    title: str
    stated: str
    rules: tuple[Rule, ...] = Field(min_length=1)
    exceptions: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ids = [rule.id for rule in (*self.rules, *self.exceptions)]
        if len(set(ids)) != len(ids):
            raise ValueError("two rules have the same id")
        for rule in self.rules:
            missing = [m for m in ("internal", "saas", "on_premises", "on_device") if rule.closed.get(m) is None]
            if missing:
                raise ValueError(f"rule {rule.id!r} has no answer for {', '.join(missing)}")
        return self


@cache
def load(name: str = "default") -> Policy:
    """Read a policy of data/policies/licences.

    Raises:
        InputError: there is none of that name, or it is not well formed.
    """
    path = FOLDER / f"{name}.toml"
    if not name.isidentifier() or not path.is_file():
        raise InputError(f"licence policy {name!r}: there is no such file in data/policies/licences.")
    try:
        return Policy.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path.name}: not a licence policy: {' '.join(str(error).split())[:300]}") from None


def judge(node: Node, mode: Mode, policy: Policy, *, use: Use = "dynamic", open_source: bool = False) -> Answer:
    """Compute what an expression means in a mode."""
    if isinstance(node, Leaf):
        return _leaf(node, mode, policy, use, open_source)
    answers = [(arm, judge(arm, mode, policy, use=use, open_source=open_source)) for arm in node.arms]
    if isinstance(node, All):
        return _all(answers)
    arm, best = min(answers, key=lambda pair: (pair[1].status.badness, _burden(pair[0], policy, use, open_source)))
    if best.status in (Standing.ALLOWED, Standing.OBLIGATIONS):
        return replace(best, reason=f"{arm} chosen of {node}: {best.reason}", chosen=(str(arm), *best.chosen))
    return replace(best, reason=f"no arm of {node} is known to be free; {arm}: {best.reason}")


def _burden(node: Node, policy: Policy, use: Use, open_source: bool) -> int:
    """How much an arm asks for over all modes: between arms that are equally free here, the lighter one is chosen."""
    answers = (_leaf(leaf, mode, policy, use, open_source) for leaf in leaves(node) for mode in MODES)
    return sum(10 * a.status.badness + len(a.obligations) for a in answers)


def _leaf(leaf: Leaf, mode: Mode, policy: Policy, use: Use, open_source: bool) -> Answer:
    base = _answer(policy.rules, leaf.id, mode, use, open_source)
    widened = _answer(policy.exceptions, leaf.exception, mode, use, open_source) if leaf.exception else None
    if base is None:
        return Answer(Standing.UNKNOWN, f"no rule of the policy speaks of {leaf.id}: have its text read")
    if widened is not None and base.status == Standing.BLOCKED:
        return widened  # an exception permits more than the licence alone; it settles nothing that is unknown
    return base


def _answer(rules: Iterable[Rule], licence: str, mode: Mode, use: Use, open_source: bool) -> Answer | None:
    for rule in rules:
        cell = rule.answer(mode, open_source=open_source) if rule.holds(licence, use) else None
        if cell is not None:
            return Answer(cell.status, cell.why, cell.owed, clause=rule.clause)
    return None


def _all(answers: Sequence[tuple[Node, Answer]]) -> Answer:
    """Every arm applies: the worst status with its reasons, and all that is owed."""
    status = worst(answer.status for _, answer in answers)
    decisive = [(arm, a) for arm, a in answers if a.status == status]
    reasons = dict.fromkeys(a.reason for _, a in decisive)
    named = [f"{arm}: {a.reason}" for arm, a in decisive]
    owed = dict.fromkeys(o for _, a in answers for o in a.obligations)
    chosen = dict.fromkeys(c for _, a in answers for c in a.chosen)
    reason = next(iter(reasons)) if len(reasons) == 1 and status == Standing.ALLOWED else "; ".join(named)
    clauses = dict.fromkeys(a.clause for _, a in decisive if a.clause)
    return Answer(status, reason, tuple(owed), tuple(chosen), "; ".join(clauses))


def worst(statuses: Iterable[Standing]) -> Standing:
    """The worst of some standings; unknown where there are none, for nothing was looked at."""
    found = list(statuses)
    return max(found, key=lambda s: s.badness) if found else Standing.UNKNOWN


def unknown(reason: str) -> Answer:
    """The answer for what could not be concluded."""
    return Answer(Standing.UNKNOWN, reason)
