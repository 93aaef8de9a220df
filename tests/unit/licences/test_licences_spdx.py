"""Licence names are read into SPDX expressions, and what may mean several licences is not guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.licences.spdx import (
    All,
    Leaf,
    OneOf,
    category,
    filed_under,
    names,
    parse,
    read_classifier,
    read_name,
    read_tag,
)


def test_spdx_ids_come_before_scancode_keys() -> None:
    """SPDX BSL-1.0 is Boost; ScanCode's key bsl-1.0 is the Business Source Licence."""
    assert (parse("BSL-1.0"), category("BSL-1.0")) == (Leaf("BSL-1.0"), "Permissive")
    assert (parse("BUSL-1.1"), category("BUSL-1.1")) == (Leaf("BUSL-1.1"), "Source-available")
    assert parse("bsl-1.1") == Leaf("BUSL-1.1")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("MIT", "MIT"),
        ("mit license", "MIT"),
        ("The MIT License (MIT)", "MIT"),
        ("Apache 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("3-Clause BSD License", "BSD-3-Clause"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("MIT and MPL-2.0", "MIT AND MPL-2.0"),
        ("Apache 2.0 or MIT License", "Apache-2.0 OR MIT"),
        ("bsd-simplified AND public-domain", "BSD-2-Clause AND LicenseRef-scancode-public-domain"),
        ("GPL-2.0-with-classpath-exception OR MIT", "GPL-2.0-only WITH Classpath-exception-2.0 OR MIT"),
        ("apache-2.0 with llvm-exception", "Apache-2.0 WITH LLVM-exception"),
        ("MIT AND (MIT OR GPL-3.0-only)", "MIT AND (MIT OR GPL-3.0-only)"),
        ("LicenseRef-NVIDIA-Proprietary", "LicenseRef-NVIDIA-Proprietary"),
    ],
)
def test_what_people_write_is_read_as_spdx(text: str, expression: str) -> None:
    assert str(read_name(text)) == expression


@pytest.mark.parametrize(
    "text",
    ["BSD", "BSD License", "Apache", "Apache Software License", "GPL", "LGPL", "Artistic License", "UNKNOWN", "Dual",
     "see LICENSE", "MIT or BSD", "MIT/Apache-2.0", "MIT AND nonsense-licence", "GPL-2.0-only WITH MIT", "", "((MIT",
     "MIT AND", "LLVM-exception"],
)  # fmt: skip
def test_what_is_ambiguous_or_unlisted_decides_nothing(text: str) -> None:
    assert read_name(text) is None


def test_classifiers_that_name_a_family_decide_nothing() -> None:
    assert read_classifier("License :: OSI Approved :: MIT License") == Leaf("MIT")
    assert read_classifier("License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)") == Leaf(
        "GPL-2.0-or-later"
    )
    for family in ("BSD License", "Apache Software License", "GNU General Public License (GPL)", "Artistic License"):
        assert read_classifier(f"License :: OSI Approved :: {family}") is None


def test_every_name_in_the_tables_stands_for_a_licence_that_exists() -> None:
    for table in ("aliases", "classifiers", "deprecated", "hub"):
        for name, expression in names()[table].items():
            assert parse(expression) is not None or (table == "hub" and expression == ""), f"{table}: {name}"
    assert not set(names()["aliases"]) & set(names()["ambiguous"])


@pytest.mark.parametrize(
    ("tag", "licence"),
    [("apache-2.0", "Apache-2.0"), ("cc-by-nc-4.0", "CC-BY-NC-4.0"), ("odbl", "ODbL-1.0"), ("gpl-3.0", "GPL-3.0-only"),
     ("llama3.1", "LicenseRef-scancode-llama-3.1-license-2024"), ("gemma", "LicenseRef-scancode-gemma-tou-2024-04-01"),
     ("MIT", "MIT"), ("LicenseRef-own", "LicenseRef-own")],
)  # fmt: skip
def test_hub_tags_are_read(tag: str, licence: str) -> None:
    assert str(read_tag(tag)) == licence


@pytest.mark.parametrize("tag", ["other", "unknown", "bsd", "cc", "gpl", "", "my-own-invention"])
def test_hub_tags_that_name_no_licence_stay_unknown(tag: str) -> None:
    assert read_tag(tag) is None


def test_an_expression_is_filed_under_the_strictest_that_applies_and_the_mildest_of_a_choice() -> None:
    gpl, mit = Leaf("GPL-3.0-only"), Leaf("MIT")
    assert filed_under(All((mit, gpl))) == "Copyleft"
    assert filed_under(OneOf((mit, gpl))) == "Permissive"
    assert filed_under(Leaf("LicenseRef-nobody-knows")) == "Unknown"


TOKENS = st.sampled_from(
    ["MIT", "GPL-3.0-only", "LicenseRef-x", "no-such", "(", ")", "AND", "OR", "WITH", "and", "LLVM-exception", "+", "/"]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(TOKENS, max_size=14).map(" ".join) | st.text(max_size=40))
def test_no_text_crashes_the_reader_and_what_is_read_reads_the_same_again(text: str) -> None:
    node = parse(text)
    if node is not None:
        assert parse(str(node)) == node


def test_endless_expressions_are_refused_and_not_followed() -> None:
    assert parse("(" * 900 + "MIT" + ")" * 900) in (None, Leaf("MIT"))
    assert parse("MIT AND (MIT OR " * 100 + "MIT" + ")" * 100) is None
    assert parse("MIT AND " * 500 + "MIT") is None
