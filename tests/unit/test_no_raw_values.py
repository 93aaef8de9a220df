"""Personal data stays where it was: no value of a data set reaches evidence, run files, logs, streams or errors."""

import csv
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from core.errors import InputError
from core.privacy.leak.sheet import Folder
from core.privacy.measure import measure
from core.privacy.teach import draft as edits
from core.privacy.teach.draft import Draft
from core.privacy.teach.measure import effect
from core.settings import Settings
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


def test_trying_out_rules_leaves_no_value_and_no_taught_word_in_result_files_logs_or_streams(
    tmp_path: Path, own_settings: Settings, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "rows.csv", rows())
    file = tmp_path / "venture.toml"
    file.write_text(VENTURE.replace('label = "kind"', ""))
    text = edits.add("", {"type": "STAFF", "deny_list": [PLANTED["single"], PLANTED["name"]]})
    text = edits.threshold(edits.allow(text, [PLANTED["ip"]]), "EMAIL_ADDRESS", 1.0)
    Draft(Folder.of(own_settings.var, str(file)).path, "privacy.toml").put(text)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    notes: list[str] = []
    with caplog.at_level(logging.DEBUG):
        told = effect({"venture": str(file)}, run_dir, lambda done, total, note="": notes.append(note))
    assert {t["type"]: (t["gained"] > 0, t["lost"] > 0) for t in told["drawn"]["types"]}["IP_ADDRESS"] == (False, True)
    [reach] = told["reach"]
    assert (reach["type"], reach["values"]) == ("STAFF", 2)
    assert told["labelled"] is None
    streams = capfd.readouterr()
    said = [json.dumps(told, ensure_ascii=False), caplog.text, streams.out, streams.err, *notes]
    assert [leaks(PLANTED, text) for text in said] == [[]] * len(said)
    assert not list(run_dir.iterdir())


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


REFUSED = ("no header", "header only", "json", "json list")


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_scanned_or_refused_without_a_value_in_evidence_messages_or_the_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    name = "rows.jsonl" if case.startswith("json") else "rows.csv"
    (tmp_path / name).write_bytes(BROKEN[case](write(tmp_path / "good.csv", rows())))
    told = ""
    with caplog.at_level(logging.DEBUG):
        try:
            told = json.dumps([r.as_json(detail=True) for r in measure(venture(tmp_path, name), tmp_path)])
        except InputError as error:
            told = "".join(traceback.format_exception(error))
            assert case in REFUSED, told
    assert leaks(PLANTED, told + caplog.text) == []


def test_a_failure_within_the_scan_quotes_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A programming error's traceback goes to the job's log: frames name code, not data."""
    write(tmp_path / "rows.csv", rows())

    def fail(*args: object, **how: object) -> None:
        raise ValueError(f"did not find {args[0]}")

    from core.privacy.detect import detector

    monkeypatch.setattr(detector()._engine, "found", fail)
    with pytest.raises(RuntimeError) as error:
        measure(venture(tmp_path), tmp_path)
    assert leaks(PLANTED, "".join(traceback.format_exception(error.value))) == []


VENTURE = """schema = 1
name = "Test"
[model]
epochs = 1
[[datasets]]
id = "a"
path = "rows.csv"
text = "note"
label = "kind"
"""


def assess(folder: Path) -> tuple[int, str]:
    """Assess the venture in `folder` as a founder would, and return the exit code and all that was printed."""
    env = os.environ | {"PREFLIGHT_VAR": str(folder / "var"), "PREFLIGHT_OFFLINE": "1", "PREFLIGHT_IDLE_S": "0"}
    command = [sys.executable, "-m", "core", "assess", str(folder), "--json", "--out", str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=280)
    return done.returncode, done.stdout + done.stderr


def everything_kept(folder: Path) -> dict[str, str]:
    """What a whole assessment leaves behind: database, logs, run files, reports; not the model's own vocabulary."""
    files = [p for p in (*(folder / "var").rglob("*"), *(folder / "out").rglob("*")) if p.is_file()]
    kept = [
        p for p in files if not ({"model", "base"} & set(p.parts) or p.suffix == ".safetensors" or "token" in p.name)
    ]
    assert any(p.name.startswith("app.db") for p in kept)
    assert any(p.name == "log" for p in kept)
    return {str(p.relative_to(folder)): p.read_bytes().decode("utf-8", "replace") for p in kept}


def test_a_whole_assessment_leaves_no_value_in_store_logs_run_files_or_streams(tmp_path: Path) -> None:
    table = [["note", "kind"], *([note, "ab"[i % 2]] for i, (_, _, note) in enumerate(rows()[1:]))]
    table += [[f"a different line of text, number {i}", "ab"[i % 2]] for i in range(60)]
    write(tmp_path / "rows.csv", table)
    (tmp_path / "venture.toml").write_text(VENTURE)
    code, printed = assess(tmp_path)
    assert code in (20, 30), printed
    assert '"privacy.direct_share"' in printed
    assert leaks(PLANTED, printed) == []
    assert {name: found for name, text in everything_kept(tmp_path).items() if (found := leaks(PLANTED, text))} == {}


def test_a_failed_assessment_leaves_no_value_either(tmp_path: Path) -> None:
    text = write(tmp_path / "rows.csv", [["note", "kind"], *([v, "a"] for v in PLANTED.values())])
    (tmp_path / "rows.csv").write_text(text + f'"{PLANTED["name"]}" {PLANTED["ssn"]},x,{PLANTED["email"]}\n')
    (tmp_path / "venture.toml").write_text(VENTURE)
    code, printed = assess(tmp_path)
    assert code == 2, printed
    assert leaks(PLANTED, printed) == []
    assert {name: found for name, text in everything_kept(tmp_path).items() if (found := leaks(PLANTED, text))} == {}
