"""Hashes of what a venture names: the content decides, and a file that did not change is not read again."""

import os
from pathlib import Path

import pytest

from core import contents
from core.contents import content_hash, packages_hash
from core.settings import Settings


@pytest.fixture
def opened(own_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files read, by name; nothing is known from before and files count as old enough to be kept."""
    read: list[str] = []
    real = contents.hashlib.file_digest

    def told(file: object, kind: str) -> object:
        read.append(Path(file.name).name)  # type: ignore[attr-defined]
        return real(file, kind)  # type: ignore[arg-type]

    monkeypatch.setattr(contents.hashlib, "file_digest", told)
    monkeypatch.setattr(contents, "FRESH_NS", -1)
    _forget(monkeypatch)
    return read


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that begins."""
    monkeypatch.setattr(contents, "_files", {})
    monkeypatch.setattr(contents, "_folders", {})


def tree(top: Path, files: int = 3) -> Path:
    for i in range(files):
        path = top / f"{i % 2}" / f"{i:03d}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"x = {i}\n")
    return top


def test_the_same_content_elsewhere_and_later_has_the_same_hash(tmp_path: Path, opened: list[str]) -> None:
    one, other = tree(tmp_path / "one"), tree(tmp_path / "other")
    os.utime(other / "0" / "000.py", (1, 1))
    assert content_hash(one) == content_hash(other)


def test_only_the_file_that_changed_is_read_again(tmp_path: Path, opened: list[str]) -> None:
    top = tree(tmp_path / "src")
    first = content_hash(top)
    opened.clear()
    assert content_hash(top) == first
    assert opened == []
    (top / "1" / "001.py").write_text("y = 1\n")  # as long as before
    assert content_hash(top) != first
    assert opened == ["001.py"]


def test_a_change_that_hides_its_time_is_seen(tmp_path: Path, opened: list[str]) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    before, stat = content_hash(file), file.stat()
    file.write_text("two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert content_hash(file) != before


def test_new_gone_and_renamed_files_change_the_hash(tmp_path: Path, opened: list[str]) -> None:
    top = tree(tmp_path / "src")
    seen = {content_hash(top)}
    (top / "new.py").write_text("")
    seen.add(content_hash(top))
    (top / "new.py").rename(top / "named.py")
    seen.add(content_hash(top))
    (top / "0" / "000.py").unlink()
    seen.add(content_hash(top))
    assert len(seen) == 4


def test_the_next_process_reads_nothing_of_a_large_folder(
    tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tree(tmp_path / "src", 150)
    first = content_hash(top)
    assert len(opened) == 150
    opened.clear()
    _forget(monkeypatch)
    assert content_hash(top) == first
    assert opened == []
    _forget(monkeypatch)
    (kept,) = (tmp_path / "var" / "cache" / "contents").glob("*.json")
    kept.write_text("{")
    assert content_hash(top) == first, "a broken file of what is kept costs time, no more"


def test_a_file_just_written_is_not_taken_as_known(
    tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "FRESH_NS", 10**15)
    top = tree(tmp_path / "src")
    assert content_hash(top) == content_hash(top)
    assert len(opened) == 6


def test_what_nothing_reads_does_not_count(tmp_path: Path, opened: list[str]) -> None:
    top = tree(tmp_path / "src")
    before = content_hash(top)
    for name in (".git/index", "0/__pycache__/000.pyc", "venv/lib/a.py"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("changes daily")
    (top / "venv" / "pyvenv.cfg").write_text("")
    (top / "link").symlink_to(tmp_path)
    assert content_hash(top) == before


def test_installed_packages_are_told_by_their_descriptions(tmp_path: Path, opened: list[str]) -> None:
    site = tmp_path / "env" / "lib" / "python3.11" / "site-packages"
    (site / "one-1.dist-info").mkdir(parents=True)
    (site / "one-1.dist-info" / "RECORD").write_text("one/__init__.py,sha256=a,1\n")
    (site / "one").mkdir()
    (site / "one" / "__init__.py").write_text("1")
    before = packages_hash(tmp_path / "env")
    assert opened == ["RECORD"]
    (site / "two-1.dist-info").mkdir()
    (site / "two-1.dist-info" / "METADATA").write_text("Name: two\n")
    assert packages_hash(tmp_path / "env") != before
    wheels = tree(tmp_path / "wheels")
    assert packages_hash(wheels) == content_hash(wheels)


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        content_hash(tmp_path / "gone")
