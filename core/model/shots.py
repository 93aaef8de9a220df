"""Learning from a few examples of each class, as many founders have to."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from core.errors import InputError
from core.model.data import normalised
from core.model.split import VALIDATION_SHARE, Part, Split
from core.model.tables import named

TEXTS = 10_000  # without a label, at most: more make the training longer and a small model hardly better


def few(parts: Split, shots: int, seed: int) -> Split:
    """Learn from `shots` rows of each class only, different texts drawn with the seed; the test rows stay.

    One in ten of them, at least one, is held back for validation. The other rows' different texts are kept as `texts`
    without their labels.

    Raises:
        InputError: fewer than four, or a class has fewer different texts than that.
    """
    if shots < 4:
        raise InputError(f"{shots} rows of each class are too few to learn from and to choose by: give at least 4.")
    random = Random(seed)  # noqa: S311 - a sample, not a secret
    pooled = [
        row for side in (parts.train, parts.validation) for row in zip(side.texts, side.labels, side.rows, strict=True)
    ]
    train, validation = [], []
    rest: dict[str, str] = {}
    for label, name in enumerate(parts.classes):
        own = list({normalised(row[0]): row for row in pooled if row[1] == label}.values())
        if len(own) < shots:
            raise InputError(f"The class {named([name])} has {len(own)} different texts to learn from, not {shots}.")
        drawn = random.sample(own, shots)
        rest |= {normalised(row[0]): row[0] for row in own}
        held = max(1, round(VALIDATION_SHARE * shots))
        validation += drawn[:held]
        train += drawn[held:]
    for text, _, _ in (*train, *validation):
        rest.pop(normalised(text), None)
    return replace(parts, train=_part(train), validation=_part(validation), texts=tuple(rest.values()))


def with_texts(parts: Split, texts: Sequence[str], seed: int) -> Split:
    """Add texts without a label; those that have a label, or that the test rows hold, are left out.

    Of more than `TEXTS` so many are drawn with the seed.
    """
    if not parts.texts and not texts:
        return parts
    labelled = {normalised(text) for side in (parts.train, parts.validation, parts.test) for text in side.texts}
    found = {key: text for text in (*parts.texts, *texts) if (key := normalised(text)) not in labelled}
    kept = list(found.values())
    if len(kept) > TEXTS:
        kept = Random(seed).sample(kept, TEXTS)  # noqa: S311 - a sample, not a secret
    return replace(parts, texts=tuple(kept))


def _part(rows: list[tuple[str, int, int]]) -> Part:
    return Part(tuple(r[0] for r in rows), tuple(r[1] for r in rows), tuple(r[2] for r in rows))
