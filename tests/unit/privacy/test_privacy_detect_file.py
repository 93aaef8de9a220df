"""`privacy detect`: JSON lines in and out, whole engines in a pool, nothing raw in a message, nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.errors import InputError
from core.privacy.pool import batches
from core.privacy.texts import detect_file
from core.settings import PROJECT


def test_ids_and_offsets_are_kept_and_broken_lines_are_named_without_their_words(tmp_path: Path) -> None:
    text = "\U0001f600 write to ann.lee@example.org"
    lines = [json.dumps({"id": 7, "text": text}), "Quarterstaff {", json.dumps({"id": "b", "text": ""}), '{"id": 1}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    report = detect_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl", reference=True, workers=1)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [r["id"] for r in rows] == [7, "b"]
    [email] = [s for s in rows[0]["spans"] if s["type"] == "EMAIL_ADDRESS"]
    assert text[email["start"] : email["end"]] == "ann.lee@example.org"
    assert report.named == ["line 2: not JSON", 'line 4: "text" is missing or no text']
    assert os.listdir(tmp_path).count("out.jsonl") == 1
    assert len(os.listdir(tmp_path)) == 2


def test_a_file_without_a_usable_line_leaves_no_output(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("Quarterstaff\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1: not JSON") as error:
        detect_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl", reference=True, workers=1)
    assert "Quarterstaff" not in str(error.value)
    assert os.listdir(tmp_path) == ["in.jsonl"]


def test_batches_keep_every_text_in_order() -> None:
    texts = [str(i) * (i % 400) for i in range(900)]
    assert [t for b in batches(texts) for t in b] == texts
    assert all(len(b) <= 128 for b in batches(texts))


def test_workers_end_when_the_caller_is_killed(tmp_path: Path) -> None:
    code = "from core.privacy.pool import Engine, Pool\nimport time\np = Pool(Engine('core.privacy.texts:answerer', {'reference': True}), workers=2)\np.wait()\nprint('up', flush=True)\ntime.sleep(60)"  # noqa: E501
    path = tmp_path / "hold.py"
    path.write_text(f"if __name__ == '__main__':\n    {code.replace(chr(10), chr(10) + '    ')}\n", encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(PROJECT)}
    caller = subprocess.Popen([sys.executable, str(path)], cwd=PROJECT, env=env, stdout=subprocess.PIPE, text=True)
    assert caller.stdout
    assert caller.stdout.readline() == "up\n"
    workers = psutil.Process(caller.pid).children(recursive=True)
    assert workers
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    deadline = time.monotonic() + 10
    while any(w.is_running() and w.status() != psutil.STATUS_ZOMBIE for w in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [w for w in workers if w.is_running() and w.status() != psutil.STATUS_ZOMBIE]
