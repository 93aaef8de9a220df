"""Bad tables are refused with one clear message that shows no text; good ones are split without leaks."""

import json
import math
import pickle
import time
import zipfile
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.model.data import Rows, ScoredRows, normalised, read_rows, read_scores
from core.model.split import split, split_scores

SECRET = "Call Zarathustra Quill on 0170 5551234"
Table = Callable[..., Path]


def refused(path: Path, **kwargs: int) -> str:
    def use() -> None:
        split(read_rows(path, "text", "label", **kwargs), None, 7, path.name)

    with pytest.raises(InputError) as caught:
        use()
    message = str(caught.value)
    assert "Zarathustra" not in message
    assert "5551234" not in message
    assert str(path.parent) not in message
    assert "\n" not in message
    return message


def test_a_plain_csv_is_read(table: Table) -> None:
    rows = read_rows(table([("a, b", "x"), ('say "hi"\nthere', "y")]), "text", "label")
    assert rows == Rows(("a, b", 'say "hi"\nthere'), ("x", "y"))


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "bom.csv"
    path.write_bytes(b"\xef\xbb\xbftext,label\ngr\xc3\xbc\xc3\x9fe,x\n")
    assert read_rows(path, "text", "label").texts == ("grüße",)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found_by_the_column_names(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"id{delimiter}text{delimiter}label\n1{delimiter}a, b{delimiter}x\n", encoding="utf-8")
    assert read_rows(path, "text", "label") == Rows(("a, b",), ("x",))


def test_json_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps({"text": t, "label": i}) for i, t in enumerate(["ä", "b"])), encoding="utf-8")
    assert read_rows(path, "text", "label") == Rows(("ä", "b"), ("0", "1"))


def test_a_broken_json_line_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "label": "x"}\n{"text": "' + SECRET, encoding="utf-8")
    assert "line 2" in refused(path)


def jsonl(folder: Path, *records: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records), encoding="utf-8")
    return path


def parquet(folder: Path, texts: object, labels: object, **more: object) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(pa.table({"text": texts, "label": labels} | more), path)
    return path


def test_a_line_separator_inside_a_json_text_does_not_break_the_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a\u2028b\u0085c", "label": "x"}\n\n{"text": "d", "label": "y"}\n', encoding="utf-8")
    rows = read_rows(path, "text", "label")
    assert rows.texts == ("a\u2028b\u0085c", "d")
    assert rows.rows == (1, 3)


@pytest.mark.parametrize("value", [["a"], {"a": 1}])
@pytest.mark.parametrize("column", ["text", "label"])
def test_a_list_or_object_in_a_json_cell_is_refused_by_line(tmp_path: Path, column: str, value: object) -> None:
    path = jsonl(tmp_path, {"text": "a", "label": "x"}, {"text": SECRET, "label": "y"} | {column: value})
    message = refused(path)
    assert "line 2" in message
    assert f"'{column}' holds a list or an object" in message


def test_half_a_character_and_bottomless_nesting_are_refused_by_line(tmp_path: Path) -> None:
    assert "line 1: 'text' holds half a character" in refused(jsonl(tmp_path, '{"text": "\\ud83d", "label": "x"}'))
    assert "line 1: not JSON" in refused(jsonl(tmp_path, '{"text": ' + "[" * 200_000))


def test_numbers_and_texts_written_alike_become_one_class_and_this_is_said(tmp_path: Path) -> None:
    rows = read_rows(
        jsonl(tmp_path, *({"text": f"t{i}", "label": [1, "1", 1.0][i % 3]} for i in range(9))), "text", "label"
    )
    assert set(rows.labels) == {"1"}
    assert "label column mixes numbers (6) and text (3)" in rows.notes[0]
    assert read_rows(jsonl(tmp_path, {"text": "a", "label": "x"}), "text", "label").notes == ()


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, "", "NaN", "null", "<NA>"])
def test_what_means_no_label_is_no_class(tmp_path: Path, nothing: object) -> None:
    assert "1 row has no label (line 2)" in refused(
        jsonl(tmp_path, {"text": "a", "label": "x"}, {"text": SECRET, "label": nothing})
    )


def test_a_class_called_none_stays_one_and_this_is_said(table: Table) -> None:
    rows = read_rows(table([("a", "None"), ("b", "x")]), "text", "label")
    assert rows.labels == ("None", "x")
    assert "'None' (1 of 2 rows) is a class" in rows.notes[0]


