"""pyproject.toml and the lock files of Python: what ships is told from what does not, and no entry is dropped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.licences.sources.listing import Listing
from core.licences.sources.locks import read_poetry_lock, read_pylock, read_uv_lock
from core.licences.sources.pyproject import read_pyproject
from core.licences.sources.target import marker_environment

Read = Callable[[Path], Listing]
LINUX = marker_environment("linux")


def write(folder: Path, text: str, name: str = "some.lock") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def wanted(listing: Listing) -> list[str]:
    return [str(w.requirement) for w in listing.wanted]


def skipped(listing: Listing) -> dict[str, bool]:
    return {s.name: s.ships for s in listing.skipped}


PYPROJECT = """
[project]
name = "trial"
dependencies = ["httpx>=0.27", "colorama; sys_platform == 'win32'", "own @ file:///srv/own", 7]
[project.optional-dependencies]
fast = ["orjson"]
test = ["pytest"]
[dependency-groups]
dev = ["ruff", {include-group = "other"}]
"""


def test_a_project_ships_its_dependencies_and_extras_but_nothing_for_development(tmp_path: Path) -> None:
    listing = read_pyproject(write(tmp_path, PYPROJECT, "pyproject.toml"))
    assert wanted(listing) == ["httpx>=0.27", 'colorama; sys_platform == "win32"', "orjson"]
    assert listing.wanted[2].file == "pyproject.toml, extra fast"
    assert skipped(listing) == {
        "own": True, "project.dependencies, entry 4": True, "extra test": False, "group dev": False}  # fmt: skip


def test_dynamic_dependencies_are_read_from_their_file_and_never_by_running_the_build(tmp_path: Path) -> None:
    head = '[project]\nname = "x"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\n'
    write(tmp_path, "six\n-r more.txt\n", "needs.txt")
    write(tmp_path, "idna\n", "more.txt")
    named = read_pyproject(write(tmp_path, head + 'dependencies = {file = ["needs.txt"]}', "pyproject.toml"))
    assert wanted(named) == ["six", "idna"]
    outside = read_pyproject(write(tmp_path, head + 'dependencies = {file = ["../needs.txt"]}', "pyproject.toml"))
    assert skipped(outside) == {"../needs.txt": True}
    computed = read_pyproject(write(tmp_path, head, "pyproject.toml"))
    assert skipped(computed) == {"dynamic dependencies": True}


@pytest.mark.parametrize(
    ("stated", "means"),
    [
        ('"^1.2.3"', "<2,>=1.2.3"), ('"^0.2.3"', "<0.3,>=0.2.3"), ('"^0.0.3"', "<0.0.4,>=0.0.3"), ('"^1"', "<2,>=1"),
        ('"^0"', "<1,>=0"), ('"~1.2.3"', "<1.3,>=1.2.3"), ('"~1.2"', "<1.3,>=1.2"), ('"~1"', "<2,>=1"),
        ('"1.5"', "==1.5"),
        ('"*"', ""), ('">=1,<3"', "<3,>=1"), ('{version = "^1", optional = true}', "<2,>=1"),
    ],
)  # fmt: skip
def test_poetrys_constraints_mean_what_poetry_says(tmp_path: Path, stated: str, means: str) -> None:
    text = f'[tool.poetry.dependencies]\npython = "^3.11"\nsix = {stated}\n'
    (one,) = read_pyproject(write(tmp_path, text, "pyproject.toml")).wanted
    assert str(one.requirement.specifier) == means


def test_poetrys_own_places_are_skipped(tmp_path: Path) -> None:
    text = '[tool.poetry.dependencies]\na = {git = "https://me:s3cret@h/a"}\nb = {path = "../b"}\nc = "^nonsense"\n'
    listing = read_pyproject(write(tmp_path, text + "[tool.poetry.group.dev.dependencies]\n", "pyproject.toml"))
    assert skipped(listing) == {"a": True, "b": True, "c": True, "group dev": False}
    assert "s3cret" not in str(listing)


PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "app"
version = "2.0"
dependencies = [{name = "Deep_One"}]
wheels = [{url = "https://evil.example/app-2.0-py3-none-any.whl", hashes = {sha256 = "AA"}}]
[[packages]]
name = "deep-one"
version = "1.0"
sdist = {url = "https://evil.example/deep.tar.gz", hashes = {sha256 = "bb"}}
[[packages]]
name = "on-windows"
version = "1.0"
marker = "sys_platform == 'win32'"
[[packages]]
name = "for-tests"
version = "1.0"
marker = "'test' in dependency_groups"
[[packages]]
name = "fetched"
vcs = {type = "git", url = "https://me:s3cret@evil.example/x"}
[[packages]]
name = "unversioned"
[[packages]]
version = "1"
"""


def test_a_pylock_pins_each_package_to_its_files(tmp_path: Path) -> None:
    listing = read_pylock(write(tmp_path, PYLOCK, "pylock.toml"))
    assert wanted(listing) == [
        "app==2.0", "deep-one==1.0", 'on-windows==1.0; sys_platform == "win32"',
        'for-tests==1.0; "test" in dependency_groups'
    ]  # fmt: skip
    assert listing.wanted[0].hashes == {"aa"}
    assert listing.complete
    assert listing.requires["app"] == ("deep-one",)
    assert skipped(listing) == {"fetched": True, "unversioned": True, "an entry of pylock.toml": True}
    assert "s3cret" not in str(listing.skipped)
    with pytest.raises(InputError, match=r"lock-version must be 1\.x"):
        read_pylock(write(tmp_path, 'lock-version = "9.0"'))


