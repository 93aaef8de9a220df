"""The declared licence of models and data sets: stated, from a card, from a description, from a licence file."""

import json
from pathlib import Path

import pytest

from core.errors import InputError
from core.licences import spdx
from core.licences.assets import asset
from core.licences.check import catalogue
from core.venture import BUNDLED


def folder(tmp_path: Path, name: str, **files: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    for file, text in files.items():
        (made / file.replace("__", ".")).write_text(text)
    return made


def test_name_equals_licence_is_taken_as_stated(tmp_path: Path) -> None:
    found = asset("our-data=LicenseRef-own", tmp_path)
    assert (found.name, found.licence, found.tier) == ("our-data", "LicenseRef-own", "stated")
    assert asset("x/y=", tmp_path).licence == ""


def test_the_bundled_model_is_known_and_any_other_id_is_not(tmp_path: Path) -> None:
    assert asset(BUNDLED, tmp_path, catalogue()).licence == "Apache-2.0"
    found = asset("somebody/some-model", tmp_path, catalogue())
    assert found.licence == ""
    assert "an id alone does not say" in found.why  # no hub can be reached, or may be asked, here


@pytest.mark.parametrize(
    ("card", "licence", "line"),
    [
        ("---\nlicense: apache-2.0\ntags:\n- x\n---\n# A model\n", "apache-2.0", 2),
        ("---\ntags:\n- mit\nlicense: other\nlicense_name: llama3.1\n---\n", "llama3.1", 5),
        ("---\nlanguage: en\nlicense:\n- cc-by-4.0\n- mit\n---\n", "CC-BY-4.0 AND MIT", 3),
        ("---\nlicense: [mit, apache-2.0]\n---\n", "MIT AND Apache-2.0", 2),
        ("---\r\nlicense: 'cc-by-nc-4.0'\r\n---\r\n", "cc-by-nc-4.0", 2),
    ],
)
def test_a_card_is_read_with_its_line(tmp_path: Path, card: str, licence: str, line: int) -> None:
    made = folder(tmp_path, "model")
    (made / "README.md").write_bytes(card.encode())
    found = asset(str(made), tmp_path)
    assert (found.licence, found.tier, found.file, found.line) == (licence, "card", "model/README.md", line)
    assert spdx.read_tag(found.licence) is not None


def test_a_card_that_says_nothing_leaves_it_to_the_licence_file(tmp_path: Path) -> None:
    text = "Permission is hereby granted"
    made = folder(tmp_path, "model", README__md="---\nlicense: other\n---\n", LICENSE=text)
    assert asset(str(made), tmp_path, texts=False).why == "its licence file was not read"


def test_a_licence_file_alone_is_told_by_its_words(tmp_path: Path) -> None:
    import licensedcode

    place = Path(licensedcode.__file__).parent / "data" / "licenses" / "llama-3.1-license-2024.LICENSE"
    made = folder(tmp_path, "weights", LICENSE__txt=place.read_text().split("---\n", 2)[2])
    found = asset(str(made), tmp_path)
    assert (found.licence, found.tier) == ("LicenseRef-scancode-llama-3.1-license-2024", "similarity")


@pytest.mark.parametrize(
    "described",
    [
        {"licenses": [{"name": "ODC-By-1.0"}]},
        {"license": "https://spdx.org/licenses/ODC-By-1.0.html"},
        {"license": "ODC-By-1.0"},
    ],
)
def test_a_data_sets_description_is_read(tmp_path: Path, described: object) -> None:
    made = folder(tmp_path, "rows", datapackage__json=json.dumps(described), rows__csv="a,b\n")
    for place in (made, made / "rows.csv"):
        found = asset(str(place), tmp_path)
        assert (found.licence, found.file) == ("ODC-By-1.0", "rows/datapackage.json")


def test_a_folder_that_says_nothing_is_unknown_and_says_what_was_looked_at(tmp_path: Path) -> None:
    made = folder(tmp_path, "empty", datapackage__json="{broken", README__md="# No head\nlicense: mit\n")
    found = asset(str(made), tmp_path)
    assert found.licence == ""
    assert "no card that names a licence" in found.why


@pytest.mark.parametrize("text", ["", "  ", "=MIT", "./nowhere", "/nowhere/at/all", "~/nowhere-at-all"])
def test_what_is_neither_a_name_nor_a_place_is_the_inputs_fault(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        asset(text, tmp_path)
