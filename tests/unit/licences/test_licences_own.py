"""One's own source as a folder or a zip: its lists of packages, the code of others, and nothing that reaches out."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.licences.detect import claim
from core.licences.package import ResolvedPackage, SkippedPackage, licence_texts
from core.licences.sources import Package, archive, read_target
from core.licences.sources.headers import head_comment, holder_of, squeeze

MIT = "MIT License\n\nCopyright (c) 2026 Own Company Ltd\n\nPermission is hereby granted"
SOURCE = {
    "LICENSE": MIT,
    "pyproject.toml": '[project]\nname = "product"\nlicense = "MIT"\ndependencies = ["zz-app"]\n',
    "requirements-dev.txt": "zz-lint\n",
    "setup.py": "raise SystemExit('foreign code was run')\n",
    "web/package-lock.json": '{"lockfileVersion": 3, "packages": {"node_modules/zz-js": {"version": "1"}}}',
    "web/package.json": '{"dependencies": {"zz-js": "1"}}',
    "src/mine.py": "# Copyright 2026 Own Company, all rights reserved\nimport this\n",
    "src/plain.py": "x = 1\n",
    "src/taken.c": "/*\n * Copyright (C) 1999 Jane Doe <j@d.org>\n * SPDX-License-Identifier: GPL-2.0-only\n */\n",
    "src/taken_too.c": "// Copyright 2003 Jane Doe\n// SPDX-License-Identifier: GPL-2.0-only\n",
    "src/vendor/tool/LICENSE": "Apache License\nVersion 2.0",
    "src/vendor/tool/tool.py": "# Copyright Somebody Else\n",
    "src/_vendor/zz_dist-1.0.dist-info/METADATA": "Name: zz-dist\nVersion: 1.0\nLicense: LGPL-3.0\n",
    "src/_vendor/zz_dist/__init__.py": "",
    "lib/other/COPYING": "GNU GENERAL PUBLIC LICENSE\nCopyright (C) 2007 Free Software Foundation, Inc.\n",
    "lib/part/LICENSE": MIT,
    "node_modules/zz-installed/package.json": '{"name": "zz-installed", "version": "2", "license": "ISC"}',
    ".git/config": "",
    "native/fast.so": "\0",
}  # fmt: skip


def lay(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def pack(path: Path, files: dict[str, str | bytes], links: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            if name in links:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


def read(target: Path, tmp_path: Path) -> list[Package]:
    return read_target(target, cache=tmp_path / "cache", offline=True)


def resolved(packages: list[Package]) -> dict[str, ResolvedPackage]:
    return {p.name: p for p in packages if isinstance(p, ResolvedPackage)}


def skipped(packages: list[Package]) -> dict[str, SkippedPackage]:
    return {p.name: p for p in packages if isinstance(p, SkippedPackage)}


@pytest.fixture(params=["folder", "zip"])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> list[Package]:
    """The same source, as a folder and as a zip with a folder on top, as code hosts make them."""
    if request.param == "folder":
        return read(lay(tmp_path / "product", SOURCE), tmp_path)
    files: dict[str, str | bytes] = {f"product-main/{n}": text for n, text in SOURCE.items()}
    return read(pack(tmp_path / "product", files), tmp_path)


def test_lists_of_packages_are_found_and_of_a_list_and_its_lock_the_lock_is_read(found: list[Package]) -> None:
    assert resolved(found)["zz-js"].via == ("web/package-lock.json",)
    left = skipped(found)
    assert left["zz-app"].via == ("pyproject.toml",)
    assert {n: left[n].ships for n in ("web/package.json", "requirements-dev.txt", "setup.py")} == {
        "web/package.json": False, "requirements-dev.txt": False, "setup.py": False}  # fmt: skip
    assert resolved(found)["zz-installed"].ecosystem == "npm"


def test_code_of_others_is_told_from_ones_own_by_its_notices_and_texts(found: list[Package]) -> None:
    copied = {n: p for n, p in resolved(found).items() if p.use == "copied"}
    assert set(copied) == {
        "code of Jane Doe (src/taken.c and 1 more files)",
        "tool",
        "zz-dist",
        "other",
    }
    jane = next(p for n, p in copied.items() if "Jane" in n)
    assert claim(jane).declared == "GPL-2.0-only"
    evidence = claim(jane).evidence[0]
    assert (evidence.tier, evidence.file, evidence.line) == ("SPDX header", "src/taken.c", 3)
    assert claim(copied["zz-dist"]).declared == "LGPL-3.0-only"
    assert copied["zz-dist"].ecosystem == "python"
    assert "GENERAL PUBLIC" in licence_texts(copied["other"])[0].text
    assert "Apache" in licence_texts(copied["tool"])[0].text


def test_ones_own_code_is_counted_and_compiled_code_is_not_passed_over(found: list[Package]) -> None:
    left = skipped(found)
    own = next(s for s in left.values() if s.ecosystem == "own")
    assert "4 source files" in own.reason
    assert not own.ships
    assert left["native/fast.so"].ships
    assert not any(".git" in name for name in left)


def test_a_folder_without_anything_to_read_says_what_could_be_given(tmp_path: Path) -> None:
    lay(tmp_path / "photos", {"a.jpg": "x"})
    with pytest.raises(InputError, match="no list of packages and no source code"):
        read(tmp_path / "photos", tmp_path)


def test_a_manifest_that_cannot_be_read_is_one_skipped_entry(tmp_path: Path) -> None:
    found = read(lay(tmp_path / "p", {"a/package-lock.json": "{", "uv.lock": "= 1", "x.py": ""}), tmp_path)
    left = skipped(found)
    assert "not valid JSON" in left["a/package-lock.json"].reason
    assert left["uv.lock"].ships


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = lay(tmp_path / "outside", {"LICENSE": "secret", "requirements.txt": "zz-secret\n"})
    folder = lay(tmp_path / "p", {"x.py": ""})
    (folder / "requirements.txt").symlink_to(secret / "requirements.txt")
    (folder / "lib").symlink_to(secret)
    left = skipped(read(folder, tmp_path))
    assert {n for n in left if "link" in left[n].reason} == {"requirements.txt", "lib"}
    assert "zz-secret" not in left


HOSTILE: dict[str, str | bytes] = {
    "ok.py": "x = 1", "../out.py": "x", "/abs.py": "x", "a\\b.py": "x", "C:/x.py": "x", "link.py": "/etc/passwd",
    "bell\x07.py": "x", "deep/" * 60 + "x.py": "x", "n" * 240 + ".py": "x", "bomb.py": b"0" * 20_000_000,
    "clash": "", "clash/x.py": "x", "requirements.txt": "zz-app\n",
}  # fmt: skip


def test_a_hostile_zip_writes_nothing_outside_and_names_what_it_left_out(tmp_path: Path) -> None:
    path = pack(tmp_path / "evil.zip", HOSTILE, links=("link.py",))
    found = skipped(read(path, tmp_path))
    reasons = {n: s.reason for n, s in found.items() if s.reason.startswith("evil.zip")}
    assert sum("leads out" in r for r in reasons.values()) == 5
    assert "symbolic link" in reasons["link.py"]
    assert "times its size" in reasons["bomb.py"]
    assert sum("too long or too deep" in r for r in reasons.values()) == 2
    assert "zz-app" in found, "the rest of the scan goes on"
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p != path]
    assert all(p.is_relative_to(tmp_path / "cache" / "sources") for p in written)
    assert sum(p.stat().st_size for p in written) < 1_000_000


def test_too_many_files_or_no_zip_at_all_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(InputError, match=r"broken\.zip: not a readable zip file"):
        read(tmp_path / "broken.zip", tmp_path)
    monkeypatch.setattr(archive, "MOST_ENTRIES", 3)
    many = pack(tmp_path / "many.zip", {f"{i}.py": "" for i in range(4)})
    with pytest.raises(InputError, match="holds 4 files or more, and at most 3"):
        read(many, tmp_path)


def test_many_entries_of_one_reason_are_counted_and_a_few_named(tmp_path: Path) -> None:
    left = skipped(read(pack(tmp_path / "m.zip", {"x.py": "", **{f"../{i}": "" for i in range(50)}}), tmp_path))
    outside = {n: s for n, s in left.items() if "leads out" in s.reason}
    assert len(outside) == 21
    assert "30 more" in outside


TAKEN = """import os


