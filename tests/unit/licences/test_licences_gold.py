"""The gold set: every package of the seven mandated ones, its licence as read by hand, against what we conclude."""

import tomllib
import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from core.licences import spdx
from core.licences.check import check
from core.licences.component import Component
from core.licences.policy import MODES, Standing
from core.licences.scancode.place import tool_version

GOLD = Path(__file__).resolve().parents[2] / "gold" / "licences.toml"
NO_FALSE_COPYLEFT = ("typing-extensions", "pandas", "click", "attrs", "requests")


@pytest.fixture(scope="module")
def gold() -> dict[str, dict[str, Any]]:
    """The entries whose package is installed here in the version that was read."""
    entries: dict[str, dict[str, Any]] = tomllib.loads(GOLD.read_text("utf-8"))
    here = {name: one for name, one in entries.items() if _installed(name) == one["version"]}
    if len(here) < len(entries):
        warnings.warn(f"gold set: {len(entries) - len(here)} of {len(entries)} not installed as read", stacklevel=1)
    if len(here) < len(entries) / 2:
        pytest.skip(f"only {len(here)} of {len(entries)} packages of the gold set are installed as they were read")
    return here


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Component]:
    """This environment checked from nothing, less the licence texts of parts, which take ScanCode a minute."""
    if tool_version().startswith("("):
        pytest.skip("ScanCode is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("core.licences.bundled.xray"), "part_texts", lambda *_: ([], ""))
        report = check("current", cache=tmp_path_factory.mktemp("cache"))
    assert not report.unread, report.unread
    return {c.name.lower().replace("_", "-").replace(".", "-"): c for c in report.of("package")}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _leaves(text: str) -> tuple[set[str], str]:
    node = spdx.parse(text)
    assert node is not None, text
    return {str(leaf) for leaf in spdx.leaves(node)}, " OR " if " OR " in text else " AND "


def test_every_expression_of_the_gold_set_is_one_and_has_its_reason() -> None:
    for name, one in tomllib.loads(GOLD.read_text("utf-8")).items():
        assert not one["licence"] or spdx.parse(one["licence"]) is not None, name
        assert len(one["reason"]) > 20, name


def test_every_package_of_the_gold_set_gets_its_licence(
    gold: dict[str, dict[str, Any]], found: dict[str, Component]
) -> None:
    wrong = {}
    for name, one in gold.items():
        ours = found[name].concluded
        right = ours is None if not one["licence"] else ours is not None and _leaves(ours) == _leaves(one["licence"])
        if not right:
            wrong[name] = (ours, one["licence"], one["reason"])
    assert not wrong


def test_all_but_the_one_true_unknown_are_concluded(
    gold: dict[str, dict[str, Any]], found: dict[str, Component]
) -> None:
    assert [name for name in gold if found[name].concluded is None] == ["cuda-toolkit"]


def test_no_copyleft_is_seen_where_there_is_none(found: dict[str, Component]) -> None:
    for name in NO_FALSE_COPYLEFT:
        one = found[name]
        assert one.category == "Permissive", name
        assert not any(p.ships and p.licence is not None and spdx.is_copyleft(p.licence) for p in one.bundled), name
        assert {a.status for a in one.modes.values()} == {Standing.ALLOWED}, name


def test_the_hidden_ones_are_found(gold: dict[str, dict[str, Any]], found: dict[str, Component]) -> None:
    for name, one in gold.items():
        parts = {p.name: str(p.licence) for p in found[name].bundled if p.ships}
        for part, holds in one.get("bundled", {}).items():
            assert holds in parts.get(part, ""), (name, part, parts)
    nccl = found["nvidia-nccl-cu13"]
    assert (nccl.declared, nccl.concluded) == ("LicenseRef-NVIDIA-Proprietary", "BSD-3-Clause")


def test_a_hidden_part_is_owed_for_where_copies_are_handed_over(found: dict[str, Component]) -> None:
    for name, part in (("lxml", "libiconv"), ("setuptools", "autocommand"), ("numpy", "libquadmath")):
        answers = found[name].modes
        assert answers["saas"].status == Standing.ALLOWED, "no copy leaves the company"
        assert answers["on_premises"].status == Standing.OBLIGATIONS
        assert part in answers["on_premises"].reason


def test_every_answer_has_its_evidence_and_says_who_won(found: dict[str, Component]) -> None:
    for name, one in found.items():
        if one.concluded is not None:
            assert one.won, name
            assert one.because, name
            assert any(f.tier == one.won and f.applies for f in one.evidence), name
        assert set(one.modes) == set(MODES)
