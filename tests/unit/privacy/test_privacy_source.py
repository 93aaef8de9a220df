"""A file is read as what it is, in bounded chunks, or refused with one clear message that quotes no cell."""

import csv
import io
import json
import pickle
import tracemalloc
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.privacy.source import CHUNK_ROWS, open_table, open_tables, walk

SECRET = "Xaverine Quillbottom"


def write(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells(path: Path) -> list[list[str]]:
    return [row for chunk in open_table(path).chunks() for row in chunk]


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", f"name\n{SECRET}\n")
    return buffer.getvalue()


REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b"\xef\xbb\xbf \r\n\n", "is empty"),
    "header only": (b"name,text\n", "no rows"),
    "binary": (bytes(range(256)) * 20, "not a text file"),
    "pickle": (pickle.dumps({"name": SECRET}), "pickle"),
    "zip": (zipped(), "a zip archive, not a workbook"),
    "web page": (f"<!DOCTYPE html><p>{SECRET}".encode(), "web page"),
    "torn Parquet": (b"PAR1" + SECRET.encode(), "cannot be read"),
    "torn PDF": (b"%PDF-1.7" + SECRET.encode(), "cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_gives_one_clear_message_without_its_content(tmp_path: Path, case: str) -> None:
    content, message = REFUSED[case]
    with pytest.raises(InputError) as error:
        open_table(write(tmp_path, content), name="uploads/data.csv")
    told = str(error.value)
    assert message in told
    assert told.startswith("uploads/data.csv: ")
    assert "\n" not in told
    assert str(tmp_path) not in told
    assert not any(part in told for part in SECRET.split())


MENDED = {
    "two encodings": (
        "name,text\nA,café\n".encode() + "B,café\n".encode("cp1252"),
        [["A", "café"], ["B", "café"]],
        "1 line not in UTF-8; the odd bytes were read as Windows-1252 (line 3)",
    ),
    "cut character": ("name,text\nA,café".encode()[:-1], [["A", "cafÃ"]], "(line 2)"),
    "nul": (b"name,text\nA,a\0b\n", [["A", "ab"]], "1 line with NUL bytes, which were dropped (line 2)"),
    "ragged": (b"name,text\nA,1\nB,2,3\nC\n", [["A", "1", ""], ["B", "2", "3"], ["C", "", ""]], "(row 2, 3)"),
    "open quotation mark": (b'name,text\nA,1\n"B,2\nC,3\n', [["A", "1"], ["B", "2"], ["C", "3"]], "(row 2)"),
    "stray quotation mark": (b'name,text\n"B" x,2\nC,3\n', [['B" x', "2"], ["C", "3"]], "(row 1)"),
    "quotation mark at every line": (b'n,t\n"A,1\n"B,2\n"C,3\n', [["A", "1"], ["B", "2"], ["C", "3"]], "3 rows"),
}


@pytest.mark.parametrize("case", MENDED)
def test_a_broken_part_is_told_and_the_rest_is_read(tmp_path: Path, case: str) -> None:
    content, rows, message = MENDED[case]
    path = write(tmp_path, content)
    [told] = open_table(path).faults.sentences()
    assert message in told
    assert cells(path) == rows


def test_utf16_with_its_mark_is_text(tmp_path: Path) -> None:
    assert cells(write(tmp_path, "name,text\nA,café\n".encode("utf-16"))) == [["A", "café"]]


def test_broken_json_lines_are_counted_named_and_left_out(tmp_path: Path) -> None:
    bad = ['{"a": ', "[1, 2]", '{"a": ' + "[" * 100_000]
    path = write(tmp_path, "\n".join(['{"a": 1}', *bad, '{"a": 2}']), "data.jsonl")
    assert open_table(path).faults.as_json()[0] | {"message": ""} == {
        "kind": "json",
        "count": 3,
        "places": [2, 3, 4],
        "message": "",
    }
    assert cells(path) == [["1"], ["2"]]


def test_json_lines_of_which_none_is_an_object_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no line of it is a JSON object"):
        open_table(write(tmp_path, "[1]\nx\n", "data.jsonl"))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        open_table(tmp_path / "absent.csv")


def test_a_cell_of_5_mb_is_one_cell(tmp_path: Path) -> None:
    long = "word, " * 900_000
    assert cells(write(tmp_path, f'a,b\n1,"{long}"\n2,x\n')) == [["1", long], ["2", "x"]]


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "n\n" + "1\n" * 11)
    assert open_table(path, max_rows=11).rows == 11
    with pytest.raises(InputError, match="more than 10 rows"):
        open_table(path, max_rows=10)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, delimiter.join("abc") + "\n" + delimiter.join(["1", '"x, y; z"', "3"]) + "\n")
    assert cells(path) == [["1", "x, y; z", "3"]]


def test_one_column_of_quoted_sentences_is_one_column(tmp_path: Path) -> None:
    assert cells(write(tmp_path, 'text\n"a, b; c"\nplain\n')) == [["a, b; c"], ["plain"]]


def test_json_lines_become_columns_in_order_of_appearance(tmp_path: Path) -> None:
    path = write(tmp_path, '{"b": 1, "a": null}\n\n{"a": "x", "c": {"d": [true]}}\n', "data.jsonl")
    assert open_table(path).columns == ("b", "a", "c.d")
    assert cells(path) == [["1", "", ""], ["", "x", "[true]"]]


def test_column_names_can_be_told_apart_and_are_never_a_text(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, "a,a,," + "x" * 61 + "\n1,2,3,4\n"))
    assert table.labels == ("a", "a (2)", "column 3", "column 4")


