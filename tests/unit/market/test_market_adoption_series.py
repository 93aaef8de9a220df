"""What is wrong with a series is one message with its row and what to do, on the command line too."""

import json
from pathlib import Path

import pytest
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
        ("year,sales\n2020,1\n2021,2\n2022,3\n2023,4\n", "row 2: has 2 columns; keep one"),
        ("1\n2\nnan\n4\n", "row 3: is no finite number"),
        ('"1,200"\n2\n3\n4\n5\n6,5\n', "row 6: has 2 columns"),
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
