"""What is wrong with a series is one message with its row and what to do, on the command line too."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.cli.app import app
from core.errors import InputError
from core.market.adoption.series import read_series

GOOD = "sales\n96\n195\n238\n380\n1045\n1230\n"


def test_a_heading_a_byte_order_mark_and_empty_rows_at_the_end_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text("\ufeff" + GOOD + "\n\n", encoding="utf-8")
    assert read_series(file).tolist() == [96, 195, 238, 380, 1045, 1230]
    file.write_text("1\n2\n3\n4\n", encoding="utf-8")
    assert read_series(file).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sales\n1\n2\n3\n", "has 3 periods; .* at least 4"),
        ("", "has 0 periods"),
        ("sales\n1\n2\n\n4\n5\n", "row 4: is empty, so a period is missing"),
        ("sales\n1\n2\n-3\n4\n", "row 4: is negative; sales of a period are 0 or more"),
        ("sales\n1\n2\nmany\n4\n", "row 4: is no number"),
        ("price,sales\n2.5,1\n2.5,2\n3.5,3\n2,4\n", "row 2: has more than one column, and none names the periods"),
        ("year,sales\n2019,1\n2020,2\n2022,3\n2024,4\n", "2021 and 2023 are missing between 2019 and 2024"),
        ("year,sales\n2019,1\n2020,2\n\n2022,3\n2023,4\n", "2021 is missing between 2019 and 2023"),
        ("year,sales\n2019,1\n2020,\n2021,3\n2022,4\n", r"row 3 \(2020\): is empty, so a period is missing"),
        ("year,sales\n2019,1\n2020,-2\n2021,3\n2022,4\n", "row 3: is negative"),
        ("year,sales\n2019,1\n2020,2\n2020,3\n2021,4\n", "row 4: 2020 stands in row 3 too"),
        ("year,sales\n2019,1\n2020,2\nlast,3\n2021,4\n", "row 4: its period cannot be read"),
        ("year,sales\n2019,1\n2020,2\n2021,3\n", "has 3 periods"),
        ("year,a,b\n2019,1,2\n2020,2,2\n2021,3,2\n2022,3,2\n", "has 3 columns; head the one of sales"),
        ("2021-Q1,1\n2021-Q2,2\n2021-Q4,3\n2022-Q1,4\n", "2021-Q3 is missing"),
        ("t,sales\n1,1\n2,2\n4,3\n5,4\n", "3 is missing between 1 and 5"),
        ("year,sales\n1990,1\n2000,2\n2001,3\n2002,4\n", "1994, 1995 and 4 more are missing"),
        ("1\n2\nnan\n4\n", "row 3: is no finite number"),
        ('"1,200"\n2\n9\n4\n5\n6,5\n', "row 6: has more than one column"),
        ('9\n"1,200"\n2\n3\n', "row 2: is no number; .* separators"),
        ("0\n0\n0\n0\n", "nothing was sold"),
        ("1\n" * 401, "401 periods, at most 400"),
    ],
)
def test_each_fault_is_told_with_its_row(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "s.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said) as told:
        read_series(file)
    assert str(told.value).startswith("s.csv")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        "year,sales\n2019,1\n2020,2\n2021,3\n2022,4\n",
        "year;sales\n2022;4\n2021;3\n2020;2\n2019;1\n",
        "sales,period\n1,1\n2,2\n3,3\n4,4\n",
        "1,1\n2,2\n3,3\n4,4\n",
        "Month\tPrice\tUnits\n2021-11\t9\t1\n2021-12\t9\t2\n2022-01\t9\t3\n2022-02\t9\t4\n",
        "2021-03-31,1\n2021-06-30,2\n2021-09-30,3\n2021-12-31,4\n",
        "2020-W52,1\n2020-W53,2\n2021-W01,3\n2021-W02,4\n",
        "week,new customers\n2021-02-07,1\n2021-02-14,2\n2021-02-21,3\n2021-02-28,4\n",
        "Q3 2021,1\nQ4 2021,2\nQ1 2022,3\nQ2 2022,4\n",
        "Jan 2021,1\nFeb 2021,2\nMar 2021,3\nApr 2021,4\n",
    ],
)
def test_a_column_of_periods_beside_the_sales_puts_them_in_order(tmp_path: Path, text: str) -> None:
    file = tmp_path / "s.csv"
    file.write_text(text, encoding="utf-8")
    assert read_series(file).tolist() == [1, 2, 3, 4]


def test_periods_of_another_length_than_was_said_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text("2021-Q1,1\n2021-Q2,2\n2021-Q3,3\n2021-Q4,4\n", encoding="utf-8")
    assert read_series(file, "quarter").tolist() == [1, 2, 3, 4]
    with pytest.raises(InputError, match=r"s\.csv: each of its periods is a quarter, and a year was said; say quarter"):
        read_series(file, "year")


@given(st.integers(1900, 2000), st.permutations(range(8)), st.integers(1, 6))
def test_any_order_of_years_is_read_and_any_gap_is_named(first: int, order: list[int], gone: int) -> None:
    rows = [f"{first + k},{k + 1}" for k in order]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "s.csv"
        file.write_text("\n".join(rows), encoding="utf-8")
        assert read_series(file).tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
        file.write_text("\n".join(r for r in rows if not r.startswith(str(first + gone))), encoding="utf-8")
        with pytest.raises(InputError, match=f"{first + gone} is missing between {first} and {first + 7}"):
            read_series(file)


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    with pytest.raises(InputError, match=r"s\.csv: cannot be read"):
        read_series(file)
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="is not a CSV in UTF-8"):
        read_series(file)


def run(*arguments: str) -> "tuple[int, str, str]":
    done = CliRunner().invoke(app, ["market", "adoption", *arguments])
    if isinstance(done.exception, InputError):
        return 2, done.stdout, str(done.exception)
    return done.exit_code, done.stdout, done.stderr


def test_the_command_prints_one_document_and_says_on_stderr_why_least_squares_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text(GOOD, encoding="utf-8")
    code, out, err = run(str(file), "--json", "--horizon", "2")
    assert code == 0
    told = json.loads(out)
    assert told["identified"] is False
    assert len(told["forecast"]) == 2
    assert "Plain least squares is refused." in err
    code, out, _ = run(str(file), "--model", "logistic", "--form", "density", "--period", "quarter")
    assert code == 0
    assert out.startswith("logistic, density form")
    assert "as likely as not" in out


@pytest.mark.parametrize(
    "wrong", [("--model", "weibull"), ("--form", "levels"), ("--period", "day")], ids=lambda w: w[0]
)
def test_an_unknown_word_is_told_with_those_there_are(tmp_path: Path, wrong: tuple[str, str]) -> None:
    file = tmp_path / "s.csv"
    file.write_text(GOOD, encoding="utf-8")
    code, _, err = run(str(file), *wrong)
    assert code == 2
    assert "must be one of" in err
