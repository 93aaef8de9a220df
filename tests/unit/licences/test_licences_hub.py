"""A hub that speaks the hub's protocol is asked what a card declares; each way to fail is said and is unknown."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from core.licences.assets import asset
from core.licences.check import check
from core.licences.hub import declared
from core.settings import settings

CARDS: dict[str, object] = {
    "models/o/free": {"license": "apache-2.0"},
    "models/gpt2": {"license": "mit"},
    "models/o/named": {"license": "other", "license_name": "llama3"},
    "models/o/two": {"license": ["mit", "cc-by-4.0"]},
    "models/o/bare": None,
    "models/o/odd": {"license": 7},
    "datasets/o/rows": {"license": ["cc-by-nc-4.0"]},
}


class Hub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = unquote(self.path).removeprefix("/api/")
        status = 200 if name in CARDS or name == "models/o/broken" else 404
        body = b"<html>" if name == "models/o/broken" else json.dumps({"cardData": CARDS.get(name)}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(settings(), "offline", False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "licence"),
    [("o/free", "apache-2.0"), ("hf:o/free", "apache-2.0"), ("gpt2", "mit"), ("o/named", "llama3"),
     ("o/two", "MIT AND CC-BY-4.0")],
)  # fmt: skip
def test_a_models_licence_is_the_one_its_card_on_the_hub_declares(hub: str, name: str, licence: str) -> None:
    found = declared(name, "model", endpoint=hub)
    assert (found.licence, found.tier) == (licence, "card")
    assert "hub" in found.file


def test_an_id_on_the_command_line_is_judged_by_its_card(hub: str, tmp_path: Path) -> None:
    rows = asset("o/rows", tmp_path, kind="dataset", hub=hub)
    report = check(None, datasets=[rows], cache=tmp_path, offline=True)
    assert report.components[0].modes["saas"].status == "blocked"


@pytest.mark.parametrize(
    ("name", "why"),
    [("o/bare", "names no licence"), ("o/odd", ""), ("o/none", "none of this name"), ("o/broken", "cannot be reached"),
     ("not an id", "no id of the hub"), ("../../etc/passwd", "no id of the hub")],
)  # fmt: skip
def test_what_the_hub_does_not_say_is_unknown_with_the_reason(hub: str, tmp_path: Path, name: str, why: str) -> None:
    found = declared(name, "model", endpoint=hub)
    assert why in found.why
    report = check(None, models=[found], cache=tmp_path, offline=True)
    assert {answer.status for answer in report.components[0].modes.values()} == {"unknown"}


def test_no_hub_is_asked_where_that_is_forbidden_and_none_that_is_not_there_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings(), "offline", False)
    assert "cannot be reached" in declared("o/free", "model", endpoint="http://127.0.0.1:9").why
    monkeypatch.setattr(settings(), "offline", True)
    assert "PREFLIGHT_OFFLINE" in declared("o/free", "model", endpoint="http://127.0.0.1:9").why
