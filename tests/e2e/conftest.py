"""A real server on a free port, and a real browser where there is one."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        for item in items:
            if "browser" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="no chromium on the PATH: browser tests are skipped"))


@dataclass
class Server:
    """A dashboard started for a test, with a var folder of its own; `seconds` is how long it took to be healthy."""

    url: str
    var: Path
    process: subprocess.Popen[bytes]
    seconds: float

    @classmethod
    def start(cls, var: Path, port: int | None = None, **env: str) -> "Server":
        port = port or free_port()
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
        own = os.environ | {"PREFLIGHT_VAR": str(var), "PREFLIGHT_IDLE_S": "5", "PREFLIGHT_PREPARE": "false"} | env
        var.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with open(var / "server.log", "ab") as log:
            process = subprocess.Popen(command, cwd=PROJECT, env=own, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        while time.monotonic() - began < 60:
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                    return cls(url, var, process, time.monotonic() - began)
            except OSError:
                time.sleep(0.02)
        process.kill()
        raise RuntimeError((var / "server.log").read_text(encoding="utf-8", errors="replace")[-2000:])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    return {"executable_path": CHROMIUM, "args": quiet}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    it = Server.start(tmp_path_factory.mktemp("dashboard") / "var")
    yield it
    it.stop()
