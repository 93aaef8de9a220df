"""Rows with scores: words that tell the score, with a seed."""

import random
from pathlib import Path

from model_support import write_csv

from core.model.look import Asked

WORDS = {"awful": 1.0, "poor": 2.0, "good": 4.0, "great": 5.0}


def scored_rows(n: int, seed: int = 1) -> list[tuple[str, str]]:
    """`n` different (text, score) rows of each word."""
    draw = random.Random(seed)
    return [
        (f"{draw.choice(['the', 'a', 'this'])} {w} app no {i} {draw.random():.6f}", str(WORDS[w]))
        for i in range(n)
        for w in WORDS
    ]


def asked_of(folder: Path, base: Path, n: int = 20) -> Asked:
    """Rows in a file, and settings with which the tiny base trains in a second."""
    settings = {"base": str(base), "epochs": 2, "batch_size": 8, "learning_rate": 1e-3}
    return Asked(write_csv(folder / "rows.csv", scored_rows(n)), None, "text", "label", settings=settings)
