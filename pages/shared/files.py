"""The files of a venture: see what it has, and bring more, wherever they are needed."""

import io
from collections.abc import Callable

import pandas as pd
import streamlit as st

from core import ventures
from core.errors import InputError
from core.ventures import Entry
from pages.shared.frame import config


def save(it: Entry, edit: Callable[[str], str]) -> None:
    """Change the venture file, or say every problem and change nothing."""
    try:
        ventures.save(config(), it.file, edit(it.file.read_text(encoding="utf-8")))
    except InputError as error:
        st.error(f"Nothing was saved.\n\n```\n{error}\n```")
        return
    st.session_state["said"] = "Saved. What followed from the changed parts is now stale."
    st.rerun()


def files(it: Entry) -> None:
    """What the venture holds, and uploading more."""
    of = it.venture
    if of is None:
        return
    rows = [
        {"what": "data", "file": d.path, "text": d.text, "label": d.label, "test file": d.test} for d in of.datasets
    ]
    rows += [{"what": "what ships", "file": d.manifest or d.environment} for d in of.dependencies]
    if rows:
        st.dataframe(pd.DataFrame(rows).fillna(""), hide_index=True, alt="Files of this venture")
    else:
        st.caption("No files yet.")
    if it.sample:
        st.caption("The sample stays as it is. Duplicate it to change its files.")
        return
    left, right = st.columns(2)
    with left:
        upload_data(it)
    with right:
        upload_manifest(it)


def bring(it: Entry, *, data: bool) -> None:
    """On a room's page: which files it reads, and a way to bring another, folded away once there are some."""
    of = it.venture
    if of is None:
        return
    there = [d.path for d in of.datasets] if data else [d.manifest or d.environment for d in of.dependencies]
    word = "data" if data else "what ships"
    with st.expander(
        f"Choose {word}: {', '.join(there) or 'nothing yet'}", icon=":material/upload_file:", expanded=not there
    ):
        if it.sample:
            st.caption("The sample stays as it is. Duplicate it on the Ventures page to bring files of your own.")
            st.page_link("pages/work/ventures.py", label="Ventures", icon=":material/rocket_launch:")
        elif data:
            upload_data(it)
        else:
            upload_manifest(it)


def upload_data(it: Entry) -> None:
    """Take in a table and ask which columns matter."""
    limit = config().upload_mb
    given = st.file_uploader("A table of texts (CSV, UTF-8)", key=f"data-{it.slug}", max_upload_size=limit)
    if given is None:
        return
    try:
        head = pd.read_csv(io.BytesIO(given.getvalue()[: 1 << 20]), nrows=20, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        st.error(f"{given.name}: byte {error.start} is not UTF-8. Save the table as CSV in UTF-8 and upload it again.")
        return
    except (ValueError, pd.errors.ParserError):
        st.error(f"{given.name}: cannot be read as a table with a header line. Save it as CSV in UTF-8.")
        return
    columns = [str(c) for c in head.columns]
    longest = max(columns, key=lambda c: head[c].astype(str).str.len().mean() if len(head) else 0)
    text = st.selectbox("Column that holds the text", columns, index=columns.index(longest))
    label = st.selectbox("Column that holds the right answer", ["(none: only scan it)", *columns])
    licence = st.text_input(
        "Licence of the data", "LicenseRef-own", help="An SPDX id; LicenseRef-own where it is yours."
    )
    if st.button("Add the table", type="primary", icon=":material/upload_file:"):

        def edit(toml: str) -> str:
            path = ventures.take_upload(config(), it.file, given.name, given)
            row = {"id": ventures.slug_of(given.name.rsplit(".", 1)[0]), "path": path, "text": text}
            row |= {"label": "" if label.startswith("(") else label, "licence": licence}
            return ventures.put_dataset(toml, row)

        save(it, edit)


def upload_manifest(it: Entry) -> None:
    """Take in a requirements or lock file."""
    given = st.file_uploader("What ships with it (requirements.txt or a lock file)", key=f"manifest-{it.slug}")
    if given is not None and st.button("Add the file", type="primary", icon=":material/upload_file:"):

        def edit(toml: str) -> str:
            return ventures.put_manifest(toml, ventures.take_upload(config(), it.file, given.name, given))

        save(it, edit)
