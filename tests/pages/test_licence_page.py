"""May this be sold: four verdicts in words, filters that survive a refresh, and a drawer that says who won and why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import ventures
from core.evidence import Evidence, Source
from core.jobs import jobs
from core.settings import Settings
from core.store import append
from core.venture import load
from pages.shared import frame
from pages.shared.licence_rows import kept, parts, path, table

PROJECT = Path(__file__).resolve().parents[2]
MODES = ("internal", "saas", "on_premises", "on_device")


def package(name: str, licence: str | None, *, shipped: str = "allowed", **more: Any) -> dict[str, Any]:
    """A package of a report: free to use inside and as a service, `shipped` where copies are handed over."""
    open_ = licence is None
    answer = {"status": "unknown" if open_ else "allowed", "reason": "no licence" if open_ else "permissive",
              "obligations": [], "clause": ""}  # fmt: skip
    handed = (
        answer if open_ else answer | {"status": shipped, "reason": f"{shipped} there", "way_out": f"replace {name}"}
    )
    return {
        "name": name,
        "version": "1.0",
        "declared": licence,
        "concluded": licence,
        "category": "Unknown" if open_ else "Copyleft" if shipped == "blocked" else "Permissive",
        "won": {"tier": "" if open_ else "License-Expression", "because": "" if open_ else "stated by its authors"},
        "evidence": [{"tier": "License-Expression", "file": "METADATA", "line": 4, "says": licence, "applies": True}]
        if licence
        else [],
        "bundled": [],
        "bundled_left_out": 0,
        "modes": {m: answer if m in ("internal", "saas") else handed for m in MODES},
        "why": "its metadata names no licence" if open_ else "",
        "use": "dynamic",
        "via": ["requirements.txt", "parent"],
        "required_by": ["parent"],
    } | more


def report(packages: list[dict[str, Any]]) -> dict[str, Any]:
    order = ("allowed", "obligations", "unknown", "blocked")
    listed = {
        m: {
            "verdict": max((p["modes"][m]["status"] for p in packages), key=order.index),
            "blockers": [_brief(p, m) for p in packages if p["modes"][m]["status"] == "blocked"],
            "unknown": [_brief(p, m) for p in packages if p["modes"][m]["status"] == "unknown"],
        }
        for m in MODES
    }
    skipped = [{"name": "left-pad", "version": "", "reason": "line 3: a URL", "ships": True}]
    return {"packages": packages, "models": [], "datasets": [], "modes": listed, "skipped": skipped, "left_out": [],
            "note": "", "packages_left_out": 0, "categories": []}  # fmt: skip


def _brief(part: dict[str, Any], mode: str) -> dict[str, str]:
    found = part["modes"][mode]
    return {"name": part["name"], "licence": part["concluded"] or "", "reason": found["reason"],
            "way_out": found.get("way_out", "ask")}  # fmt: skip


@pytest.fixture
def open_page(own: Settings) -> Callable[..., AppTest]:
    """Open the page of a venture whose check found these packages."""

    def opened(packages: list[dict[str, Any]]) -> AppTest:
        file = ventures.create(own, "Sold", {})
        file.write_text(file.read_text("utf-8") + '\n[[dependencies]]\nenvironment = "current"\n', "utf-8")
        of, found = load(file), report(packages)
        source = Source("measured", "a test")
        records = [Evidence("licences.packages", float(len(packages)), "packages", "m", source, detail=found)]
        records += [Evidence(f"licences.{m}", found["modes"][m]["verdict"], "word", "m", source) for m in MODES]
        append(frame.store(), of.key, [r.with_inputs(of.inputs("licences")) for r in records])
        at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
        at.query_params["venture"] = "sold"
        at.run()
        at.switch_page("pages/licences/check.py").run()
        assert not at.exception, at.exception
        return at

    return opened


def words(at: AppTest) -> str:
    return "\n".join(str(e.value) for kind in (at.title, at.markdown, at.caption, at.info, at.warning) for e in kind)


FREE, GPL, OPEN = package("free", "MIT"), package("stopper", "GPL-3.0-only", shipped="blocked"), package("riddle", None)


def test_the_four_verdicts_name_what_blocks_and_what_is_unknown(open_page: Callable[..., AppTest]) -> None:
    said = words(open_page([FREE, GPL, OPEN]))
    assert "SaaS: **unknown**" in said
    assert "Blocked by: **stopper** (GPL-3.0-only)." in said
    assert "Unknown: **riddle** (no licence found)." in said


def test_the_drawer_says_who_won_why_it_is_here_and_the_way_out(open_page: Callable[..., AppTest]) -> None:
    at = open_page([FREE, GPL])
    at.selectbox(key="part").select("stopper 1.0").run()
    said = words(at)
    assert "Declared: `GPL-3.0-only` · concluded: `GPL-3.0-only`" in said
    assert "Decided by **License-Expression**: stated by its authors." in said
    assert "requirements.txt → parent → stopper" in said
    assert "Way out: replace stopper." in said


def test_filters_stand_in_the_address(open_page: Callable[..., AppTest]) -> None:
    open_page([FREE, GPL, OPEN])
    fresh = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    fresh.query_params["venture"] = "sold"
    fresh.run()
    fresh.switch_page("pages/licences/check.py")
    for key, value in {"venture": "sold", "mode": "On-premises", "search": "gpl"}.items():
        fresh.query_params[key] = value
    fresh.run()
    assert fresh.radio(key="mode").value == "on_premises"
    assert "1 of 3 components, worst first" in words(fresh)
    assert fresh.selectbox(key="part").options == ["stopper 1.0"]


def test_filters_that_leave_nothing_say_so(open_page: Callable[..., AppTest]) -> None:
    at = open_page([FREE])
    at.text_input(key="search").set_value("no such thing").run()
    assert not at.exception
    assert "No component passes these filters." in words(at)


def test_what_was_skipped_is_listed_with_its_reason(open_page: Callable[..., AppTest]) -> None:
    at = open_page([FREE])
    assert any("What was skipped, and why (1)" in e.label for e in at.expander)
    assert "line 3: a URL" in json.dumps([d.value.to_dict() for d in at.dataframe])


def test_a_thousand_packages_are_drawn_and_none_is_lost(open_page: Callable[..., AppTest]) -> None:
    many = [package(f"p{i}", "MIT") for i in range(998)] + [GPL, OPEN]
    at = open_page(many)
    assert "1,000 of 1,000 components, worst first" in words(at)
    assert len(at.selectbox(key="part").options) == 1000


def test_rows_are_worst_first_and_filters_are_any_of_each_and_all_of_them() -> None:
    rows = parts(report([FREE, GPL, OPEN]), "on_device")
    assert [p["name"] for p in rows] == ["stopper", "riddle", "free"]
    assert [p["name"] for p in kept(rows, "on_device", ["blocked", "unknown"], [], "")] == ["stopper", "riddle"]
    assert [p["name"] for p in kept(rows, "on_device", [], ["Permissive"], "mit")] == ["free"]
    assert kept(rows, "on_device", ["allowed"], ["Copyleft"], "") == []
    assert list(table(rows, "on_device")["answer"]) == ["blocked", "unknown", "allowed"]
    assert path(FREE | {"via": []}) == "named in the venture itself"


def test_how_a_package_is_held_is_said_on_the_page_and_judged_anew(
    open_page: Callable[..., AppTest], own: Settings
) -> None:
    at = open_page([FREE, GPL])
    at.selectbox(key="part").select("free 1.0").run()
    at.button_group(key="held-sold-free").set_value(["static", "modified"]).run()
    next(b for b in at.button if b.label == "Save and check again").click().run()
    assert not at.exception
    (use,) = load(own.ventures / "sold" / "venture.toml").uses
    assert (use.package, use.how) == ("free", ["modified", "static"])
    assert "licences" in {j.kind for j in jobs(frame.store(), live=True)}
    assert not [b for b in at.button if b.label == "Save and check again"], "nothing is left to save"
