"""Code of others inside a package: SBOMs, vendored packages, native libraries and their symbols, licence files."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.licences.bundled import Part, elf, native, xray
from core.licences.bundled.native import telling
from core.licences.bundled.notices import notices
from core.licences.bundled.symbols import Symbols
from core.licences.bundled.xray import merged
from core.licences.check import check
from core.licences.package import LicenceText, ResolvedPackage, read_package
from core.licences.spdx import parse

Make = Callable[..., Path]
NUMPY_LIKE = """Copyright (c) 2005-2025, Somebody.

This binary distribution also bundles the following software:


Name: GCC runtime library
Files: one.libs/libgfortran*.so
Description: dynamically linked
Availability: https://gcc.gnu.org/
License: GPL-3.0-or-later WITH GCC-exception-3.1
  Libgfortran is free software

Name: Mystery
Files: one.libs/libmystery*.so
License: MIT
  Permission is hereby granted
"""


def looked_at(folder: Path, files: dict[str, bytes | str], *, inside: bool = True) -> dict[str, Part]:
    """Write files beside a dist-info and its RECORD, and look through the package."""
    for name, content in files.items():
        path = folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "RECORD").write_text("".join(f"{name},sha256=x,1\n" for name in files))
    package = read_package(folder)
    assert isinstance(package, ResolvedPackage)
    return {p.name: p for p in xray(package, [], Symbols(telling()) if inside else None).parts}


def sbom(*components: dict[str, Any]) -> str:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}, indent=1)


def component(name: str, licence: str, **more: Any) -> dict[str, Any]:
    return {"type": "library", "name": name, "version": "1", "licenses": [{"license": {"id": licence}}], **more}


def test_an_sbom_inside_a_wheel_is_read_with_its_scope(tmp_path: Path, make_dist: Make) -> None:
    folder = make_dist(tmp_path, "one", headers={"License": "MIT"})
    listed = sbom(
        component("colored", "MPL-2.0", scope="required"),
        component("libimagequant", "GPL-3.0-or-later", scope="optional"),
        component("nameless", "No-Such-Licence"),
        component("one", "MIT"),
        {"type": "library", "name": "chosen", "licenses": [{"expression": "LGPL-3.0-only OR MIT"}]},
    )
    found = looked_at(folder, {"one-1.0.dist-info/sboms/x.cdx.json": listed})
    assert set(found) == {"colored", "libimagequant", "nameless", "chosen"}, "the package itself is no part of it"
    assert (str(found["colored"].licence), found["colored"].ships) == ("MPL-2.0", True)
    assert found["libimagequant"].ships is False, "what a build may use is not in this wheel"
    assert found["nameless"].licence is None
    assert str(found["chosen"].licence) == "LGPL-3.0-only OR MIT"
    assert found["colored"].line > 1


@pytest.mark.parametrize(
    "broken", ["{broken", "[]", '{"components": [1, {"name": 3}, {"name": "x", "licenses": 7}]}', "\xff"]
)
def test_an_sbom_that_is_none_is_passed_over(tmp_path: Path, make_dist: Make, broken: str) -> None:
    folder = make_dist(tmp_path, "one", headers={"License": "MIT"})
    found = looked_at(folder, {"one-1.0.dist-info/sboms/x.json": broken})
    assert all(p.licence is None for p in found.values())


def test_a_package_inside_a_package_is_judged_like_any_other(tmp_path: Path, make_dist: Make) -> None:
    folder = make_dist(tmp_path / "env", "outer", headers={"License": "MIT"})
    inner = make_dist(tmp_path / "env" / "outer" / "_vendor", "inner", headers={"License": "LGPLv3"})
    names = [p.relative_to(tmp_path / "env").as_posix() for p in inner.iterdir()]
    (folder / "RECORD").write_text("".join(f"{n},,\n" for n in names))
    report = check(tmp_path / "env", cache=tmp_path / "cache")
    (one,) = report.components
    (part,) = one.bundled
    assert (part.name, str(part.licence), part.how) == ("inner", "LGPL-3.0-only", "vendored package")
    assert one.concluded == "MIT", "its own code is under what it states"
    assert one.modes["on_premises"].status == "obligations"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("one.libs/libgfortran-040039e1-0352e75f.so.5.0.0", "GNU Fortran runtime (libgfortran)"),
        ("one.libs/libquadmath-96973f99.so.0", "libquadmath"),
        ("one/.dylibs/libomp.dylib", "LLVM OpenMP runtime"),
        ("one.libs/libopenblas64_p-r0-2f7c42d4.3.18.so", "OpenBLAS"),
        ("one.libs/fftw3-1a2b3c4d5e6f7a8b.dll", "FFTW"),
        ("one/lib/libz-lm539.so.1", "zlib"),
    ],
)
def test_a_library_is_known_by_its_file_name(tmp_path: Path, make_dist: Make, file: str, name: str) -> None:
    found = looked_at(make_dist(tmp_path, "one", headers={"License": "MIT"}), {file: b""}, inside=False)
    assert list(found) == [name]
    assert found[name].licence is not None


def test_a_library_nobody_knows_is_unknown_where_it_was_copied_in_and_own_elsewhere(
    tmp_path: Path, make_dist: Make
) -> None:
    folder = make_dist(tmp_path, "one", headers={"License": "MIT"})
    found = looked_at(folder, {"one.libs/libmystery-0a1b2c3d.so.1": b"", "one/lib/libone_core.so": b""})
    assert list(found) == ["libmystery"]
    assert found["libmystery"].licence is None
    assert "not known" in found["libmystery"].why


def test_a_licence_file_that_lists_libraries_settles_them(tmp_path: Path, make_dist: Make) -> None:
    folder = make_dist(tmp_path, "one", headers={"License": "MIT"})
    found = looked_at(
        folder,
        {
            "one-1.0.dist-info/licenses/LICENSE.txt": NUMPY_LIKE,
            "one.libs/libgfortran-040039e1.so.5.0.0": b"",
            "one.libs/libmystery-0a1b2c3d.so.1": b"",
        },
    )
    assert set(found) == {"GNU Fortran runtime (libgfortran)", "libmystery"}
    assert str(found["libmystery"].licence) == "MIT"
    assert "LICENSE.txt line 13" in found["libmystery"].says


def test_bold_names_with_a_licence_are_read() -> None:
    text = LicenceText(
        "LICENSES.txt", "Binary wheels\n\n**iconv**: LGPL 2.1, https://www.gnu.org/\n\n**odd**: see below\n"
    )
    (found,) = notices([text])
    assert (found.name, str(found.licence), found.line) == ("iconv", "LGPL-2.1-only", 3)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler to build a library with")
def test_what_is_linked_in_shows_by_its_functions_and_what_is_only_called_does_not(
    tmp_path: Path, make_dist: Make
) -> None:
    folder = make_dist(tmp_path, "one", headers={"License": "MIT"})
    holds, calls = (_built(tmp_path, code) for code in ("int x264_encoder_encode(void){return 0;}", CALLS))
    assert elf.defined(holds, frozenset({b"x264_encoder_encode", b"liq_attr_create"})) == {b"x264_encoder_encode"}
    found = looked_at(
        folder,
        {"one/_a.cpython-311-x86_64-linux-gnu.so": holds.read_bytes(), "one/_b.abi3.so": calls.read_bytes()},
    )
    assert list(found) == ["x264"]
    assert (found["x264"].static, str(found["x264"].licence)) == (True, "GPL-2.0-or-later")
    assert found["x264"].file.endswith("_a.cpython-311-x86_64-linux-gnu.so")


CALLS = "int liq_attr_create(void); int x264_encoder_encode(void); int f(void){return liq_attr_create() + "
CALLS += "x264_encoder_encode();}"


def _built(folder: Path, code: str) -> Path:
    source, out = folder / "x.c", folder / f"x{len(code)}.so"
    source.write_text(code)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(out), str(source)], check=True)
    return out


@pytest.mark.parametrize(
    "junk", [b"", b"\x7fELF\x02\x01" + b"\0" * 10, b"\x7fELF\x02\x01" + b"\xff" * 200, b"MZ" + b"\0" * 100]
)
def test_a_file_that_is_no_library_defines_nothing(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "x.so").write_bytes(junk)
    assert elf.defined(tmp_path / "x.so", frozenset({b"a"})) == set()


def test_two_sources_of_one_part_are_one_entry_and_a_known_licence_wins() -> None:
    file = Part("libmystery", "", None, "library", "one.libs/libmystery.so", why="not known")
    listed = Part("mystery", "2.1", parse("MIT"), "SBOM", "sbom.json", says="MIT")
    (one,) = merged([listed, file])
    assert (one.how, one.version, str(one.licence), one.why) == ("library", "2.1", "MIT", "")
    assert len(merged([listed, Part("mystery", "", parse("GPL-3.0-only"), "SBOM", "s", ships=False)])) == 2


def test_every_row_of_the_table_has_a_licence_that_a_list_knows_or_says_why_not() -> None:
    names = [library.name for library in native.table()]
    assert len(set(names)) == len(names)
    for library in native.table():
        assert (library.licence is None) == bool(library.unsettled), library.name
        assert library.source.startswith("http"), library.name


def test_licence_files_of_parts_are_named_after_them_and_the_packages_own_are_not_among_them(
    tmp_path: Path, make_dist: Make
) -> None:
    info = "one-1.0.dist-info/licenses"
    folder = make_dist(tmp_path, "one", headers={"License": "MIT"})
    theirs = {
        f"{info}/third_party/fmt/LICENSE": "fmt",
        f"{info}/LICENSE.eigen": "eigen",
        f"{info}/LICENSES/KLIB_LICENSE": "klib",
        f"{info}/BUILD_LICENSES/freetype.txt": "freetype",
        "one/_vendor/click/LICENSE.txt": "click",
        "one/qhull_src/COPYING_QHULL.txt": "qhull_src",
        "one/python.LICENSE": "python",
    }
    own = [f"{info}/{n}" for n in ("LICENSE", "LICENSE.MIT", "LICENSE-APACHE", "README.rst", "NOTICE", "CHANGELOG.rst")]
    looked_at(folder, dict.fromkeys([*theirs, *own, f"{info}/LICENSES/Apache-2.0.txt", "one/licence.py"], "words"))
    package = read_package(folder)
    assert isinstance(package, ResolvedPackage)
    assert {t.text.file: t.part for t in xray(package, [], Symbols(telling())).texts} == theirs


def test_a_collection_of_licences_is_not_taken_for_parts(tmp_path: Path, make_dist: Make) -> None:
    folder = make_dist(tmp_path, "one", headers={"License": "MIT"})
    files = {f"one/texts/{i}/LICENSE": "GPL text" for i in range(200)}
    looked_at(folder, dict(files))
    package = read_package(folder)
    assert isinstance(package, ResolvedPackage)
    seen = xray(package, [], Symbols(telling()))
    assert (seen.texts, seen.parts) == ((), ())
    assert "more than 150 licence files" in seen.left_out


def test_symbols_are_read_once_a_file_and_again_where_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, opened = tmp_path / "x.so", list[Path]()

    def defined(path: Path, wanted: frozenset[bytes]) -> set[bytes]:
        opened.append(path)
        return {b"a"} & wanted

    monkeypatch.setattr(elf, "defined", defined)
    file.write_bytes(b"one")
    for _ in range(2):
        symbols = Symbols(frozenset({b"a", b"b"}), tmp_path / "keep")
        assert symbols.of(file) == {b"a"}
        symbols.save()
    assert opened == [file], "the second run opens nothing"
    file.write_bytes(b"longer")
    assert Symbols(frozenset({b"a", b"b"}), tmp_path / "keep").of(file) == {b"a"}
    assert Symbols(frozenset({b"b"}), tmp_path / "keep").of(file) == set(), "other symbols are another question"
    assert opened == [file] * 3
    assert Symbols(frozenset({b"a"}), tmp_path / "keep").of(tmp_path / "gone.so") == set()
