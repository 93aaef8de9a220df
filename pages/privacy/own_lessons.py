"""Forms that teach the search: something it misses, something it finds wrongly, how sure it must be."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.errors import InputError
from core.privacy import policy
from core.privacy.leak.sheet import Folder
from core.privacy.rulefile import RuleFile
from core.privacy.teach import draft as edits
from core.privacy.teach.propose import Proposal, propose
from core.venture import Venture
from core.ventures import Entry
from pages.privacy.own_change import PROBLEM, change
from pages.shared.frame import config
from pages.shared.labelled import missed, texts_of

MISSES, WRONG, SURE = "Something it misses", "Something it finds wrongly", "How sure it must be"
EXAMPLES, WORDS, PATTERN = "Examples of a number or code", "A list of words", "A pattern I write myself"
OURS = "OURS"  # in place of a type: the person names one
ALONE, NEAR = 0.6, 0.3  # score of a rule that counts by itself, and of one that needs a word near it
LEAST = 0.4  # the search's own threshold


def show(of: Venture, it: Entry, rules: RuleFile) -> None:
    """Ask what should change, and the form for it."""
    st.header("Teach it", anchor=False)
    what = st.radio(
        "What should change?", (MISSES, WRONG, SURE), horizontal=True, key=f"teach-what-{it.slug}"
    )  # fmt: skip
    if what == MISSES:
        _teach_missed(of, it, rules)
    elif what == WRONG:
        _teach_wrong(of, it)
    else:
        _teach_sure(of, it, rules)


def _teach_missed(of: Venture, it: Entry, rules: RuleFile) -> None:
    slug = it.slug
    _take_missed(of, slug)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = list(dict.fromkeys([OURS, *(r.type for r in rules.recognisers), *policy.TYPES]))
        kind = st.selectbox(
            "What is it?",
            kinds,
            format_func=lambda k: "something of our own" if k == OURS else policy.title(k),
            key=f"teach-kind-{slug}",
            width=280,
        )
        if kind == OURS:
            st.text_input(
                "What do you call it?", key=f"teach-name-{slug}", max_chars=40, placeholder="customer number", width=280
            )
    way = st.radio("How is it recognised?", (EXAMPLES, WORDS, PATTERN), horizontal=True, key=f"teach-way-{slug}")
    proposal = None
    if way == EXAMPLES:
        proposal = _examples(slug)
    elif way == WORDS:
        st.text_area(
            "The words, one a line", key=f"teach-words-{slug}", height=120, help="Whole words, in capitals or not."
        )
    else:
        st.text_input(
            "Regular expression", key=f"teach-pattern-{slug}", max_chars=2000, placeholder=r"C-\d{6}", width=560
        )
    near = st.text_input(
        "Words that often stand near it, parted by commas (optional)",
        key=f"teach-near-{slug}",
        placeholder="customer, account",
        max_chars=500,
        width=560,
    )
    if near.strip():
        st.toggle(
            "Count it only near one of these words",
            value=bool(proposal and proposal.broad),
            key=f"teach-only-{slug}",
            help="Else it counts everywhere, and the words only make it surer.",
        )
    elif proposal and proposal.broad:
        st.caption(":orange[:material/warning: Much else looks like that. Give words that stand near it.]")
    st.button(
        "Try it on my rows",
        key="teach-add",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_add,
        args=(of, slug, proposal),
    )


def _take_missed(of: Venture, slug: str) -> None:
    """Offer what a person marked as missed in the leak meter as examples; the values stay in this session."""
    private = Folder.of(config().var, of.key)
    try:
        sheet = private.read()
        if sheet is None or not sheet.labelled:
            return
        found = missed(sheet, texts_of(of, sheet, private, slug))
    except InputError:
        return  # the leak meter's own page says it
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Marked as missed in the leak meter:")
        for kind, values in found.items():
            st.button(
                f"{policy.title(kind)} ({len(values)})",
                key=f"teach-missed-{kind}",
                help="Take these as examples.",
                on_click=_take,
                args=(slug, kind, values),
            )


def _take(slug: str, kind: str, values: Sequence[str]) -> None:
    coded = all(any(c.isdigit() for c in v) for v in values)
    st.session_state[f"teach-kind-{slug}"] = kind if kind in policy.TYPES else OURS
    st.session_state[f"teach-way-{slug}"] = EXAMPLES if coded else WORDS
    st.session_state[f"teach-{'examples' if coded else 'words'}-{slug}"] = "\n".join(values)


def _examples(slug: str) -> Proposal | None:
    """Examples and the pattern that fits them, said in words at once."""
    typed = st.text_area(
        "Some examples, one a line; three or more of them tell what may vary",
        key=f"teach-examples-{slug}",
        height=120,
        placeholder="C-10442\nC-93\nC-20871",
    )
    if not typed.strip():
        return None
    try:
        proposal = propose(typed.splitlines())
    except InputError as error:
        st.caption(f":orange[:material/info: {error}]")
        return None
    st.markdown(f"It would look for: **{proposal.words}**.")
    return proposal


def _add(of: Venture, slug: str, proposal: Proposal | None) -> None:
    """Add the rule that the fields describe, and empty them."""

    def said(name: str) -> str:
        return str(st.session_state.get(f"teach-{name}-{slug}", "")).strip()

    kind = said("kind")
    rule: dict[str, Any] = {"type": _type_of(said("name")) if kind == OURS else kind}
    way = said("way")
    if way == EXAMPLES:
        rule["pattern"] = proposal.pattern if proposal else ""
        rule["note"] = proposal.words if proposal else ""
    elif way == WORDS:
        rule["deny_list"] = _lines(said("words"))
    else:
        rule["pattern"] = said("pattern")
    near = [w.strip() for w in said("near").split(",") if w.strip()]
    if near:
        rule["context"] = near
    only = near and st.session_state.get(f"teach-only-{slug}")
    rule["score"] = NEAR if only else ALONE
    if not rule["type"]:
        st.session_state[PROBLEM] = "Say what you call it, such as customer number."
    elif not (rule.get("pattern") or rule.get("deny_list")):
        st.session_state[PROBLEM] = "Say how it is recognised: by examples, words or a pattern."
    elif change(of, partial(edits.add, rule=rule)):
        for name in ("name", "examples", "words", "pattern", "near"):
            st.session_state[f"teach-{name}-{slug}"] = ""


def _type_of(name: str) -> str:
    """A name in words as a type: customer number is CUSTOMER_NUMBER."""
    return "_".join("".join(c if c.isascii() and c.isalnum() else " " for c in name).upper().split())[:40]


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _teach_wrong(of: Venture, it: Entry) -> None:
    st.text_area(
        "Words that are never personal data, one a line",
        key=f"teach-allow-{it.slug}",
        height=120,
        placeholder="Northwind Bank\nApril offer",
        help="A finding that lies within one of them is dropped. Use it for your own brand, products and offices.",
    )
    st.button(
        "Try it on my rows",
        key="teach-add",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_allow,
        args=(of, it.slug),
    )


def _allow(of: Venture, slug: str) -> None:
    words = _lines(str(st.session_state.get(f"teach-allow-{slug}", "")))
    if not words:
        st.session_state[PROBLEM] = "Give at least one word."
    elif change(of, partial(edits.allow, words=words)):
        st.session_state[f"teach-allow-{slug}"] = ""


def _teach_sure(of: Venture, it: Entry, rules: RuleFile) -> None:
    kinds = list(dict.fromkeys([*policy.TYPES, *(r.type for r in rules.recognisers)]))
    kind = st.selectbox("Of what?", kinds, format_func=policy.title, key=f"teach-of-{it.slug}", width=360)
    st.number_input(
        "Count it from this score on",
        0.0,
        1.0,
        rules.thresholds.get(kind, LEAST),
        0.05,
        key=f"teach-least-{it.slug}-{kind}",
        width=240,
        help="Each finding has a score from 0 to 1.",
    )
    st.caption(
        "About 1: valid check digits, as of a card. 0.85: the name model, for every name alike. 0.4 to 0.7: a form "
        "with words that support it. Below 0.4: a bare number. Higher finds less and is wrong less often."
    )
    st.button(
        "Try it on my rows",
        key="teach-add",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_threshold,
        args=(of, it.slug, kind),
    )


def _threshold(of: Venture, slug: str, kind: str) -> None:
    least = float(st.session_state[f"teach-least-{slug}-{kind}"])
    change(of, partial(edits.threshold, kind=kind, least=least))
