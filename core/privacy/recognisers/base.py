"""What the recognisers share: one answer, and a Presidio recogniser that gives answers with their explanation."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult

from core.privacy.screen import NOTHING, Need


@dataclass(frozen=True, slots=True)
class Match:
    """Characters `start` to `end` (exclusive) taken for `type` by `rule`; `valid` where check digits were right."""

    start: int
    end: int
    type: str
    rule: str
    score: float = 0.85
    valid: bool = False


class Finder(LocalRecognizer):  # type: ignore[misc]
    """A recogniser written as one function from a text to matches; Presidio sees it like any of its own."""

    TYPES: ClassVar[Sequence[str]]
    needs: ClassVar[Need] = NOTHING  # what every match holds, so that a text without it need not be searched

    def __init__(self) -> None:
        """Register under the class's name, for the types it can find."""
        super().__init__(supported_entities=list(self.TYPES), supported_language="en", name=type(self).__name__)

    def load(self) -> None:
        """Nothing to load."""

    @abstractmethod
    def find(self, text: str) -> Iterable[Match]:
        """The matches in a text, in any order; they may overlap."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """The matches of the asked types as Presidio's results."""
        return [self._result(m) for m in self.find(text) if m.type in entities]

    def _result(self, match: Match) -> RecognizerResult:
        why = AnalysisExplanation(
            recognizer=self.name,
            original_score=match.score,
            pattern_name=match.rule,
            validation_result=True if match.valid else None,
            textual_explanation=f"{self.name}: {match.rule}",
        )
        return RecognizerResult(
            match.type,
            match.start,
            match.end,
            match.score,
            why,
            {
                RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
            },
        )


def luhn(digits: str) -> bool:
    """Whether the last of some digits is their Luhn check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for i, c in enumerate(reversed(digits)):
        d = int(c) * (1 + i % 2)
        total += d - 9 if d > 9 else d
    return total % 10 == 0


def digits_of(text: str) -> str:
    """The ASCII digits of a text."""
    return "".join(c for c in text if c in "0123456789")


def groups(match: Any, names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the named groups that took part in a regular expression's match stand."""
    for name in names:
        if match.group(name) is not None:
            yield match.span(name)
