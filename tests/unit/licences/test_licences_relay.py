"""Each wheel is looked into once, whatever the index; what the machine is set up with is not gone round."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest
from licences_support import Index

from core.licences.package import ResolvedPackage
from core.licences.sources import index as resolving
from core.licences.sources import read_target
from core.licences.sources.relay import DEFAULT, Relay, upstream
from core.licences.sources.wire import Answer, RefusedByServerError, get


def test_a_wheel_is_read_once_and_its_real_address_is_kept(tmp_path: Path, index: Index) -> None:
    index.add("zz-app", headers={"License": "MIT", "Requires-Dist": "zz-deep"})
    index.add("zz-deep", headers={"License": "ISC"})
    (tmp_path / "requirements.txt").write_text("zz-app\n")
    found = read_target(tmp_path / "requirements.txt", cache=tmp_path / "cache", installed=False)
    assert [p.name for p in found if isinstance(p, ResolvedPackage)] == ["zz-app", "zz-deep"]
    wheels = [path for path in index.asked if path.startswith("/files/")]
    assert sorted(set(wheels)) == ["/files/zz_app-1.0-py3-none-any.whl", "/files/zz_deep-1.0-py3-none-any.whl"]
    assert len(wheels) == 2
    (wheel,) = resolving.resolve(["zz-deep"], cache=tmp_path / "cache")["zz-deep"]
    assert wheel.url.startswith(index.url.removesuffix("simple"))


def test_pages_are_kept_for_ten_minutes(tmp_path: Path, index: Index) -> None:
    index.add("zz-app")
    for _ in range(2):
        resolving.resolve(["zz-app"], cache=tmp_path / "cache")
    assert index.asked.count("/simple/zz-app/") == 1


def test_a_page_points_wheels_here_and_everything_else_where_it_was(tmp_path: Path, index: Index) -> None:
    index.add("zz-app")
    (index.folder / "zz_app-1.0.tar.gz").write_bytes(b"x")
    with Relay(index.url, tmp_path) as relay:
        page = get(f"{relay.url}/zz-app/", {}, 10_000).body.decode()
        assert 'href="/files/zz-app/zz_app-1.0-py3-none-any.whl#sha256=' in page
        assert page.count("data-core-metadata") == 1
        assert f'href="{index.url.removesuffix("/simple")}/files/zz_app-1.0.tar.gz#' in page
        base = relay.url.removesuffix("/simple")
        metadata = get(f"{base}/files/zz-app/zz_app-1.0-py3-none-any.whl.metadata", {}, 10_000).body
        assert b"Name: zz-app" in metadata
        assert get(f"{base}/files/zz-app/zz_app-1.0-py3-none-any.whl", {}, 1_000_000).body[:2] == b"PK", "sent on"


@pytest.mark.parametrize(
    "path", ["/simple/zz-none/", "/simple/../etc/", "/files/zz/x.whl", "/", "/files/zz/x.whl.metadata"]
)
def test_what_is_not_there_is_not_made_up(tmp_path: Path, index: Index, path: str) -> None:
    with Relay(index.url, tmp_path) as relay, pytest.raises(RefusedByServerError):
        get(f"{relay.url.removesuffix('/simple')}{path}", {}, 1000)


def test_only_a_plain_setting_of_one_index_is_stood_in_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.licences.sources.relay._CONFIGS", (str(tmp_path / "uv.toml"),))
    assert upstream({}) == DEFAULT
    assert upstream({"PIP_INDEX_URL": "https://a.example/simple/"}) == "https://a.example/simple"
    assert upstream({"UV_DEFAULT_INDEX": "http://b/s", "PIP_INDEX_URL": "https://a/simple"}) == "http://b/s"
    for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE", "UV_OFFLINE"):
        assert upstream({name: "x"}) == ""
    assert upstream({"UV_DEFAULT_INDEX": "https://me:s3cret@a.example/simple"}) == "", "a password is uv's to send"
    assert upstream({"UV_DEFAULT_INDEX": "file:///srv/simple"}) == ""
    (tmp_path / "uv.toml").write_text("")
    assert upstream({}) == ""


def test_a_compressed_page_is_unpacked_and_asked_for_again_only_if_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Mapping[str, str]] = []

    def answer(url: str, headers: Mapping[str, str], *rest: object) -> Answer:
        asked.append(headers)
        page = gzip.compress(b'<a href="a-1-py3-none-any.whl">a</a>')
        return Answer(304 if len(asked) > 1 else 200, page, {"content-encoding": "gzip", "etag": "one"})

    monkeypatch.setattr("core.licences.sources.relay.get", answer)
    monkeypatch.setattr("core.licences.sources.relay.FRESH_S", -1)
    relay = Relay("https://a.example/simple", tmp_path)
    first, second = relay.page("zz-app"), relay.page("zz-app")
    assert first == second
    assert b'href="/files/zz-app/a-1-py3-none-any.whl" data-core-metadata' in (first or b"")
    assert "If-None-Match" not in asked[0]
    assert asked[1]["If-None-Match"] == "one"


def test_only_web_addresses_are_asked() -> None:
    with pytest.raises(OSError, match="web server"):
        get("file:///etc/passwd", {}, 10)
