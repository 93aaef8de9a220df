"""package.json and its lock: what ships, with the licence that each package states, and why it is here."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.licences.detect import claim
from core.licences.package import ResolvedPackage, SkippedPackage, licence_texts
from core.licences.sources import Package, read_target
from core.licences.sources import npm_tool as tool

LOCK: dict[str, Any] = {
    "name": "trial", "lockfileVersion": 3,
    "packages": {
        "": {"dependencies": {"web": "^1"}, "devDependencies": {"linter": "1"}, "workspaces": ["parts/*"]},
        "node_modules/web": {"version": "1.2.0", "license": "MIT", "dependencies": {"deep": "1", "@s/old": "1"}},
        "node_modules/deep": {"version": "2.0.0", "license": "ISC"},
        "node_modules/web/node_modules/deep": {"version": "1.0.0", "license": "(MIT OR GPL-2.0)",
                                               "dependencies": {"web": "1"}},
        "node_modules/@s/old": {"version": "0.1.0", "license": {"type": "BSD"}},
        "node_modules/linter": {"version": "1.0.0", "dev": True, "license": "GPL-3.0"},
        "node_modules/mac-only": {"version": "1.0.0", "optional": True, "os": ["darwin"], "license": "MIT"},
        "node_modules/closed": {"version": "1.0.0", "license": "UNLICENSED"},
        "node_modules/own": {"resolved": "parts/own", "link": True},
        "parts/own": {"version": "1.0.0", "dependencies": {"closed": "*"}},
        "node_modules/fetched": {"version": "git+ssh://git@github.com/x/fetched.git#aa"},
    },
}  # fmt: skip


def read(folder: Path, files: dict[str, Any], target: str, **more: Any) -> list[Package]:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content, indent=2), "utf-8")
    return read_target(folder / target, cache=folder / "cache", **{"offline": True, **more})


def by_name(packages: list[Package]) -> dict[str, Package]:
    return {f"{p.name}@{p.version}" if p.version else p.name: p for p in packages}


def declared(package: Package) -> str | None:
    assert isinstance(package, ResolvedPackage), package
    return claim(package).declared


def test_a_lock_gives_every_package_with_its_licence_and_its_line(tmp_path: Path) -> None:
    found = by_name(read(tmp_path, {"package-lock.json": LOCK}, "package-lock.json"))
    assert declared(found["web@1.2.0"]) == "MIT"
    assert declared(found["deep@1.0.0"]) == "MIT OR GPL-2.0-only"
    evidence = claim(found["deep@1.0.0"]).evidence[0]  # type: ignore[arg-type]
    lines = (tmp_path / "package-lock.json").read_text().splitlines()
    assert "GPL-2.0" in lines[evidence.line - 1]
    assert evidence.tier == "package-lock.json"
    old, closed = found["@s/old@0.1.0"], found["closed@1.0.0"]
    assert isinstance(old, ResolvedPackage)
    assert isinstance(closed, ResolvedPackage)
    assert claim(old).node is None, "BSD names a family"
    assert claim(closed).node is None, "UNLICENSED gives no licence, and is not the Unlicense"


def test_what_does_not_ship_is_listed_with_the_reason(tmp_path: Path) -> None:
    found = by_name(read(tmp_path, {"package-lock.json": LOCK}, "package-lock.json"))
    left = {n: p.ships for n, p in found.items() if isinstance(p, SkippedPackage)}
    assert left == {
        "linter@1.0.0": False,
        "mac-only@1.0.0": False,
        "own": False,
        "parts/own@1.0.0": False,
        "fetched": True,
    }
    on_mac = by_name(read(tmp_path, {}, "package-lock.json", platform="macos"))
    assert isinstance(on_mac["mac-only@1.0.0"], ResolvedPackage)


def test_the_path_that_pulled_a_package_in_follows_nodes_own_search(tmp_path: Path) -> None:
    found = by_name(read(tmp_path, {"package-lock.json": LOCK}, "package-lock.json"))
    assert found["deep@1.0.0"].via == ("package-lock.json", "web")
    assert found["deep@2.0.0"].required_by == ()
    assert found["web@1.2.0"].required_by == ("deep",), "the circle web -> deep -> web is told and ends"
    assert found["web@1.2.0"].via == ("package-lock.json",)


def test_texts_are_read_from_node_modules_and_never_through_a_link_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    files = {"package-lock.json": LOCK, "node_modules/web/LICENSE": "MIT text", "node_modules/deep/package.json": "{}"}
    read(tmp_path, files, "package-lock.json")
    (tmp_path / "node_modules" / "deep" / "LICENSE").symlink_to(tmp_path / "secret")
    found = by_name(read(tmp_path, {}, "package-lock.json"))
    assert [t.text for t in licence_texts(found["web@1.2.0"])] == ["MIT text"]  # type: ignore[arg-type]
    assert licence_texts(found["deep@2.0.0"]) == []  # type: ignore[arg-type]


def test_without_a_lock_the_installed_packages_speak_for_themselves(tmp_path: Path) -> None:
    files = {
        "package.json": {"dependencies": {"web": "1"}},
        "node_modules/web/package.json": {"name": "web", "version": "1.0.0", "dependencies": {"b": "1"}},
        "node_modules/web/node_modules/b/package.json": {"version": "1.0.0", "licenses": [{"type": "ISC"}]},
        "node_modules/@s/c/package.json": "{broken",
    }  # fmt: skip
    found = by_name(read(tmp_path, files, "package.json"))
    assert declared(found["b@1.0.0"]) == "ISC"
    assert found["b@1.0.0"].via == ("package.json", "web")
    broken = found["@s/c"]
    assert isinstance(broken, SkippedPackage)
    assert "not valid JSON" in broken.reason


OLD: dict[str, Any] = {
    "lockfileVersion": 1,
    "dependencies": {
        "web": {"version": "1.0.0", "requires": {"deep": "1"}, "dependencies": {"deep": {"version": "1.0.0"}}},
        "deep": {"version": "2.0.0", "dev": True},
        "gone": {"version": "https://me:s3cret@h/gone.tgz"},
    },
}


def test_an_old_lock_states_no_licences_and_says_so_by_having_none(tmp_path: Path) -> None:
    found = by_name(read(tmp_path, {"package-lock.json": OLD}, "package-lock.json"))
    assert declared(found["web@1.0.0"]) in ("", None)
    assert found["deep@1.0.0"].via == ("package-lock.json", "web")
    assert isinstance(found["deep@2.0.0"], SkippedPackage)
    assert isinstance(found["gone"], SkippedPackage)
    assert "s3cret" not in str(found)


def test_a_package_json_alone_is_not_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = {"dependencies": {"web": "^1", "fetched": "git+https://me:s3cret@h/x", "near": "file:../near", "x y": "1",
                             "short": "user/repo"},
            "devDependencies": {"linter": "1"}}  # fmt: skip
    found = by_name(read(tmp_path, {"package.json": file}, "package.json"))
    assert {n: p.ships for n, p in found.items() if isinstance(p, SkippedPackage)} == {
        "web@^1": True, "fetched": True, "near": True, "x y": True, "short": True, "linter": False}  # fmt: skip
    assert "switched off" in found["web@^1"].reason  # type: ignore[union-attr]
    assert "s3cret" not in str(found)
    monkeypatch.setattr(tool.shutil, "which", lambda name: None)
    alone = by_name(read(tmp_path, {}, "package.json", offline=False))
    assert "npm is not installed" in alone["web@^1"].reason  # type: ignore[union-attr]


def test_npm_gets_names_and_ranges_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def run(command: list[str], work: Path, *rest: Any) -> tuple[int, str]:
        assert "--ignore-scripts" in command
        assert "--package-lock-only" in command
        asked.append({p.name: json.loads(p.read_text()) for p in work.iterdir()})
        if "gone" in asked[-1]["package.json"]["dependencies"]:
            return 1, "npm error 404  The requested resource 'gone@1' could not be found"
        (work / "package-lock.json").write_text(json.dumps(LOCK))
        return 0, ""

    monkeypatch.setattr(tool, "run", run)
    monkeypatch.setattr(tool.shutil, "which", lambda name: "/usr/bin/npm")
    file = {"scripts": {"postinstall": "touch /tmp/x"}, "dependencies": {"web": "^1", "gone": "1"},
            "optionalDependencies": {"mac-only": "1"}, "config": {"registry": "https://evil.example"}}  # fmt: skip
    found = by_name(read(tmp_path, {"package.json": file, ".npmrc": "x=1"}, "package.json", offline=False))
    assert [sorted(a) for a in asked] == [["package.json"], ["package.json"]]
    last = asked[1]["package.json"]
    assert last == {"dependencies": {"web": "^1"}, "optionalDependencies": {"mac-only": "1"}}
    assert isinstance(found["gone@1"], SkippedPackage)
    assert "no such package" in found["gone@1"].reason
    assert found["deep@1.0.0"].via == ("package.json", "web")
    assert claim(found["web@1.2.0"]).evidence[0].file == "npm registry"  # type: ignore[arg-type]


@pytest.mark.network
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_a_real_package_json_is_locked_by_npm(tmp_path: Path) -> None:
    found = by_name(
        read(tmp_path, {"package.json": {"dependencies": {"isarray": "2.0.5"}}}, "package.json", offline=False)
    )
    assert declared(found["isarray@2.0.5"]) == "MIT"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["1.0.0", "MIT", "", "é", "git+x://y"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(
        ["dependencies", "requires", "version", "license", "type", "a", "b"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
PATHS = st.lists(st.sampled_from(["a", "b", "@s/c", "parts", "..", "", "/etc"]), min_size=1, max_size=3).map(
    lambda names: "node_modules/" + "/node_modules/".join(names)
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(PATHS, VALUES, min_size=1, max_size=6))
def test_every_entry_of_any_lock_is_found_or_skipped(tmp_path: Path, rows: dict[str, Any]) -> None:
    found = read(tmp_path, {"package-lock.json": {"lockfileVersion": 3, "packages": rows}}, "package-lock.json")
    names = {p.name for p in found}
    assert {path.rpartition("node_modules/")[2] or path for path in rows} <= names
    for package in found:
        if isinstance(package, ResolvedPackage):
            claim(package)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(VALUES, st.dictionaries(st.sampled_from(["packages", "dependencies", "lockfileVersion"]), VALUES)))
def test_any_json_is_read_or_refused_in_one_line(tmp_path: Path, content: Any) -> None:
    for name in ("package-lock.json", "package.json", "other.json"):
        try:
            read(tmp_path / name.replace(".", "-"), {name: json.dumps(content)}, name)
        except InputError as error:
            assert str(error).startswith(f"{name}: ")  # noqa: PT017 - either way is right
