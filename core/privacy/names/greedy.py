"""spaCy's greedy name model over a batch of documents, one NumPy step for all of them where spaCy steps one by one.

The steps that spaCy takes are those of its transition-based name model (Lample et al. 2016, arXiv 1603.01360, section
3): each token begins (B), goes on (I), ends (L) or is (U) a name of some kind, or is outside (O), and the best-scored
step that is allowed is taken. spaCy 3.8 asks for Python's lock at each of the 74 steps of every token, which takes as
long as the network itself. The answers are the same but for rounding in the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from spacy.tokens import Doc, Span

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Moves:
    """The steps of a name model: which letter (B, I, L, U, O) and which kind of name each stands for."""

    letters: tuple[str, ...]
    kinds: tuple[str, ...]
    allowed: Floats  # kind that is open (last: none) x last token of the text x white space x step: 0 or minus infinity

    @classmethod
    def of(cls, names: Sequence[str]) -> "Moves":
        """Of the names that spaCy gives the steps, such as "B-PERSON"."""
        split = [name.partition("-") for name in names]
        letters, kinds = tuple(s[0] for s in split), tuple(s[2] for s in split)
        order = list(dict.fromkeys(k for k in kinds if k))
        allowed = np.full((len(order) + 1, 2, 2, len(names)), -np.inf, np.float32)
        for step, (letter, kind) in enumerate(zip(letters, kinds, strict=True)):
            for last in (0, 1):
                for space in (0, 1):
                    for at, open_ in enumerate([*order, ""]):
                        if _may(letter, kind, open_, last=bool(last), space=bool(space)):
                            allowed[at, last, space, step] = 0
        return cls(letters, kinds, allowed)

    @property
    def closed(self) -> int:
        """The place of "no name is open"."""
        return len(self.allowed) - 1

    @property
    def places(self) -> Ints:
        """For each step the place of its kind."""
        order = list(dict.fromkeys(k for k in self.kinds if k))
        return np.array([order.index(k) if k else self.closed for k in self.kinds], np.intp)


def _may(letter: str, kind: str, open_: str, *, last: bool, space: bool) -> bool:
    """Whether a step is allowed; no name begins with white space, and none is left open at the end."""
    if letter == "O":
        return not open_
    if not kind:
        return False
    if letter == "L":
        return open_ == kind
    if letter == "I":
        return open_ == kind and not last
    return not open_ and not space and not (letter == "B" and last)


class Greedy:
    """Reads names with a spaCy name model, whose weights may change between readings."""

    def __init__(self, ner: Any) -> None:
        """Take the component of a pipeline."""
        self._ner = ner
        self._moves = Moves.of([ner.moves.get_class_name(i) for i in range(ner.moves.n_moves)])
        self._places = self._moves.places

    def read(self, docs: Sequence[Doc]) -> None:
        """Set the names of documents that have neither names nor sentences yet."""
        full = sorted((doc for doc in docs if len(doc)), key=len, reverse=True)
        if not full:
            return
        if self._ner.model.attrs["unseen_classes"]:  # kinds added and never learned are spaCy's own business
            self._ner.set_annotations(full, self._ner.predict(full))
            return
        steps = self._steps(full)
        for doc, taken in zip(full, steps, strict=True):
            doc.set_ents(self._spans(doc, taken))

    def _steps(self, docs: Sequence[Doc]) -> list[list[int]]:
        """The steps taken for each token; the documents stand longest first."""
        scorer = _Scorer(self._ner.model, docs)
        lengths = np.array([len(doc) for doc in docs])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        blank = np.concatenate([[t.is_space for t in doc] for doc in docs]).astype(np.intp)
        since = np.full(len(docs), -1)  # the token with which the open name began
        kind = np.full(len(docs), self._moves.closed)
        taken = np.zeros(int(lengths.sum()), np.intp)
        opens = np.array([letter == "B" for letter in self._moves.letters])
        closes = np.array([letter == "L" for letter in self._moves.letters])
        for at in range(int(lengths[0])):
            live = int(np.searchsorted(-lengths, -at))  # documents that go on
            tokens = starts[:live] + at
            scores = scorer.scores(tokens, since[:live])
            last = (lengths[:live] == at + 1).astype(np.intp)
            best = np.argmax(scores + self._moves.allowed[kind[:live], last, blank[tokens]], axis=1)
            taken[tokens] = best
            begun, ended = opens[best], closes[best]
            since[:live] = np.where(begun, tokens, np.where(ended, -1, since[:live]))
            kind[:live] = np.where(begun, self._places[best], np.where(ended, self._moves.closed, kind[:live]))
        return [part.tolist() for part in np.split(taken, np.cumsum(lengths)[:-1])]

    def _spans(self, doc: Doc, steps: Sequence[int]) -> list[Span]:
        spans, begun = [], 0
        for at, step in enumerate(steps):
            letter = self._moves.letters[step]
            if letter in "BU":
                begun = at
            if letter in "LU":
                spans.append(Span(doc, begun, at + 1, self._moves.kinds[step]))
        return spans


class _Scorer:
    """What each step is worth, for any token of some documents and any name that may be open."""

    def __init__(self, model: Any, docs: Sequence[Doc]) -> None:
        """Run the network over the documents."""
        vectors = model.get_ref("tok2vec").predict(list(docs))
        lower, upper = model.get_ref("lower"), model.get_ref("upper")
        self._parts: Floats = lower.predict(vectors)  # 1 + token x feature x hidden x piece; first what stands for none
        self._bias: Floats = lower.get_param("b")
        self._weights, self._upper_bias = upper.get_param("W").T, upper.get_param("b")

    def scores(self, tokens: Ints, since: Ints) -> Floats:
        """Scores, document x step: of the token in hand, the first of the open name, and the one before in it."""
        before = np.where(since >= 0, tokens, 0)  # token - 1, and 1 for the row that stands for none
        hidden = self._parts[tokens + 1, 0]
        hidden = hidden + self._parts[since + 1, 1] + self._parts[before, 2] + self._bias
        scores: Floats = hidden.max(axis=2) @ self._weights + self._upper_bias
        return scores
