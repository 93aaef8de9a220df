"""Guided classification: questions whose answers place a venture in a law or framework, with the text they rest on.

A guide is a file of data/guides. Its questions are answered by the founder under [guides] in the venture file, or by
evidence where a measurement answers them. A question that nobody answered keeps every milder class from being sure.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.errors import InputError
from core.evidence import Evidence
from core.settings import PROJECT
from core.venture import GUIDES as NAMES
from core.venture import Venture

FOLDER = PROJECT / "data" / "guides"
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
TOP = 9  # the highest technology readiness level


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Class(_Part):
    """A class of a guide, the most severe first where one excludes another."""

    id: Id
    label: Text
    means: Text


class Asked(_Part):
    """One question: yes places the venture in its class, or raises that part to its level."""

    id: Id
    class_: Id = Field(alias="class")
    ask: Text
    rests_on: Text
    by_evidence: str = ""
    level: int = Field(0, ge=0, le=TOP)


class Guide(_Part):
    """A whole guide.

    Attributes:
        every: all classes count, none excludes another.
        least: the classes are parts with levels, and the whole has that of the least.
    """

    schema_: int = Field(alias="schema")
    name: Text
    date: str
    source: Text
    explains: Text
    caution: Text
    every: bool = False
    least: bool = False
    classes: tuple[Class, ...]
    questions: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A question with its answer: True, False, or None where nobody gave one; `by` says who answered."""

    question: Asked
    answer: bool | None
    by: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a guide places a venture.

    Attributes:
        word: the class, a level, or "unknown".
        because: one sentence.
        levels: by class: the level reached (`least`), or the share of its questions answered with yes (`every`).
    """

    guide: Guide
    word: str
    because: str
    replies: tuple[Reply, ...]
    levels: Mapping[str, float]

    @property
    def open(self) -> tuple[Reply, ...]:
        """The questions that nobody answered."""
        return tuple(r for r in self.replies if r.answer is None)


@lru_cache
def load_guide(name: str) -> Guide:
    """Read a guide of data/guides."""
    return Guide.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


def place_all(venture: Venture, evidence: Mapping[str, Evidence]) -> tuple[Placed, ...]:
    """Place a venture in every guide there is; errors as in `place`."""
    return tuple(place(venture, name, evidence) for name in NAMES)


def place(venture: Venture, name: str, evidence: Mapping[str, Evidence]) -> Placed:
    """Place a venture in a guide, by its own answers and by what was measured.

    Raises:
        InputError: the venture answers a question that the guide does not have.
    """
    guide = load_guide(name)
    stated = venture.guides.get(name, {})
    if unknown := sorted(set(stated) - {q.id for q in guide.questions}):
        known = ", ".join(q.id for q in guide.questions)
        raise InputError(f"guides.{name}: {unknown[0]!r} is no question of {guide.name}; it asks {known}.")
    replies = tuple(_reply(q, stated, evidence) for q in guide.questions)
    if guide.least:
        return _least(guide, replies)
    return _every(guide, replies) if guide.every else _first(guide, replies)


def _reply(question: Asked, stated: Mapping[str, bool], evidence: Mapping[str, Evidence]) -> Reply:
    if question.id in stated:
        return Reply(question, stated[question.id], "stated in the venture file")
    found = evidence.get(question.by_evidence)
    if found is not None and found.value is not None:
        return Reply(question, True, f"measured: {found.id}")
    return Reply(question, None, f"not measured yet: {question.by_evidence}" if question.by_evidence else "")


def _first(guide: Guide, replies: tuple[Reply, ...]) -> Placed:
    """The first class with a yes; unknown where a question of a more severe class is open."""
    for kind in guide.classes:
        mine = [r for r in replies if r.question.class_ == kind.id]
        if yes := next((r for r in mine if r.answer), None):
            return Placed(guide, kind.label, f"{kind.means} ({yes.question.rests_on})", replies, {})
        if left := sum(r.answer is None for r in mine):
            because = f"{left} of {len(mine)} questions on “{kind.label}” have no answer yet."
            return Placed(guide, "unknown", because, replies, {})
    last = guide.classes[-1]
    return Placed(guide, last.label, last.means, replies, {})


def _every(guide: Guide, replies: tuple[Reply, ...]) -> Placed:
    shares = {}
    for kind in guide.classes:
        mine = [r for r in replies if r.question.class_ == kind.id]
        shares[kind.id] = sum(r.answer is True for r in mine) / len(mine)
    yes = sum(r.answer is True for r in replies)
    weakest = min(guide.classes, key=lambda k: shares[k.id])
    word = f"{yes} of {len(replies)}"
    return Placed(guide, word, f"{word} answered with yes; the weakest function is {weakest.label}.", replies, shares)


def _least(guide: Guide, replies: tuple[Reply, ...]) -> Placed:
    levels: dict[str, float] = {}
    for kind in guide.classes:
        steps = sorted((r for r in replies if r.question.class_ == kind.id), key=lambda r: r.question.level)
        reached = 0
        for step in steps:
            if step.answer is not True:
                break
            reached = step.question.level
        levels[kind.id] = reached
    lowest = min(guide.classes, key=lambda k: levels[k.id])
    word = f"level {levels[lowest.id]:g} of {TOP}"
    because = f"The least ready part is {lowest.label}, at level {levels[lowest.id]:g}."
    return Placed(guide, word, because, replies, levels)
