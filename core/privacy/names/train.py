"""Fine-tunes a spaCy pipeline's name model on made-up texts, and lets it rehearse what it knew."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.privacy.names.fill import Filled
from core.privacy.names.templates import Template
from core.progress import Progress, silent

TAUGHT = frozenset(["PERSON", "GPE", "LOC", "FAC", "ORG", "DATE", "TIME", "NORP"])


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how boldly it learns; chosen on held-out sentences of this project's own."""

    texts: int = 8000  # made-up texts an epoch; every epoch has new ones
    epochs: int = 8
    batch: int = 32  # texts
    rate: float = 2e-3  # of Adam at the start; it falls to a tenth
    dropout: float = 0.15
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Trained:
    """What was done: updates, texts seen, processor seconds, and whether the time ran out first."""

    steps: int
    texts: int
    seconds: float
    cut: bool


def tune(
    nlp: Any,
    filler: Any,
    templates: Sequence[Template],
    settings: Settings,
    *,
    rehearse: Sequence[str] = (),
    seconds: float = float("inf"),
    progress: Progress = silent,
) -> Trained:
    """Fine-tune `nlp`'s name model in place.

    Args:
        nlp: a spaCy pipeline with a `ner` that has its own word vectors.
        filler: draws the values; a `Filler`.
        templates: the sentences to learn from.
        settings: how.
        rehearse: real texts; what the model says of them before is taught again, so that it does not forget.
        seconds: of processor time, after which it stops and keeps what it learned.
        progress: told after each batch.
    """
    from spacy.util import fix_random_seed  # noqa: PLC0415 - the job's own process imports it
    from thinc.api import Adam  # noqa: PLC0415

    fix_random_seed(settings.seed)
    draw = random.Random(settings.seed)  # noqa: S311 - an order, nothing secret
    ner = nlp.get_pipe("ner")
    known = [_remembered(doc) for doc in nlp.pipe(rehearse, batch_size=64)]
    total = settings.epochs * -(-(settings.texts + len(known)) // settings.batch)
    adam = Adam(settings.rate, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=True)
    begun, steps, seen, cut = time.process_time(), 0, 0, False
    for epoch in range(settings.epochs):
        lessons = [example(nlp, f) for f in with_habits(nlp, filler.texts(templates, settings.texts))] + known
        draw.shuffle(lessons)
        for start in range(0, len(lessons), settings.batch):
            spent = time.process_time() - begun
            cut = spent > seconds
            if cut:
                break
            done = max(steps / total, spent / seconds)
            adam.learn_rate = settings.rate * (1 - 0.9 * done)
            batch = lessons[start : start + settings.batch]
            ner.update(batch, sgd=adam, drop=settings.dropout)
            steps, seen = steps + 1, seen + len(batch)
            progress(done, 1, f"learning from made-up texts: {seen:,} read, round {epoch + 1} of {settings.epochs}")
        if cut:
            break
    if adam.averages and steps:
        _take_averages(ner, adam)
    return Trained(steps, seen, time.process_time() - begun, cut)


def with_habits(nlp: Any, filled: Sequence[Filled]) -> list[tuple[Filled, Any]]:
    """Each text with what the model says of it now: amounts and counts, which are not taught, it should keep saying."""
    return list(zip(filled, nlp.pipe([f.text for f in filled], batch_size=64), strict=True))


def example(nlp: Any, pair: tuple[Filled, Any]) -> Any:
    """A text as spaCy learns from it: labels in the slots, none elsewhere, and no opinion where nobody is sure."""
    from spacy.training import Example  # noqa: PLC0415

    filled, said = pair
    taught = nlp.make_doc(filled.text)
    spans = [taught.char_span(a, b, label, alignment_mode="expand") for a, b, label in filled.spans]
    unsure = [taught.char_span(a, b, alignment_mode="expand") for a, b in filled.unsure]
    spans = _apart([s for s in spans if s is not None])
    used = {t.i for s in spans for t in s}
    loose = [s for s in unsure if s is not None and not used & {t.i for t in s}]
    used |= {t.i for s in loose for t in s}
    for ent in said.ents:
        if ent.label_ not in TAUGHT and not used & set(range(ent.start, ent.end)):
            spans.append(_span(taught, ent))
    taught.set_ents(spans, missing=loose, default="outside")
    return Example(nlp.make_doc(filled.text), taught)


def _span(doc: Any, ent: Any) -> Any:
    from spacy.tokens import Span  # noqa: PLC0415

    return Span(doc, ent.start, ent.end, label=ent.label_)


def _apart(spans: Sequence[Any]) -> list[Any]:
    """Spans that share no token; where two do, as in "Ann,Bob" read as one, the first stays."""
    kept: list[Any] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _remembered(said: Any) -> Any:
    """What the model says of a text, as a lesson."""
    from spacy.tokens import Doc  # noqa: PLC0415
    from spacy.training import Example  # noqa: PLC0415

    bare = Doc(said.vocab, words=[t.text for t in said], spaces=[bool(t.whitespace_) for t in said])
    return Example(bare, said)


def _take_averages(ner: Any, adam: Any) -> None:
    """Leave the mean of the weights over the updates, which answers better than the last ones."""
    for node in ner.model.walk():
        for name in node.param_names:
            mean = adam.averages.get((node.id, name))
            if mean is not None and node.has_param(name):
                node.set_param(name, np.array(mean))
