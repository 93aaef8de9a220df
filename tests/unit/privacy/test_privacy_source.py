"""A file is read as what it is, in bounded chunks, or refused with one clear message that quotes no cell."""

import csv
import io
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.privacy.source import CHUNK_ROWS, open_table

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


BROKEN = {
    "empty": (b"", "is empty"),
    "blank": (b"\xef\xbb\xbf \r\n\n", "is empty"),
    "header only": (b"name,text\n", "no rows"),
    "latin-1": (f"name,text\n{SECRET},caf\xe9 noir\n".encode("latin-1"), "byte 35 (line 2) is not UTF-8"),
    "cut character": (f"name,text\n{SECRET},café".encode()[:-1], "not UTF-8"),
    "utf-16": (f"name\n{SECRET}\n".encode("utf-16"), "UTF-16"),
    "nul": (f"name,text\n{SECRET},a\0b\n".encode(), "byte 33 (line 2) is a NUL byte"),
    "pickle": (pickle.dumps({"name": SECRET}), "pickle"),
    "zip": (zipped(), "zip archive or an Excel workbook"),
    "web page": (f"<!DOCTYPE html><p>{SECRET}".encode(), "web page"),
    "ragged": (f"name,text\nA,1\n{SECRET},2,3\n".encode(), "row 2 (line 3) has 3 cells, the header 2"),
    "open quotation mark": (f'name,text\nA,1\n"{SECRET},2\nB,3\n'.encode(), "quotation marks do not match"),
    "stray quotation mark": (f'name,text\n"{SECRET}" x,2\n'.encode(), "quotation marks do not match"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_gives_one_clear_message_without_its_content(tmp_path: Path, case: str) -> None:
    content, message = BROKEN[case]
    with pytest.raises(InputError) as error:
        open_table(write(tmp_path, content), name="uploads/data.csv")
    told = str(error.value)
    assert message in told
    assert told.startswith("uploads/data.csv: ")
    assert "\n" not in told
    assert str(tmp_path) not in told
    assert not any(part in told for part in SECRET.split())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1}\n{"a": \n', "line 2 is not JSON"),
        ('{"a": 1}\n[1, 2]\n', "line 2 is not a JSON object"),
        ('{"a": ' + "[" * 100_000 + "\n", "line 1 is not JSON"),
    ],
)
def test_a_broken_json_line_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_table(write(tmp_path, content, "data.jsonl"))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a file"):
        open_table(tmp_path)


def test_wrong_encoding_is_located_beyond_the_first_block(tmp_path: Path) -> None:
    good = b"text\n" + b"0123456789abcde\n" * 80_000
    with pytest.raises(InputError, match=rf"byte {len(good) + 3:,} \(line 80,002\) is not UTF-8"):
        open_table(write(tmp_path, good + b"ab\xff\n"))


def test_a_character_on_the_border_of_two_blocks_is_read(tmp_path: Path) -> None:
    head = b"text\n" + b"a" * ((1 << 20) - 6)
    assert open_table(write(tmp_path, head + "é\n".encode())).rows == 1


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
    assert open_table(path).columns == ("b", "a", "c")
    assert cells(path) == [["1", "", ""], ["", "x", '{"d": [true]}']]


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
    assert peak < 12 << 20
