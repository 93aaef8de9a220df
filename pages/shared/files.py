"""The files of a venture: see what it has, and bring more, wherever they are needed."""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core import ventures
from core.errors import InputError
from core.privacy.sources.peek import DOCUMENTS, WORKBOOKS, is_document, longest, peek
from core.venture import Venture
from core.ventures import Entry
from pages.shared.frame import config
from pages.shared.from_hub import from_hub
from pages.shared.watch import start

TABLES = ["csv", "tsv", "jsonl", "ndjson", "parquet"]
SAVED = "Saved. What followed from the changed parts is now stale."
SCANNED = [*TABLES, *WORKBOOKS, *DOCUMENTS]
NESTED = (".jsonl", ".ndjson", ".parquet")  # kinds whose cells may be records or lists of them
TASKS = {"classify": "One of several classes", "score": "A number, such as stars, minutes or a price"}
TASK_HELP = (
    "A class is right or wrong, and the model is measured by its share of right answers. A number can be nearly right, "
    "and the model is measured by how far off it is. Numbers that only name a kind, such as 404, are classes; so are "
    "two or three levels."
)
_LABELS = ("label", "intent", "category", "class", "target", "answer")
_HEAD, _ROWS = 1 << 20, 50  # bytes and rows that are enough to know the columns


def save(it: Entry, edit: Callable[[str], str], *, look: bool = False, said: str = SAVED) -> None:
    """Change the venture file, or say every problem and change nothing; then look at the data where asked to.

    `said` is told once on the next page that tells such things; empty tells nothing.
    """
    try:
        of = ventures.save(config(), it.file, edit(it.file.read_text(encoding="utf-8")))
    except InputError as error:
        st.error(f"Nothing was saved.\n\n```\n{error}\n```")
        return
    if look:
        start(of, ["look"])
    if said:
        st.session_state["said"] = said
    st.rerun()


def files(it: Entry) -> None:
    """What the venture holds, and uploading more."""
    of = it.venture
    if of is None:
        return
    rows = [
        {"what": "data", "file": d.path, "text": d.text, "label": d.label}
        | {"the answer is": TASKS[d.task] if d.label else "", "test file": d.test}
        for d in of.datasets
    ]
    rows += [{"what": "what ships", "file": d.path} for d in of.dependencies]
    if rows:
        st.dataframe(pd.DataFrame(rows).fillna(""), hide_index=True, alt="Files of this venture")
    else:
        st.caption("No files yet.")
    if it.sample:
        st.caption("The sample stays as it is. Duplicate it to change its files.")
        return
    _ask_task(it, of)
    left, right = st.columns(2)
    with left:
        upload_data(it)
    with right:
        upload_manifest(it)


def _ask_task(it: Entry, of: Venture) -> None:
    """What the labelled data's answers are, changeable; what was measured turns stale."""
    data = of.labelled
    if data is None:
        return
    with st.form("task", border=False):
        chosen = task(f"task-now-{it.slug}", f"What {data.label} is in {data.path}", data.task)
        if st.form_submit_button("Save what is learned", icon=":material/save:"):
            save(it, lambda toml: ventures.put_dataset(toml, {"id": data.id, "task": chosen}), look=True)


def task(key: str, question: str = "The right answer is", now: str = "classify") -> str:
    """Ask whether the answers are classes or numbers."""
    return st.radio(
        question, list(TASKS), index=list(TASKS).index(now), format_func=TASKS.__getitem__, key=key, help=TASK_HELP
    )


def bring(it: Entry, *, data: bool) -> None:
    """On a room's page: which files it reads, and a way to bring another, folded away once there are some."""
    of = it.venture
    if of is None:
        return
    there = [d.path for d in of.datasets] if data else [d.path for d in of.dependencies]
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
    """Take in a file of texts; a table may be learned from too, and one with labels is looked at at once."""
    given: Any = st.file_uploader(
        "A table of texts (CSV, TSV, JSONL, Parquet), or a workbook, a PDF or a text to scan",
        type=SCANNED,
        key=f"data-{it.slug}",
        max_upload_size=config().upload_mb,
    )
    fetched = from_hub(it) if given is None else None
    if given is None and fetched is None:
        return
    try:
        if fetched is not None:
            _add_table(it, fetched, *header(fetched.name, fetched.getvalue()))
        elif is_document(given.name, given.getvalue()[:8]):
            columns, likely = _peeked(given.file_id, given.name, given.getvalue())
            _add_document(it, given, columns, likely)
        else:
            _add_read(it, given)
    except InputError as error:
        st.error(str(error))


