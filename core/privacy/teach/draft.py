"""A change of a venture's own rules before it counts: kept apart, edited in small steps, checked at each.

A draft may hold words that name somebody, so it lies in the venture's private folder and never in the store.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from core.errors import InputError
from core.privacy.rulefile import RuleFile, parse
from core.tomltext import dump

FILE = "draft.toml"
HEAD = "# What the search for personal data is taught about this venture. The page edits it; you may too.\n"


class Draft:
    """The draft in a private folder, of rules that are called `name`."""

    def __init__(self, folder: Path, name: str) -> None:
        """Name the folder; it is made when first written to."""
        self.folder, self.name = folder, name

    @property
    def text(self) -> str | None:
        """What is being tried out; None where nothing is."""
        try:
            return (self.folder / FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise InputError("The rules that were being tried out cannot be read; drop them and begin again.") from None

    def put(self, text: str) -> RuleFile:
        """Keep a text that is valid, whole or not at all.

        Raises:
            InputError: every problem of it, each with its line; or it cannot be written.
        """
        rules = parse(text, self.name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            handle, part = tempfile.mkstemp(dir=self.folder)  # readable by its owner only
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(part).replace(self.folder / FILE)
        except OSError as error:
            raise InputError(
                f"The change cannot be kept ({error.strerror}); free some space, then try again."
            ) from None
        return rules

    def drop(self) -> None:
        """Forget what was being tried out."""
        (self.folder / FILE).unlink(missing_ok=True)


def fingerprint(text: str) -> str:
    """What tells a text from every other: SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


def add(text: str, rule: Mapping[str, Any]) -> str:
    """The text with a further recogniser (keys of a [[recognisers]] table)."""

    def edit(doc: Any) -> None:
        row = tomlkit.table()
        for key, value in rule.items():
            plain = key == "pattern" and "'" not in value and "\n" not in value
            row[key] = tomlkit.string(value, literal=True) if plain else value
        doc.setdefault("recognisers", tomlkit.aot()).append(row)

    return _edited(text, edit)


def remove(text: str, place: int) -> str:
    """The text without the recogniser at a place, from 0."""

    def edit(doc: Any) -> None:
        del doc["recognisers"][place]
        if not doc["recognisers"]:
            del doc["recognisers"]

    return _edited(text, edit)


def allow(text: str, words: Sequence[str]) -> str:
    """The text with further words that are never a finding."""

    def edit(doc: Any) -> None:
        kept = list(doc.get("allow", []))
        doc["allow"] = list(dict.fromkeys([*kept, *words]))

    return _edited(text, edit)


def disallow(text: str, word: str) -> str:
    """The text without a word that was never a finding."""

    def edit(doc: Any) -> None:
        kept = [w for w in doc["allow"] if w != word]
        doc["allow"] = kept
        if not kept:
            del doc["allow"]

    return _edited(text, edit)


def threshold(text: str, kind: str, least: float | None) -> str:
    """The text with another least score of a type; None goes back to the product's own."""

    def edit(doc: Any) -> None:
        if least is not None:
            doc.setdefault("thresholds", tomlkit.table())[kind] = round(least, 2)
            return
        doc["thresholds"].pop(kind, None)
        if not doc["thresholds"]:
            del doc["thresholds"]

    return _edited(text, edit)


def _edited(text: str, edit: Callable[[Any], None]) -> str:
    doc = tomlkit.parse(text or HEAD)
    edit(doc)
    return dump(doc)
