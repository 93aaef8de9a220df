"""A person's own rules of a policy file, made ready to search by.

A pattern that backtracks for ever is stopped after a second, told, and left out from there on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import regex

from core.privacy.engine import AnalysisExplanation, EntityRecognizer, RecognizerResult
from core.privacy.rulefile import SECONDS, Recogniser, RuleFile, checked, read


class Rules(RuleFile):
    """What a policy file says, with recognisers."""

    @property
    def built(self) -> "list[Timed]":
        """The recognisers, ready to search."""
        return [Timed(rule, number) for number, rule in enumerate(self.recognisers, 1)]


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
        by = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,  # by which context words find their recogniser
        }
        return [RecognizerResult(self.kind, start, end, self.score, why, by) for start, end in found if end > start]

    @property
    def problem(self) -> str:
        """What to tell a person where it was stopped."""
        return (
            f"recogniser {self.number} ({self.kind}) took more than {SECONDS:.0f} s on one text and was left out from "
            "there on; make its pattern simpler, without repeats inside repeats"
        )


def load_rules(path: Path) -> Rules:
    """Read a policy file.

    Raises:
        InputError: it is missing, no TOML, or says something that means nothing; all problems are named.
    """
    return checked(Rules, read(path), path.name)
