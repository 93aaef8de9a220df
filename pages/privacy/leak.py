"""The privacy room: how much does the search miss on this venture's own rows?"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import InputError
from core.evidence import Evidence
from core.privacy import policy
from core.privacy.leak import record
from core.privacy.leak.mark import Mark, merged, places
from core.privacy.leak.sheet import Folder, Row, Sheet
from core.store import append
from core.venture import OWN_NAMES_INPUT, RULES, Venture
from pages.shared import leak_charts
from pages.shared.figures import figure_row
from pages.shared.files import bring
from pages.shared.frame import config, entry, evidence, store, venture
from pages.shared.labelled import escaped, kind_words, kinds, texts_of
from pages.shared.look import figure_text, number
from pages.shared.rooms import privacy_links
from pages.shared.watch import live, start_button, watch

EVERY = 10  # labels after which the figures go to the board
VALID_DAYS = 90
SECONDS = 8  # that a row takes somebody, about
SHOWN = 40  # characters of a piece on its chip
_FIGURES = (
    (record.LEAK, "Rows that still leak", "A letter or digit of personal data stays in sight after masking."),
    (record.RECALL, "Found of all there is", "Recall: pieces of personal data that the search covers whole."),
    (record.PRECISION, "Right of all found", "Precision: pieces found that you marked as personal data too."),
)


def answer(leak: Evidence | None, sheet: Sheet | None) -> str:
    """The page's question answered in a line."""
    if sheet is None or leak is None:
        return "Not measured yet. No search finds everything; some minutes of your own reading say how much it misses."
    if not isinstance(leak.value, float | int) or leak.low is None or leak.high is None:
        return (
            f"{sheet.labelled} of {len(sheet.rows)} rows are labelled; the first figures come after some of each kind."
        )
    return (
        f"After masking all that is found, {figure_text(leak)} of the rows would still show personal data: "
        f"{round(leak.low * sheet.total):,} to {round(leak.high * sheet.total):,} of {sheet.total:,} rows."
    )


def highlighted(text: str, row: Row, true: Sequence[Mark]) -> str:
    """The text with what was found and is true in blue, what was missed in orange, false alarms in grey."""
    out, at = [], 0
    marks = [(m, True) for m in merged(true)]
    marks += [(m, False) for m in row.found if not any(m.overlaps(t) for t in true)]
    for mark, is_true in sorted(marks):
        hue = ("blue" if any(mark.overlaps(f) for f in row.found) else "orange") if is_true else "gray"
        out.append(escaped(text[at : mark.start]))
        piece = text[mark.start : mark.end]
        blank = len(piece) - len(piece.lstrip())  # a directive that begins with a blank is not read as one
        out.append(
            f"{piece[:blank]}:{hue}-background[{escaped(piece.strip())}]{' ' if piece != piece.rstrip() else ''}"
        )
        at = mark.end
    return "".join([*out, escaped(text[at:])])


def _candidates(row: Row) -> list[Mark]:
    """All that may be personal data in a row, each once: found, below the threshold, and what the person marked."""
    added = st.session_state.get(f"leak-added-{row.digest}-{row.at}", [])
    every = [*row.found, *row.maybe, *(row.truth or ()), *added]
    return sorted({(m.start, m.end, m.type): m for m in reversed(every)}.values())


def _tick(key: str, mark: Mark) -> str:
    return f"mark-{key}-{mark.start}-{mark.end}-{mark.type}"


def _preset(row: Row, marks: Sequence[Mark], key: str) -> None:
    """Tick what the person said before, or else what was found."""
    before = {(m.start, m.end) for m in (row.truth if row.truth is not None else row.found)}
    for mark in marks:
        st.session_state.setdefault(_tick(key, mark), (mark.start, mark.end) in before)


def _ticked(row: Row, key: str) -> list[Mark]:
    return [m for m in _candidates(row) if st.session_state.get(_tick(key, m))]


def _add(row: Row, text: str, key: str) -> None:
    """Mark every place of the typed words."""
    words, kind = st.session_state.get(f"words-{key}", ""), st.session_state.get(f"type-{key}", "PERSON")
    if not words.strip():
        return
    marks = [Mark(a, b, kind) for a, b in places(text, words)]
    if not marks:
        st.session_state["leak-problem"] = "These words do not stand in the row; copy them exactly as they are there."
        return
    added = f"leak-added-{row.digest}-{row.at}"
    st.session_state[added] = [*st.session_state.get(added, []), *marks]
    for mark in marks:
        st.session_state[_tick(key, mark)] = True
    st.session_state[f"words-{key}"] = ""


