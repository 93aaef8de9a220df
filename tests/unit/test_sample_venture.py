"""The sample venture: what it plants lies where its key says, and it can be made again to the byte."""

import csv
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from core.market.measure import market_size
from core.venture import Venture, load_market, parse
from core.venture_figures import templates

SAMPLE = Path(__file__).parents[2] / "data" / "ventures" / "support-desk"
TRAIN, TEST = "tickets.csv", "tickets-test.csv"
LOOKS = {  # written without a look at the generator, so that nothing planted can be missing from the key
    "EMAIL_ADDRESS": r"\S+@\S+\.\w+",
    "PHONE_NUMBER": r"(?:\+1 )?\(?\b\d{3}\)?[-. ]?555[-. ]?\d{4}\b",
    "CREDIT_CARD": r"\b\d(?:[ -]?\d){14,15}\b",
    "IBAN_CODE": r"\b[A-Z]{2}\d{2}[ A-Z0-9]{8,}\d\b",
    "US_SSN": r"\b\d{3}-\d{2}-\d{4}\b",
}


@cache
def rows(name: str) -> list[dict[str, str]]:
    with open(SAMPLE / name, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


@cache
def key() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLE / "planted.json").read_text(encoding="utf-8"))
    return found


def row(item: dict[str, Any], of: str = "") -> dict[str, str]:
    name: str = item[f"{of}file"]
    return rows(name)[int(item[f"{of}row"]) - 1]


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def venture() -> Venture:
    file = SAMPLE / "venture.toml"
    return parse(tomllib.loads(file.read_text(encoding="utf-8")), file)


def test_the_generator_writes_the_committed_files_again_to_the_byte(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SAMPLE / "generate.py"), str(tmp_path)], check=True, timeout=60)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(made) == ["planted.json", TEST, TRAIN]
    for name, content in made.items():
        assert content == (SAMPLE / name).read_bytes(), f"{name} differs: run data/ventures/support-desk/generate.py"


def test_every_planted_item_lies_exactly_where_the_key_says() -> None:
    items = key()["personal"]
    assert Counter(item["type"] for item in items).keys() == LOOKS.keys() | {"PERSON", "ADDRESS"}
    for item in items:
        assert row(item)[item["column"]][item["start"] : item["end"]] == item["value"], item


def test_nothing_that_looks_like_personal_data_is_missing_from_the_key() -> None:
    listed = {(i["file"], i["row"], i["start"], i["end"]): i["type"] for i in key()["personal"]}
    for name in (TRAIN, TEST):
        for number, ticket in enumerate(rows(name), 1):
            spans = [(s, e) for f, r, s, e in listed if (f, r) == (name, number)]
            for kind, look in LOOKS.items():
                for hit in re.finditer(look, ticket["text"]):
                    held = [(s, e) for s, e in spans if s <= hit.start() + 1 and hit.end() - 1 <= e]
                    assert held, f"{kind} in {name} row {number} is not in the key"
            assert ticket["customer"] not in ticket["text"] or any(
                listed[name, number, s, e] == "PERSON" for s, e in spans
            )


