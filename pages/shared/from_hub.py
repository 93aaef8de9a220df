"""A data set of the Hugging Face hub for a venture: asked for by name, fetched by a job, handed over like an upload."""

import io
from pathlib import Path

import streamlit as st

from core.errors import InputError
from core.jobs import JobStatus, ensure_worker, jobs, submit
from core.ventures import Entry
from pages.shared.frame import config, store
from pages.shared.watch import watch

KIND = "fetch"


class Fetched(io.BytesIO):
    """A table that came from the hub, as the uploader hands over one."""

    def __init__(self, file: Path) -> None:
        """Read the file."""
        super().__init__(file.read_bytes())
        self.name = file.name


def from_hub(it: Entry) -> Fetched | None:
    """Ask for a data set's name, have it fetched, and hand over what came and is not in the venture yet."""
    of = it.venture
    if of is None:
        return None
    with st.form(f"hub-{it.slug}", border=False):
        typed = st.text_input(
            "Or a data set of the Hugging Face hub",
            placeholder="owner/name",
            key=f"hub-name-{it.slug}",
            help="One table is fetched, where the hub can be reached; no script of a data set is ever run. Of several "
            "parts owner/name:configuration@split says which; without a split the training part is meant.",
        ).strip()
        if st.form_submit_button("Fetch it", icon=":material/cloud_download:") and typed:
            _ask(of.key, typed)
    last = next((j for j in jobs(store(), venture=of.key, limit=50) if j.kind == KIND), None)
    if last is None:
        return None
    if last.live:
        watch(of, [KIND])
    elif last.status is not JobStatus.DONE:
        st.error(last.error or f"Fetching it was {last.status}.")
    file = Path(last.run_dir) / str(last.result.get("file", ""))
    if not file.is_file() or file.name in {Path(d.path).name for d in of.datasets}:
        return None
    st.caption(f"Fetched: {last.result['name']}, {file.stat().st_size / 1e6:,.1f} MB. Say which columns matter.")
    return Fetched(file)


def _ask(venture: str, name: str) -> None:
    try:
        submit(store(), config(), KIND, venture=venture, params={"name": name})
        ensure_worker(config())
    except InputError as error:
        st.error(str(error))
