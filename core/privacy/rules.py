"""A person's own rules for the search, from a TOML file: patterns, lists of words, what is no finding, thresholds.

    allow = ["Northwind Bank"]          # never a finding, whatever it looks like
    [thresholds]
    PHONE_NUMBER = 0.6                  # least score of a type, 0 to 1
    [[recognisers]]
    type = "CUSTOMER_ID"
    pattern = 'C-\\d{6}'                 # or deny_list = ["Bluebird"]
    context = ["customer"]              # words near it that make it surer

A pattern that backtracks for ever is stopped after a second, told, and left out from there on.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import regex
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import InputError
from core.privacy.engine import AnalysisExplanation, EntityRecognizer, RecognizerResult

SECONDS = 1.0  # for one pattern on one text, which is a window of 5,000 characters at most
LARGEST = 1_000_000  # bytes; a larger file is no policy
Type = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
Word = Annotated[str, Field(min_length=1, max_length=500)]
Score = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recogniser(_Strict):
    """One kind of finding of a person's own: a pattern or a list of words, how sure it is, and what supports it."""

    type: Type
    pattern: str = Field("", max_length=2_000)
    deny_list: list[Word] = Field(default_factory=list, max_length=10_000)
    context: list[str] = Field(default_factory=list, max_length=100)
    score: Score = 0.6

    @model_validator(mode="after")
    def _one_of(self) -> "Recogniser":
        if bool(self.pattern) == bool(self.deny_list):
            raise ValueError("give either pattern or deny_list")
        if self.pattern:
            try:
                empty = regex.compile(self.pattern).search("", timeout=SECONDS)
            except regex.error as error:
                raise ValueError(f"pattern is no regular expression: {error.msg} at character {error.pos}") from None
            except TimeoutError:
                empty = None
            if empty is not None:
                raise ValueError("pattern fits an empty text, so it would be found everywhere")
        return self

    @property
    def expression(self) -> str:
        """The pattern, or the words as one, longest first, whole words only."""
        if self.pattern:
            return self.pattern
        return _any_of(self.deny_list)


class Rules(_Strict):
    """What a policy file says."""

    allow: list[Word] = Field(default_factory=list, max_length=10_000)
    thresholds: dict[Type, Score] = Field(default_factory=dict)
    recognisers: list[Recogniser] = Field(default_factory=list, max_length=200)

    @property
    def built(self) -> "list[Timed]":
        """The recognisers, ready to search."""
        return [Timed(rule, number) for number, rule in enumerate(self.recognisers, 1)]

    @property
    def allowed(self) -> re.Pattern[str] | None:
        """Fits what is allowed; None where nothing is."""
        return re.compile(_any_of(self.allow)) if self.allow else None


class Timed(EntityRecognizer):  # type: ignore[misc]
    """Finds one of a person's own kinds, with a time limit; `stopped` once a text took longer."""

    def __init__(self, rule: Recogniser, number: int) -> None:
        """Compile the rule; `number` is its place in the file, from 1."""
        self.expression = regex.compile(rule.expression)
        self.score = rule.score
        self.kind = rule.type
        self.number = number
        self.stopped = False
        super().__init__(supported_entities=[rule.type], name=f"own rule {number}", context=rule.context)

    def load(self) -> None:
        """Nothing is loaded."""

    def analyze(self, text: str, entities: Sequence[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Every match that is not empty."""
        if self.stopped:
            return []
        try:
            found = [m.span() for m in self.expression.finditer(text, timeout=SECONDS)]
        except TimeoutError:
            self.stopped = True
            return []
        why = AnalysisExplanation(recognizer=self.name, original_score=self.score)
        return [RecognizerResult(self.kind, start, end, self.score, why) for start, end in found if end > start]

    @property
    def problem(self) -> str:
        """What to tell a person where it was stopped."""
        return (
            f"recogniser {self.number} ({self.kind}) took more than {SECONDS:.0f} s on one text and was left out from "
            "there on; make its pattern simpler, without repeats inside repeats"
        )


def _any_of(words: Sequence[str]) -> str:
    """An expression for any of some words, whole ones, in upper or lower case, the longest first."""
    return r"(?i)(?<!\w)(?:" + "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)) + r")(?!\w)"


def load_rules(path: Path) -> Rules:
    """Read a policy file.

    Raises:
        InputError: it is missing, no TOML, or says something that means nothing; all problems are named.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path.name}: more than {LARGEST:,} bytes; this is no policy file.")
        return Rules.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}); give a TOML file.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: not UTF-8 text; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path.name}: not TOML: {error}.") from None
    except ValidationError as error:
        raise InputError(f"{path.name}: " + "; ".join(map(_problem, error.errors())) + ".") from None


def _problem(error: Any) -> str:
    where = ".".join(str(p + 1) if isinstance(p, int) else str(p) for p in error["loc"])
    what = {"extra_forbidden": "is no setting"}.get(error["type"], error["msg"].removeprefix("Value error, "))
    return f"{where}: {what}"
