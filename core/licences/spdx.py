"""Licence expressions: read, put into SPDX form, taken apart, and filed under a category.

Categories are those of LicenseDB (CC-BY-4.0), which come inside license-expression. An id is looked up as
SPDX first: eight SPDX ids are ScanCode keys of other licences (`BSL-1.0` is Boost, `bsl-1.0` there Business Source).
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from license_expression import get_license_index, get_spdx_licensing

NAMES = Path(__file__).resolve().parents[2] / "data" / "policies" / "licences" / "names.toml"
LONGEST = 2000  # characters of an expression; the longest real one seen has 400
DEEPEST = 40  # brackets within brackets
UNKNOWN_CATEGORY = "Unknown"
STRICTEST = (
    "Own", "Public Domain", "Permissive", "Patent License", "CLA", "Copyleft Limited", "Copyleft", "Source-available",
    "Free Restricted", "Proprietary Free", "Commercial", "Unstated License", UNKNOWN_CATEGORY,
)  # fmt: skip

_FAMILIES = {
    "lesser general": "lgpl", "lgpl": "lgpl", "affero": "agpl", "agpl": "agpl", "general public": "gpl", "gpl": "gpl",
    "apache": "apache", "artistic": "artistic", "bsd": "bsd", "mozilla": "mpl", "mit": "mit", "nvidia": "licenseref",
}  # fmt: skip
_REF = re.compile(r"^(DocumentRef-[\w.-]+:)?LicenseRef-[\w.-]+$", re.I)
_OPERATOR = re.compile(r"\s+(and|or)\s+", re.I)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One licence, with the exception that widens it, if any."""

    id: str
    exception: str = ""

    def __str__(self) -> str:
        return f"{self.id} WITH {self.exception}" if self.exception else self.id


@dataclass(frozen=True, slots=True)
class All:
    """Every arm applies (AND)."""

    arms: "tuple[Node, ...]"

    def __str__(self) -> str:
        return " AND ".join(f"({a})" if isinstance(a, OneOf) else str(a) for a in self.arms)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One arm may be chosen (OR)."""

    arms: "tuple[Node, ...]"

    def __str__(self) -> str:
        return " OR ".join(f"({a})" if isinstance(a, All) else str(a) for a in self.arms)


Node = Leaf | All | OneOf


@cache
def names() -> dict[str, dict[str, str]]:
    """The tables of names.toml: aliases, ambiguous, classifiers, hub, deprecated, categories."""
    tables: dict[str, dict[str, str]] = tomllib.loads(NAMES.read_text("utf-8"))
    return {t: {squeeze(k): v for k, v in rows.items()} for t, rows in tables.items() if isinstance(rows, dict)}


def squeeze(text: str) -> str:
    """A name as the tables compare it: lower case, single spaces, no quotes, no closing full stop."""
    return " ".join(re.sub(r"[\"'`,()]", " ", text).split()).casefold().rstrip(".")


@cache
def _licensing() -> Any:
    return get_spdx_licensing()


@cache
def _records() -> dict[str, dict[str, Any]]:
    """Licence records by lower-case id; SPDX ids win over older SPDX ids, and those over ScanCode keys."""
    index: list[dict[str, Any]] = list(get_license_index())
    out: dict[str, dict[str, Any]] = {}
    for record in index:
        out.setdefault(str(record["spdx_license_key"] or "").lower(), record)
    for record in index:
        for other in record["other_spdx_license_keys"] or ():
            out.setdefault(str(other).lower(), record)
    for record in index:
        out.setdefault(str(record["license_key"]).lower(), record)
    out.pop("", None)
    return out


@lru_cache(maxsize=4096)
def category(licence: str) -> str:
    """LicenseDB's category of one id, "Unknown" where nobody lists it."""
    record = _records().get(licence.lower())
    return str(record["category"]) if record else names()["categories"].get(licence.casefold(), UNKNOWN_CATEGORY)


def is_known(licence: str) -> bool:
    """Whether the id is listed, or is a `LicenseRef-` its author defines."""
    return licence.lower() in _records() or is_reference(licence)


def is_reference(licence: str) -> bool:
    """Whether the id only points at a text (`LicenseRef-...`) and no list knows it."""
    return bool(_REF.match(licence)) and licence.lower() not in _records()