def test_a_tab_separated_file_may_hold_commas_in_its_first_row(tmp_path: Path) -> None:
    for name in ("rows.tsv", "rows.TAB"):
        (tmp_path / name).write_text("text\tlabel\tnotes, remarks\na, b\tx\t\n")
        assert read_rows(tmp_path / name, "text", "label") == Rows(("a, b",), ("x",))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (pa.array(["x", "y", "x"]).dictionary_encode(), ("x", "y", "x")),
        (pa.array([1, 2, 1], pa.int8()), ("1", "2", "1")),
        (pa.array([1.0, 2.0, 1.5]), ("1", "2", "1.5")),
        (pa.array([True, False, True]), ("True", "False", "True")),
        (pa.array(["x", "y", "x"], pa.large_string()), ("x", "y", "x")),
    ],
)
def test_parquet_labels_of_every_plain_type_are_read(tmp_path: Path, labels: pa.Array, names: tuple[str, ...]) -> None:
    # A column that is not asked for may hold anything.
    rows = read_rows(parquet(tmp_path, ["a", "ä\n", "c"], labels, other=[[1], [], None]), "text", "label")
    assert rows == Rows(("a", "ä", "c"), names)
    assert rows.rows == (2, 3, 4)


def test_a_parquet_file_is_known_by_its_bytes_whatever_it_is_called(tmp_path: Path) -> None:
    path = parquet(tmp_path, ["a"], ["x"]).rename(tmp_path / "rows.csv")
    assert read_rows(path, "text", "label").texts == ("a",)


