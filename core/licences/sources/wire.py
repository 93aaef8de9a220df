"""GET over connections that are kept open: a resolution asks some 500 times, and each new connection costs a handshake.

The machine's own settings hold: proxies of the environment, and the certificates that Python trusts.
"""

import ssl
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import urllib3

TIMEOUT_S = 10.0
CONNECTIONS = 16
_TRIES = urllib3.Retry(2, redirect=5, backoff_factor=0.2)


class RefusedByServerError(OSError):
    """A server answered with an error; `status` is its HTTP status."""

    def __init__(self, status: int) -> None:
        """Take the HTTP status."""
        super().__init__(f"HTTP {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer: the HTTP status, the body as sent, and the header fields by lower-case name."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def get(url: str, headers: Mapping[str, str], most: int, timeout: float = TIMEOUT_S) -> Answer:
    """Fetch a URL, at most `most` bytes of it.

    Raises:
        RefusedByServerError: the server answered with an error (HTTP 400 or more).
        OSError: no web address, or no whole answer in time.
    """
    if not url.startswith(("https://", "http://")):
        raise OSError("it does not lie on a web server")
    try:
        answer = _pool(_proxy(url)).request(
            "GET", url, headers=dict(headers), timeout=timeout, retries=_TRIES,
            preload_content=False, decode_content=False,
        )  # fmt: skip
        body = answer.read(most)
        if len(body) < most:
            answer.release_conn()
        else:
            answer.close()  # more may come: this connection cannot serve another request
    except urllib3.exceptions.HTTPError as error:
        raise OSError(f"no answer from its server ({type(error).__name__})") from None
    if answer.status >= 400:
        raise RefusedByServerError(answer.status)
    return Answer(answer.status, body, {k.lower(): v for k, v in answer.headers.items()})


def _proxy(url: str) -> str:
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")


_MADE = threading.Lock()


def _pool(proxy: str) -> urllib3.PoolManager:
    with _MADE:
        return _made(proxy)


@cache
def _made(proxy: str) -> urllib3.PoolManager:
    trusted = ssl.create_default_context()
    if proxy:
        return urllib3.ProxyManager(proxy, maxsize=CONNECTIONS, ssl_context=trusted)
    return urllib3.PoolManager(maxsize=CONNECTIONS, ssl_context=trusted)