def own():
    return "under the terms of the GNU General Public License"  # words in code are no notice


# Copyright (C) 2019 Jane Doe
# This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
# License as published by the Free Software Foundation, either version 3 of the License, or any later version.
def taken():
    return 2
"""


def test_a_notice_above_code_that_was_copied_into_a_file_is_seen_with_its_line(tmp_path: Path) -> None:
    files = {
        "a.py": TAKEN,
        "b.js": "let a = 1;\n" * 40 + "/*! tiny v1.2 | SPDX-License-Identifier: MPL-2.0 */ let b = 2;\n",
        "c.py": "x = 1\n# see the licence of the data before it is sold\n# (c) is the third case\ny = 2\n",
        "d.c": "int a;\n" + "/* " * 60_000 + "\n",
    }
    found = resolved(read(lay(tmp_path / "p", files), tmp_path))
    assert {p.via[1] for p in found.values()} == {"a.py", "b.js"}
    jane = found["code of Jane Doe (a.py)"]
    assert claim(next(p for p in found.values() if p.via[1] == "b.js")).evidence[0].line == 41
    lines = licence_texts(jane)[0].text.splitlines()
    assert "Jane Doe" in lines[7]


@pytest.mark.parametrize(
    ("text", "comment", "holder"),
    [
        ("#!/bin/sh\n# Copyright (c) 2020-2024, Foo Bar. All rights reserved.\nx", "(c) 2020-2024, Foo", "foo bar"),
        ("/*! jQuery v3 | (c) OpenJS Foundation | MIT */\n", "jQuery v3", "openjs foundation mit"),
        ("<!-- © Foo GmbH -->", "© Foo GmbH", "foo"),
        ('"""Docs.\n\nCopyright the Foo authors\n"""', "Docs.", "the foo"),
        ("-- copyright: 2001 by Foo <foo@example.org>\n", "copyright: 2001", "foo"),
        ("x = 1  # Copyright Foo", "", ""),
        ("# the copyright notice must be kept\n", "the copyright notice", ""),
    ],
)  # fmt: skip
def test_heads_of_files_in_many_languages(text: str, comment: str, holder: str) -> None:
    head = head_comment(text)
    assert comment in head
    assert bool(comment) == bool(head)
    assert squeeze(holder_of(head)) == holder


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="#/*-\"'<>! \n\tCopyright(c)©2020abcxyz", max_size=200))
def test_any_head_is_read_in_no_time_and_with_its_lines(text: str) -> None:
    head = head_comment(text)
    assert head.count("\n") <= text.count("\n")
    squeeze(holder_of(head))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(alphabet="ab./\\:~ é\x00\n", min_size=1, max_size=12).filter(lambda n: n.strip("/")),
                       st.binary(max_size=20), min_size=1, max_size=6))  # fmt: skip
def test_no_name_in_a_zip_leads_out_of_its_folder(tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = tmp_path / "z"
    folder.mkdir(exist_ok=True)
    try:
        archive.unpack(pack(folder / "any.zip", {f"{n}.py": content for n, content in files.items()}), folder / "cache")
    except InputError as error:
        assert str(error).startswith("any.zip")  # noqa: PT017 - either way is right
    assert {p.name for p in tmp_path.iterdir()} == {"z"}
    assert {p.name for p in folder.iterdir()} <= {"any.zip", "cache"}


@pytest.fixture(autouse=True)
def nothing_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, make_dist: Callable[..., Path]
) -> None:
    """An environment of one package, so that no list of the test is found in this one."""
    site = tmp_path_factory.mktemp("site")
    make_dist(site, "zz-here")
    monkeypatch.setattr("core.licences.sources.python.sys.path", [str(site)])


@pytest.mark.parametrize("shown", ["Some Body <s@x.org>", "Some Body (s@x.org)", "Some Body s@x.org"])
def test_a_holders_mail_address_is_not_shown(shown: str) -> None:
    assert holder_of(f"Copyright (c) 2011 {shown}") == "Some Body"