def _step(slug: str, to: int) -> None:
    st.session_state[f"leak-at-{slug}"] = to


def _save(of: Venture, private: Folder, slug: str, i: int, key: str, texts: list[str]) -> None:
    """Keep the row's label, go to the next one without, and tell the board every few rows."""
    try:
        sheet = private.read()
        if sheet is not None and i < len(sheet.rows):
            _add(sheet.rows[i], texts[i], key)  # words that were typed and not yet taken are not lost
        if st.session_state.get(f"words-{key}", "").strip():
            return
        if sheet is None or i >= len(sheet.rows):
            raise InputError("The rows were chosen anew meanwhile; reload the page.")
        sheet = sheet.with_truth(i, merged(_ticked(sheet.rows[i], key)))
        private.write(sheet)
    except InputError as error:
        st.session_state["leak-problem"] = str(error)
        return
    left = [j for j in [*range(i + 1, len(sheet.rows)), *range(i)] if sheet.rows[j].truth is None]
    _step(slug, left[0] if left else i)
    if (not left or sheet.labelled % EVERY == 0) and _by_present_search(of, sheet):
        records = [e for e in record.evidence(sheet, sheet.result(texts)) if e.value is not None]
        now = of.inputs("privacy")
        append(store(), of.key, [e.with_inputs(now, days_valid=VALID_DAYS) for e in records])


def _by_present_search(of: Venture, sheet: Sheet) -> bool:
    """Whether the rows were searched with the rules and the name model that the venture has now."""
    now = of.inputs("privacy")
    return sheet.searched_by(RULES, now.get(RULES, ""), now.get(OWN_NAMES_INPUT, ""))


