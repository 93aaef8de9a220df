"""A data set's table is fetched from a hub that speaks the hub's protocol; each way to fail is one plain line."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import huggingface_hub.constants
import pytest

from core.errors import InputError
from core.model.data import read_rows
from core.model.hub import Source, fetch, fetch_for, source
from core.progress import Cancelled
from core.settings import settings

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TABLE = b"text,label\n" + b"".join(b"text %d,%s\n" % (i, b"ab"[i % 2 : i % 2 + 1]) for i in range(50))
REPOS = {
    "o/plain": {"main": ["README.md", "loader.py", "data/train.csv", "data/test.csv", "data/latest.csv"]},
    "o/lone": {"main": ["rows.jsonl", "loader.py"]},
    "o/script": {"main": ["loader.py"], "refs/convert/parquet": ["default/train/0000.parquet"]},
    "o/nothing": {"main": ["loader.py", "model.bin"]},
    "o/many": {"main": ["en/train.csv", "de/train.csv"]},
    "o/both": {"main": ["x-train.parquet", "x-train.csv", "x-dev.csv"]},
}


class Hub(BaseHTTPRequestHandler):
    asked: list[str]

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        Hub.asked.append(path)
        if "/resolve/" in path:
            self.send(200, TABLE if body else b"", {"X-Repo-Commit": COMMIT}, len(TABLE))
            return
        repo, _, revision = path.removeprefix("api/datasets/").partition("/tree/")
        if repo == "o/gated":
            self.send(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        elif repo == "o/broken":
            self.send(200, b"<html>not a hub")
        elif repo not in REPOS:
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif revision not in REPOS[repo]:
            self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            size = 10**12 if repo == "o/huge" else len(TABLE)
            files = [{"type": "file", "path": p, "size": size, "oid": "0" * 40} for p in REPOS[repo][revision]]
            self.send(200, json.dumps(files).encode())

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        self.send_response(status)
        tag = hashlib.sha256(self.path.encode()).hexdigest()
        for key, value in {"ETag": f'"{tag}"', "Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Hub.asked = []
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(settings(), "offline", False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def get(name: str, endpoint: str) -> Path:
    wanted = source(name)
    assert wanted is not None
    return fetch(wanted, endpoint=endpoint)


def refused(name: str, endpoint: str) -> str:
    with pytest.raises(InputError) as caught:
        get(name, endpoint)
    message = str(caught.value)
    assert "\n" not in message
    assert "127.0.0.1" not in message
    return message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hf:o/plain", Source("o/plain", None, None)),
        ("o/plain@test", Source("o/plain", None, "test")),
        ("o/plain:en@dev", Source("o/plain", "en", "dev")),
        ("rows.csv", None),
        ("data/rows.csv", None),
        ("./o/plain", None),
        ("/o/plain", None),
        ("o/plain/more", None),
    ],
)
def test_a_data_sets_name_is_told_from_a_path(name: str, expected: Source | None) -> None:
    assert source(name) == expected


def test_a_folder_that_is_there_is_no_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "o" / "plain").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert source("o/plain") is None
    assert source("hf:o/plain") is not None


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("o/plain", "data/train.csv"),
        ("o/plain@test", "data/test.csv"),
        ("o/lone", "rows.jsonl"),
        ("o/script", "default/train/0000.parquet"),
        ("o/many:de", "de/train.csv"),
        ("o/both", "x-train.csv"),
        ("o/both@validation", "x-dev.csv"),
    ],
)
def test_the_one_file_of_the_split_is_downloaded_and_nothing_else(hub: str, name: str, file: str) -> None:
    assert get(name, hub).read_bytes() == TABLE
    resolved = [path for path in Hub.asked if "/resolve/" in path]
    assert resolved
    assert all(path.endswith(f"/{file}") for path in resolved)


def test_what_was_fetched_is_read_as_a_table(hub: str) -> None:
    assert len(read_rows(get("hf:o/plain", hub), "text", "label")) == 50


def test_each_way_to_fail_is_one_line_that_says_what_to_do(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "none of this name" in refused("o/unknown", hub)
    assert "terms accepted" in refused("o/gated", hub)
    assert "scripts are never run" in refused("o/nothing", hub)
    assert "scripts are never run" in refused("o/plain@holdout", hub)
    assert "2 files fit (en/train.csv, de/train.csv)" in refused("o/many", hub)
    assert "cannot be reached, or broke off" in refused("o/broken", hub)
    monkeypatch.setitem(REPOS, "o/huge", {"main": ["train.csv"]})
    assert "1,000,000 MB, more than the 100 MB allowed" in refused("o/huge", hub)
    assert not any("/resolve/" in path for path in Hub.asked)


def test_offline_nobody_is_asked(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "offline", True)
    assert "PREFLIGHT_OFFLINE is set" in refused("o/plain", hub)
    assert Hub.asked == []


def test_the_listener_hears_of_the_download_and_may_end_it(hub: str) -> None:
    heard: list[float] = []
    wanted = Source("o/plain", None, None)
    fetch(wanted, endpoint=hub, progress=lambda done, total, note="": heard.append(done / total))
    assert heard[-1] == 1

    def stop(done: float, total: float, note: str = "") -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(Source("o/plain", None, "test"), endpoint=hub, progress=stop)


def test_a_hub_that_cannot_be_reached_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from core.model.hub import Source, fetch; fetch(Source('o/plain', None, None))"
    env = os.environ | {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(tmp_path), "PREFLIGHT_OFFLINE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert (
        "Data set o/plain: the hub cannot be reached, or broke off. Download the file yourself and upload it." in last
    )


def test_the_job_of_a_page_leaves_the_table_under_a_name_that_says_whose_it_is(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.model.hub.fetch", partial(fetch, endpoint=hub))
    told = fetch_for({"name": " o/plain@test "}, tmp_path)
    assert told == {"file": "o-plain-test.csv", "name": "o/plain@test"}
    assert (tmp_path / told["file"]).read_bytes() == TABLE
    with pytest.raises(InputError, match="not the name of a data set"):
        fetch_for({"name": "https://somewhere/else"}, tmp_path)