@lru_cache(maxsize=4096)
def parse(text: str) -> Node | None:
    """Take an expression apart; None where it is prose, too long, or names an id that nobody lists.

    Operators and ids may be in any case; ids come back as SPDX writes them, ScanCode keys as their SPDX id.
    """
    if not text.strip() or len(text) > LONGEST:
        return None
    try:
        tree = _licensing().parse(_undeprecate(text), validate=False)
    except Exception:  # malformed input gets assertion, type and recursion errors out of boolean.py, not only its own
        return None
    node = _node(tree) if tree is not None else None
    return node if node is not None and all(is_known(leaf.id) for leaf in leaves(node)) else None


def _node(tree: Any, depth: int = 0) -> Node | None:
    if depth > DEEPEST:
        return None
    if hasattr(tree, "exception_symbol"):
        exception = _records().get(str(tree.exception_symbol.key).lower(), {})
        licence = _spdx(tree.license_symbol.key)
        return Leaf(licence, str(exception["spdx_license_key"])) if exception.get("is_exception") else None
    if hasattr(tree, "key"):
        return None if getattr(tree, "is_exception", False) else Leaf(_spdx(tree.key))
    arms = [_node(arm, depth + 1) for arm in getattr(tree, "args", ())]
    if not arms or any(arm is None for arm in arms):
        return None
    whole = tuple(dict.fromkeys(arm for arm in arms if arm is not None))
    if len(whole) == 1:
        return whole[0]
    return All(whole) if tree.operator.strip() == "AND" else OneOf(whole)


def _spdx(key: str) -> str:
    if _REF.match(key):
        return key
    record = _records().get(key.lower())
    return str(record["spdx_license_key"] or key) if record else key


def _undeprecate(text: str) -> str:
    """Write SPDX ids that once held an exception (`GPL-2.0-with-classpath-exception`) the way they are written now."""
    if "-with-" not in text.lower():
        return text
    for old, new in names()["deprecated"].items():
        text = re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w.-])", new, text, flags=re.I)
    return text


def leaves(node: Node) -> Iterator[Leaf]:
    """Every licence of an expression, left to right."""
    if isinstance(node, Leaf):
        yield node
    else:
        for arm in node.arms:
            yield from leaves(arm)


def read_name(text: str) -> Node | None:
    """Read what people write in a licence field: an expression, a known alias, or aliases joined by one operator.

    None where it is ambiguous ("BSD", "Apache License", "GPL": no version, no clause count).
    """
    if squeeze(text) in names()["ambiguous"]:
        return None
    alias = names()["aliases"].get(squeeze(text))
    node = parse(alias or text)
    if node is not None:
        return node
    parts = _OPERATOR.split(text)
    operators = {p.upper() for p in parts[1::2]}
    if len(operators) != 1 or len(parts) > 20:
        return None
    arms = [read_name(p) for p in parts[::2]]
    known = tuple(dict.fromkeys(a for a in arms if a is not None))
    if len(known) < 2 or any(a is None for a in arms):
        return None
    return All(known) if operators == {"AND"} else OneOf(known)


def read_classifier(classifier: str) -> Node | None:
    """The licence a trove classifier names, None where it names a family ("BSD License")."""
    expression = names()["classifiers"].get(squeeze(classifier.rsplit(" :: ", 1)[-1]))
    return parse(expression) if expression else None


def read_tag(tag: str) -> Node | None:
    """The licence of a model or data set: an SPDX expression, or the tag a model hub uses for it."""
    text = names()["hub"].get(squeeze(tag), tag)
    return parse(text) if text else None


def filed_under(node: Node) -> str:
    """The one category to file an expression under: the strictest of what applies, the mildest of a choice."""
    if isinstance(node, Leaf):
        return category(node.id)
    found = [filed_under(arm) for arm in node.arms]
    return (max if isinstance(node, All) else min)(found, key=_strictness)


def is_copyleft(node: Node) -> bool:
    """Whether what applies asks for source, or is not free at all: stricter than permissive licences are."""
    return filed_under(node) not in ("Own", "Public Domain", "Permissive")


def stricter(node: Node, other: Node) -> bool:
    """Whether one expression is filed under a stricter category than another."""
    return _strictness(filed_under(node)) > _strictness(filed_under(other))


def _strictness(name: str) -> int:
    return STRICTEST.index(name) if name in STRICTEST else len(STRICTEST)


def family(licence: str) -> str:
    """The first word of an id: "bsd" of BSD-3-Clause; "0bsd" counts as bsd."""
    return licence.lower().removeprefix("0").split("-")[0]


def families(text: str) -> frozenset[str]:
    """The licence families that a name or a title speaks of."""
    low, out = text.lower(), set[str]()
    for words, name in _FAMILIES.items():
        if re.search(rf"(?<![a-z]){words}", low):
            out.add(name)
            low = low.replace(words, " ")
    return frozenset(out)
