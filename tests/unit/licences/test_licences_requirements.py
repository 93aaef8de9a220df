"""A requirements file is read without following what it points at, and what cannot be used is named with its line."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.licences.sources.requirements import MOST_LINES, read_requirements
from core.licences.sources.target import applies, marker_environment


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-r other.txt", "-r names a file that is not there"),
        ("-rother.txt", "-r names a file that is not there"),
        ("--requirement=../other.txt", "--requirement leads out of the file's folder"),
        ("-r /etc/passwd", "-r leads out of the file's folder"),
        ("-r https://example.org/r.txt", "-r names no file beside it"),
        ("-r .", "-r names a file that is not there"),
        ("-c limits.txt", "-c names a file that is not there"),
        ("-e .", "-e installs from a folder"),
        ("--index-url https://example.org/simple", "--index-url would ask another package index"),
        ("--extra-index-url=https://example.org/simple", "--extra-index-url would ask another package index"),
        ("-i https://example.org/simple", "-i would ask another package index"),
        ("--find-links https://example.org", "--find-links would ask another package index"),
        ("--pre", "the option --pre is not used"),
        ("pandas --no-binary :all:", "the option --no-binary is not used"),
        ("pandas==1 --hash=sha256:nothex", "a --hash that is not"),
        ("git+https://example.org/x.git", "git+... is a source repository"),
        ("x @ git+https://example.org/x.git", "x @ ... points at a place of its own"),
        ("x[extra] @ https://example.org/x.whl", "x @ ... points at a place of its own"),
        ("https://example.org/x-1-py3-none-any.whl", "a URL"),
        ("file:///etc/passwd", "a path on this machine"),
        ("../x", "a path on this machine"),
        ("/srv/x", "a path on this machine"),
        ("C:\\x", "a path on this machine"),
        ("x-1-py3-none-any.whl", "a file or path"),
        ("pandas; rm -rf /", "the option -rf"),
        ("pandas $(id)", "'$'"),
        ("pandas`id`", "'`'"),
        ("pandas | tee x", "'|'"),
        ("pandas && id", "'&'"),
        ("${SECRET}", "'$'"),
        ("pandas nonsense", "not a requirement"),
        ("pandas; id", "not a requirement"),
    ],
)
def test_a_line_that_points_elsewhere_is_skipped_with_its_place_and_the_rest_is_read(
    tmp_path: Path, line: str, says: str
) -> None:
    listing = read_requirements(write(tmp_path, f"# a comment\nnumpy>=2\n{line}\nscipy\n"))
    assert [w.key for w in listing.wanted] == ["numpy", "scipy"]
    (refused,) = listing.skipped
    assert says in refused.reason
    assert refused.reason.startswith("requirements.txt, line 3: ")
    assert "\n" not in refused.reason


@pytest.mark.parametrize(
    ("line", "name", "ships"),
    [
        ("git+https://me@h/x.git#egg=Thing", "Thing", True),
        ("x[a] @ https://h/x.whl", "x", True),
        ("pandas && id", "pandas", True),
        ("https://h/x.whl", "requirements.txt, line 1", True),
        ("-r ../more.txt", "requirements.txt, line 1", True),
        ("-e ./part", "requirements.txt, line 1", True),
        ("-e .", "requirements.txt, line 1", False),
        ("--index-url https://h", "requirements.txt, line 1", False),
        ("-c ../more.txt", "requirements.txt, line 1", False),
    ],
)
def test_what_a_skipped_line_hides_counts_only_where_it_may_ship(
    tmp_path: Path, line: str, name: str, ships: bool
) -> None:
    (refused,) = read_requirements(write(tmp_path, line)).skipped
    assert (refused.name, refused.ships) == (name, ships)


def test_a_password_in_a_refused_line_is_not_repeated(tmp_path: Path) -> None:
    for line in (
        "-ihttps://me:s3cret@example.org",
        "--index-url=https://me:s3cret@example.org",
        "x @ https://me:s3cret@h/x",
        "git+https://me:s3cret@h/x",
        "me:s3cret@h/x",
        "-r https://me:s3cret@h/x",
    ):
        assert "s3cret" not in str(read_requirements(write(tmp_path, line)).skipped)


def test_files_beside_it_are_read_with_it_and_constraints_only_constrain(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "base.txt").write_text("six\n-r ../requirements.txt\n-c limits.txt\n../out\n")
    (tmp_path / "parts" / "limits.txt").write_text("numpy<3\ngit+https://h/x\n")
    listing = read_requirements(write(tmp_path, "numpy\n-r parts/base.txt\n"))
    assert [(w.key, w.file, w.line) for w in listing.wanted] == [
        ("numpy", "requirements.txt", 1),
        ("six", "base.txt", 1),
    ]
    assert listing.constraints == ("numpy<3",)
    places = [(s.reason.split(":")[0], s.ships) for s in listing.skipped]
    assert places == [("limits.txt, line 2", False), ("base.txt, line 4", True)]


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("secret-package\n")
    (inside / "link.txt").symlink_to(tmp_path / "secret.txt")
    listing = read_requirements(write(inside, "six\n-r link.txt\n"))
    assert [w.key for w in listing.wanted] == ["six"]
    assert "leads out" in listing.skipped[0].reason


def test_pins_hashes_markers_continuations_and_comments_are_read(tmp_path: Path) -> None:
    text = (
        "﻿Foo.Bar[x]==1.2 ; python_version >= '3.8' \\\n"
        "    --hash=sha256:AA11 \\\n    --hash=sha256:bb22\n"
        "    # via something\n\nbaz>=1,<2  # why\r\nqux==1.*\n"
    )
    foo, baz, qux = read_requirements(write(tmp_path, text)).wanted
    assert (foo.key, foo.pin, foo.line, foo.hashes) == ("foo-bar", "1.2", 1, frozenset({"aa11", "bb22"}))
    assert (baz.key, baz.pin, baz.line) == ("baz", "", 6)
    assert qux.pin == ""


def test_markers_are_answered_for_the_target_and_not_for_this_machine(tmp_path: Path) -> None:
    (line,) = read_requirements(write(tmp_path, "pywin32; sys_platform == 'win32'")).wanted
    assert applies(line.requirement, marker_environment("windows"))
    assert not applies(line.requirement, marker_environment("linux"))
    with pytest.raises(InputError, match="linux, macos, windows"):
        marker_environment("amiga")


def test_too_long_empty_or_undecodable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than 50,000 lines"):
        read_requirements(write(tmp_path, "a\n" * (MOST_LINES + 1)))
    assert len(read_requirements(write(tmp_path, "a\n" * (MOST_LINES - 1))).wanted) == MOST_LINES - 1
    with pytest.raises(InputError, match="names no package"):
        read_requirements(write(tmp_path, "# nothing yet\n\n"))
    path = tmp_path / "latin.txt"
    path.write_bytes(b"numpy\n# caf\xe9\n")
    with pytest.raises(InputError, match=r"latin\.txt: not UTF-8 at byte 11"):
        read_requirements(path)
    (tmp_path / "poetry.lock.toml").write_text("x")
    with pytest.raises(InputError, match="not a requirements file"):
        read_requirements(tmp_path / "poetry.lock.toml")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.sampled_from("ab1.-_=<>!~;,[]()@:/\\#'\" \n\t$|&{}`*é\x00"), max_size=60))
def test_any_text_is_read_or_refused_and_no_line_is_dropped(tmp_path: Path, text: str) -> None:
    try:
        listing = read_requirements(write(tmp_path, text))
    except InputError as error:
        assert str(error).startswith("requirements.txt")  # noqa: PT017 - either way is right
        return
    said = [(w.file, w.line) for w in listing.wanted] + [_place(s.reason) for s in listing.skipped]
    assert len(set(said)) == len(said)
    plain = [n for n, line in enumerate(text.split("\n"), 1) if re.search(r"^[^#\s\\]", line)]
    continued = {n + 1 for n, line in enumerate(text.split("\n"), 1) if line.rstrip("\r").endswith("\\")}
    assert {n for n in plain if n not in continued} <= {line for _, line in said}
    assert all(not w.requirement.url for w in listing.wanted)


def _place(reason: str) -> tuple[str, int]:
    file, line = reason.split(": ")[0].split(", line ")
    return file, int(line)
