"""Personal data stays where it was: no value of a data set reaches evidence, run files, logs, streams or errors."""

import csv
import json
import logging
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from core.errors import InputError
from core.privacy.measure import measure
from core.venture import Venture, parse

PIECE = 6  # characters in a row that may not appear; words of column names and methods are shorter or excluded below

PLANTED = {
    "name": "Zebulonia Quarterstaff-Okonkwo",
    "single": "Wrexlingford",
    "email": "zq.okonkwo77@pelargonium-post.co.uk",
    "phone": "+44 7400 918273",
    "ssn": "212-54-8731",
    "card": "5425 2334 3010 9903",
    "iban": "DE75512108001245126199",
    "ip": "203.0.113.197",
    "chinese": "欧阳锋住在成都市锦江区",
}


def pieces(value: str) -> Iterable[str]:
    """The value and every stretch of it that is long enough to give it away."""
    yield value
    yield from (value[i : i + PIECE] for i in range(len(value) - PIECE + 1))


def leaks(planted: Mapping[str, str], text: str) -> list[str]:
    """The keys of planted values of which a piece stands in a text, in upper or lower case or JSON escaped."""
    texts = [t.casefold() for t in (text, text.encode().decode("unicode_escape", "replace"))]
    return [key for key, value in planted.items() if any(p.casefold() in t for p in pieces(value) for t in texts)]


def rows() -> list[list[str]]:
    """Each value alone in its cell, inside a sentence, as the odd one among harmless rows, and repeated."""
    out = [["ref", "customer", "note"]]
    for key, value in PLANTED.items():
        out += [[f"T-{key}", value, f"please help, {value} was wrong, bye"], [value, "someone", "all is well"]]
    return out + [[f"T-{i}", "nobody", "all is well"] for i in range(30)]


def venture(folder: Path, name: str = "rows.csv") -> Venture:
    return parse(
        {"schema": 1, "name": "Test", "datasets": [{"id": "a", "path": name, "text": "note"}]}, folder / "v.toml"
    )


def write(path: Path, table: Iterable[Iterable[str]]) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(table)
    return path.read_text()


def test_leaks_sees_a_value_a_piece_and_an_escape() -> None:
    assert leaks(PLANTED, "nothing of note") == []
    assert leaks(PLANTED, f"x{PLANTED['ssn']}x") == ["ssn"]
    assert leaks(PLANTED, "mr QUARTERSTAFF") == ["name"]
    assert leaks(PLANTED, json.dumps(PLANTED["chinese"])) == ["chinese"]
    assert set(leaks(PLANTED, json.dumps(rows()))) == set(PLANTED)


def test_the_privacy_room_leaves_no_value_in_evidence_files_logs_or_streams(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "rows.csv", rows())
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    notes: list[str] = []
    with caplog.at_level(logging.DEBUG):
        records = measure(venture(tmp_path), run_dir, lambda done, total, note="": notes.append(note))
    found = {t["type"] for t in records[2].detail["types"]}
    assert found >= {"PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS"}
    streams = capfd.readouterr()
    places = {
        "evidence": json.dumps([r.as_json(detail=True) for r in records], ensure_ascii=False),
        "repr": repr(records),
        "run files": "".join(p.read_text() for p in run_dir.rglob("*") if p.is_file()),
        "log": caplog.text,
        "stdout": streams.out,
        "stderr": streams.err,
        "progress": "\n".join(notes),
    }
    assert {place: leaks(PLANTED, text) for place, text in places.items() if leaks(PLANTED, text)} == {}


BROKEN = {
    "latin-1": lambda t: (t + "T,\xe9\xe8,x\n").encode("latin-1", "ignore"),
    "nul": lambda t: (t + "T,\0,x\n").encode(),
    "ragged": lambda t: (t + f"T,{PLANTED['email']},x,{PLANTED['name']}\n").encode(),
    "quotation mark": lambda t: (t + f'T,"{PLANTED["name"]}" {PLANTED["ssn"]},x\n').encode(),
    "open quotation mark": lambda t: (t + f'T,"{PLANTED["name"]},x\n').encode(),
    "no header": lambda t: t.split("\n", 1)[1].replace("T-name", PLANTED["ssn"]).encode(),
    "header only": lambda t: ",".join(f'"{v}"' for v in PLANTED.values()).encode() + b"\n",
    "json": lambda t: json.dumps(PLANTED).encode()[:-1],
    "json list": lambda t: json.dumps(list(PLANTED.values())).encode(),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_without_a_value_in_the_message_or_the_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    name = "rows.jsonl" if case.startswith("json") else "rows.csv"
    (tmp_path / name).write_bytes(BROKEN[case](write(tmp_path / "good.csv", rows())))
    with caplog.at_level(logging.DEBUG), pytest.raises(InputError) as error:
        measure(venture(tmp_path, name), tmp_path)
    told = "".join(traceback.format_exception(error.value))
    assert leaks(PLANTED, told + str(error.value) + caplog.text) == []


def test_a_failure_within_the_scan_quotes_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A programming error's traceback goes to the job's log: frames name code, not data."""
    write(tmp_path / "rows.csv", rows())

    def fail(*args: object, **how: object) -> None:
        raise ValueError(f"did not find {args[0]}")

    from core.privacy.detect import detector

    monkeypatch.setattr(detector()._engine, "analyze", fail)
    with pytest.raises(RuntimeError) as error:
        measure(venture(tmp_path), tmp_path)
    assert leaks(PLANTED, "".join(traceback.format_exception(error.value))) == []
