"""A text is told by its words only where nothing in it can mean something else."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from core.licences.similar import available, same_as

pytestmark = pytest.mark.skipif(not available(), reason="the licence texts of ScanCode are not installed")


def library(key: str) -> str:
    spec = find_spec("licensedcode")
    assert spec is not None
    folder = Path(next(iter(spec.submodule_search_locations or ())))
    return (folder / "data" / "licenses" / f"{key}.LICENSE").read_text("utf-8").split("---\n", 2)[2]


def told(text: str) -> str | None:
    found = same_as(text)
    return found.licence if found else None


@pytest.mark.parametrize(
    ("key", "licence"),
    [("mit", "MIT"), ("apache-2.0", "Apache-2.0"), ("bsd-new", "BSD-3-Clause"), ("bsd-simplified", "BSD-2-Clause"),
     ("isc", "ISC"), ("bsd-zero", "0BSD"), ("mpl-2.0", "MPL-2.0"), ("gpl-3.0", "GPL-3.0-only"),
     ("lgpl-2.1", "LGPL-2.1-only"), ("psf-2.0", "PSF-2.0"), ("zlib", "Zlib"), ("boost-1.0", "BSL-1.0"),
     ("cc-by-4.0", "CC-BY-4.0"),
     ("cc-by-nd-4.0", "CC-BY-ND-4.0"), ("agpl-3.0", "AGPL-3.0-only"), ("json", "JSON"),
     ("llama-3.1-license-2024", "LicenseRef-scancode-llama-3.1-license-2024")],
)  # fmt: skip
def test_a_whole_text_is_its_licence(key: str, licence: str) -> None:
    assert told(library(key)) == licence
    assert told(f"The Licence\n\nCopyright (c) 2026 Somebody and others\n\n{library(key)}") == licence


def test_apache_without_its_advice_on_how_to_apply_it_is_apache_and_not_pixar() -> None:
    text = library("apache-2.0")
    assert told(text[: text.index("APPENDIX")]) == "Apache-2.0"
    assert told(text[: text.index("END OF TERMS")]) == "Apache-2.0"


def test_an_exception_below_the_terms_is_not_lost() -> None:
    assert (
        told(
            library("apache-2.0")
            + "\n\n---- LLVM Exceptions to the Apache 2.0 License ----\n"
            + library("llvm-exception")
        )
        is None
    )


@pytest.mark.parametrize(
    "added",
    [
        "\nThe Software may not be used for commercial purposes.\n",
        "\nThe Software shall be used for Good, not Evil.\n",
        "\nAlternatively, this file may be used under the GPL.\n",
        "\nThis package also includes code under the LGPL.\n",
    ],
)
def test_a_sentence_that_changes_the_meaning_leaves_it_to_scancode(added: str) -> None:
    assert told(library("mit") + added) in (None, "JSON")
    assert told(added + library("apache-2.0")) is None


def test_two_licences_in_one_file_are_not_one() -> None:
    assert told(library("mit") + library("bsd-new")) is None
    assert told(library("apache-2.0") + "\n" + library("mit")) is None


def test_a_choice_written_above_a_text_is_not_passed_over() -> None:
    assert told("You may use this under the terms of either:\n* GPL, or\n* MIT License\n\n" + library("mit")) is None


def test_a_title_that_names_another_licence_leaves_a_doubt() -> None:
    assert told("Apache License\n\n" + library("mit")) is None


def test_a_name_or_a_few_words_are_too_little() -> None:
    for text in ("", "MIT", "BSD License", "Licensed under the Apache License, Version 2.0"):
        assert told(text) is None
    assert told("word " * 60_000) is None, "a text of 300 kB is left to ScanCode"
