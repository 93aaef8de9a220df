"""Finds personal data in texts, a batch at a time, with one answer per character."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.privacy import engine
from core.privacy.recognisers import BY_NAME
from core.privacy.recognisers.casing import recased
from core.privacy.recognisers.plausible import plausible
from core.privacy.spans import THRESHOLD, Proof, Span, joined, resolve, windows

if TYPE_CHECKING:
    from core.privacy.rules import Rules, Timed

BATCH_TEXTS, BATCH_CHARS = 128, 16_000  # under a second of work each
NEEDS_CONTEXT = frozenset(["UK_NHS"])  # one phone number in eleven passes its checksum

__all__ = ["THRESHOLD", "Detector", "Span", "Tick", "detector", "searcher"]

Tick = Callable[[int], None]


def _ignore(done: int) -> None:
    """Take no notice of how far the work is."""


class Detector:
    """English personal data by Presidio's recognisers. Building it takes some seconds; `detector()` keeps one."""

    def __init__(self, rules: "Rules | None" = None) -> None:
        """Load the language model and the recognisers, those of a person's own rules too."""
        self._own: Sequence[Timed] = ()
        self._allow: re.Pattern[str] | None = None
        self._least: Mapping[str, float] = {}
        if rules:
            self._own, self._allow, self._least = rules.built, rules.allowed, rules.thresholds
        self._engine = engine.build(self._own)

    @property
    def problems(self) -> tuple[str, ...]:
        """Which of the person's own recognisers had to be stopped."""
        return tuple(own.problem for own in self._own if own.stopped)

    @property
    def pipeline(self) -> Any:
        """The spaCy pipeline that looks for names; its weights may be changed in place."""
        return self._engine.nlp_engine.nlp["en"]

    def detect(
        self,
        texts: Sequence[str],
        *,
        context: Sequence[str] = (),
        names: bool = True,
        weak: bool = False,
        tick: Tick = _ignore,
    ) -> list[list[Span]]:
        """Return the spans of each text, in order and without overlap.

        Args:
            texts: any length; long ones are read in overlapping windows.
            context: words that support a finding as if they stood beside it, such as those of a column's name.
            names: whether to run the language model too, which is what takes the time.
            weak: whether to return spans below the threshold as well; they never displace another.
            tick: called after each batch, about every second, with the characters read so far.
        """
        plain = [_encodable(text) for text in texts]
        pieces = [(i, start, text[start:end]) for i, text in enumerate(plain) for start, end in windows(text)]
        found: list[list[Span]] = [[] for _ in texts]
        done = 0
        for batch in _batches(pieces):
            results = self._analyse([piece for _, _, piece in batch], list(context), names)
            for (i, start, _), spans in zip(batch, results, strict=True):
                found[i] += [replace(s, start=s.start + start, end=s.end + start) for s in spans]
            done += sum(len(piece) for _, _, piece in batch)
            tick(done)
        return [
            joined(text, resolve(text, [s for s in self._ruled(text, spans) if weak or not s.weak]))
            for text, spans in zip(plain, found, strict=True)
        ]

    def _ruled(self, text: str, spans: Sequence[Span]) -> Iterator[Span]:
        """What the person's rules leave of the spans; one below its type's own threshold is weak, one above is not."""
        free = [m.span() for m in self._allow.finditer(text)] if self._allow else []
        for span in spans:
            if any(start <= span.start and span.end <= end for start, end in free):
                continue
            least = self._least.get(span.type)
            if least is None:
                yield span
            elif span.score >= least:
                yield replace(span, score=max(span.score, THRESHOLD))
            else:
                yield replace(span, score=min(span.score, THRESHOLD - 0.01))

    def _analyse(self, texts: list[str], context: list[str], names: bool) -> list[list[Span]]:
        nlp = self._engine.nlp_engine
        with nlp.nlp["en"].memory_zone():  # else every new word of the data stays in memory for good
            read = nlp.read([recased(t) for t in texts]) if names else map(nlp.words, texts)
            return [self._one(text, artifacts, context) for text, artifacts in zip(texts, read, strict=True)]

    def _one(self, text: str, artifacts: Any, context: list[str]) -> list[Span]:
        try:
            results = self._engine.found(text, artifacts, context=context)
        except ValueError as error:  # its message quotes the text
            raise RuntimeError(
                f"a recogniser failed on a text of {len(text):,} characters ({type(error).__name__})"
            ) from None
        return [span for r in results if r.score > 0 for span in _spans(text, r)]


@cache
def detector() -> Detector:
    """The detector of this process."""
    return Detector()


class Searcher:
    """A detector as the processes of a pool hold it."""

    def __init__(self, finder: Detector) -> None:
        """Take the detector."""
        self.finder = finder

    def __call__(self, texts: Sequence[str], **how: Any) -> list[list[Span]]:
        """The spans of each text; `how` as `Detector.detect` has it."""
        return self.finder.detect(texts, **how)

    @property
    def problems(self) -> tuple[str, ...]:
        """Which of the person's own recognisers had to be stopped."""
        return self.finder.problems


def searcher(policy: str = "") -> Searcher:
    """What searches, with a person's own rules where a policy file is named."""
    from core.privacy.rules import load_rules  # noqa: PLC0415 - few searches have any

    return Searcher(Detector(load_rules(Path(policy))) if policy else detector())


def _spans(text: str, result: Any) -> list[Span]:
    """Presidio's result as a span; what the name model says is held against what names look like first."""
    why = result.analysis_explanation
    if why.recognizer == "SpacyRecognizer":
        named = plausible(result.entity_type, text, result.start, result.end)
        return [Span(start, end, kind, result.score, Proof.NAME) for kind, start, end in named]
    by_name = why.recognizer in BY_NAME
    proof = Proof.NAME if by_name else Proof.CHECKSUM if why.validation_result else Proof.PATTERN
    kind = result.entity_type
    unsupported = kind in NEEDS_CONTEXT and not why.supportive_context_word
    return [Span(result.start, result.end, kind, min(result.score, 0.3) if unsupported else result.score, proof)]


def _encodable(text: str) -> str:
    """The text with lone surrogates, which no model can read, replaced one for one."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _batches(pieces: Sequence[tuple[int, int, str]]) -> Iterator[Sequence[tuple[int, int, str]]]:
    """Group pieces so that none takes long: by number and by length."""
    begin = 0
    lengths = [0, *accumulate(len(piece) for _, _, piece in pieces)]
    for i in range(1, len(pieces) + 1):
        full = i - begin >= BATCH_TEXTS or lengths[i] - lengths[begin] >= BATCH_CHARS
        if full or i == len(pieces):
            yield pieces[begin:i]
            begin = i
