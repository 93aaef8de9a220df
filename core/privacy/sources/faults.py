"""What was wrong with parts of a file that is read all the same: counted, and placed, never quoted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

PLACES = 5  # of each kind that are named

Kind = Literal["nul", "encoding", "width", "quotes", "json", "page", "long"]

_WORDS: dict[Kind, tuple[str, str]] = {
    "nul": ("line", "with NUL bytes, which were dropped"),
    "encoding": ("line", "not in UTF-8; the odd bytes were read as Windows-1252"),
    "width": ("row", "with more or fewer cells than the header; cells beyond it were searched as columns of their own"),
    "quotes": ("row", "with quotation marks that do not match; each was split at every delimiter"),
    "json": ("line", "that are not JSON objects; they were left out"),
    "page": ("page", "without text, such as a scan, which could not be searched; recognise the text first"),
    "long": ("line", "too long to be read at once, which were cut"),
}


@dataclass(slots=True)
class Faults:
    """Faults by kind: how many, and where the first few stand."""

    found: dict[Kind, tuple[int, list[int]]] = field(default_factory=dict)

    def note(self, kind: Kind, place: int) -> None:
        """Count one at a line, row or page, from 1."""
        count, places = self.found.get(kind, (0, []))
        if len(places) < PLACES:
            places.append(place)
        self.found[kind] = (count + 1, places)

    @property
    def count(self) -> int:
        """All of them."""
        return sum(n for n, _ in self.found.values())

    @property
    def left_out(self) -> int:
        """Those that could not be searched at all."""
        return sum(self.found[k][0] for k in ("json", "page") if k in self.found)

    def sentences(self) -> list[str]:
        """One sentence a kind for a person."""
        return [_sentence(*_WORDS[kind], n, places) for kind, (n, places) in self.found.items()]

    def as_json(self) -> list[dict[str, Any]]:
        """The faults as JSON values."""
        told = self.sentences()
        return [
            {"kind": kind, "count": n, "places": places, "message": text}
            for (kind, (n, places)), text in zip(self.found.items(), told, strict=True)
        ]


def _sentence(unit: str, what: str, n: int, places: Sequence[int]) -> str:
    where = ", ".join(f"{p:,}" for p in places) + (", ..." if n > len(places) else "")
    return f"{n:,} {unit}{'s' if n > 1 else ''} {what} ({unit} {where})"
