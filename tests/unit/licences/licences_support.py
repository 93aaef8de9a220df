"""Tiny packages made for a test, and an index that serves them on this machine only."""

import hashlib
import http.server
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

Headers = dict[str, str | list[str]]


def metadata(name: str, version: str, headers: Headers) -> str:
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
    for key, value in headers.items():
        lines += [f"{key}: {v}" for v in ([value] if isinstance(value, str) else value)]
    return "\n".join(lines) + "\n\nA description.\n"


@dataclass
class Index:
    """A package index in a folder, with a server in front of it."""

    folder: Path
    url: str = ""
    parts: bool = True  # whether it serves parts of a file
    asked: list[str] = field(default_factory=list)

    def add(
        self, name: str, version: str = "1.0", headers: Headers | None = None, files: dict[str, str] | None = None
    ) -> str:
        """Put a wheel into the index; returns its SHA-256. A file name may hold {info} for the dist-info folder."""
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        path = self.folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.writestr(
                f"{name.replace('-', '_')}/__init__.py", "raise SystemExit('a package under test was run')\n"
            )
            for file, text in (files or {}).items():
                wheel.writestr(file.replace("{info}", info), text)
            wheel.writestr(f"{info}/METADATA", metadata(name, version, headers or {}))
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        return hashlib.sha256(path.read_bytes()).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    index: Index

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.index.asked.append(self.path)
        page = re.fullmatch(r"/simple/([^/]+)/", self.path)
        file = self.index.folder / Path(self.path).name
        if page:
            names = [p for p in sorted(self.index.folder.iterdir()) if _project(p.name) == page[1]]
            links = "".join(f'<a href="/files/{p.name}#sha256={_sha(p)}">{p.name}</a>' for p in names)
            self._send(200 if names else 404, links.encode(), "text/html", body)
        elif self.path.startswith("/files/") and file.is_file():
            self._file(file.read_bytes(), body)
        else:
            self._send(404, b"", "text/plain", body)

    def _file(self, raw: bytes, body: bool) -> None:
        part = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "")) if self.index.parts else None
        if not part:
            return self._send(200, raw, "application/octet-stream", body)
        start = int(part[1]) if part[1] else max(0, len(raw) - int(part[2]))
        stop = min(int(part[2]) + 1, len(raw)) if part[1] and part[2] else len(raw)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(raw)}")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        if body:
            self.wfile.write(raw[start:stop])
        return None

    def _send(self, status: int, raw: bytes, kind: str, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        if self.index.parts:
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if body:
            self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _project(file: str) -> str:
    return re.sub(r"[-_.]+", "-", file.split("-")[0]).lower()


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
