"""Learning from a few examples of each class, as many founders have to."""

from dataclasses import replace
from random import Random

from core.errors import InputError
from core.model.data import named, normalised
from core.model.split import VALIDATION_SHARE, Part, Split


def few(parts: Split, shots: int, seed: int) -> Split:
    """Learn from `shots` rows of each class only, different texts drawn with the seed; the test rows stay.

    One in ten of them, at least one, is held back for validation.

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
    for label, name in enumerate(parts.classes):
        own = list({normalised(row[0]): row for row in pooled if row[1] == label}.values())
        if len(own) < shots:
            raise InputError(f"The class {named([name])} has {len(own)} different texts to learn from, not {shots}.")
        drawn = random.sample(own, shots)
        held = max(1, round(VALIDATION_SHARE * shots))
        validation += drawn[:held]
        train += drawn[held:]
    return replace(parts, train=_part(train), validation=_part(validation))


def _part(rows: list[tuple[str, int, int]]) -> Part:
    return Part(tuple(r[0] for r in rows), tuple(r[1] for r in rows), tuple(r[2] for r in rows))