def _add_read(it: Entry, given: Any) -> None:
    """A table to learn from; where it is not whole, what the search can read of it may still be scanned."""
    try:
        columns, likely = header(given.name, given.getvalue())
    except InputError as error:
        try:
            columns, likely = _peeked(given.file_id, given.name, given.getvalue())
        except InputError:
            raise error from None
        st.warning(f"{error} No model can learn from it as it is. The search reads what it can and names the rest.")
        _add_document(it, given, columns, likely)
        return
    if given.name.lower().endswith(NESTED):
        found, longest_found = _peeked(given.file_id, given.name, given.getvalue())
        if likely not in found:
            st.info(
                "Its texts stand in records within the rows, as the turns of a chat do; each part is a column here."
            )
            _add_document(it, given, found, longest_found)
            return
        columns = [c for c in columns if c in found]
    _add_table(it, given, columns, likely)


@st.cache_data(max_entries=8, show_spinner="Reading its first rows")
def _peeked(file_id: str, name: str, _content: bytes) -> tuple[list[str], str]:
    """The columns of an uploaded document and the one with the longest texts; no text of it is kept."""
    with tempfile.NamedTemporaryFile() as held:
        held.write(_content)
        held.flush()
        columns, rows = peek(Path(held.name), name)
    return columns, longest(columns, rows)


def _add_document(it: Entry, given: Any, columns: Sequence[str], likely: str) -> None:
    """A workbook, PDF or text: which column holds the text, where there is a choice."""
    st.caption(
        "It is only scanned for personal data; a model learns from tables. Of a workbook every sheet is scanned, a "
        "text or PDF by its paragraphs."
    )
    text = likely
    if len(columns) > 1:
        text = st.selectbox(
            "Column that holds the longest text", columns, index=columns.index(likely), key=f"text-{it.slug}"
        )
    licence = _licence()
    if st.button("Add the file", type="primary", icon=":material/upload_file:"):

        def edit(toml: str) -> str:
            path = ventures.take_upload(config(), it.file, given.name, given)
            row = {"id": _id(given.name), "path": path, "text": text, "licence": licence}
            return ventures.put_dataset(toml, row)

        save(it, edit)


def _id(name: str) -> str:
    """What a data set is called in the venture file: it begins with a letter, which a file's name need not."""
    slug = ventures.slug_of(name)
    return slug if slug[0].isalpha() else f"data-{slug}"


def _licence() -> str:
    return st.text_input("Licence of the data", "LicenseRef-own", help="An SPDX id; LicenseRef-own where it is yours.")


def _add_table(it: Entry, given: Any, columns: Sequence[str], likely: str) -> None:
    """A table: which columns matter, and whether something is to be learned from it."""
    text = st.selectbox("Column that holds the text", columns, index=columns.index(likely), key=f"text-{it.slug}")
    choices = ["(none: scan it, or learn from its texts)", *columns]
    label = st.selectbox(
        "Column that holds the right answer",
        choices,
        index=choices.index(likely_label(columns, text) or choices[0]),
        key=f"label-{it.slug}",
    )
    licence, test, kind = _licence(), None, "classify"
    if not label.startswith("("):
        kind = task(f"task-{it.slug}")
        test = st.file_uploader(
            "Test rows (optional)",
            type=TABLES,
            key=f"test-{it.slug}",
            max_upload_size=config().upload_mb,
            help="A second table with the same columns that is only measured on. Without one, a part of the rows is "
            "held back.",
        )
    if st.button("Add the table", type="primary", icon=":material/upload_file:"):

        def edit(toml: str) -> str:
            if test is not None:
                _same_columns(test.name, test.getvalue(), text, label)
                if ventures.slug_of(test.name) == ventures.slug_of(given.name):
                    raise InputError(f"{test.name}: both tables have this name; rename one of them.")
            path = ventures.take_upload(config(), it.file, given.name, given)
            row = {"id": _id(given.name.rsplit(".", 1)[0]), "path": path, "text": text}
            row |= {"label": "" if label.startswith("(") else label, "licence": licence, "task": kind}
            row["test"] = "" if test is None else ventures.take_upload(config(), it.file, test.name, test)
            return ventures.put_dataset(toml, row)

        save(it, edit, look=not label.startswith("("))