def test_parquet_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "'label' holds several values a row" in refused(parquet(tmp_path, [SECRET], [["x"]]))
    assert "'text' holds values of type binary" in refused(parquet(tmp_path, [SECRET.encode()], ["x"]))
    assert "no column 'label'" in refused(pq_without_label(tmp_path))
    assert "1 row has no label (row 3)" in refused(parquet(tmp_path, ["a", SECRET], [1.0, math.nan]))
    good = parquet(tmp_path, [f"{SECRET} {i}" for i in range(500)], ["x", "y"] * 250)
    content = good.read_bytes()
    for damaged in (content[:-9], content[: len(content) // 2], b"PAR1", SECRET.encode(), b""):
        good.write_bytes(damaged)
        assert "not a Parquet file, or damaged" in refused(good)
    assert "cannot be read" in refused(tmp_path / "none.parquet")


def pq_without_label(folder: Path) -> Path:
    pq.write_table(pa.table({"text": ["a"], "intent": ["x"]}), folder / "rows.parquet")
    return folder / "rows.parquet"


def test_parquet_with_too_many_rows_is_refused_before_any_is_read(tmp_path: Path) -> None:
    path = parquet(tmp_path, [f"t{i}" for i in range(20_000)], ["x", "y"] * 10_000)
    content = bytearray(path.read_bytes())
    content[4:200] = b"\xff" * 196  # the pages: reading them would call the file damaged
    path.write_bytes(content)
    assert "more than 10 rows" in refused(path, max_rows=10)


@pytest.mark.parametrize(("kind", "advice"), [("v", "Group them into fewer classes"), ("", "train a score")])
def test_a_label_column_of_5000_values_is_refused(table: Table, kind: str, advice: str) -> None:
    message = refused(table([(f"t{i}", f"{kind}{i % 5000}") for i in range(15_000)]))
    assert "5,000 different values in 15,000 rows" in message
    assert advice in message


def test_texts_of_100_000_characters_are_read_and_split_quickly(table: Table) -> None:
    rows = [(f"{i} " + "word, " * 16_700, "xy"[i % 2]) for i in range(40)]
    begun = time.perf_counter()
    made = split(read_rows(table(rows), "text", "label"), None, 7, "rows.csv")
    assert time.perf_counter() - begun < 10
    assert min(len(t) for t in made.train.texts) > 100_000


def test_scores_are_finite_numbers_or_refused_by_row(table: Table) -> None:
    scored = read_scores(table([("a", "1.5"), ("b", "-2"), ("c", "1e3")]), "text", "label")
    assert scored.scores == (1.5, -2.0, 1000.0)
    assert scored.rows == (2, 3, 4)
    bad = ["inf", "1,5", "five", "1_000"]
    with pytest.raises(InputError, match=r"4 rows have a label that is not a number \(row 3, 4, 5, 6\)"):
        read_scores(table([("a", "1"), *((SECRET, c) for c in bad)]), "text", "label")
    with pytest.raises(InputError, match="every row has the score 3"):
        read_scores(table([("a", "3"), ("b", "3.0")]), "text", "label")


def test_every_side_knows_the_rows_of_the_file(table: Table) -> None:
    rows = read_rows(table([(f"t{i}", "ab"[i % 2]) for i in range(40)]), "text", "label")
    made = split(rows, None, 7, "rows.csv")
    for side in (made.train, made.validation, made.test):
        assert side.texts == tuple(f"t{row - 2}" for row in side.rows)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n  \n"])
def test_an_empty_file_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "e.csv").write_bytes(content)
    assert "is empty" in refused(tmp_path / "e.csv")


def test_a_header_without_rows_says_so(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("text,label\n")
    assert "no rows" in refused(tmp_path / "e.csv")


def test_a_wrong_encoding_names_the_byte_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin1.csv"
    path.write_bytes(b"text,label\n" + SECRET.encode() + b",x\ncaf\xe9,y\n")
    bad = path.read_bytes().index(b"\xe9") + 1
    message = refused(path)
    assert f"byte {bad}, in line 3, is 0xE9" in message
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert f"byte {bad + 3}, in line 3, is 0xE9" in refused(path)


def test_utf16_is_named(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("text,label\na,x\n", encoding="utf-16")
    assert "UTF-16" in refused(tmp_path / "u.csv")


def test_a_pickle_a_zip_and_a_binary_file_are_refused_unopened(tmp_path: Path) -> None:
    fired = tmp_path / "fired"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (fired,)

    (tmp_path / "p.csv").write_bytes(pickle.dumps(Trap()))
    assert "pickle" in refused(tmp_path / "p.csv")
    assert not fired.exists()
    with zipfile.ZipFile(tmp_path / "z.csv", "w") as z:
        z.writestr("rows.csv", "text,label\n")
    assert "ZIP" in refused(tmp_path / "z.csv")
    (tmp_path / "n.csv").write_bytes(b"text,label\na\0b,x\n")
    assert "zero byte at byte 13" in refused(tmp_path / "n.csv")


def test_a_missing_column_lists_those_that_are_there(table: Table) -> None:
    message = refused(table([(SECRET, "x")], header=("Text", "intent")))
    assert "no column 'text' and no column 'label'" in message
    assert "'Text', 'intent'" in message


def test_a_first_row_of_data_is_not_shown_as_columns(table: Table) -> None:
    assert "does not look like column names" in refused(table([("b", "y")], header=(SECRET, "x")))


def test_two_columns_of_one_name_are_refused(table: Table) -> None:
    assert "two columns are called 'text'" in refused(table([("a", "b", "x")], header=("text", "text", "label")))


def test_a_row_with_other_cells_than_the_header_is_named(table: Table) -> None:
    assert "row 3: 3 cells under 2 columns" in refused(table([("a", "x"), (SECRET, "b", "x")]))


def test_an_unclosed_quote_is_named(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text(f'text,label\na,x\n"{SECRET},x\n')
    assert "after row 2" in refused(tmp_path / "q.csv")


def test_empty_texts_and_labels_are_counted_with_their_rows(table: Table) -> None:
    message = refused(table([("a", "x"), ("  ", "x"), (SECRET, ""), ("", "y"), ("b", "NaN")]))
    assert "2 rows have no text (row 3, 5)" in message
    assert "2 rows have no label (row 4, 6)" in message


def test_too_many_rows_are_refused(table: Table) -> None:
    rows = [(f"t{i}", "xy"[i % 2]) for i in range(11)]
    assert "more than 10 rows" in refused(table(rows), max_rows=10)
    assert len(read_rows(table(rows), "text", "label", max_rows=11)) == 11


def test_one_class_only_is_named(table: Table) -> None:
    assert "every row has the label 'x'" in refused(table([(f"{SECRET} {i}", "x") for i in range(9)]))


def test_a_class_with_one_row_is_named(table: Table) -> None:
    message = refused(table([(f"{SECRET} {i}", "xy"[i % 2]) for i in range(20)] + [("b", "rare")]))
    assert "1 class has a single row ('rare')" in message


def test_texts_given_as_labels_are_not_shown(table: Table) -> None:
    for n in (3, 40):
        assert "looks like free text" in refused(table([("a", f"{SECRET} no {i}") for i in range(n)]))


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "none.csv")


def test_text_and_label_are_two_columns(table: Table) -> None:
    with pytest.raises(InputError, match="name two columns"):
        read_rows(table([("a", "x")]), "text", "text")


def rows_of(pairs: list[tuple[str, str]]) -> Rows:
    return Rows(tuple(t for t, _ in pairs), tuple(c for _, c in pairs))


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=12, max_size=90),
    st.integers(0, 5),
)
def test_no_text_straddles_and_no_row_is_lost(pairs: list[tuple[int, str]], seed: int) -> None:
    shapes = ["Text {}", "text  {}", "TEXT {} "]
    rows = rows_of([(shapes[i % 3].format(t), c) for i, (t, c) in enumerate(pairs)])
    try:
        made = split(rows, None, seed, "rows.csv")
    except InputError:
        return
    sides = (made.train, made.validation, made.test)
    assert sum(len(s) for s in sides) == len(rows)
    seen = [{normalised(t) for t in s.texts} for s in sides]
    assert not any(a & b for a, b in combinations(seen, 2))
    every = set(range(len(made.classes)))
    assert set(made.train.labels) == every == set(made.test.labels)
    assert made == split(rows, None, seed, "rows.csv")


def test_the_split_is_stratified_and_follows_the_seed() -> None:
    rows = rows_of([(f"t{i}", "a" if i % 4 else "b") for i in range(400)])
    made = split(rows, None, 7, "rows.csv")
    # Runs that began under an earlier version resume by this hash.
    assert made.sha256 == "c6625efb99f3b47ad9c1742338f8c6c8b15f324f2137c3e722f49bed02e62413"
    assert (len(made.train), len(made.validation), len(made.test)) == (288, 32, 80)
    for side in (made.train, made.validation, made.test):
        assert side.labels.count(made.classes.index("b")) == len(side) / 4
    assert made.sha256 != split(rows, None, 8, "rows.csv").sha256


def test_the_smallest_usable_table_is_split_and_a_smaller_one_refused() -> None:
    made = split(rows_of([(f"{c}{i}", c) for c in "ab" for i in range(5)]), None, 7, "rows.csv")
    assert min(len(made.train), len(made.validation), len(made.test)) >= 2
    with pytest.raises(InputError, match="too few rows"):
        split(rows_of([(f"{c}{i}", c) for c in "ab" for i in range(4)]), None, 7, "rows.csv")


def test_a_class_of_one_repeated_text_is_refused_by_name() -> None:
    rows = rows_of([(f"t{i}", "ab"[i % 2]) for i in range(30)] + [("same", "c")] * 4)
    with pytest.raises(InputError, match="too few different texts in 'c'"):
        split(rows, None, 7, "rows.csv")


def test_training_rows_that_the_test_file_holds_are_left_out() -> None:
    rows = rows_of([(f"t{i}", "ab"[i % 2]) for i in range(40)])
    test = rows_of([("T3 ", "b"), ("t4", "a"), ("new", "a")])
    made = split(rows, test, 7, "rows.csv")
    assert made.left_out == 2
    assert made.test.texts == test.texts
    assert not {"t3", "t4"} & {*made.train.texts, *made.validation.texts}


def test_test_labels_that_no_training_row_has_are_named() -> None:
    rows = rows_of([(f"t{i}", "ab"[i % 2]) for i in range(40)])
    test = rows_of([(f"n{i}", "a") for i in range(9)] + [("n", "zebra")])
    with pytest.raises(InputError, match="no training row has: 'zebra'"):
        split(rows, test, 7, "rows.csv")


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(-5, 5)), min_size=40, max_size=200), st.integers(0, 5))
def test_scores_are_split_without_straddling_texts_and_each_side_sees_the_whole_scale(
    pairs: list[tuple[int, float]], seed: int
) -> None:
    rows = ScoredRows(tuple(f"t{t}" for t, _ in pairs), tuple(s for _, s in pairs), tuple(range(2, len(pairs) + 2)))
    if len({t for t, _ in pairs}) < 50:
        with pytest.raises(InputError, match="different texts"):
            split_scores(rows, None, seed, "rows.csv")
        return
    made = split_scores(rows, None, seed, "rows.csv")
    sides = (made.train, made.validation, made.test)
    assert sorted(r for s in sides for r in s.rows) == list(rows.rows)
    assert not any({*a.texts} & {*b.texts} for a, b in combinations(sides, 2))
    assert min(len({*s.texts}) for s in sides) >= 10  # one of each band
    given_test = (
        split_scores(rows, ScoredRows(("t0",), (1.0,), (2,)), seed, "rows.csv") if len({*rows.texts}) > 50 else None
    )
    if given_test:
        assert given_test.left_out == rows.texts.count("t0")
        assert "t0" not in {*given_test.train.texts, *given_test.validation.texts}
