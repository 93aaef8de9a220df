"""Why a package is here: the chain of requirers, whatever the graph looks like."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from core.licences.package import Metadata, Package, ResolvedPackage
from core.licences.sources.environment import requirements_of
from core.licences.sources.graph import chains, explain
from core.licences.sources.target import applies, marker_environment

KEYS = st.sampled_from("abcdefgh")
GRAPHS = st.dictionaries(KEYS, st.lists(KEYS, max_size=4))


def packages(keys: str) -> dict[str, Package]:
    return {k: ResolvedPackage(k.upper(), "1", Path(k)) for k in keys}


def test_the_shortest_chain_is_told_from_what_was_given_to_the_direct_requirer() -> None:
    graph = {"a": ["b", "c"], "b": ["c"], "c": ["d"]}
    found = explain(packages("abcd"), {"a": "requirements.txt"}, graph, "requirements.txt")
    assert found["a"].via == ("requirements.txt",)
    assert found["d"].via == ("requirements.txt", "A", "C")
    assert (found["c"].required_by, found["a"].required_by) == (("A", "B"), ())


def test_a_circle_ends_and_without_a_requirer_begins_at_its_first_name() -> None:
    found = explain(packages("abc"), {}, {"b": ["c"], "c": ["b"], "a": ["a"]}, "environment")
    assert {k: p.via for k, p in found.items()} == {
        "a": ("environment",), "b": ("environment",), "c": ("environment", "B")}  # fmt: skip


@given(st.dictionaries(KEYS, st.just("here"), min_size=1), GRAPHS)
def test_every_chain_is_a_path_of_the_graph(roots: dict[str, str], graph: dict[str, list[str]]) -> None:
    for key, chain in chains(roots, graph).items():
        assert chain[0] == "here"
        steps = [*chain[1:], key]
        assert steps[0] in roots
        assert len(set(steps)) == len(steps)
        assert all(b in graph[a] for a, b in pairwise(steps))


@given(GRAPHS)
def test_every_package_has_a_reason_to_be_here(graph: dict[str, list[str]]) -> None:
    found = explain(packages("abcdefgh"), {}, graph, "here")
    assert all(p.via and p.via[0] == "here" for p in found.values())


NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,6}[A-Za-z0-9])?", fullmatch=True)
EXTRAS = st.sampled_from(["", "[a]", " [a, b-c]"])
VERSIONS = st.sampled_from(["", ">=1", " (>=1.0,<2)", "==1.*", " ~= 1.2.3 , != 1.2.5", "<2;", " @ https://e.x/y.whl"])
MARKERS = st.sampled_from([
    "", "; extra == 'dev'", '; python_version >= "3.8"', "; python_version < '3' and extra == 'x'",
    "; extra == 'x' or python_version >= '3.8'", '; sys_platform == "win32"', ";(extra=='x')", "; not a marker",
])  # fmt: skip


@given(NAMES, EXTRAS, VERSIONS, MARKERS)
def test_a_requirement_taken_apart_by_hand_asks_for_what_the_packaging_library_reads(
    name: str, extras: str, versions: str, marker: str
) -> None:
    line, environment = f"{name}{extras}{versions}{marker}", marker_environment("linux")
    package = ResolvedPackage("one", "1", None, stated=Metadata("METADATA", (("requires-dist", 1, line),)))
    try:
        read = Requirement(line)
    except InvalidRequirement:
        wanted = []
    else:
        wanted = [canonicalize_name(read.name)] if applies(read, environment) else []
    assert requirements_of({"one": package}, environment) == {"one": wanted}


@pytest.mark.parametrize("line", ["", "-r other.txt", "a b", "[x]", "a ==1 ; ", "a; python_version >", "ä"])
def test_a_line_that_is_no_requirement_asks_for_nothing(line: str) -> None:
    package = ResolvedPackage("one", "1", None, stated=Metadata("METADATA", (("requires-dist", 1, line),)))
    assert requirements_of({"one": package}, marker_environment("linux")) == {"one": []}
