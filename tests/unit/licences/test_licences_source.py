"""What goes in: environments and requirement files; every package is resolved, or skipped with a reason."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import InputError
from core.licences.detect import claim, decide
from core.licences.package import ResolvedPackage, SkippedPackage
from core.licences.sources import Package, read_target
from core.licences.sources.python import UNREACHABLE

Make = Callable[..., Path]


def names(packages: list[Package]) -> list[str]:
    return [p.name for p in packages if isinstance(p, ResolvedPackage)]


def skipped(packages: list[Package]) -> dict[str, SkippedPackage]:
    return {p.name: p for p in packages if isinstance(p, SkippedPackage)}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dist: Make) -> Path:
    """Packages that count as installed here: app -> middle -> deep, and an extra."""
    folder = tmp_path / "site"
    needs = ["zz-middle>=1", "zz-extra; extra == 'more'", "zz-win; sys_platform == 'win32'", "not a requirement!"]
    make_dist(folder, "zz-app", "2.0", {"License": "MIT", "Requires-Dist": needs})
    make_dist(folder, "zz-middle", "1.5", {"License": "MIT", "Requires-Dist": ["ZZ.Deep", "zz-app"]})
    make_dist(folder, "zz-deep", "0.1", {"License": "GPLv3"})
    make_dist(folder, "zz-extra", "1.0", {"License": "MIT"})
    monkeypatch.syspath_prepend(str(folder))
    return folder


def read(tmp_path: Path, text: str, **more: object) -> list[Package]:
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    return read_target(path, cache=tmp_path / "cache", offline=True, **more)  # type: ignore[arg-type]


def test_the_current_environment_is_read_whole(tmp_path: Path) -> None:
    found = {p.name: p for p in read_target("current", cache=tmp_path)}
    assert len(found) > 100
    assert isinstance(found["pydantic"], ResolvedPackage)
    assert list(found) == sorted(found, key=lambda n: found[n].key if isinstance(found[n], ResolvedPackage) else n)


def test_an_environment_is_a_site_folder_or_a_venv(tmp_path: Path, make_dist: Make) -> None:
    make_dist(tmp_path / "plain", "one")
    make_dist(tmp_path / "venv" / "lib" / "python3.11" / "site-packages", "two")
    make_dist(tmp_path / "winvenv" / "Lib" / "site-packages", "three")
    assert names(read_target(tmp_path / "plain", cache=tmp_path)) == ["one"]
    assert names(read_target(tmp_path / "venv", cache=tmp_path)) == ["two"]
    assert names(read_target(tmp_path / "winvenv", cache=tmp_path)) == ["three"]


def test_what_is_no_target_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        read_target(tmp_path / "nothing.txt", cache=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no installed packages"):
        read_target(tmp_path / "empty", cache=tmp_path)


def test_one_broken_package_does_not_stop_the_scan(tmp_path: Path, make_dist: Make) -> None:
    make_dist(tmp_path / "env", "good")
    (tmp_path / "env" / "bad-1.0.dist-info").mkdir()
    found = read_target(tmp_path / "env", cache=tmp_path)
    assert names(found) == ["good"]
    assert "METADATA" in skipped(found)["bad"].reason


def test_metadata_in_a_wrong_encoding_is_read_all_the_same(tmp_path: Path, make_dist: Make) -> None:
    folder = make_dist(tmp_path / "env", "latin")
    (folder / "METADATA").write_bytes(b"Name: latin\nVersion: 1.0\nAuthor: Ren\xe9\nLicense-Expression: MIT\n")
    (found,) = read_target(tmp_path / "env", cache=tmp_path)
    assert isinstance(found, ResolvedPackage)
    assert claim(found).declared == "MIT"


def test_a_licence_text_of_five_megabytes_is_not_read_and_said_to_be_too_long(tmp_path: Path, make_dist: Make) -> None:
    make_dist(tmp_path / "env", "long", files={"LICENSE": "word " * 1_000_000})
    (found,) = read_target(tmp_path / "env", cache=tmp_path)
    assert isinstance(found, ResolvedPackage)
    assert decide(claim(found), []).why.startswith(
        "its metadata names no licence; long-1.0.dist-info/LICENSE has 5.0 MB"
    )


@pytest.mark.usefixtures("site")
def test_dependencies_are_followed_through_what_is_installed(tmp_path: Path) -> None:
    found = read(tmp_path, "zz-app>=1\n")
    assert names(found) == ["zz-app", "zz-deep", "zz-middle"]
    assert {p.origin for p in found if isinstance(p, ResolvedPackage)} == {"installed"}


@pytest.mark.usefixtures("site")
def test_extras_and_the_target_platform_decide_what_is_followed(tmp_path: Path) -> None:
    assert names(read(tmp_path, "zz-app[more]")) == ["zz-app", "zz-deep", "zz-extra", "zz-middle"]
    on_windows = read(tmp_path, "zz-app", platform="windows")
    assert "zz-win" in skipped(on_windows)
    assert "zz-win" not in skipped(read(tmp_path, "zz-app", platform="macos"))


@pytest.mark.usefixtures("site")
def test_a_complete_lock_names_everything_itself(tmp_path: Path) -> None:
    assert names(read(tmp_path, "zz-app==2.0 --hash=sha256:00aa\n")) == ["zz-app"]


@pytest.mark.usefixtures("site")
def test_another_version_than_the_one_installed_is_not_taken_for_it(tmp_path: Path) -> None:
    found = skipped(read(tmp_path, "zz-app==1.0\nzz-middle<1.5\n"))
    assert found["zz-app"].version == "1.0"
    assert set(found) == {"zz-app", "zz-middle"}


@pytest.mark.usefixtures("site")
def test_without_the_index_what_is_not_installed_is_skipped_and_counts(tmp_path: Path) -> None:
    found = skipped(read(tmp_path, "zz-app\nzz-nowhere>=1\n"))
    assert found["zz-nowhere"].reason.startswith(UNREACHABLE)
    assert found["zz-nowhere"].ships


@pytest.mark.usefixtures("site")
def test_a_requirement_of_another_platform_is_listed_and_leaves_no_doubt(tmp_path: Path) -> None:
    found = skipped(read(tmp_path, "zz-app\nzz-mac; sys_platform == 'darwin'\n"))
    assert not found["zz-mac"].ships
    assert 'sys_platform == "darwin"' in found["zz-mac"].reason
