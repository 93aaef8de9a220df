"""A package that is modified, copied or linked in owes more than one that is used as it comes: as the founder says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import ventures
from core.errors import InputError
from core.licences import policy
from core.licences.bundled import Part
from core.licences.check import check
from core.licences.component import Component, Law, package_component
from core.licences.detect import Detected
from core.licences.measure import measure
from core.licences.package import ResolvedPackage
from core.licences.policy import MODES, USES, Standing, Use
from core.licences.spdx import parse
from core.venture import load

Make = Callable[..., Path]
HELD = st.lists(st.sampled_from(["static", "modified", "copied"]), max_size=3, unique=True)
LICENCES = (
    "MIT", "LGPL-2.1-only", "MPL-2.0", "GPL-3.0-only", "LicenseRef-somebodys", "CC-BY-SA-4.0", "LGPL-3.0-only OR MIT",
)  # fmt: skip


def judged(licence: str, *held: Use, parts: tuple[Part, ...] = ()) -> Component:
    law = Law(policy.load(), MODES, uses={"one": held} if held else {})
    found = Detected(ResolvedPackage("One", "1", None), licence, parse(licence), (), why="open", parts=parts)
    return package_component(found, law)


def test_a_changed_lgpl_library_is_handed_over_with_its_changed_source() -> None:
    """LGPL-2.1 section 2: what one changes in the library itself is published under the LGPL."""
    plain, changed = (judged("LGPL-2.1-only", *held).modes["on_premises"] for held in ((), ("modified",)))
    assert not any("changed source" in duty for duty in plain.obligations)
    assert any("changed source" in duty for duty in changed.obligations)
    assert judged("LGPL-2.1-only", "modified").modes["saas"].status == Standing.ALLOWED, "no copy leaves the company"


def test_an_lgpl_library_linked_in_asks_for_what_links_it_anew() -> None:
    """LGPL-2.1 section 6(a): object files, so that a changed library can be linked in."""
    answer = judged("LGPL-2.1-only", "static").modes["on_device"]
    assert answer.status == Standing.OBLIGATIONS
    assert any("object files" in duty for duty in answer.obligations)


def test_an_lgpl_library_whose_source_stands_inside_ones_own_blocks_where_copies_are_handed_over() -> None:
    """LGPL-2.1 section 2: the files that hold it are a work based on it."""
    answers = judged("LGPL-2.1-only", "copied").modes
    assert answers["on_premises"].status == Standing.BLOCKED
    assert answers["internal"].status == answers["saas"].status == Standing.ALLOWED


def test_changed_files_of_an_mpl_package_are_published() -> None:
    """MPL-2.0 section 3.1: modifications of covered files stay under the MPL."""
    answer = judged("MPL-2.0", "modified").modes["on_premises"]
    assert any("changes included" in duty for duty in answer.obligations)
    assert "changes included" not in " ".join(judged("MPL-2.0").modes["on_premises"].obligations)


def test_changed_apache_files_say_so() -> None:
    """Apache-2.0 section 4(b)."""
    assert any("changed" in duty for duty in judged("Apache-2.0", "modified").modes["on_device"].obligations)


def test_what_is_linked_in_and_changed_owes_for_both() -> None:
    both = judged("LGPL-2.1-only", "static", "modified")
    one, other = (judged("LGPL-2.1-only", how).modes["on_premises"] for how in ("static", "modified"))
    assert set(both.modes["on_premises"].obligations) == {*one.obligations, *other.obligations}
    assert both.as_json()["use"] == "static, modified"


@given(st.sampled_from(LICENCES), HELD, HELD)
def test_holding_a_package_in_one_more_way_never_frees_it(licence: str, some: list[Use], more: list[Use]) -> None:
    few, many = judged(licence, *some), judged(licence, *dict.fromkeys((*some, *more)))
    for mode in MODES if some else ():
        assert few.modes[mode].status.badness <= many.modes[mode].status.badness
        assert set(few.modes[mode].obligations) <= set(many.modes[mode].obligations)


@pytest.mark.parametrize("use", [u for u in USES if u not in ("model", "dataset")])
def test_a_licence_that_is_not_known_stays_unknown_however_it_is_held(use: Use) -> None:
    found = Detected(ResolvedPackage("One", "1", None), None, None, (), why="no file")
    answers = package_component(found, Law(policy.load(), MODES, uses={"one": (use,)})).modes
    assert {a.status for a in answers.values()} == {Standing.UNKNOWN}


def test_who_changes_a_package_is_not_taken_to_change_the_parts_inside_it() -> None:
    part = Part("libinner", "", parse("LGPL-2.1-only"), "library", "one.libs/libinner.so")
    duties = " ".join(judged("MIT", "modified", parts=(part,)).modes["on_premises"].obligations)
    assert "swap the library" in duties
    assert "changed source of the library" not in duties
    inside = judged("MIT", "copied", parts=(part,)).modes["on_premises"]
    assert inside.status == Standing.BLOCKED, "what was copied whole was copied with its parts"


def test_a_venture_says_how_it_holds_a_package_and_its_verdict_follows(tmp_path: Path, make_dist: Make) -> None:
    make_dist(tmp_path / "env", "Some.Library", headers={"License-Expression": "LGPL-3.0-only"})
    file = tmp_path / "venture.toml"
    said = '[[dependencies]]\nenvironment = "env"\n[[uses]]\npackage = "some-library"\nhow = ["copied"]\n'
    file.write_text(f'schema = 1\nname = "V"\n{said}[[uses]]\npackage = "gone"\nhow = ["static"]\n')
    of = load(file)
    records = {e.id: e for e in measure(of, tmp_path)}
    assert records["licences.on_premises"].value == "blocked"
    report = records["licences.packages"].detail
    assert report["packages"][0]["use"] == "copied"
    assert [(s["name"], s["ships"]) for s in report["skipped"]] == [("gone", False)]
    before = of.inputs("licences")
    file.write_text(ventures.put_use(file.read_text(), "some-library", []))
    assert load(file).inputs("licences") != before, "what rests on the old word is stale"


def test_the_venture_file_keeps_one_row_a_package_and_nothing_else_changes() -> None:
    text = 'schema = 1\nname = "V"  # ours\n'
    one = ventures.put_use(text, "lxml", ["modified"])
    assert one.startswith(text.rstrip())
    two = ventures.put_use(ventures.put_use(one, "torch", ["static"]), "lxml", ["static", "copied"])
    assert two.count("[[uses]]") == 2
    assert ventures.put_use(ventures.put_use(two, "lxml", []), "torch", []).strip() == text.strip()
    assert ventures.put_use(text, "lxml", []).strip() == text.strip()


@pytest.mark.parametrize("bad", ['how = "modified"', 'how = ["changed"]', "how = []"])
def test_a_way_of_holding_that_is_none_is_told(tmp_path: Path, bad: str) -> None:
    file = tmp_path / "venture.toml"
    file.write_text(f'schema = 1\nname = "V"\n[[uses]]\npackage = "lxml"\n{bad}\n')
    with pytest.raises(InputError, match="uses"):
        load(file)


def test_a_check_without_uses_holds_everything_as_it_comes(tmp_path: Path, make_dist: Make) -> None:
    make_dist(tmp_path / "env", "one", headers={"License-Expression": "MIT"})
    report = check(tmp_path / "env", texts=False, cache=tmp_path / "cache")
    assert [c.uses for c in report.components] == [("dynamic",)]
