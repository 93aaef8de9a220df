"""The rows that a person labels in the leak meter, for the pages that show them."""

import re

import streamlit as st

from core.errors import InputError
from core.privacy import policy
from core.privacy.leak.mark import in_sight, merged
from core.privacy.leak.pick import read_texts, sources
from core.privacy.leak.sheet import Folder, Sheet
from core.privacy.rulefile import parse, read
from core.venture import RULES, Venture

OTHER = "OTHER"

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$^=&\"'@/%])")


def escaped(text: str) -> str:
    """A text that markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", text).replace("\n", "  \n")


def texts_of(of: Venture, sheet: Sheet, private: Folder, slug: str) -> list[str]:
    """The rows' texts, read once a session and kept in its memory alone."""
    key, ident = f"leak-texts-{slug}", (tuple(r.digest for r in sheet.rows), tuple(of.inputs("privacy").items()))
    kept = st.session_state.get(key)
    if kept is None or kept[0] != ident:
        with st.spinner("Reading the rows"):
            texts = read_texts(sheet, {f.name: f.path for f in sources(of.datasets, of.locate)}, private)
        st.session_state[key] = kept = (ident, texts)
    found: list[str] = kept[1]
    return found


def missed(sheet: Sheet, texts: list[str]) -> dict[str, list[str]]:
    """What a person marked and the search did not cover, by type, each once; for this session alone."""
    out: dict[str, dict[str, None]] = {}
    for text, row in zip(texts, sheet.rows, strict=True):
        for mark in merged(row.truth or ()):
            if in_sight(text, mark, row.found):
                out.setdefault(mark.type, {})[" ".join(text[mark.start : mark.end].split())] = None
    return {kind: list(values) for kind, values in out.items()}


def kinds(of: Venture) -> list[str]:
    """The types that a person may mark: those that are known, those of the venture's own rules, and any other."""
    try:
        own = [r.type for r in parse(read(of.locate(RULES)), RULES).recognisers] if (of.folder / RULES).exists() else []
    except InputError:  # the page of the rules says what is wrong with them
        own = []
    return list(dict.fromkeys([*policy.TYPES, *own, OTHER]))


def kind_words(kind: str) -> str:
    """A type in words."""
    return "something else" if kind == OTHER else policy.title(kind)