def test_picked_rows_are_those_rows(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, "n\n" + "".join(f"r{i}\n" for i in range(3 * CHUNK_ROWS))))
    picked = [0, 7, CHUNK_ROWS, 3 * CHUNK_ROWS - 1]
    assert [row for chunk in table.chunks(picked) for row in chunk] == [[f"r{i}"] for i in picked]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))] * 2), min_size=1)
)
def test_what_the_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("first", "second"), *rows])
    assert cells(path) == [list(row) for row in rows]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + ("x" * 1_000 + "," + "y" * 1_000 + "\n") * 15_000)  # 30 MB
    tracemalloc.start()
    try:
        assert sum(len(chunk) for chunk in open_table(path).chunks()) == 15_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20  # the rows drawn are held, 8 MB of them at most


def test_rows_are_drawn_without_replacement_and_each_as_likely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.privacy.source.DRAW_ROWS", 20)
    path = write(tmp_path, "n\n" + "".join(f"{i}\n" for i in range(100)))
    seen = [0] * 100
    for seed in range(300):
        drawn = open_table(path, seed=seed).draw
        assert len({i for i, _ in drawn}) == 20
        assert all(row == [str(i)] for i, row in drawn)
        for i, _ in drawn:
            seen[i] += 1
    assert min(seen) > 60 - 4 * 7  # 60 expected, a standard deviation of 7
    assert max(seen) < 60 + 4 * 7


def test_roles_of_a_conversation_are_columns(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}
    share_gpt = {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
    parts = {"messages": [{"role": "user", "content": [{"type": "text", "text": "p"}, {"type": "text", "text": "q"}]}]}
    twice = {"messages": [{"role": "user", "content": "1"}, {"role": "user", "content": "2"}]}
    path = write(tmp_path, "\n".join(map(json.dumps, [chat, share_gpt, parts, twice])), "chat.jsonl")
    assert open_table(path).columns == ("user", "assistant")
    assert cells(path) == [["hi", "ho"], ["a", "b"], ["p\nq", ""], ["1\n2", ""]]


def test_instruction_files_have_their_own_columns(tmp_path: Path) -> None:
    path = write(tmp_path, '{"instruction": "do", "input": "", "output": "done"}\n', "tune.jsonl")
    assert open_table(path).columns == ("instruction", "input", "output")


def test_nested_parquet_becomes_flat_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2],
            "who": [{"mail": "a@example.org", "n": 1}, {"mail": "b@example.org", "n": None}],
            "tags": [["x", "y"], []],
            "messages": [[{"role": "user", "content": "call me"}], [{"role": "user", "content": "no"}]],
            "raw": [b"ab", b"\xff"],
            "day": pa.array([0, 1], pa.timestamp("s")),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    assert open_table(tmp_path / "t.parquet").columns == ("id", "who.mail", "who.n", "tags", "user", "raw", "day")
    assert cells(tmp_path / "t.parquet") == [
        ["1", "a@example.org", "1", "x\ny", "call me", "ab", "1970-01-01 00:00:00.000"],
        ["2", "b@example.org", "", "", "no", "ÿ", "1970-01-01 00:00:01.000"],
    ]


def test_each_sheet_of_a_workbook_is_a_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first, second, _ = book.active, book.create_sheet("More"), book.create_sheet("Empty")
    for row in (["name", "n", "day"], ["Ann", 3.0, datetime(2026, 1, 2)], [None, None, None], ["Bob", 4.5, None]):
        first.append(row)
    second.append(["mail"])
    second.append(["x@example.org"])
    book.save(tmp_path / "book.xlsx")
    one, two = open_tables(tmp_path / "book.xlsx")
    assert (one.name, two.name) == ("book.xlsx [Sheet]", "book.xlsx [More]")
    assert [r for c in one.chunks() for r in c] == [["Ann", "3", "2026-01-02"], ["Bob", "4.5", ""]]
    assert [r for c in two.chunks() for r in c] == [["x@example.org"]]


def test_a_text_is_read_by_paragraphs(tmp_path: Path) -> None:
    path = write(tmp_path, "one\nmore\n\n\ntwo\n", "notes.txt")
    assert cells(path) == [["one\nmore"], ["two"]]


def pdf(text: str) -> bytes:
    """The least PDF that shows a line of text."""
    shown = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode() if text else b""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources "
    page += b"<< /Font << /F1 5 0 R >> >> >>"
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page]
    parts.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown))
    parts.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    out, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 6\n0000000000 65535 f \n"
    return out + head + table + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out)


def test_a_pdf_is_read_and_one_without_text_or_with_a_password_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, pdf("write to gus at example.org"), "doc.pdf")
    assert cells(path) == [["write to gus at example.org"]]
    locked = pypdf.PdfWriter(clone_from=str(path))
    locked.encrypt("secret", algorithm="RC4-128")
    locked.write(str(tmp_path / "locked.pdf"))
    with pytest.raises(InputError, match=r"locked.pdf: locked by a password"):
        open_table(tmp_path / "locked.pdf")
    with pytest.raises(InputError, match="a PDF without text"):
        open_table(write(tmp_path, pdf(""), "scan.pdf"))
    both = pypdf.PdfWriter()
    for name in ("doc.pdf", "scan.pdf"):
        both.append(str(tmp_path / name))
    both.write(str(tmp_path / "both.pdf"))
    table = open_table(tmp_path / "both.pdf")
    assert (table.rows, table.faults.left_out) == (1, 1)
    assert "1 page without text" in table.faults.sentences()[0]


def test_a_folder_means_its_files_of_known_kinds(tmp_path: Path) -> None:
    for name in ("b.csv", "sub/a.jsonl", "sub/x.bin", ".hidden/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path, "x", name)
    assert [p.name for p in walk([tmp_path, tmp_path / "b.csv"])] == ["b.csv", "a.jsonl"]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no file in it that is read"):
        walk([empty])
