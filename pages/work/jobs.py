"""Jobs: what is being measured, what was, and what it said on the way."""

import pandas as pd
import streamlit as st

from core.jobs import Job, get, jobs, tail
from pages.shared.frame import store
from pages.shared.look import ago, duration
from pages.shared.watch import STATE, progress_row, title_of


def name_of(job: Job) -> str:
    """A job in a few words."""
    folder = job.venture.rsplit("/", 2)[-2] if job.venture.count("/") > 1 else job.venture
    return f"{job.id} · {title_of(job.kind)} · {folder}"


def spent(job: Job) -> str:
    """How long it ran, where it ran."""
    if job.started is None or job.ended is None:
        return ""
    return duration((job.ended - job.started).total_seconds())


def listing(found: list[Job]) -> None:
    """All jobs, newest first."""
    rows = [
        {
            "job": j.id,
            "what": title_of(j.kind),
            "venture": name_of(j).rsplit(" · ", 1)[-1],
            "state": STATE[j.status][0],
            "asked": ago(j.created),
            "took": spent(j),
            "attempt": j.attempt,
            "said": j.error or j.note,
        }
        for j in found
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Jobs, newest first")


def one(job_id: int) -> None:
    """One job: state, progress, result or error, and the end of its log."""
    job = get(store(), job_id)
    if job is None:
        st.warning(f"There is no job {job_id}.")
        return
    word, icon, colour = STATE[job.status]
    st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
    if job.live:
        progress_row(job)
    elif job.error:
        st.error(job.error)
    elif "evidence" in job.result:
        st.caption(f"It left {len(job.result['evidence'])} figures in {spent(job)}.")
    st.code(tail(job, 200) or "Nothing logged yet.", language="log", wrap_lines=True, height=320)
    if not job.live and st.session_state.get("watched") == job_id:
        st.session_state["watched"] = None
        st.rerun()


def main() -> None:
    st.title("What is being measured?", anchor=False)
    found = jobs(store(), limit=200)
    live = [j for j in found if j.live]
    st.markdown(f"{len(live)} at work or waiting." if live else "Nothing is running.")
    if not found:
        st.info("Measurements appear here once you start one on the board or in a room.", icon=":material/lightbulb:")
        return
    known = {j.id: j for j in found}
    asked = st.query_params.get("job", "")
    if asked.isdigit() and int(asked) not in known and (far := get(store(), int(asked))) is not None:
        known[far.id] = far
    if asked.isdigit() and int(asked) in known and "job" not in st.session_state:
        st.session_state["job"] = int(asked)
    if asked and not (asked.isdigit() and int(asked) in known):
        st.warning(f"There is no job {asked}; here are the others.")
    chosen = st.selectbox("Job", list(known), format_func=lambda i: name_of(known[i]), key="job")
    st.query_params["job"] = str(chosen)
    running = known[chosen].live
    if running:
        st.session_state["watched"] = chosen
    st.fragment(one, run_every="1s" if running else None)(chosen)
    listing(found)


main()
