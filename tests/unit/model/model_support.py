"""Labelled rows with a seed, and a way to write them."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

INTENTS = {
    "card": ["my card was declined", "the card has not arrived", "i lost my bank card", "the card is blocked again"],
    "loan": ["how do i apply for a loan", "the loan rate is too high", "repay my mortgage early", "credit for a house"],
    "login": ["i forgot my password", "the app logs me out", "the code did not arrive", "my account is locked out"],
}
EXTRA = ["please", "today", "at the shop", "since monday", "once more", "thanks", "urgent", "from abroad", "in the app"]


def labelled_rows(n: int, classes: Sequence[str] = ("card", "loan", "login"), seed: int = 3) -> list[tuple[str, str]]:
    """`n` different (text, label) rows, drawn with a seed."""
    draw, rows = random.Random(seed), {}
    while len(rows) < n:
        label = classes[len(rows) % len(classes)]
        text = " ".join([draw.choice(INTENTS[label]), *draw.sample(EXTRA, draw.randint(1, 4))])
        rows.setdefault(text, label)
    return list(rows.items())


def write_csv(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = ("text", "label")) -> Path:
    """A CSV in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([header, *rows])
    return path
