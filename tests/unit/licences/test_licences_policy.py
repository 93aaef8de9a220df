"""What licences mean per way of selling: known answers that say why, and laws that hold for every expression."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.licences.policy import MODES, Policy, Standing, judge, load, unknown, worst
from core.licences.spdx import All, Leaf, Node, OneOf, leaves, parse

POLICY = load()
A, D, U, B = Standing.ALLOWED, Standing.OBLIGATIONS, Standing.UNKNOWN, Standing.BLOCKED


def standings(expression: str, *, open_source: bool = False) -> list[Standing]:
    node = parse(expression)
    assert node is not None
    return [judge(node, mode, POLICY, open_source=open_source).status for mode in MODES]


@pytest.mark.parametrize(
    ("expression", "internal", "saas", "shipped", "because"),
    [
        ("MIT", A, A, A, "permissive"),
        ("CC0-1.0", A, A, A, "given to the public"),
        ("AGPL-3.0-only", A, B, B, "network use asks for the source"),
        ("GPL-2.0-or-later", A, A, B, "copies must be under the GPL, a service hands over none"),
        ("CECILL-2.1", A, A, B, "GPL-like, though LicenseDB files it under limited copyleft"),
        ("OSL-3.0", A, B, B, "external deployment counts as distribution"),
        ("SSPL-1.0", A, B, B, "the service's own source would be asked for"),
        ("LGPL-2.1-only", A, A, D, "a dynamic dependency may stay closed around it"),
        ("MPL-2.0", A, A, D, "copyleft on its own files"),
        ("EUPL-1.2", A, U, U, "what a derivative work is, is for national law"),
        ("BUSL-1.1", U, U, U, "the use grant must be read"),
        ("BSL-1.0", A, A, A, "Boost, not the Business Source Licence"),
        ("Elastic-2.0", A, U, D, "hosting it for others is the question"),
        ("CC-BY-NC-4.0", U, B, B, "selling is commercial"),
        ("LicenseRef-NVIDIA-Proprietary", A, D, U, "only listed files may be handed over"),
        ("LicenseRef-own", A, A, A, "one's own"),
        ("LicenseRef-somebodys-terms", U, U, U, "nobody has read it"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", A, A, D, "linking is permitted"),
        ("GPL-3.0-only WITH GCC-exception-3.1", A, A, D, "the runtime may be combined with anything"),
        ("AGPL-3.0-only WITH GCC-exception-3.1", A, B, D, "an exception for copies leaves the network clause standing"),
        ("Apache-2.0 WITH LLVM-exception", A, A, A, "an exception never makes a licence stricter"),
        ("GPL-2.0-only WITH LicenseRef-scancode-openssl-exception-agpl-3.0", A, A, B, "this one permits OpenSSL only"),
        ("LicenseRef-x WITH GCC-exception-3.1", U, U, U, "an exception settles nothing that is unknown"),
        ("MIT AND GPL-3.0-only", A, A, B, "both apply"),
        ("GPL-3.0-only OR MIT", A, A, A, "MIT may be chosen"),
        ("LicenseRef-x AND GPL-3.0-only", U, U, B, "a block is certain, whatever the other says"),
        ("LicenseRef-x AND MIT", U, U, U, "unknown stays unknown"),
        ("LicenseRef-x OR MIT", A, A, A, "the known arm may be chosen"),
        ("LicenseRef-x OR GPL-3.0-only", A, A, U, "the unknown arm may yet be free"),
        ("MIT AND (AGPL-3.0-only OR LGPL-3.0-only)", A, A, D, "the choice is made inside the brackets"),
    ],
)
def test_a_closed_product_gets_the_known_answers(
    expression: str, internal: Standing, saas: Standing, shipped: Standing, because: str
) -> None:
    assert standings(expression) == [internal, saas, shipped, shipped], because


def test_an_open_product_may_use_copyleft_against_publishing_its_source() -> None:
    assert standings("GPL-3.0-only", open_source=True) == [A, A, D, D]
    assert standings("AGPL-3.0-only", open_source=True) == [A, D, D, D]
    assert standings("CC-BY-NC-4.0", open_source=True) == [U, B, B, B]
    assert standings("SSPL-1.0", open_source=True) == [A, B, U, U]


def test_the_arm_chosen_is_recorded_and_is_the_lighter_one_where_both_are_free() -> None:
    node = parse("GPL-3.0-only OR MIT")
    assert node is not None
    for mode in MODES:
        answer = judge(node, mode, POLICY)
        assert answer.chosen == ("MIT",)
        assert "MIT chosen of GPL-3.0-only OR MIT" in answer.reason


def test_every_answer_says_why_and_an_obligation_says_what_to_do() -> None:
    for rule in POLICY.rules:
        for mode in MODES:
            for open_source in (False, True):
                cell = rule.answer(mode, open_source=open_source)
                assert cell is not None
                assert len(cell.why) >= 8
                assert bool(cell.owed) == (cell.status == D) or rule.id.startswith("permissive")


def test_permissive_licences_are_allowed_and_their_notices_owed_with_copies() -> None:
    answer = judge(Leaf("MIT"), "on_premises", POLICY)
    assert answer.status == A
    assert answer.obligations == ("Keep copyright notices and licence text with every copy",)
    assert judge(Leaf("MIT"), "saas", POLICY).obligations == ()


def test_shared_alike_data_leaves_trained_weights_in_doubt() -> None:
    assert judge(Leaf("CC-BY-SA-4.0"), "on_premises", POLICY, use="dataset").status == U
    assert judge(Leaf("CC-BY-SA-4.0"), "on_premises", POLICY, use="dynamic").status == D


def test_a_policy_that_is_missing_or_malformed_is_the_inputs_fault() -> None:
    for name in ("no_such_policy", "../default", "names"):
        with pytest.raises(InputError, match="policy"):
            load(name)


IDS = ["MIT", "Apache-2.0", "GPL-3.0-only", "AGPL-3.0-only", "LGPL-2.1-only", "MPL-2.0", "CC-BY-NC-4.0", "SSPL-1.0",
       "BUSL-1.1", "LicenseRef-NVIDIA-Proprietary", "LicenseRef-x", "CC0-1.0", "EUPL-1.2"]  # fmt: skip
LEAVES = st.builds(Leaf, st.sampled_from(IDS), st.sampled_from(["", "", "", "GCC-exception-3.1", "LLVM-exception"]))
NODES: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda a: All(tuple(a))),
        st.lists(inner, min_size=2, max_size=3).map(lambda a: OneOf(tuple(a))),
    ),
    max_leaves=8,
)
MODE = st.sampled_from(MODES)


@settings(max_examples=300, deadline=None)
@given(NODES, MODE, st.booleans())
def test_every_expression_has_an_answer_with_a_reason(node: Node, mode: str, open_source: bool) -> None:
    answer = judge(node, mode, POLICY, open_source=open_source)
    assert answer.reason
    assert set(answer.chosen) <= {str(n) for n in _all_nodes(node)}


@settings(max_examples=300, deadline=None)
@given(NODES, NODES, MODE)
def test_and_is_never_better_than_an_arm_and_or_never_worse(one: Node, other: Node, mode: str) -> None:
    each = [judge(n, mode, POLICY).status.badness for n in (one, other)]
    assert judge(All((one, other)), mode, POLICY).status.badness == max(each)
    assert judge(OneOf((one, other)), mode, POLICY).status.badness == min(each)


@settings(max_examples=200, deadline=None)
@given(NODES, MODE)
def test_unknown_never_turns_into_allowed_by_and(node: Node, mode: str) -> None:
    assert judge(All((Leaf("LicenseRef-nobody-knows"), node)), mode, POLICY).status in (U, B)


@settings(max_examples=200, deadline=None)
@given(NODES, MODE)
def test_nothing_is_allowed_unless_some_licence_in_it_is(node: Node, mode: str) -> None:
    answer = judge(node, mode, POLICY)
    assert answer.status.badness >= min(judge(leaf, mode, POLICY).status.badness for leaf in leaves(node))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(list(Standing)), min_size=1, max_size=20), st.sampled_from(list(Standing)))
def test_adding_a_component_never_improves_a_verdict(components: list[Standing], added: Standing) -> None:
    assert worst([*components, added]).badness >= worst(components).badness


def test_nothing_looked_at_is_unknown_and_not_allowed() -> None:
    assert worst([]) == U
    assert unknown("why").status == U
    rules = [{"id": "x", "clause": "section 1", "closed": {"saas": {"status": "allowed", "why": "because"}}}]
    with pytest.raises(ValueError, match="has no answer for"):
        Policy.model_validate({"schema": 1, "title": "t", "stated": "d", "rules": rules})


def _all_nodes(node: Node) -> list[Node]:
    return [node, *(n for arm in getattr(node, "arms", ()) for n in _all_nodes(arm))]
