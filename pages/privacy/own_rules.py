"""Own rules: what the search is taught about this venture. A change is tried out on its rows before it counts."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core import ventures
from core.errors import InputError
from core.jobs import Job
from core.privacy import policy
from core.privacy.leak.sheet import Folder
from core.privacy.rulefile import Recogniser, RuleFile, parse
from core.privacy.teach import draft as edits
from core.privacy.teach.draft import fingerprint
from core.venture import RULES, Venture
from core.ventures import Entry
from pages.privacy import own_effect, own_lessons
from pages.privacy.own_change import PROBLEM, draft, shown, step
from pages.privacy.own_lessons import LEAST
from pages.shared.frame import config
from pages.shared.labelled import escaped
from pages.shared.watch import get_ready, last_done, live, start, start_button, watch


def answer(of: Venture) -> None:
    """The page's question answered in a line."""
    text, trying = shown(of)
    try:
        rules = parse(text, RULES)
    except InputError:
        st.markdown(f"{RULES} needs a correction before anything can be searched by it; see below.")
        return
    kinds = list(dict.fromkeys(policy.title(r.type) for r in rules.recognisers))
    parts = [f"**{', '.join(kinds)}**"] if kinds else []
    if rules.allow:
        parts.append("what is never a finding")
    if rules.thresholds:
        parts.append(f"how sure it must be of {', '.join(map(policy.title, rules.thresholds))}")
    if not parts:
        st.markdown(
            "So far nothing of yours. It looks for what everybody has: names, addresses, numbers, secrets. Teach it "
            "what only you have, such as customer numbers, and see what that changes before it counts."
        )
        return
    st.markdown(f"{'With the change that you are trying out' if trying else 'It knows'}: {', '.join(parts)}.")


def show(of: Venture, it: Entry) -> None:
    """What is being tried out and what it changes, a way to teach more, and what is known so far."""
    text, trying = shown(of)
    if problem := st.session_state.pop(PROBLEM, ""):
        st.error(f"Nothing was changed.\n\n```\n{problem}\n```")
    try:
        rules = parse(text, RULES)
    except InputError as error:
        st.error(f"```\n{error}\n```")
        _file(of, it, text, open_=True)
        return
    done = last_done(of, "effect")
    result = done if done is not None and _fits(done, of, text, trying=trying) else None
    if trying:
        _trial(of, it, text, result)
    watch(of, ["effect"])
    get_ready(of, "effect")
    own_lessons.show(of, it, rules)
    _known(of, rules, result)
    _file(of, it, text, open_=False)


def _fits(job: Job, of: Venture, text: str, *, trying: bool) -> bool:
    """Whether a trial was of these rules on this data, against the rules in force where they are not these."""
    now, then = of.inputs("privacy"), dict(job.result.get("inputs", {}))
    if not trying:
        now.pop(RULES, None)
        then.pop(RULES, None)
    return job.result.get("draft") == fingerprint(text) and then == now


def _trial(of: Venture, it: Entry, text: str, result: Job | None) -> None:
    """What the change does, and the way to keep or to drop it."""
    with st.container(border=True):
        st.markdown("**You are trying out a change.** Nothing is searched by it until you keep it.")
        if result is not None:
            own_effect.show(result)
        elif not any(j.kind == "effect" for j in live(of)):
            start_button(of, ["effect"], "See what it changes", key="start-effect")
        with st.container(horizontal=True):
            st.button(
                "Keep it",
                key="teach-keep",
                icon=":material/check:",
                type="primary" if result is not None else "secondary",
                disabled=it.sample,
                on_click=_keep,
                args=(of, it, text),
            )
            st.button("Drop it", key="teach-drop", icon=":material/undo:", on_click=_drop, args=(of,))
        if it.sample:
            st.caption(
                "The sample stays as it is, so its rules can be tried out but not kept. Duplicate it to keep them."
            )


def _keep(of: Venture, it: Entry, text: str) -> None:
    try:
        ventures.refuse_sample(config(), it.file)
        parse(text, RULES)
        ventures.write(of.folder / RULES, text)
        draft(of).drop()
    except (InputError, OSError) as error:
        st.session_state[PROBLEM] = str(error)
        return
    sheet = Folder.of(config().var, of.key).read()
    if sheet is not None and sheet.labelled:
        start(of, ["leak"])  # so that the figures of the leak meter are by the rules in force
    st.session_state["said"] = "Kept. Figures measured before are stale now: scan again on the page Privacy."


def _drop(of: Venture) -> None:
    draft(of).drop()


def _known(of: Venture, rules: RuleFile, result: Job | None) -> None:
    """Each rule in words with a way to take it back, and how far it reaches where that was measured."""
    if not (rules.recognisers or rules.allow or rules.thresholds):
        return
    st.header("What it was taught", anchor=False)
    reach = {r["number"]: r for r in result.result["reach"]} if result is not None else {}
    for i, rule in enumerate(rules.recognisers):
        _line(of, f"rule-{i}", _words(rule), own_effect.reach(reach.get(i + 1)), partial(edits.remove, place=i))
    for word in rules.allow:
        key = f"allow-{fingerprint(word)[:8]}"
        _line(of, key, f"**{escaped(word)}** is never a finding", "", partial(edits.disallow, word=word))
    for kind, least in rules.thresholds.items():
        words = f"**{policy.title(kind)}** counts from a score of {least:g} on"
        _line(of, f"least-{kind}", words, "", partial(edits.threshold, kind=kind, least=None))


def _line(of: Venture, key: str, words: str, under: str, edit: Callable[[str], str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"taught-{key}"):
        with st.container(gap=None):
            st.markdown(words)
            if under:
                st.caption(under)
        st.button(
            "Take it back",
            key=f"teach-remove-{key}",
            icon=":material/close:",
            type="tertiary",
            on_click=step,
            args=(of, edit),
        )


def _words(rule: Recogniser) -> str:
    what = escaped(rule.note) or (f"the pattern `{rule.pattern}`" if rule.pattern else f"{len(rule.deny_list)} words")
    near = ""
    if rule.context:
        near = f", {'only ' if rule.score < LEAST else 'surer '}near {', '.join(rule.context)}"
    return f"**{policy.title(rule.type)}**: {what}{near}"


def _file(of: Venture, it: Entry, text: str, *, open_: bool) -> None:
    """The policy file itself, for who likes to write it."""
    with st.expander(f"The file itself ({RULES})", icon=":material/code:", expanded=open_):
        st.caption(
            f"It lies beside venture.toml. The command line takes it too: `privacy scan FILE --policy {RULES}`. What "
            "stands after # is for people."
        )
        key = f"teach-file-{it.slug}-{fingerprint(text)[:8]}"
        st.text_area(RULES, text or edits.HEAD, height=280, key=key)
        st.button("Try this file", key="teach-file-try", icon=":material/play_arrow:", on_click=_typed, args=(of, key))


def _typed(of: Venture, key: str) -> None:
    step(of, lambda _: str(st.session_state[key]))
