"""One slide in large type. Streamlit's own headings end at 44 px, too small for the back of a room.

A component of Streamlit's own kind, apart in a shadow root: its styles reach nothing else and take the theme's tokens.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from pages.shared.story import Slide

HERE = Path(__file__).parent
_draw = st.components.v2.component(
    "preflight_slide",
    html="<article></article>",
    css=(HERE / "slide.css").read_text(encoding="utf-8"),
    js=(HERE / "slide.js").read_text(encoding="utf-8"),
)


def slide(it: Slide, of: str, *, step: Callable[[int], None]) -> None:
    """Draw a slide of the venture called `of`; `step(1)` or `step(-1)` is called when a presenter's remote turns it."""

    def turned() -> None:
        step(int(st.session_state["slide"].step))

    _draw(key="slide", data=asdict(it) | {"of": of}, on_step_change=turned)
