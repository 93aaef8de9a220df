"""A person's own rules for the search, from a TOML file: patterns, lists of words, what is no finding, thresholds.

    allow = ["Northwind Bank"]          # never a finding, whatever it looks like
    [thresholds]
    PHONE_NUMBER = 0.6                  # least score of a type, 0 to 1
    [[recognisers]]
    type = "CUSTOMER_ID"
    pattern = 'C-\\d{6}'                 # or deny_list = ["Bluebird"]
    context = ["customer"]              # words near it that make it surer
    note = "C, a hyphen, 6 digits"      # for people

Here is what such a file may say; `core.privacy.rules` searches by it.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import InputError
from core.venture_errors import problems

SECONDS = 1.0  # for one pattern on one text, which is a window of 5,000 characters at most
LARGEST = 1_000_000  # bytes; a larger file is no policy
T = TypeVar("T", bound="RuleFile")


def _named(kind: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{1,39}", kind):
        raise ValueError("a type is 2 to 40 capital letters, digits and _, such as CUSTOMER_ID")
    return kind


Type = Annotated[str, AfterValidator(_named)]
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
    note: str = Field("", max_length=1_000)  # what a person reads of it; nothing is searched by it

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


class RuleFile(_Strict):
    """What a policy file says."""

    allow: list[Word] = Field(default_factory=list, max_length=10_000)
    thresholds: dict[Type, Score] = Field(default_factory=dict)
    recognisers: list[Recogniser] = Field(default_factory=list, max_length=200)

    @property
    def allowed(self) -> re.Pattern[str] | None:
        """Fits what is allowed; None where nothing is."""
        return re.compile(_any_of(self.allow)) if self.allow else None


def _any_of(words: Sequence[str]) -> str:
    """An expression for any of some words, whole ones, in upper or lower case, the longest first."""
    return r"(?i)(?<!\w)(?:" + "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)) + r")(?!\w)"


def parse(text: str, name: str) -> RuleFile:
    """Check the text of a policy file; `name` is what messages call it.

    Raises:
        InputError: it is no TOML, or says something that means nothing; every problem, each with its line.
    """
    return checked(RuleFile, text, name)


def read(path: Path) -> str:
    """The text of a policy file.

    Raises:
        InputError: it is missing, no text in UTF-8, or too large to be one.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path.name}: more than {LARGEST:,} bytes; this is no policy file.")
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}); give a TOML file.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: not UTF-8 text; save it as UTF-8.") from None


def checked(kind: type[T], text: str, name: str) -> T:
    """The same as a kind of rules that can do more."""
    try:
        return kind.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: not TOML: {error}.") from None
    except ValidationError as error:
        raise InputError(problems(error, RuleFile, text, name).replace(".[key]", "")) from None
