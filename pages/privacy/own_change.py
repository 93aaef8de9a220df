"""A change of a venture's own rules: tried out step by step in a draft, before it counts."""

from collections.abc import Callable

import streamlit as st

from core.errors import InputError
from core.privacy.leak.sheet import Folder
from core.privacy.rulefile import parse, read
from core.privacy.teach.draft import Draft
from core.venture import RULES, Venture
from pages.shared.frame import config
from pages.shared.watch import start

PROBLEM = "teach-problem"  # of the session: what could not be done


def draft(of: Venture) -> Draft:
    """What is being tried out, in the venture's private folder."""
    return Draft(Folder.of(config().var, of.key).path, RULES)


def in_force(of: Venture) -> str:
    """The rules that the venture is searched by."""
    return read(of.locate(RULES)) if (of.folder / RULES).exists() else ""


def shown(of: Venture) -> tuple[str, bool]:
    """The rules that are shown, and whether they are only being tried out."""
    text = draft(of).text
    return (in_force(of), False) if text is None else (text, True)


def change(of: Venture, edit: Callable[[str], str]) -> bool:
    """Make a step of the draft and see what it changes; a step back to the rules in force ends the trial."""
    try:
        text = edit(shown(of)[0])
        if _says_the_same(text, in_force(of)):
            draft(of).drop()
            return True
        draft(of).put(text)
    except InputError as error:
        st.session_state[PROBLEM] = str(error)
        return False
    start(of, ["effect"])
    return True


def step(of: Venture, edit: Callable[[str], str]) -> None:
    """The same for a button, which asks for no answer."""
    change(of, edit)


def _says_the_same(text: str, before: str) -> bool:
    """Whether a valid text says what the rules in force say; those may be broken, and then it does not."""
    rules = parse(text, RULES)
    try:
        return rules == parse(before, RULES)
    except InputError:
        return False