def test_planted_values_belong_to_nobody() -> None:
    for item in key()["personal"]:
        value, digits = item["value"], re.sub(r"\D", "", item["value"])
        if item["type"] == "EMAIL_ADDRESS":
            assert re.search(r"[@.]example\.(com|org|net)$", value)  # RFC 2606
        if item["type"] == "PHONE_NUMBER":
            assert re.fullmatch(r"\d{3}55501\d\d", digits[-10:])  # 555-0100 to 555-0199
        if item["type"] == "US_SSN":
            assert digits[0] == "9"  # areas from 900 on are never issued
            assert int(digits[3:5]) < 50  # nor are they tax numbers (ITIN)
        if item["type"] == "CREDIT_CARD":
            twice = [int(d) * (2 - (len(digits) - i) % 2) for i, d in enumerate(digits)]
            assert sum(d // 10 + d % 10 for d in twice) % 10 == 0  # Luhn, or no scanner would look at it
        if item["type"] == "IBAN_CODE":
            turned = value.replace(" ", "")[4:] + value[:4]
            assert int("".join(str(int(c, 36)) for c in turned)) % 97 == 1  # ISO 13616


def test_one_ticket_in_six_holds_personal_data_in_its_text() -> None:
    held = {(item["file"], item["row"]) for item in key()["personal"]}
    assert 0.12 <= len(held) / len(rows(TRAIN) + rows(TEST)) <= 0.18


def test_every_customer_has_a_first_and_a_last_name() -> None:
    assert key()["columns"] == {"customer": "PERSON"}
    assert all(len(ticket["customer"].split()) == 2 for name in (TRAIN, TEST) for ticket in rows(name))


def test_wrong_labels_are_known_and_a_few_per_cent_of_each_file() -> None:
    for name in (TRAIN, TEST):
        wrong = [item for item in key()["wrong_labels"] if item["file"] == name]
        assert 0.03 <= len(wrong) / len(rows(name)) <= 0.04
        for item in wrong:
            assert row(item)["intent"] == item["label"] != item["true"]


def test_only_planted_tickets_repeat_a_training_ticket() -> None:
    learned = {plain(ticket["text"]) for ticket in rows(TRAIN)}
    assert len(learned) == len(rows(TRAIN))
    planted = {item["row"]: item for item in key()["near_duplicates"]}
    assert 0.03 <= len(planted) / len(rows(TEST)) <= 0.05
    for number, ticket in enumerate(rows(TEST), 1):
        exact = number in planted and planted[number]["how"] == "exact"
        assert (plain(ticket["text"]) in learned) == exact, f"{TEST} row {number}"


def test_planted_repeats_say_the_same_with_the_same_label() -> None:
    for item in key()["near_duplicates"]:
        said, source = row(item), row(item, "of_")
        likeness = SequenceMatcher(None, said["text"], source["text"], autojunk=False).ratio()
        assert likeness == 1 if item["how"] == "exact" else 0.75 < likeness < 1, item
        assert said["intent"] == source["intent"]


def test_twelve_intents_each_have_rows_to_learn_from_and_to_test_on() -> None:
    for name, least in ((TRAIN, 100), (TEST, 20)):
        counts = Counter(ticket["intent"] for ticket in rows(name))
        assert len(counts) == 12
        assert min(counts.values()) >= least, counts


def test_tickets_are_in_order_of_time_and_the_test_tickets_are_the_newest() -> None:
    tickets = [*rows(TRAIN), *rows(TEST)]
    assert [t["opened"] for t in tickets] == sorted(t["opened"] for t in tickets)
    assert len({t["ticket_id"] for t in tickets}) == len(tickets)


def test_the_venture_file_is_valid_and_every_file_it_names_is_there() -> None:
    sample = venture()
    data = sample.labelled
    assert sample.name == "Support desk for small banks"
    assert data is not None
    for path in (data.path, data.test, sample.dependencies[0].manifest):
        assert sample.locate(path).is_file()
    for name in (data.path, data.test):
        assert {data.text, data.label} <= rows(name)[0].keys()


def test_exactly_one_market_assumption_has_no_source() -> None:
    market = venture().market
    assert [a.id for a in market.assumptions if not a.sourced] == ["written_share"]
    assert {a.id for a in market_size(market).market.used} == {a.id for a in market.assumptions}
    assert market.unit_notices() == []
    assert list(market.stated) == ["bottom_up", "top_down", "value_based"]
    assert all(a.date for a in market.assumptions if a.sourced)


@pytest.mark.parametrize("scenario", ["support-desk", "financial-risk", "medical-triage"])
def test_every_scenario_has_a_market_template_that_can_be_sized(scenario: str) -> None:
    market = load_market(templates()[scenario])
    found = market_size(market)
    assert len(found.ways) == 3
    assert found.capacity is not None
    assert found.plan is not None
    assert found.market.notices == ()
    assert sum(bool(a.source) for a in market.assumptions) >= 4
    assert all(a.date for a in market.assumptions if a.source)


def test_requirements_are_pinned_and_hold_one_copyleft_and_one_unknown_licence() -> None:
    lines = (SAMPLE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0].strip()]
    assert all([s.operator for s in r.specifier] == ["=="] for r in wanted)
    assert {"Unidecode", "cuda-toolkit"} < {r.name for r in wanted}  # GPL-2.0-or-later; says nothing of its licence
