"""Start measurements, watch them live, stop them. A page only queues and reads; the work is a job elsewhere."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core import ventures
from core.errors import InputError
from core.jobs import KINDS, Job, JobStatus, cancel, ensure_worker, get, jobs, prepare, submit
from core.venture import Venture
from pages.shared.frame import config, store
from pages.shared.look import ROOM, duration

STATE = {
    JobStatus.QUEUED: ("waiting", ":material/schedule:", "gray"),
    JobStatus.RUNNING: ("running", ":material/sync:", "blue"),
    JobStatus.DONE: ("done", ":material/check_circle:", "green"),
    JobStatus.FAILED: ("failed", ":material/error:", "red"),
    JobStatus.CANCELLED: ("cancelled", ":material/do_not_disturb_on:", "gray"),
    JobStatus.LOST: ("lost", ":material/link_off:", "orange"),
}


def start(of: Venture, rooms: Sequence[str], **more: float | str) -> None:
    """Queue a measurement of each room and see that a worker is there; a room already waiting is not queued twice.

    `more` are further parameters of the jobs; they are stored, so nothing of anybody's data may be among them.
    """
    where = [str(p) for p in ventures.roots(config(), of.file)]
    try:
        for room in rooms:
            submit(store(), config(), room, venture=of.key, params={"venture": of.key, "roots": where} | more)
        ensure_worker(config())
    except InputError as error:
        st.session_state["start_problem"] = str(error)


def get_ready(of: Venture, kind: str) -> None:
    """Let a process import what this kind of job needs while the person still reads; not beside a live job."""
    if config().prepare and not live(of):
        prepare(config(), kind, of.key, [str(p) for p in ventures.roots(config(), of.file)])
        ensure_worker(config())


def start_button(
    of: Venture, rooms: Sequence[str], label: str, *, key: str, primary: bool = True, **more: float | str
) -> None:
    """A button that measures these rooms; it rests while they are being measured. `more` as in `start`."""
    busy = {j.kind for j in live(of)}
    left = [r for r in rooms if r not in busy]
    st.button(
        label,
        key=key,
        type="primary" if primary else "secondary",
        icon=":material/play_arrow:",
        disabled=not left,
        on_click=start,
        args=(of, left),
        kwargs=more,
    )
    if problem := st.session_state.pop("start_problem", ""):
        st.error(problem)


def last_done(of: Venture, kind: str) -> Job | None:
    """The venture's newest job of a kind that ended well."""
    found = jobs(store(), venture=of.key, live=False, limit=200)
    return next((j for j in found if j.kind == kind and j.status is JobStatus.DONE), None)


def live(of: Venture) -> list[Job]:
    """The venture's jobs that wait or run, oldest first."""
    return sorted(jobs(store(), venture=of.key, live=True), key=lambda j: j.id)


def watch(of: Venture, rooms: Sequence[str]) -> None:
    """Show the live jobs of these rooms, refreshed every second while there are any, and how the last one ended."""
    running = [j.id for j in live(of) if j.kind in rooms]
    if running:
        ensure_worker(config())
        st.fragment(_watch, run_every="1s")(tuple(running))
    found = jobs(store(), venture=of.key, limit=50)
    for room in rooms:
        _last_end(found, room, running)


def _watch(ids: tuple[int, ...]) -> None:
    found = [j for j in (get(store(), i) for i in ids) if j is not None]
    for job in found:
        progress_row(job)
    if any(not j.live for j in found):
        st.rerun()


def progress_row(job: Job) -> None:
    """One live job: what, how far, since when, and a way to stop it."""
    name = title_of(job.kind)
    share = min(max(job.done / job.total, 0.0), 1.0) if job.total else 0.0
    since = job.started or job.created
    spent = (datetime.now(UTC) - since).total_seconds()
    note = "waiting for a free slot" if job.status is JobStatus.QUEUED else job.note or "starting"
    with st.container(horizontal=True, vertical_alignment="center", key=f"live-{job.id}"):
        st.progress(share, text=f"**{name}** · {'stopping' if job.cancel else note} · {duration(spent)}")
        st.button(
            "Stop",
            key=f"stop-{job.id}",
            icon=":material/stop_circle:",
            disabled=job.cancel,
            on_click=_stop,
            args=(job.id,),
        )


def _stop(job_id: int) -> None:
    cancel(store(), job_id)


def title_of(kind: str) -> str:
    """A kind of job in a few words."""
    return ROOM[kind][0] if kind in ROOM else KINDS[kind].title if kind in KINDS else kind


def _last_end(found: Sequence[Job], room: str, running: Sequence[int]) -> None:
    """Say how the room's last job of those found ended, where it ended badly and nothing was started since."""
    last = next((j for j in found if j.kind == room), None)
    if last is None or last.live or last.id in running or last.status is JobStatus.DONE:
        return
    word, icon, _ = STATE[last.status]
    ended = word if last.status is JobStatus.FAILED else f"was {word}"
    text = f"**{title_of(room)}: the last measurement {ended}.** {last.error}"
    (st.info if last.status is JobStatus.CANCELLED else st.error)(text, icon=icon)
    st.page_link("pages/work/jobs.py", label="See its log", query_params={"job": str(last.id)})