def _label(of: Venture, sheet: Sheet, texts: list[str], private: Folder, slug: str) -> None:
    """One row: its text, the pieces to tick, a field for what was missed, and the way on."""
    first = next((j for j, r in enumerate(sheet.rows) if r.truth is None), 0)
    i = min(st.session_state.setdefault(f"leak-at-{slug}", first), len(sheet.rows) - 1)
    row, text = sheet.rows[i], texts[i]
    key = f"{slug}-{i}-{row.digest[:8]}"
    left = len(sheet.rows) - sheet.labelled
    minutes = max(1, round(left * SECONDS / 60))
    note = f"about {minutes} min left" if left else "all labelled; look again at any of them"
    st.progress(sheet.labelled / len(sheet.rows), text=f"{sheet.labelled} of {len(sheet.rows)} rows labelled · {note}")
    shown = st.container(border=True)
    marks = _candidates(row)
    _preset(row, marks, key)
    if marks:
        # Not pills: the text of a chosen one has too little contrast in the dark theme.
        st.markdown("**Personal data in this row:** untick what is none, tick what is")
        with st.container(horizontal=True):
            for mark in marks:
                piece = " ".join(text[mark.start : mark.end].split())[:SHOWN]
                st.checkbox(f"{escaped(piece)} · {policy.title(mark.type)}", key=_tick(key, mark))
    true = _ticked(row, key)
    with shown:
        st.caption(f"Row {i + 1} of {len(sheet.rows)} · {row.path}, line of data {row.at + 1:,}")
        st.markdown(highlighted(text, row, true))
        st.caption("Blue: found. Orange: missed. Grey: found, but no personal data.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("What was missed", kinds(of), format_func=kind_words, key=f"type-{key}", width=240)
        st.text_input(
            "Copy it here, then press Enter",
            key=f"words-{key}",
            max_chars=500,
            on_change=_add,
            args=(row, text, key),
            width=360,
        )
    if problem := st.session_state.pop("leak-problem", ""):
        st.error(problem)
    with st.container(horizontal=True):
        st.button(
            "Back", key="leak-back", icon=":material/arrow_back:", disabled=i == 0, on_click=_step, args=(slug, i - 1)
        )
        st.button(
            "Save and next",
            key="leak-save",  # not primary: there the shortcut's label has too little contrast
            icon=":material/check:",
            shortcut="Mod+Enter",
            on_click=_save,
            args=(of, private, slug, i, key, texts),
        )


def _results(sheet: Sheet, records: dict[str, Evidence], texts: list[str]) -> None:
    """The figures by the labels so far, by type and by how sure the search was."""
    if not sheet.labelled:
        return
    result = sheet.result(texts)
    st.header("What the labels say", anchor=False)
    figure_row(records, _FIGURES, set())
    if result.leaking_direct is not None:
        d = result.leaking_direct
        bounds = f"{number(d.low, 'share')} to {number(d.high, 'share')}"
        st.caption(f"Leaking something that identifies a person by itself: {number(d.value, 'share')} ({bounds}).")
    left, right = st.columns(2)
    with left:
        if result.types:
            leak_charts.types(result.types, key="leak-types")
    with right:
        leak_charts.strata(result, key="leak-strata")
    seen = f"{sheet.looked:,} of {sheet.total:,}" if sheet.looked < sheet.total else f"All {sheet.total:,}"
    st.caption(
        f"{seen} rows with text were searched and sorted by how sure the search is. More rows were drawn where it is "
        "least sure, and each labelled row is weighted by how many it stands for, so that the estimate stays unbiased."
    )


def _change(leak: Evidence | None) -> Mapping[str, Any] | None:
    return leak.detail.get("change") if leak is not None else None


def _changed(change: Mapping[str, Any]) -> None:
    """What the last search of the same labelled rows changed."""
    before = change["before"]
    was = f" Before it, {number(before['value'], 'share')} leaked." if before else ""
    st.markdown(
        f"**The last search of your {change['rows']} labelled rows**, against the one before: {change['mended']} rows "
        f"no longer leak, {change['broken']} leak that did not.{was}"
    )


def _canaries(e: Evidence) -> None:
    """How many planted values could be read in a masked copy, by type where any could."""
    read = [f"{policy.title(t['type'])} {t['read']} of {t['planted']}" for t in e.detail.get("types", []) if t["read"]]
    st.header("Canaries", anchor=False)
    figure_row(
        {e.id: e}, ((e.id, "Planted values still readable", "Known, made-up values, so nothing is guessed."),), set()
    )
    st.caption(
        f"{e.n} made-up names, numbers and addresses were planted into a copy of your rows, which was masked, written "
        f"and read again. {'Still readable: ' + ', '.join(read) + '.' if read else 'None could be read.'} "
        "They only tell of values like those planted; the labels tell of yours."
    )


def _explained(of: Venture) -> None:
    st.info(
        "The search is run on your rows, and 50 of them are laid before you: some from everywhere, more where it is "
        "least sure. You confirm what it found and mark what it missed, about seven minutes. You can stop and go on "
        "later. Only places and types are kept, in a private folder; no text is.",
        icon=":material/rule:",
    )
    if not of.datasets:
        bring(entry(), data=True)


def main() -> None:
    of, slug = venture(), entry().slug
    private = Folder.of(config().var, of.key)
    st.title("How much does the search miss?", anchor=False)
    said = st.container()
    privacy_links("leak")
    sheet, texts, problem = None, [], ""
    try:
        sheet = private.read()
        texts = texts_of(of, sheet, private, slug) if sheet is not None else []
    except InputError as error:
        sheet, problem = None, str(error)
    records = {e.id: e for e in record.evidence(sheet, sheet.result(texts))} if sheet is not None else {}
    said.markdown(answer(records.get(record.LEAK), sheet))
    if sheet is not None and not _by_present_search(of, sheet):
        problem = (
            f"{RULES} or your own name model changed since these rows were searched; search them again, then the "
            "figures go to the board."
        )
    if problem:
        st.warning(problem, icon=":material/history:")
    if of.datasets:
        labelled = sheet is not None and bool(sheet.labelled)
        with st.container(horizontal=True, vertical_alignment="center"):
            words = "Search the labelled rows again" if labelled else "Choose 50 rows"
            start_button(of, ["leak"], words, key="start-leak", primary=sheet is None)
            st.caption(
                "Takes under a minute. Data: "
                + ", ".join(dict.fromkeys(p for d in of.datasets for p in (d.path, d.test) if p))
            )
    watch(of, ["leak"])
    if sheet is None:
        _explained(of)
        return
    all_done = sheet.labelled == len(sheet.rows)
    if all_done:
        _results(sheet, records, texts)
    if not any(j.kind == "leak" for j in live(of)):
        with st.expander("Look at the labels again", icon=":material/edit_note:") if all_done else st.container():
            _label(of, sheet, texts, private, slug)
    if not all_done:
        _results(sheet, records, texts)
    kept = evidence(of, detail=True)
    if sheet.labelled and (change := _change(kept.get(record.LEAK))):
        _changed(change)
    if (planted := kept.get(record.CANARIES)) is not None:
        _canaries(planted)
    with st.expander("Start over", icon=":material/delete:"):
        st.caption("Removes the rows and their labels. Figures already on the board stay, with their date.")
        if st.button("Forget these labels", key="leak-forget"):
            private.forget()
            st.session_state.pop(f"leak-at-{slug}", None)
            st.rerun()


main()
