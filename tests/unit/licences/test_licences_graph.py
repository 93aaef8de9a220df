"""Why a package is here: the chain of requirers, whatever the graph looks like."""

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.licences.package import ResolvedPackage
from core.licences.sources.graph import Package, chains, explain

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
