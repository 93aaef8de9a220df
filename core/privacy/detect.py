"""Finds personal data in texts, a batch at a time, with one answer per character."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from core.privacy import engine
from core.privacy.recognisers import BY_NAME
from core.privacy.recognisers.casing import recased
from core.privacy.recognisers.plausible import plausible

if TYPE_CHECKING:
    from core.privacy.rules import Rules, Timed

THRESHOLD = 0.4  # what Presidio's own pages use; below it stand number shapes with nothing around that supports them
WINDOW, OVERLAP = 5000, 300  # characters
BATCH_TEXTS, BATCH_CHARS = 128, 16_000  # under a second of work each
NEEDS_CONTEXT = frozenset(["UK_NHS"])  # one phone number in eleven passes its checksum

Tick = Callable[[int], None]


class Proof(IntEnum):
    """What a span rests on, weakest first: where two disagree about a character, the stronger names it."""

    NAME = 1  # the language model took it for a name, place, date, ...
    PATTERN = 2  # its form fits
    CHECKSUM = 3  # its form fits and its check digits, or its domain, are valid


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of a text and what they are taken for; `score` is Presidio's, 0 to 1."""

    start: int
    end: int
    type: str
    score: float
    proof: Proof

    @property
    def weak(self) -> bool:
        """Whether it is a mere number shape, which does not count as a finding."""
        return self.score < THRESHOLD


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
            read = (
                (a for _, a in nlp.process_batch([recased(t) for t in texts], "en", batch_size=len(texts)))
                if names
                else map(nlp.words, texts)
            )
            return [self._one(text, artifacts, context) for text, artifacts in zip(texts, read, strict=True)]

    def _one(self, text: str, artifacts: Any, context: list[str]) -> list[Span]:
        try:
            results = self._engine.analyze(
                text, "en", nlp_artifacts=artifacts, context=context, score_threshold=0.0, return_decision_process=True
            )
        except ValueError as error:  # its message quotes the text
            raise RuntimeError(
                f"a recogniser failed on a text of {len(text):,} characters ({type(error).__name__})"
            ) from None
        return [span for r in results if r.score > 0 for span in _spans(text, r)]


@cache
def detector() -> Detector:
    """The detector of this process."""
    return Detector()


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


def windows(text: str) -> Iterator[tuple[int, int]]:
    """Cut a text into windows that overlap, at white space where there is some near."""
    start = 0
    while len(text) - start > WINDOW:
        cut = text.rfind(" ", start + WINDOW - OVERLAP, start + WINDOW)
        end = cut if cut > 0 else start + WINDOW
        yield start, end
        start = end - OVERLAP
    yield start, len(text)


def _batches(pieces: Sequence[tuple[int, int, str]]) -> Iterator[Sequence[tuple[int, int, str]]]:
    """Group pieces so that none takes long: by number and by length."""
    begin = 0
    lengths = [0, *accumulate(len(piece) for _, _, piece in pieces)]
    for i in range(1, len(pieces) + 1):
        full = i - begin >= BATCH_TEXTS or lengths[i] - lengths[begin] >= BATCH_CHARS
        if full or i == len(pieces):
            yield pieces[begin:i]
            begin = i


def resolve(text: str, spans: Sequence[Span]) -> list[Span]:
    """Let one span speak for each character, the best proved, and drop no covered letter or digit.

    What a weaker span covers beyond a stronger one stays as its own span where it is at least half of it, and
    otherwise widens the stronger one: a rest of two digits is no phone number.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.weak, -s.proof, -s.score, s.start - s.end, s.start, s.type)):
        for start, end in _free(span, kept):
            if (start, end) != (span.start, span.end):
                start, end = _trim(text, start, end)
            if start == end:
                continue
            if (end - start) * 2 >= span.end - span.start:
                kept.append(replace(span, start=start, end=end))
            elif not span.weak:
                _widen(kept, start, end)
    return sorted(kept, key=lambda s: s.start)


def joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """Neighbours that are one thing: a date and its time, a street and the town that the name model found after it."""
    out: list[Span] = []
    for span in spans:
        last = out[-1] if out else None
        between = text[last.end : span.start] if last else ""
        if last and last.type == span.type and not span.weak and not last.weak:
            when = span.type == "DATE_TIME" and re.fullmatch(r"T|,?\s{1,2}(?:at\s)?", between)
            street = span.type == "LOCATION" and last.proof == Proof.PATTERN and span.proof == Proof.NAME
            where = street and re.fullmatch(r"[ ,\t]{1,3}", between)
            if when or where:
                out[-1] = replace(last, end=span.end)
                continue
        out.append(span)
    return out


def _free(span: Span, kept: Sequence[Span]) -> list[tuple[int, int]]:
    """The parts of a span that no kept one covers."""
    parts, start = [], span.start
    for other in sorted((k for k in kept if k.start < span.end and k.end > span.start), key=lambda k: k.start):
        if other.start > start:
            parts.append((start, other.start))
        start = max(start, other.end)
    return [*parts, (start, span.end)] if start < span.end else parts


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without anything but letters and digits at its ends."""
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return start, end


def _widen(kept: list[Span], start: int, end: int) -> None:
    """Give a free range to the kept span nearest to it."""
    i = min(range(len(kept)), key=lambda k: max(kept[k].start - end, start - kept[k].end))
    kept[i] = replace(kept[i], start=min(kept[i].start, start), end=max(kept[i].end, end))
