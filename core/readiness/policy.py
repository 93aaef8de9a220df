"""A policy file: which checks a venture must answer, from which evidence, against which limit, and why."""

import math
import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from core.errors import InputError
from core.settings import PROJECT
from core.venture import Venture
from core.venture_errors import problems
from core.venture_part import wrong_at

POLICIES = PROJECT / "data" / "policies"
MODE = "{mode}"
Id = Annotated[str, StringConstraints(pattern=r"^[a-z]+(\.[a-z][a-z0-9_]*)+$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Limit = float | tuple[str, ...] | None


class Rule(BaseModel):
    """One check of a policy, as the file states it."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Id
    room: Literal["model", "privacy", "licences", "market"]
    title: Text
    gate: bool = Field(strict=True)
    evidence: str = Field(pattern=r"^[a-z]+(\.([a-z][a-z0-9_]*|\{mode\}))+$")
    op: Literal["at_least", "above", "at_most", "is_one_of", "is_known"]
    threshold: float | tuple[str, ...] | None = None
    threshold_from: str = ""
    only_if_stated: bool = Field(False, strict=True)
    task: Literal["", "classify", "score"] = ""
    unit: str = ""
    effort_days: float = Field(1.0, gt=0, le=1000)
    why: Text
    todo: Text

    @field_validator("threshold", mode="before")
    @classmethod
    def _plain_threshold(cls, value: Any) -> Any:
        words = isinstance(value, list) and all(isinstance(v, str) and v for v in value)
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not (words or number or isinstance(value, tuple) or value is None):
            raise ValueError("must be a finite number, or a list of words")
        return tuple(value) if words else value

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        for key, prefix in (("id", self.id), ("evidence", self.evidence)):
            if prefix.partition(".")[0] != self.room:
                raise ValueError(f"{self.id}: {key} {prefix!r} must begin with its room, {self.room!r}")
        if self.id.endswith(".mode") != (MODE in self.evidence):
            raise ValueError(
                f"{self.id}: an id that ends in .mode needs evidence that holds {MODE}, and only such an id"
            )
        if problem := self._limit_problem():
            raise ValueError(f"{self.id}: {problem}")
        if self.only_if_stated and (self.gate or not self.threshold_from):
            raise ValueError(f"{self.id}: only_if_stated is for checks with threshold_from that are no gate")
        return self

    def _limit_problem(self) -> str:
        limit, from_venture = self.threshold, bool(self.threshold_from)
        if self.op == "is_known":
            return "is_known takes no threshold" if limit is not None or from_venture else ""
        if self.op == "is_one_of":
            if not isinstance(limit, tuple) or not limit or from_venture:
                return "is_one_of needs threshold, a list of the words that pass"
            return '"unknown" can never pass, take it out of threshold' if "unknown" in limit else ""
        if (limit is not None) == from_venture:
            return f"{self.op} needs either threshold or threshold_from"
        if from_venture:
            known = stated_as_number(self.threshold_from)
            return "" if known else f"threshold_from {self.threshold_from!r} is no number of the venture file"
        return wrong_limit(limit, self.unit)


class Pending(BaseModel):
    """What a policy would ask if Preflight could measure it: listed, and no part of any verdict."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Id
    room: Literal["model", "privacy", "licences", "market"]
    title: Text
    missing: Text


class PolicyFile(BaseModel):
    """A whole policy; `text` of its checks may hold {mode} and {currency}, which the venture fills in."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    schema_: Literal[1] = Field(alias="schema")
    name: Text
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    source: Text
    least_p_go: float = Field(0.5, ge=0, le=1)
    checks: tuple[Rule, ...] = ()
    pending: tuple[Pending, ...] = ()

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        ids = [rule.id for rule in self.checks]
        for k, name in enumerate(ids):
            if name in ids[:k]:
                raise wrong_at(f"two checks have the id {name!r}; rename one, or keep one", "checks", k, "id")
        listed = [p.id for p in self.pending]
        for k, name in enumerate(listed):
            if name in ids or name in listed[:k]:
                said = f"{name!r} is listed as not measured yet, and stands there a second time; take one out"
                raise wrong_at(said, "pending", k, "id")
        asked = [(r.id, r.evidence, r.op, r.threshold) for r in self.checks if r.threshold is not None]
        if found := contradiction(asked):
            raise wrong_at(found.said, "checks", ids.index(found.other), "threshold")
        return self


class Contradiction(NamedTuple):
    """Two checks that no figure can pass together; `other` is the id of the one that stands further down."""

    other: str
    said: str


def contradiction(asked: Iterable[tuple[str, str, str, Limit]]) -> Contradiction | None:
    """The first two checks that no figure can pass together; None where there are none.

    Args:
        asked: of each check its id, the figure it reads, its op and its limit.
    """
    for (one, figure, op, limit), (other, read, op2, limit2) in combinations(asked, 2):
        if figure == read and (_apart(op, limit, op2, limit2) or _apart(op2, limit2, op, limit)):
            first, second = _demand(one, op, limit), _demand(other, op2, limit2)
            said = f"{first} and {second} contradict each other: no {figure} passes both; change one of the two limits"
            return Contradiction(other, said)
    return None


def _demand(name: str, op: str, limit: Limit) -> str:
    told = " or ".join(limit) if isinstance(limit, tuple) else f"{limit:g}"
    return f"{name} ({op.replace('_', ' ')} {told})"


def _apart(low: str, least: Limit, high: str, most: Limit) -> bool:
    if isinstance(least, tuple) and isinstance(most, tuple):
        return low == high == "is_one_of" and set(least).isdisjoint(most)
    if not isinstance(least, float) or not isinstance(most, float) or high != "at_most":
        return False
    return least > most if low == "at_least" else low == "above" and least >= most


def wrong_limit(limit: object, unit: str) -> str:
    """What is wrong with a limit that a figure in `unit` is compared with; empty where nothing is."""
    if not isinstance(limit, float) or not math.isfinite(limit):
        return "its threshold must be a finite number"
    if unit == "share" and abs(limit) > 1:
        return f"its threshold is a share, so 90 % is 0.9; got {limit:g}"
    return ""


def stated_as_number(dotted: str) -> bool:
    """Whether a dotted key of the venture file, for example "must.accuracy", names one number."""
    part: Any = Venture
    for name in dotted.split("."):
        if not (isinstance(part, type) and issubclass(part, BaseModel)) or name not in part.model_fields:
            return False
        part = part.model_fields[name].annotation
    kinds = getattr(part, "__args__", (part,))
    return any(k is float or getattr(k, "__origin__", None) is float for k in kinds)


def stated(venture: Venture, dotted: str) -> float | None:
    """The number a venture states under a dotted key; None where it leaves it out."""
    part: Any = venture
    for name in dotted.split("."):
        part = getattr(part, name)
    return None if part is None else float(part)


def load_policy(venture: Venture) -> PolicyFile:
    """The policy that a venture names: one of data/policies, or a .toml file beside the venture.

    Raises:
        InputError: there is no such policy, or it is broken; every problem is named with its line and key.
    """
    named = venture.policy.file
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", named):
        file = POLICIES / f"{named}.toml"
        if not file.is_file():
            known = ", ".join(sorted(p.stem for p in POLICIES.glob("*.toml")))
            raise InputError(
                f"policy.file: there is no policy called {named!r}; known are {known}, or give a .toml file."
            )
        return read_policy(file)
    if not named.endswith(".toml"):
        raise InputError(f"policy.file: {named!r} is neither a policy's name nor a .toml file beside the venture.")
    return read_policy(venture.locate(named))


def read_policy(file: Path) -> PolicyFile:
    """Read and check one policy file; see `load_policy`."""
    try:
        return _parsed(file.read_text(encoding="utf-8"), file.name)
    except (UnicodeDecodeError, OSError):
        raise InputError(f"policy {file.name}: cannot be read as text; save it as TOML in UTF-8.") from None


@lru_cache(maxsize=16)
def _parsed(text: str, name: str) -> PolicyFile:
    """A policy from its text; kept, for every page and every what-if asks for the same."""
    try:
        return PolicyFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"policy {name}: is not valid TOML: {error}.") from None
    except ValidationError as error:
        raise InputError(problems(error, PolicyFile, text, f"policy {name}")) from None
