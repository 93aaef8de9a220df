"""Laws of the answers that hold for whatever anybody writes into a licence field, and for every use of a licence."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.licences import spdx, ways
from core.licences.bundled import Part
from core.licences.component import Law, package_component
from core.licences.detect import Detected
from core.licences.package import ResolvedPackage
from core.licences.policy import MODES, Answer, Mode, Standing, Use, judge, load, unknown, worst
from core.licences.spdx import parse

POLICY = load()
LAW = Law(POLICY, MODES)
A, D, U, B = Standing.ALLOWED, Standing.OBLIGATIONS, Standing.UNKNOWN, Standing.BLOCKED

IDS = st.sampled_from(
    ["MIT", "mit", "Apache-2.0", "GPL-3.0-only", "gpl-2.0+", "AGPL-3.0-or-later", "LGPL-2.1", "MPL-2.0", "BSL-1.0",
     "BUSL-1.1", "CC-BY-NC-4.0", "LicenseRef-x", "NOT-A-LICENCE", "DocumentRef-a:LicenseRef-b", "", "GPL", "ofl-1.1",
     "0BSD"]
)  # fmt: skip
JOINTS = st.sampled_from([" AND ", " OR ", " and ", " or ", " WITH ", " with ", ", ", "/", " ", " & ", ";"])
EXTRA = st.sampled_from(["", "(", ")", "((", "Classpath-exception-2.0", "GCC-exception-3.1", "+", "\x00", "ü", "\n"])
TEXTS = st.lists(st.tuples(EXTRA, IDS, EXTRA, JOINTS), min_size=1, max_size=6).map(
    lambda rows: "".join(f"{a}{i}{b}{j}" for a, i, b, j in rows)
)


def answer(text: str, mode: Mode, use: Use = "dynamic") -> Answer:
    node = spdx.read_name(text)
    return unknown("not read") if node is None else judge(node, mode, POLICY, use=use)


@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXTS, st.sampled_from(MODES))
def test_three_thousand_expressions_never_crash_and_never_turn_unknown_into_allowed(text: str, mode: Mode) -> None:
    found = answer(text, mode)
    assert found.reason
    node = spdx.read_name(text)
    if node is None:
        assert found.status == U
        return
    assert spdx.parse(str(node)) == node, "what is written out can be read again"
    leaf_answers = [judge(leaf, mode, POLICY).status for leaf in spdx.leaves(node)]
    if all(status in (U, B) for status in leaf_answers):
        assert found.status in (U, B), "nothing in it is known to be free"
    joined = judge(spdx.All((node, spdx.Leaf("LicenseRef-nobody"))), mode, POLICY)
    assert joined.status in (U, B), "an unknown that applies too"


# What a licence means by how it is used; modes: internal, saas, on_premises and on_device alike.
USES: list[tuple[str, Use, list[Standing], str]] = [
    ("GPL-3.0-only", "dynamic", [A, A, B], "section 5(c) reaches the whole work that is handed over"),
    ("GPL-3.0-only", "static", [A, A, B], "linking makes one work"),
    ("GPL-3.0-only", "modified", [A, A, B], "section 2: changes may be run without conditions"),
    ("GPL-3.0-only", "copied", [A, A, B], "a copied part makes the work based on it"),
    ("AGPL-3.0-only", "dynamic", [A, B, B], "section 13 reaches users over a network"),
    ("AGPL-3.0-only", "modified", [A, B, B], "section 13 speaks of modified versions above all"),
    ("AGPL-3.0-only", "copied", [A, B, B], "a copied part makes the work based on it"),
    ("LGPL-2.1-or-later", "dynamic", [A, A, D], "section 6: a work that uses the library may be closed"),
    ("LGPL-2.1-or-later", "static", [A, A, D], "section 6(a): against what is needed to link it anew"),
    ("LGPL-2.1-or-later", "modified", [A, A, D], "section 2: against the changed source"),
    ("LGPL-2.1-or-later", "copied", [A, A, B], "section 2: a part of the library makes the file one"),
    ("MPL-2.0", "dynamic", [A, A, D], "section 3.2: its own files' source must be offered"),
    ("MPL-2.0", "modified", [A, A, D], "section 3.1: changed files stay under the MPL"),
    ("MPL-2.0", "copied", [A, A, D], "only the files that hold its code"),
    ("MIT", "copied", [A, A, A], "against keeping the notice"),
    ("Apache-2.0", "modified", [A, A, A], "section 4(b): against saying that files were changed"),
    ("GPL-3.0-only OR MIT", "copied", [A, A, A], "MIT may be chosen"),
    ("AGPL-3.0-only OR Apache-2.0", "dynamic", [A, A, A], "dual licence: Apache may be chosen in every mode"),
    ("LGPL-3.0-only AND GPL-3.0-only", "dynamic", [A, A, B], "both apply, the stricter decides"),
    ("CC-BY-SA-4.0", "dataset", [A, D, U], "whether weights are adapted material is unsettled"),
    ("CC-BY-NC-4.0", "dataset", [U, B, B], "training for a product that is sold is commercial"),
    ("CC-BY-NC-4.0", "model", [U, B, B], "running it for customers is commercial"),
    ("CC-BY-4.0", "dataset", [A, A, A], "against naming the source"),
    ("LicenseRef-scancode-llama-3.1-license-2024", "model", [D, D, D], "against its use policy and its name"),
    ("Apache-2.0", "model", [A, A, A], "weights under a free licence"),
    ("AGPL-3.0-only", "model", [A, B, B], "served to users over a network"),
]


@pytest.mark.parametrize(("licence", "use", "answers", "because"), USES)
def test_known_answers_by_use_each_with_its_reason(
    licence: str, use: Use, answers: list[Standing], because: str
) -> None:
    found = [answer(licence, mode, use) for mode in MODES]
    assert [f.status for f in found] == [*answers, answers[-1]], because
    assert all(f.clause for f in found), "each rests on a clause"


def test_what_is_owed_grows_with_how_closely_a_library_is_held() -> None:
    dynamic, static, modified = (
        answer("LGPL-2.1-only", "on_premises", use) for use in ("dynamic", "static", "modified")
    )
    assert any("link it anew" in o for o in static.obligations)
    assert any("changed source" in o for o in modified.obligations)
    assert not any("link it anew" in o or "changed source" in o for o in dynamic.obligations)


def test_an_id_of_the_spdx_list_comes_before_a_scancode_key_of_the_same_letters() -> None:
    assert spdx.category("BSL-1.0") == "Permissive", "Boost"
    assert spdx.category("BUSL-1.1") == "Source-available", "Business Source Licence"
    assert str(parse("bsl-1.0")) == "BSL-1.0"
    for licence in ("Intel", "OpenSSL", "X11", "OPL-1.0", "TPL-1.0", "Brian-Gladman-3-Clause"):
        assert str(parse(licence)) == licence, licence


TRUTH = {"T": "MIT", "D": "LGPL-2.1-only", "U": "LicenseRef-x", "B": "GPL-3.0-only"}
STANDING = {"T": A, "D": D, "U": U, "B": B}


@pytest.mark.parametrize("left", TRUTH)
@pytest.mark.parametrize("right", TRUTH)
def test_the_truth_table_of_and_and_or(left: str, right: str) -> None:
    """AND is the worse of two, OR the better, where blocked is worse than unknown, which is worse than duties."""
    order = [A, D, U, B]
    pair = sorted((STANDING[left], STANDING[right]), key=order.index)
    for operator, wanted in (("AND", pair[1]), ("OR", pair[0])):
        assert answer(f"{TRUTH[left]} {operator} {TRUTH[right]}", "on_premises").status == wanted


PARTS = st.lists(
    st.builds(
        Part,
        st.sampled_from(["a", "b"]),
        st.just(""),
        st.sampled_from(["MIT", "GPL-3.0-only", "LGPL-2.1-only", "AGPL-3.0-only", ""]).map(parse),
        st.just("library"),
        st.just("x.so"),
        static=st.booleans(),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["MIT", "GPL-3.0-only", "LicenseRef-x", ""]), PARTS)
def test_a_bundled_part_never_improves_an_answer(own: str, parts: list[Part]) -> None:
    package = ResolvedPackage("p", "1", None)
    bare = package_component(Detected(package, own, parse(own), (), "not found"), LAW)
    whole = package_component(Detected(package, own, parse(own), (), "not found", parts=tuple(parts)), LAW)
    for mode in MODES:
        assert whole.modes[mode].status.badness >= bare.modes[mode].status.badness
        inner = [LAW.answers(p.licence, "static" if p.static else "dynamic")[mode].status for p in parts]
        assert whole.modes[mode].status == worst([bare.modes[mode].status, *inner])
        assert set(bare.modes[mode].obligations) <= set(whole.modes[mode].obligations)


def test_a_part_that_does_not_ship_changes_nothing() -> None:
    package = ResolvedPackage("p", "1", None)
    left_out = Part("libimagequant", "", parse("GPL-3.0-only"), "SBOM", "sbom.json", ships=False)
    found = package_component(Detected(package, "MIT", parse("MIT"), (), parts=(left_out,)), LAW)
    assert {a.status for a in found.modes.values()} == {A}
    assert found.as_json()["bundled"][0]["ships"] is False


def test_a_block_names_the_part_that_causes_it_and_a_way_out() -> None:
    package = ResolvedPackage("p", "1", None)
    part = Part("x264", "", parse("GPL-2.0-or-later"), "static library", "p/_ext.so", static=True)
    found = package_component(Detected(package, "MIT", parse("MIT"), (), parts=(part,)), LAW)
    brief = found.brief("on_premises")
    assert brief["reason"].startswith("x264 (GPL-2.0-or-later), inside it as a static library: ")
    assert "without x264" in brief["way_out"]


def test_a_replacement_is_named_only_where_its_own_licence_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ResolvedPackage("Unidecode", "1.4.0", None)
    found = package_component(Detected(package, "GPL", parse("GPL-2.0-or-later"), ()), LAW)
    assert found.brief("on_device")["way_out"].startswith(
        "replace it with anyascii (https://pypi.org/project/anyascii/"
    )
    worse = {"unidecode": [{"do": "swap", "licence": "AGPL-3.0-only", "source": "s", "read": "r"}]}
    monkeypatch.setattr(ways, "_table", lambda: worse)
    found = package_component(Detected(package, "GPL", parse("GPL-2.0-or-later"), ()), LAW)
    assert found.brief("on_device")["way_out"] == "replace Unidecode, or ask its authors for a commercial licence"


def test_every_way_out_names_a_licence_that_a_list_knows_and_its_source() -> None:
    for rows in ways._table().values():
        for row in rows:
            assert parse(row["licence"]) is not None, row
            assert row["source"].startswith("https://"), row


# Every tag that the hub's filter offers, as its page listed them in 2026-11.
HUB = """apache-2.0 mit other openrail creativeml-openrail-m cc-by-nc-4.0 openrail++ gemma cc-by-4.0 llama2 llama3
llama3.1 llama3.2 cc-by-nc-sa-4.0 afl-3.0 cc-by-sa-4.0 gpl-3.0 bigscience-bloom-rail-1.0
bigscience-openrail-m artistic-2.0 llama3.3 bigcode-openrail-m bsd-3-clause cc agpl-3.0 cc-by-nc-nd-4.0
cc0-1.0 wtfpl unlicense bsl-1.0 bsd-2-clause bsd llama4 gpl c-uda cc-by-sa-3.0 bsd-3-clause-clear cc-by-2.0
cc-by-nc-2.0 cdla-permissive-2.0 cc-by-nd-4.0 cc-by-3.0 gpl-2.0 cc-by-nc-3.0 apple-amlr cc-by-2.5 lgpl-3.0
mpl-2.0 osl-3.0 cc-by-nc-nd-3.0 fair-noncommercial-research-license cc-by-nc-sa-3.0 gfdl ecl-2.0 pddl
cc-by-nc-sa-2.0 ms-pl odc-by apple-ascl deepfloyd-if-license etalab-2.0 epl-2.0 grok2-community eupl-1.2
cdla-sharing-1.0 lgpl cdla-permissive-1.0 odbl eupl-1.1 openmdw-1.0 lppl-1.3c zlib lgpl-2.1 epl-1.0 isc ncsa
intel-research lgpl-lr h-research openmdw-1.1 postgresql ofl-1.1 unknown""".split()
FAMILIES = {"other", "unknown", "cc", "bsd", "gpl", "lgpl"}


@pytest.mark.parametrize("tag", HUB)
def test_every_tag_of_the_hub_is_a_licence_or_said_to_name_none(tag: str) -> None:
    node = spdx.read_tag(tag)
    assert (node is None) == (tag in FAMILIES)
    if node is not None:
        assert all(judge(node, m, POLICY, use="model").reason for m in MODES)
