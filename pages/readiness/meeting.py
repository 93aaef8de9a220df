"""The reading mode: the board's story on five screens, in large type, for a room of people."""

import streamlit as st

from pages.shared.frame import assessment, entry, evidence, inputs, venture
from pages.shared.review import kept
from pages.shared.slide import slide
from pages.shared.story import STORY

NAMES = list(STORY)


def here() -> int:
    """The place of the slide in the address; the first where it names none."""
    shown = st.query_params.get("show", NAMES[0])
    return NAMES.index(shown) if shown in NAMES else 0


def step(by: int) -> None:
    """Turn to another slide; at both ends the story stays where it is."""
    st.query_params["show"] = NAMES[min(max(here() + by, 0), len(NAMES) - 1)]


def main() -> None:
    of = venture()
    found = evidence(of, detail=True)
    now = inputs(of, found)
    today = assessment(of, found, now)
    told, fresh = kept(found, today, now)
    place = here()
    shown = told if fresh else today.as_json()
    slide(STORY[NAMES[place]](of, found, shown), of.name, step=step)
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", gap="small", key="turn"):
        st.button(
            "Back", key="turn-back", type="tertiary", shortcut="Left", disabled=not place, on_click=step, args=(-1,)
        )
        st.button("Next", key="turn-next", type="tertiary", shortcut="Right", disabled=place == len(NAMES) - 1,
                  on_click=step, args=(1,))  # fmt: skip
        st.caption(f"{place + 1} of {len(NAMES)}", width="content")
        st.space("stretch")
        if st.button("Leave", key="turn-leave", type="tertiary", shortcut="Escape"):
            st.switch_page("pages/readiness/board.py", query_params={"venture": entry().slug})


main()
