"""A requirements file is read without following what it points at, and what cannot be used is named with its line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.licences.requirements import MOST_LINES, applies, marker_environment, read_requirements


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-r other.txt", "-r includes another file"),
        ("-rother.txt", "-r includes another file"),
        ("--requirement=other.txt", "--requirement includes another file"),
        ("-c limits.txt", "-c names a constraints file"),
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
def test_what_points_elsewhere_is_refused_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    path = write(tmp_path, f"# a comment\nnumpy>=2\n{line}\n")
    with pytest.raises(InputError) as error:
        read_requirements(path)
    assert says in str(error.value)
    assert str(error.value).startswith("requirements.txt, line 3: ")
    assert "\n" not in str(error.value)


def test_a_password_in_a_refused_line_is_not_repeated(tmp_path: Path) -> None:
    for line in (
        "-ihttps://me:s3cret@example.org",
        "--index-url=https://me:s3cret@example.org",
        "x @ https://me:s3cret@h/x",
    ):
        with pytest.raises(InputError) as error:
            read_requirements(write(tmp_path, line))
        assert "s3cret" not in str(error.value)


def test_pins_hashes_markers_continuations_and_comments_are_read(tmp_path: Path) -> None:
    text = (
        "﻿Foo.Bar[x]==1.2 ; python_version >= '3.8' \\\n"
        "    --hash=sha256:AA11 \\\n    --hash=sha256:bb22\n"
        "    # via something\n\nbaz>=1,<2  # why\r\nqux==1.*\n"
    )
    foo, baz, qux = read_requirements(write(tmp_path, text))
    assert (foo.key, foo.pin, foo.line, foo.hashes) == ("foo-bar", "1.2", 1, frozenset({"aa11", "bb22"}))
    assert (baz.key, baz.pin, baz.line) == ("baz", "", 6)
    assert qux.pin == ""


def test_markers_are_answered_for_the_target_and_not_for_this_machine(tmp_path: Path) -> None:
    (line,) = read_requirements(write(tmp_path, "pywin32; sys_platform == 'win32'"))
    assert applies(line.requirement, marker_environment("windows"))
    assert not applies(line.requirement, marker_environment("linux"))
    with pytest.raises(InputError, match="linux, macos, windows"):
        marker_environment("amiga")


def test_too_long_empty_or_undecodable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than 10,000 lines"):
        read_requirements(write(tmp_path, "a\n" * (MOST_LINES + 1)))
    assert len(read_requirements(write(tmp_path, "a\n" * (MOST_LINES - 1)))) == MOST_LINES - 1
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
def test_any_text_is_read_or_refused_with_one_message(tmp_path: Path, text: str) -> None:
    lines, message = [], ""
    try:
        lines = read_requirements(write(tmp_path, text))
    except InputError as error:
        message = str(error)
    assert lines or message.startswith("requirements.txt")
    assert all(not w.requirement.url for w in lines)
