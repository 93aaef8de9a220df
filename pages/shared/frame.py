"""What every page starts from: the settings, the store, and the venture that is being looked at."""

from collections.abc import Mapping
from datetime import UTC, datetime

import streamlit as st
from sqlalchemy import Engine

from core import ventures
from core.errors import InputError
from core.evidence import Evidence
from core.feeds import all_inputs
from core.readiness.assess import Assessment, assess, due
from core.readiness.checks import Inputs
from core.settings import Settings, settings
from core.store import connect, latest
from core.venture import Venture
from core.ventures import Entry


def config() -> Settings:
    """The settings in force."""
    return settings()


@st.cache_resource
def store() -> Engine:
    """The database, one pool for all sessions."""
    return connect(settings())


def choose_venture(*, shown: bool = True) -> None:
    """Let the person choose the venture; the choice is in the address, so a link shows the same venture.

    Where the list is not `shown`, the venture is the address's, or the one looked at before.
    """
    found = {e.slug: e for e in ventures.entries(settings())}
    wanted = st.session_state.pop("go_to_venture", None) or st.query_params.get("venture")
    if wanted in found and st.session_state.get("venture") not in (wanted,):
        st.session_state["venture"] = wanted
    if st.session_state.get("venture") not in found:
        st.session_state["venture"] = next(iter(found), None)
    if not found:
        return
    if shown:
        st.sidebar.selectbox(
            "Venture",
            list(found),
            key="venture",
            format_func=lambda slug: found[slug].name,
            on_change=_follow,
        )
    st.query_params["venture"] = st.session_state["venture"]


def _follow() -> None:
    st.query_params["venture"] = st.session_state["venture"]


def entry() -> Entry:
    """The venture looked at; a page without one stops with a way to begin."""
    slug = st.session_state.get("venture")
    found = next((e for e in ventures.entries(settings()) if e.slug == slug), None)
    if found is None:
        st.title("No venture yet")
        st.write("A venture is one idea with its data, its packages and its market. Describe yours to begin.")
        st.page_link("pages/work/ventures.py", label="Describe a venture", icon=":material/add:")
        st.stop()
    return found


def venture() -> Venture:
    """The venture looked at, valid; a broken file is shown with all its problems and the page stops."""
    it = entry()
    if it.venture is None:
        st.title(it.name)
        st.error(f"This venture's file needs a correction before anything can be measured.\n\n```\n{it.problem}\n```")
        st.page_link("pages/work/ventures.py", label="Correct it", icon=":material/edit:")
        st.stop()
    return it.venture


def inputs(of: Venture, found: Mapping[str, Evidence] | None = None) -> dict[str, Mapping[str, str]]:
    """What each room's evidence would follow from if it were measured now; `found` is the newest of each figure."""
    return all_inputs(of, evidence(of) if found is None else found)


def evidence(of: Venture, *, detail: bool = False) -> dict[str, Evidence]:
    """The newest record of each figure."""
    return latest(store(), of.key, detail=detail)


def assessment(of: Venture, found: Mapping[str, Evidence], now: Inputs | None = None) -> Assessment:
    """All checks and the verdict, from evidence at hand; `now` is `inputs` where it is at hand."""
    try:
        return assess(of, found, now or inputs(of, found))
    except InputError as error:
        st.error(str(error))
        st.page_link("pages/work/ventures.py", label="Correct it", icon=":material/edit:")
        st.stop()


def due_rooms(of: Venture, found: Mapping[str, Evidence], now: Inputs | None = None) -> list[str]:
    """The rooms whose evidence is missing or stale; `now` as for `assessment`."""
    return list(due(of, found, now or inputs(of, found)))


def newest(found: Mapping[str, Evidence]) -> datetime | None:
    """When anything was measured last."""
    return max((e.measured_at.astimezone(UTC) for e in found.values()), default=None)
