"""A stand-in for the package index while uv resolves, so that each wheel is looked into once and not twice.

uv reads each wheel's metadata by itself and keeps no licence of it; reading them again costs 10 to 17 MB for 172
packages. Here uv asks this server, which asks the index: it hands on the pages in their short form (HTML has three
quarters of the bytes of JSON where an index does not compress), says that metadata lies beside each wheel (PEP 658),
and when uv asks for that, reads it from the wheel's end by range requests and keeps it with the licence texts.
"""

import gzip
import html
import http.server
import json
import os
import re
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urljoin, urlsplit

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from core.licences.package import ResolvedPackage
from core.licences.sources.wheel import Wheel, fetch
from core.licences.sources.wire import TIMEOUT_S, RefusedByServerError, get

FRESH_S = 600  # what PyPI allows a page to be kept without asking again
PAGE_BYTES = 50_000_000
AT_ONCE = 16
DEFAULT = "https://pypi.org/simple"
_OTHER = (
    *("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE", "UV_NO_INDEX", "UV_OFFLINE"),
    *("UV_INDEX_STRATEGY", "UV_KEYRING_PROVIDER"),
)
_CONFIGS = ("~/.config/uv/uv.toml", "/etc/uv/uv.toml")
_LINK = re.compile(rb'href="([^"#]*)(#[^"]*)?"')
_BESIDE = re.compile(rb'\sdata-(?:core|dist-info)-metadata(?:="[^"]*")?')


def upstream(environment: Mapping[str, str]) -> str:
    """The one index that this machine is set up with; empty where its settings are more than that."""
    if any(environment.get(name) for name in _OTHER) or any(Path(p).expanduser().is_file() for p in _CONFIGS):
        return ""
    names = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
    url = next((environment[n] for n in names if environment.get(n)), DEFAULT).rstrip("/")
    parts = urlsplit(url)
    plain = parts.scheme in ("http", "https") and "@" not in parts.netloc
    return url if plain and not parts.query else ""


class Relay:
    """Serves one index on this machine only, as long as it is entered."""

    def __init__(self, index: str, cache: Path) -> None:
        """Take the address of the index, and the folder where pages and wheels' metadata are kept."""
        self._index, self._cache = index, cache
        self._files: dict[tuple[str, str], tuple[str, str]] = {}
        self._turn = threading.Semaphore(AT_ONCE)
        handler = type("_Own", (_Handler,), {"relay": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._base = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """What uv is told to ask."""
        return f"{self._base}/simple"

    def __enter__(self) -> Self:
        """Begin to serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="index-relay", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def real(self, url: str) -> str:
        """Where a file that was served here lies."""
        parts = url.removeprefix(f"{self._base}/files/").split("/")
        return self._files.get((parts[0], unquote(parts[-1])), (url, ""))[0]

    def page(self, project: str) -> bytes | None:
        """The page of a project with its wheels pointing here; None where the index has none.

        Raises:
            OSError: the index does not answer.
        """
        with self._turn:
            found = self._page(project)
        return None if found is None else _LINK.sub(lambda m: self._link(project, m), _BESIDE.sub(b"", found))

    def _link(self, project: str, found: re.Match[bytes]) -> bytes:
        url = urljoin(f"{self._index}/{project}/", html.unescape(found[1].decode("utf-8", "replace")))
        fragment = (found[2] or b"").decode("utf-8", "replace")
        file = unquote(url.rpartition("/")[2])
        if not file.endswith(".whl"):
            return f'href="{html.escape(url)}{fragment}"'.encode()
        self._files[project, file] = (url, fragment.removeprefix("#sha256=") if "sha256=" in fragment else "")
        here = f"/files/{project}/{html.escape(url.rpartition('/')[2])}{fragment}"
        return f'href="{here}" data-core-metadata="true"'.encode()

    def _page(self, project: str) -> bytes | None:
        """The page as the index has it, or as it was kept: asked again after ten minutes, fetched only if changed."""
        kept = self._cache / "pages" / project
        tag = kept.with_name(f"{project}.json")
        known = _read(tag) if kept.is_file() else {}
        if known.get("index") == self._index and time.time() - kept.stat().st_mtime < FRESH_S:
            return kept.read_bytes()
        headers = {"Accept": "text/html, application/vnd.pypi.simple.v1+html;q=0.9", "Accept-Encoding": "gzip"}
        if known.get("index") == self._index and known.get("etag"):
            headers["If-None-Match"] = str(known["etag"])
        try:
            answer = get(f"{self._index}/{project}/", headers, PAGE_BYTES, TIMEOUT_S * 3)
        except RefusedByServerError as error:
            if error.status in (404, 410):
                return None
            raise
        if answer.status == 304:
            content, etag = kept.read_bytes(), str(known["etag"])
        else:
            content, etag = answer.body, answer.headers.get("etag", "")
            content = gzip.decompress(content) if answer.headers.get("content-encoding") == "gzip" else content
        _write(kept, content)
        _write(tag, json.dumps({"index": self._index, "etag": etag}).encode())
        return content

    def metadata(self, project: str, file: str) -> bytes | None:
        """The METADATA of a wheel, read from its end and kept; None where that fails."""
        url, sha256 = self._files.get((project, file), ("", ""))
        try:
            name, version, _, _ = parse_wheel_filename(file)
        except InvalidWheelFilename:
            return None
        with self._turn:
            package = fetch(Wheel(name, str(version), url, sha256), self._cache) if url else None
        if not isinstance(package, ResolvedPackage) or package.folder is None:
            return None
        path = package.folder / "METADATA"
        return path.read_bytes() if path.is_file() else None


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: bytes) -> None:
    """Keep a page whole or not at all; two checks at once write the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    new.write_bytes(content)
    os.replace(new, path)


class _Handler(http.server.BaseHTTPRequestHandler):
    relay: Relay
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = [unquote(p) for p in self.path.split("/")]
        try:
            if len(parts) == 4 and parts[1] == "simple" and re.fullmatch(r"[a-z0-9][a-z0-9-]*", parts[2]):
                self._send(self.relay.page(parts[2]), "text/html; charset=utf-8")
            elif len(parts) == 4 and parts[1] == "files" and parts[3].endswith(".metadata"):
                self._send(self.relay.metadata(parts[2], parts[3].removesuffix(".metadata")), "text/plain")
            else:
                self._redirect()
        except ConnectionError:
            self.close_connection = True
        except (OSError, ValueError, EOFError):
            self.send_error(502)

    def do_HEAD(self) -> None:
        self._redirect()

    def _redirect(self) -> None:
        """A whole wheel is fetched from where it lies: uv does so where its metadata cannot be read."""
        url = self.relay.real(f"{self.relay.url.removesuffix('/simple')}{self.path}")
        found = not url.endswith(self.path)
        self.send_response(302 if found else 404)
        if found:
            self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, body: bytes | None, kind: str) -> None:
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass
