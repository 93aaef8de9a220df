"""The sheet of rows to label: which rows, what was found in them, what a person said. It holds no text.

It lies in a private folder that only its owner can read. A row is known by its place in its file and a keyed hash of
its text, so that a changed file is noticed and nobody can try texts against the sheet without the key.
"""

import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.privacy.leak.estimate import Result, estimate, tally
from core.privacy.leak.mark import Mark
from core.settings import private_folder

_SHEET, _KEY = "leak.json", "key"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it is, what the detector found, and what is true (None until a person said).

    `found` is what would be masked, `maybe` what scored below the threshold.
    """

    path: str
    at: int
    digest: str
    stratum: str
    found: tuple[Mark, ...]
    maybe: tuple[Mark, ...]
    truth: tuple[Mark, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """All rows to label and what they stand for.

    Attributes:
        files: SHA-256 by the path of each data file; `columns` the column of texts in each.
        total: rows with text in the files; `looked` of them were searched and sorted into strata.
        sizes: rows of each stratum among those looked at.
        detector: what searched.
    """

    files: Mapping[str, str]
    columns: Mapping[str, str]
    total: int
    looked: int
    sizes: Mapping[str, int]
    detector: str
    rows: tuple[Row, ...] = field(default=())

    @property
    def labelled(self) -> int:
        """Rows that a person has looked through."""
        return sum(r.truth is not None for r in self.rows)

    def searched_by(self, rules: str, rules_sha256: str, names_sha256: str) -> bool:
        """Whether the search used this file of own rules and own name model; an empty hash stands for none."""
        before, _, by_rules = self.detector.partition(f"; {rules} ")
        by_names = before.partition("; own names ")[2]
        return (by_rules, by_names) == (rules_sha256[:8], names_sha256[:8])

    def with_truth(self, i: int, truth: Sequence[Mark] | None) -> "Sheet":
        """The sheet with row `i` labelled; with None its label is taken back."""
        rows = list(self.rows)
        rows[i] = replace(rows[i], truth=None if truth is None else tuple(sorted(truth)))
        return replace(self, rows=tuple(rows))

    def result(self, texts: Sequence[str]) -> Result:
        """What the labels say; `texts` are the rows', in their order."""
        rows = [
            tally(text, r.stratum, r.found, r.truth)
            for text, r in zip(texts, self.rows, strict=True)
            if r.truth is not None
        ]
        return estimate(rows, self.sizes, complete=self.looked == self.total)


class Folder:
    """A venture's private folder: the sheet and the key of its hashes."""

    def __init__(self, path: Path) -> None:
        """Name the folder; it is made when first written to."""
        self.path = path

    @classmethod
    def of(cls, var: Path, venture: str) -> "Folder":
        """The private folder of a venture under the program's own folder."""
        return cls(private_folder(var, venture))

    def digest(self, text: str) -> str:
        """A keyed hash of a row's text (HMAC-SHA-256, RFC 2104), 128 bits of it."""
        return hmac.new(self._key(), text.encode("utf-8", "replace"), "sha256").hexdigest()[:32]

    def read(self) -> Sheet | None:
        """The sheet, or None where there is none.

        Raises:
            InputError: it cannot be read.
        """
        try:
            raw = (self.path / _SHEET).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"The labelled rows cannot be read ({error.strerror}).") from None
        try:
            return _of_json(json.loads(raw))
        except (ValueError, KeyError, TypeError):
            raise InputError("The file of labelled rows is damaged; choose rows again.") from None

    def write(self, sheet: Sheet) -> None:
        """Keep a sheet, whole or not at all.

        Raises:
            InputError: it cannot be written.
        """
        try:
            self._make()
            handle, name = tempfile.mkstemp(dir=self.path)  # readable by its owner only
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(_as_json(sheet), file)
            Path(name).replace(self.path / _SHEET)
        except OSError as error:
            raise InputError(
                f"The labels cannot be kept ({error.strerror}); free some space, then save again."
            ) from None

    def forget(self) -> None:
        """Remove the sheet and the key."""
        for name in (_SHEET, _KEY):
            (self.path / name).unlink(missing_ok=True)

    def _make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def _key(self) -> bytes:
        file = self.path / _KEY
        if not file.exists():
            self._make()
            handle = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(secrets.token_bytes(32))
        return file.read_bytes()


def _as_json(sheet: Sheet) -> dict[str, Any]:
    rows = [
        {
            "path": r.path,
            "at": r.at,
            "digest": r.digest,
            "stratum": r.stratum,
            "found": [m.as_json() for m in r.found],
            "maybe": [m.as_json() for m in r.maybe],
            "truth": None if r.truth is None else [m.as_json() for m in r.truth],
        }
        for r in sheet.rows
    ]
    return {
        "version": _VERSION,
        "files": dict(sheet.files),
        "columns": dict(sheet.columns),
        "total": sheet.total,
        "looked": sheet.looked,
        "sizes": dict(sheet.sizes),
        "detector": sheet.detector,
        "rows": rows,
    }


def _of_json(raw: Mapping[str, Any]) -> Sheet:
    def marks(values: Sequence[Any]) -> tuple[Mark, ...]:
        return tuple(map(Mark.of_json, values))

    rows = tuple(
        Row(
            str(r["path"]),
            int(r["at"]),
            str(r["digest"]),
            str(r["stratum"]),
            marks(r["found"]),
            marks(r["maybe"]),
            None if r["truth"] is None else marks(r["truth"]),
        )
        for r in raw["rows"]
    )
    if raw["version"] != _VERSION:
        raise ValueError("another version")
    return Sheet(
        dict(raw["files"]),
        dict(raw["columns"]),
        int(raw["total"]),
        int(raw["looked"]),
        {str(k): int(v) for k, v in raw["sizes"].items()},
        str(raw["detector"]),
        rows,
    )
