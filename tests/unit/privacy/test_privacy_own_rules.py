"""A venture's own rules: the scan and the leak meter search by them, and figures made without them turn stale."""

from pathlib import Path

import pytest

from core.errors import InputError
from core.evidence import Evidence
from core.privacy.measure import measure
from core.privacy.names.measure import finder
from core.settings import Settings
from core.venture import RULES, Venture, parse

TEXTS = ["where is my parcel", "order ZQ-1234 is late", "order ZQ-8888 is late", "all is well"]
OWN = """[[recognisers]]
type = "CASE_FILE"
pattern = 'ZQ-\\d{4}'
score = 0.9
"""
ENDLESS = """[[recognisers]]
type = "ENDLESS"
pattern = '(a|aa)+$'
score = 0.9
"""


@pytest.fixture
def of(tmp_path: Path, own_settings: Settings) -> Venture:
    (tmp_path / "rows.csv").write_text("text\n" + "".join(f"{t}\n" for t in TEXTS), encoding="utf-8")
    data = [{"id": "rows", "path": "rows.csv", "text": "text"}]
    return parse({"schema": 1, "name": "Own", "datasets": data}, tmp_path / "venture.toml", (tmp_path,))


def scanned(of: Venture, folder: Path) -> dict[str, Evidence]:
    return {e.id: e for e in measure(of, folder)}


def test_the_scan_finds_what_the_rules_name_and_says_by_which_rules(of: Venture, tmp_path: Path) -> None:
    before = scanned(of, tmp_path)["privacy.entities"]
    (of.folder / RULES).write_text(OWN, encoding="utf-8")
    after = scanned(of, tmp_path)["privacy.entities"]
    assert "CASE_FILE" not in {t["type"] for t in before.detail["types"]}
    assert {t["type"]: t["cells"] for t in after.detail["types"]}["CASE_FILE"] == 2
    assert RULES in after.source.detail
    assert RULES not in before.source.detail


def test_rules_that_appear_change_or_vanish_make_the_figures_stale(of: Venture, tmp_path: Path) -> None:
    without = scanned(of, tmp_path)["privacy.scanned"].with_inputs(of.inputs("privacy"))
    assert not without.is_stale(of.inputs("privacy"))
    (of.folder / RULES).write_text(OWN, encoding="utf-8")
    with_rules = of.inputs("privacy")
    assert without.is_stale(with_rules)
    (of.folder / RULES).write_text('allow = ["parcel"]\n', encoding="utf-8")
    assert without.with_inputs(with_rules).is_stale(of.inputs("privacy"))
    (of.folder / RULES).unlink()
    assert not without.is_stale(of.inputs("privacy"))


def test_rules_concern_no_other_room(of: Venture) -> None:
    before = {room: of.inputs(room) for room in ("model", "licences", "market")}
    (of.folder / RULES).write_text(OWN, encoding="utf-8")
    assert {room: of.inputs(room) for room in before} == before


def test_an_endless_pattern_is_told_and_the_rest_is_scanned(of: Venture, tmp_path: Path) -> None:
    (of.folder / RULES).write_text(ENDLESS + OWN, encoding="utf-8")
    of.locate("rows.csv").write_text(f"text\n{'a' * 60}b\n{TEXTS[1]}\n{TEXTS[2]}\n", encoding="utf-8")
    found = scanned(of, tmp_path)
    assert f"{RULES}: recogniser 1 (ENDLESS) took more than" in found["privacy.direct_share"].reason
    assert "CASE_FILE" in {t["type"] for t in found["privacy.entities"].detail["types"]}


def test_rules_that_mean_nothing_are_named_and_nothing_is_scanned(of: Venture, tmp_path: Path) -> None:
    (of.folder / RULES).write_text("[thresholds]\nPERSON = 7\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"privacy\.toml has 1 problem:\nline 2: thresholds\.PERSON"):
        measure(of, tmp_path)


def test_rules_behind_a_link_out_of_the_ventures_folder_are_refused(of: Venture, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.toml"
    outside.write_text(OWN, encoding="utf-8")
    (of.folder / RULES).symlink_to(outside)
    with pytest.raises(InputError, match="leads out"):
        finder(of)