UV = """
version = 1
[[package]]
name = "trial"
version = "0.1"
source = { virtual = "." }
dependencies = [{ name = "app", extra = ["more"] }, { name = "win", marker = "sys_platform == 'win32'" },
  { name = "num", version = "1", marker = "python_version < '3'" }, { name = "num", version = "2" }]
[package.optional-dependencies]
fast = [{ name = "quick" }]
dev = [{ name = "linter" }]
[package.dev-dependencies]
dev = [{ name = "tests" }]
"""
REGISTRY = 'source = { registry = "https://evil.example/simple" }'
PACKAGES = {"app": "1", "quick": "1", "linter": "1", "tests": "1", "win": "1", "extra": "1"}


def test_a_uv_lock_ships_what_the_project_reaches_on_the_platform(tmp_path: Path) -> None:
    text = UV + "".join(f'[[package]]\nname = "{n}"\nversion = "{v}"\n{REGISTRY}\n' for n, v in PACKAGES.items())
    text += (
        f'[[package]]\nname = "num"\nversion = "1"\n{REGISTRY}\n[[package]]\nname = "num"\nversion = "2"\n{REGISTRY}\n'
    )
    text = text.replace(
        'name = "app"\nversion', 'name = "app"\noptional-dependencies = {more = [{name = "extra"}]}\nversion'
    )
    text += '[[package]]\nname = "extra"\nversion = "9"\nsource = { git = "https://me:s3cret@h/x" }\n'
    listing = read_uv_lock(write(tmp_path, text), LINUX)
    assert wanted(listing) == ["app==1", "quick==1", "extra==1", "num==2"]
    found = [(s.name, s.version, s.ships) for s in listing.skipped]
    assert found == [
        ("trial", "0.1", False), ("linter", "1", False), ("tests", "1", False), ("win", "1", False),
        ("num", "1", False), ("extra", "9", True),
    ]  # fmt: skip
    assert listing.roots == {"app", "quick", "win", "num"}
    assert "win==1" in wanted(read_uv_lock(write(tmp_path, text), marker_environment("windows")))


POETRY = """
[[package]]
name = "app"
version = "1.0"
groups = ["main"]
files = [{file = "app-1.0-py3-none-any.whl", hash = "sha256:aa"}]
[package.dependencies]
Deep_One = {version = ">=1", markers = "python_version > '3'"}
[[package]]
name = "deep-one"
version = "1.0"
groups = ["main", "dev"]
markers = {main = "sys_platform == 'linux'", dev = "python_version > '3'"}
[[package]]
name = "linter"
version = "1.0"
groups = ["dev"]
[[package]]
name = "older"
version = "1.0"
category = "dev"
[[package]]
name = "fetched"
version = "1.0"
[package.source]
type = "git"
url = "https://h/x"
[metadata]
lock-version = "2.1"
[metadata.files]
deep-one = [{file = "x", hash = "sha256:bb"}]
"""


def test_a_poetry_lock_ships_its_main_group(tmp_path: Path) -> None:
    listing = read_poetry_lock(write(tmp_path, POETRY))
    assert wanted(listing) == ["app==1.0", 'deep-one==1.0; sys_platform == "linux"']
    assert [w.hashes for w in listing.wanted] == [{"aa"}, {"bb"}]
    assert skipped(listing) == {"linter": False, "older": False, "fetched": True}
    assert listing.requires["app"] == ("deep-one",)


NAMES = st.sampled_from(["a", "b", "C_c", "", "..", "a b", "x;y", "é"])
VALUES = st.recursive(
    st.booleans() | st.integers(0, 9) | st.text(max_size=5) | st.sampled_from(["1.0", "sha256:aa", "git", "main"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["name", "version", "marker", "extra", "git", "virtual", "type", "a", "main"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ENTRIES = st.dictionaries(
    st.sampled_from(["name", "version", "source", "dependencies", "marker", "markers", "wheels", "files", "groups",
                     "category", "vcs", "optional-dependencies"]),
    VALUES,
).flatmap(lambda row: NAMES.map(lambda name: {"name": name, "version": "1.0"} | row))  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ENTRIES, min_size=1, max_size=5))
def test_every_entry_of_any_lock_is_wanted_or_skipped(tmp_path: Path, entries: list[dict[str, Any]]) -> None:
    uv: Read = lambda path: read_uv_lock(path, LINUX)  # noqa: E731
    for reader, key in ((read_pylock, "packages"), (uv, "package"), (read_poetry_lock, "package")):
        text = tomlkit.dumps({"lock-version": "1.0", key: entries})
        listing = reader(write(tmp_path, text))
        assert len(listing.wanted) + len(listing.skipped) == len(entries)
        assert all(w.pin and not w.requirement.url for w in listing.wanted)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.dictionaries(st.sampled_from(["project", "tool", "package", "lock-version"]), VALUES))
def test_any_text_or_table_is_read_or_refused_in_one_line(tmp_path: Path, text: str, tables: dict[str, Any]) -> None:
    for content in (text, tomlkit.dumps(tables), json.dumps(tables)):
        path = write(tmp_path, content.encode("utf-8", "replace").decode())
        for read in (read_pyproject, lambda p: read_uv_lock(p, LINUX), lambda p: read_poetry_lock(p)):
            try:
                read(path)
            except InputError as error:
                lines = str(error).splitlines()
                assert [line[:11] for line in lines] == ["some.lock: "]
