"""Tiny packages made for a test: dist-info folders, wheels, and an index that serves them on this machine only."""

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from licences_support import Handler, Headers, Index, metadata


@pytest.fixture
def make_dist() -> Callable[..., Path]:
    """Write a dist-info folder: make_dist(site, "name", "1.0", {"License": "MIT"}, {"LICENSE": text})."""

    def make(
        site: Path, name: str, version: str = "1.0", headers: Headers | None = None, files: dict[str, str] | None = None
    ) -> Path:
        folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(metadata(name, version, headers or {}), "utf-8")
        for path, text in (files or {}).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
        return folder

    return make


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index of one's own packages, set up as this machine's index, with an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    made = Index(folder)
    handler = type("OwnHandler", (Handler,), {"index": made})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.url = f"http://127.0.0.1:{server.server_port}/simple"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("UV_DEFAULT_INDEX", made.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield made
    server.shutdown()
    server.server_close()