def header(name: str, content: bytes) -> tuple[list[str], str]:
    """The columns of a table, and the one that holds the longest cells, read from its first megabyte.

    Raises:
        InputError: it is no table of a kind that is read; the message says at which byte, counted from 1.
    """
    if content.startswith(b"PAR1"):
        return _parquet_header(name, content)
    head = content[:_HEAD]
    if len(content) > _HEAD:
        head = head[: head.rfind(b"\n") + 1] or head[:-3]  # whole lines, or at least whole characters
    if not head.strip():
        raise InputError(f"{name}: is empty; choose a table with a header line.")
    if b"\0" in head:
        at = head.index(b"\0") + 1
        raise InputError(f"{name}: byte {at:,} is NUL, so this is no text table. Save it as CSV in UTF-8.")
    try:
        lines = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + 1 + (3 if head.startswith(b"\xef\xbb\xbf") else 0)
        raise InputError(f"{name}: byte {at:,} is not UTF-8. Save the table in UTF-8 and upload it again.") from None
    suffix = name.lower().rsplit(".", 1)[-1]
    rows = _json_rows(name, lines) if suffix in ("jsonl", "ndjson") else _table_rows(name, lines, suffix)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return columns, max(columns, key=lambda c: sum(len(str(r.get(c) or "")) for r in rows))


def likely_label(columns: Sequence[str], text: str) -> str | None:
    """The column that is probably the answer, by its name; None where no name says so."""
    named = {c.strip().lower(): c for c in columns if c != text}
    return next((named[n] for n in _LABELS if n in named), None)


def _table_rows(name: str, lines: str, suffix: str) -> list[dict[str, str]]:
    first = lines.lstrip("\n\r").splitlines()[0] if lines.strip() else ""
    tab = suffix in ("tsv", "tab") or first.count("\t") > max(first.count(","), first.count(";"))
    delimiter = "\t" if tab else max(",;", key=first.count)
    try:
        table = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
        names = next((row for row in table if any(cell.strip() for cell in row)), [])
        rows = [dict(zip(names, row, strict=False)) for row in islice(table, _ROWS)]
    except csv.Error:
        raise InputError(f"{name}: cannot be read as a table with a header line. Save it as CSV in UTF-8.") from None
    if not names or any(not c.strip() for c in names):
        raise InputError(f"{name}: its first line does not name every column. Add a header line, such as text,label.")
    if twice := next((i for i, c in enumerate(names, 1) if names.count(c) > 1), 0):
        raise InputError(f"{name}: column {twice} has the name of another one; rename it.")
    return rows or [dict.fromkeys(names, "")]


def _json_rows(name: str, lines: str) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(islice(lines.splitlines(), _ROWS), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or not row:
            raise InputError(f'{name}: line {number} is not a JSON object such as {{"text": "…", "label": "…"}}.')
        rows.append(row)
    if not rows:
        raise InputError(f"{name}: holds no rows; choose a table with a text column.")
    return rows


def _parquet_header(name: str, content: bytes) -> tuple[list[str], str]:
    import pyarrow as pa  # noqa: PLC0415 - only for a Parquet file
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        schema = pq.read_schema(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{name}: begins like Parquet but cannot be read; save it again.") from None
    if not schema.names:
        raise InputError(f"{name}: has no columns.")
    texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    likely = [c for c in texts if c.lower() in ("text", "message", "body", "sentence", "question", "utterance")]
    return list(schema.names), (likely or texts or list(schema.names))[0]


def _same_columns(name: str, content: bytes, text: str, label: str) -> None:
    columns, _ = header(name, content)
    if missing := [c for c in (text, label) if c not in columns]:
        raise InputError(f"{name}: has no column {' and no column '.join(missing)}; name them as in the other table.")


SHIPS = ["txt", "in", "toml", "lock", "json", "zip", "whl"]
PLATFORM = {"linux": "Linux (servers, most clouds)", "macos": "macOS", "windows": "Windows"}


def upload_manifest(it: Entry) -> None:
    """Take in what tells which packages ship: a list of them, a zip of source code, or an SBOM."""
    given = st.file_uploader(
        "What ships with it",
        type=SHIPS,
        key=f"manifest-{it.slug}",
        max_upload_size=config().upload_mb,
        help="requirements.txt, pyproject.toml, pylock.toml, uv.lock, poetry.lock, package.json or package-lock.json; "
        "a zip of your own code; or an SBOM, a list of parts that build tools write (CycloneDX or SPDX 2, as JSON).",
    )
    if given is None:
        return
    platform = st.selectbox(
        "Where it runs",
        list(PLATFORM),
        format_func=PLATFORM.__getitem__,
        key=f"platform-{it.slug}",
        help="Packages differ by system: on Linux PyTorch brings NVIDIA's libraries, on a Mac it does not.",
    )
    if st.button("Add the file", type="primary", icon=":material/upload_file:"):

        def edit(toml: str) -> str:
            path = ventures.take_upload(config(), it.file, given.name, given, ships=True)
            return ventures.put_dependencies(toml, ventures.form_of(it.file.parent / path), path, platform)

        save(it, edit)
