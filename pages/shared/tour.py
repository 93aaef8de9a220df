"""A first visit's tour of the board: five short steps that can be sent away for ever and called back."""

import streamlit as st

from core.preferences import prefer, preference
from pages.shared.frame import config

SEEN = "board_tour"
STEPS = (
    (
        "The verdict",
        "GO, CONDITIONAL, NO-GO or NOT ENOUGH EVIDENCE. *Gates* come first: a check that nothing outweighs. One gate "
        "that fails is a NO-GO, one that nobody measured is at best NOT ENOUGH EVIDENCE.",
    ),
    (
        "P(go)",
        "How likely it is that every promise holds at once. Each figure is drawn within its interval, 16,384 times; "
        "P(go) is the share of those draws in which no check fails. Less evidence makes its range wider, never better.",
    ),
    (
        "Evidence",
        "Four rooms measure: the model, the personal data, the licences, the market. Press *Evidence* under any "
        "figure to see how it was measured, from which file, when, and the log of that run.",
    ),
    (
        "What to do next",
        "At the foot of the page: what stands between here and GO, most pressing first. Beside the verdict: the "
        "shortest way there, and what the verdict would be after each step.",
    ),
    (
        "Press this first",
        "**Measure what is due** starts all four rooms; with the sample it takes a few minutes and goes on if you "
        "close the page. Then try *What if*, and describe your own venture under *Ventures*.",
    ),
)  # fmt: skip


def tour() -> None:
    """The step at hand: on a first visit the first one, later only where it was called for."""
    place = st.session_state.get("tour", None if preference(config(), SEEN) else 0)
    if place is None:
        return
    title, text = STEPS[place]
    last = place == len(STEPS) - 1
    with st.container(border=True, key="tour", gap="small"):
        st.markdown(f":blue[:material/explore:] **{title}** :gray[· {place + 1} of {len(STEPS)}]  \n{text}")
        with st.container(horizontal=True, gap="small"):
            if place:
                st.button("Before", key="tour-back", type="tertiary", on_click=_show, args=(place - 1,))
            if not last:
                st.button("Go on", key="tour-next", on_click=_show, args=(place + 1,))
            st.button("Done" if last else "Do not show again", key="tour-end", type="secondary" if last else "tertiary",
                      on_click=_end)  # fmt: skip


def tour_link() -> None:
    """A quiet way back to it."""
    st.button("Take the tour", key="tour-again", type="tertiary", icon=":material/explore:", on_click=_show, args=(0,))


def _show(place: int) -> None:
    st.session_state["tour"] = place


def _end() -> None:
    st.session_state["tour"] = None
    prefer(config(), SEEN, "seen")
