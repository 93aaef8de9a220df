"""The licence of a package from its metadata and texts: cheapest evidence first, nothing guessed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.licences.detect import Detected, claim, decide
from core.licences.package import LicenceText, ResolvedPackage, SkippedPackage, is_primary, licence_texts, read_package
from core.licences.spdx import parse
from core.licences.weigh import Match, Read, weigh

Make = Callable[..., Path]
BSD, APACHE, GPL = (f"License :: OSI Approved :: {n}" for n in
                    ("BSD License", "Apache Software License", "GNU General Public License v3 (GPLv3)"))  # fmt: skip


def package(folder: Path) -> ResolvedPackage:
    found = read_package(folder)
    assert isinstance(found, ResolvedPackage)
    return found


def from_metadata(folder: Path) -> Detected:
    return decide(claim(package(folder)), None, "texts not read")


def text(name: str = "p-1.dist-info/LICENSE", words: int = 300) -> LicenceText:
    return LicenceText(name, "word " * words)


def match(
    expression: str, kind: str = "text", score: float = 100, at: tuple[int, int] = (1, 20), words: int = 200
) -> Match:
    return Match(expression, kind, score, *at, words)  # type: ignore[arg-type]


def concluded(reads: list[Read], *hints: str) -> str | None:
    found = weigh(reads, frozenset(hints)).concluded
    return str(found) if found is not None else None


def test_a_pep_639_expression_decides_with_file_and_line(tmp_path: Path, make_dist: Make) -> None:
    headers = {"License-Expression": "mit or gpl-3.0-or-later", "License": "Proprietary"}
    found = from_metadata(make_dist(tmp_path, "one", headers=headers))
    assert (found.declared, str(found.concluded)) == ("MIT OR GPL-3.0-or-later", "MIT OR GPL-3.0-or-later")
    (line,) = found.evidence
    assert (line.tier, line.file, line.line) == ("License-Expression", "one-1.0.dist-info/METADATA", 4)


def test_an_expression_that_is_prose_decides_nothing(tmp_path: Path, make_dist: Make) -> None:
    found = from_metadata(make_dist(tmp_path, "one", headers={"License-Expression": "Free for everyone"}))
    assert found.concluded is None
    assert "not an SPDX expression" in found.why


@pytest.mark.parametrize(
    ("headers", "expression"),
    [
        ({"License": "Apache 2.0", "Classifier": APACHE}, "Apache-2.0"),
        ({"License": "BSD", "Classifier": BSD}, None),
        ({"License": "MIT", "Classifier": GPL}, None),
        ({"License": "BSD", "Classifier": GPL}, None),
        ({"License": "GPL", "Classifier": "License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)"},
         "GPL-2.0-or-later"),
        ({"Classifier": ["License :: OSI Approved", "License :: OSI Approved :: MIT License"]}, "MIT"),
        ({"Classifier": ["License :: OSI Approved :: MIT License", GPL]}, None),
        ({"Classifier": ["License :: OSI Approved :: MIT License", APACHE]}, None),
        ({"License": "UNKNOWN"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_older_metadata_decides_only_where_it_names_one_licence(
    tmp_path: Path, make_dist: Make, headers: dict[str, str | list[str]], expression: str | None
) -> None:
    found = from_metadata(make_dist(tmp_path, "one", headers=headers))
    assert (str(found.concluded) if found.concluded else None) == expression
    assert bool(found.why) == (expression is None)


def test_a_licence_field_that_is_a_text_is_read_as_a_text_with_its_lines(tmp_path: Path, make_dist: Make) -> None:
    body = "\n        ".join(["Copyright someone", *(["words of a licence"] * 20)])
    folder = make_dist(tmp_path, "one", headers={"License": body, "Classifier": BSD})
    found = claim(package(folder))
    (own,) = found.texts()
    assert found.node is None
    assert (own.file, own.line, own.text.splitlines()[1]) == ("one-1.0.dist-info/METADATA", 4, "words of a licence")
    read = Read(own, (match("BSD-3-Clause", at=(2, 20)),))
    result = decide(found, [read])
    assert str(result.concluded) == "BSD-3-Clause"
    assert result.evidence[-1].line == 5


def test_a_packages_own_sbom_settles_a_family_its_metadata_names(tmp_path: Path, make_dist: Make) -> None:
    bom = {"bomFormat": "CycloneDX", "components": [
        {"name": "one", "licenses": [{"expression": "Apache-2.0"}]},
        {"name": "other", "licenses": [{"license": {"id": "MIT"}}]},
    ]}  # fmt: skip
    files = {"sboms/one.cyclonedx.json": json.dumps(bom)}
    found = from_metadata(make_dist(tmp_path, "one", headers={"Classifier": APACHE}, files=files))
    assert str(found.concluded) == "Apache-2.0"
    assert found.evidence[-1].tier == "SBOM"
    assert from_metadata(make_dist(tmp_path, "other", headers={"Classifier": BSD}, files=files)).concluded is None


def test_a_broken_sbom_is_passed_over(tmp_path: Path, make_dist: Make) -> None:
    for i, broken in enumerate(["{", "[]", '{"components": [1], "metadata": 2}', '{"components": {"name": "x"}}']):
        folder = make_dist(tmp_path, f"x{i}", headers={"Classifier": APACHE}, files={"sboms/x.json": broken})
        assert from_metadata(folder).concluded is None


def test_metadata_in_the_wrong_encoding_is_read_all_the_same(tmp_path: Path, make_dist: Make) -> None:
    folder = make_dist(tmp_path, "one")
    (folder / "METADATA").write_bytes(b"Name: one\nVersion: 2\nAuthor: caf\xe9\nLicense: MIT\n\n\xff\xfe body")
    assert str(from_metadata(folder).concluded) == "MIT"


def test_a_dist_info_without_metadata_is_skipped_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "gone-1.0.dist-info").mkdir()
    found = read_package(tmp_path / "gone-1.0.dist-info")
    assert isinstance(found, SkippedPackage)
    assert (found.name, found.version, found.ships) == ("gone", "1.0", True)
    assert "METADATA" in found.reason


def test_only_a_packages_own_licence_files_are_read(tmp_path: Path, make_dist: Make) -> None:
    names = ["licenses/LICENSE", "licenses/NOTICE", "licenses/src/vendored/LICENSE", "LICENSE-3RD-PARTY", "COPYING",
             "licenses/LICENSES_bundled.txt", "licenses/license.py"]  # fmt: skip
    files = dict.fromkeys(names, "some text")
    found = licence_texts(package(make_dist(tmp_path, "one", files=files)))
    assert [t.file.partition("/")[2] for t in found] == ["COPYING", "licenses/LICENSE"]
    assert is_primary("LICENSE.MIT")
    assert not is_primary("licenses.json")


def test_licence_files_outside_the_dist_info_are_found_and_never_outside_the_environment(
    tmp_path: Path, make_dist: Make
) -> None:
    site = tmp_path / "site"
    record = "one/LICENSE,,\n../LICENSE,,\none/code.py,,\n/etc/LICENSE,,\n"
    folder = make_dist(site, "one", files={"RECORD": record})
    (site / "one").mkdir()
    (site / "one" / "LICENSE").write_text("MIT")
    (tmp_path / "LICENSE").write_text("not its own")
    assert [t.file for t in licence_texts(package(folder))] == ["one/LICENSE"]


def test_a_source_header_stands_in_where_no_licence_file_is(tmp_path: Path, make_dist: Make) -> None:
    folder = make_dist(tmp_path, "one", headers={"License": "BSD"}, files={"RECORD": "one/a.py,,\none/b.py,,\n"})
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.py").write_text("# Redistribution and use ...\n\nimport os\n# licence of nothing\n")
    (tmp_path / "one" / "b.py").write_text("# just a remark\nx = 1  # licence\n")
    found = claim(package(folder))
    (own,) = found.texts()
    assert (own.file, own.tier) == ("one/a.py", "header")
    result = decide(found, [Read(own, (match("BSD-3-Clause"),))])
    assert result.evidence[-1].tier == "header"


def test_a_licence_that_is_only_mentioned_does_not_apply() -> None:
    """The GPL named in the history that opens Python's licence, at score 100."""
    history = match("GPL-1.0-or-later", "notice", at=(44, 45), words=3)
    body = match("Python-2.0", score=78.4, at=(73, 265), words=1540)
    assert concluded([Read(text(words=2000), (history, body))]) == "Python-2.0"


def test_words_inside_a_longer_text_belong_to_that_text() -> None:
    inner = match("GPL-2.0-only", "notice", at=(30, 32), words=40)
    assert concluded([Read(text(), (match("MPL-2.0", at=(1, 300), words=2000), inner))]) == "MPL-2.0"


def test_an_uncertain_match_does_not_apply() -> None:
    reads = [Read(text(), (match("GPL-2.0-or-later", "notice", 76.2, (1, 4), 16), match("MIT", at=(5, 20))))]
    assert concluded(reads) == "MIT"


def test_a_text_that_spells_out_an_arm_of_a_choice_is_no_further_licence() -> None:
    """text-unidecode: a notice that offers three, then the text of one of them."""
    notice = match("GPL-1.0-or-later OR GPL-2.0-or-later OR Artistic-1.0", "notice", at=(4, 5), words=18)
    body = match("Artistic-1.0-Perl", at=(8, 134), words=960)
    expected = "GPL-1.0-or-later OR GPL-2.0-or-later OR Artistic-1.0-Perl"
    assert concluded([Read(text(), (notice, body))]) == expected
    assert concluded([Read(text(), (notice, body))], "artistic", "gpl") == expected


def test_texts_of_bundled_parts_are_told_from_the_packages_own_by_its_metadata() -> None:
    own, bundled = match("BSD-3-Clause", at=(1, 20)), match("GPL-3.0-only", at=(200, 900), words=5000)
    mit = match("MIT", at=(100, 120))
    assert concluded([Read(text(), (own, mit, bundled))], "bsd") == "BSD-3-Clause AND MIT"
    assert concluded([Read(text(), (own, mit, bundled))]) == "BSD-3-Clause AND MIT AND GPL-3.0-only"
    assert concluded([Read(text(), (own, bundled))], "gpl") == "BSD-3-Clause AND GPL-3.0-only"


def test_two_licence_files_leave_open_whether_both_or_either_apply() -> None:
    reads = [Read(text("a/LICENSE.GPL"), (match("GPL-3.0-only"),)), Read(text("a/LICENSE.MIT"), (match("MIT"),))]
    found = weigh(reads, frozenset())
    assert found.concluded is None
    assert "whether both or either apply" in found.why
    permissive = [Read(text("a"), (match("Apache-2.0"),)), Read(text("b"), (match("CC-BY-4.0"),))]
    assert concluded(permissive) == "Apache-2.0 AND CC-BY-4.0"


def test_the_gpl_text_beside_the_lesser_gpl_is_part_of_it() -> None:
    reads = [
        Read(text("a/COPYING"), (match("GPL-3.0-only"),)),
        Read(text("a/COPYING.LESSER"), (match("LGPL-3.0-only"),)),
    ]
    assert concluded(reads) == "LGPL-3.0-only"


def test_a_file_that_only_names_its_licence_is_taken_at_its_word() -> None:
    assert concluded([Read(text(words=5), (match("MIT", "reference", words=2),))]) == "MIT"
    assert concluded([Read(text(words=500), (match("MIT", "reference", words=2),))]) is None


def test_a_text_that_was_not_read_whole_decides_nothing() -> None:
    found = weigh([Read(text(), None), Read(text("b"), (match("MIT"),))], frozenset())
    assert found.concluded is None
    assert "too long" in found.why


def test_a_proprietary_claim_stands_unless_its_text_is_a_listed_licence(tmp_path: Path, make_dist: Make) -> None:
    headers = {"License-Expression": "LicenseRef-NVIDIA-Proprietary"}
    found = claim(package(make_dist(tmp_path, "nvidia-x", headers=headers, files={"licenses/License.txt": "..."})))
    assert found.wants_text
    bsd = decide(found, [Read(text(), (match("BSD-3-Clause"),))])
    assert (bsd.declared, str(bsd.concluded)) == ("LicenseRef-NVIDIA-Proprietary", "BSD-3-Clause")
    eula = match("LicenseRef-scancode-nvidia-sdk-12.8", score=82.3, at=(100, 580), words=2783)
    third_party = match("GPL-3.0-only", at=(900, 1500), words=5000)
    kept = decide(found, [Read(text(), (eula, third_party))])
    assert kept.concluded == parse("LicenseRef-NVIDIA-Proprietary")
    said = [f.says for f in kept.evidence if "GPL-3.0-only" in f.says]
    assert len(said) == 1
    assert "not the package's own licence" in said[0]
    other_version = match("LicenseRef-scancode-nvidia-sdk-12.8", score=75, at=(1, 9), words=200)
    assert decide(found, [Read(text(), (other_version, third_party))]).concluded == kept.concluded
    assert decide(found, []).concluded == kept.concluded


def read_beside(tmp_path: Path, make_dist: Make, stated: str, *found: str) -> Detected:
    """A package that states a licence, and the licences that its texts turn out to be."""
    made = package(make_dist(tmp_path, "one", headers={"License-Expression": stated}))
    reads = [Read(text(f"one/LICENSE{i}"), (match(expression),), "similarity") for i, expression in enumerate(found)]
    return decide(claim(made), reads)


@pytest.mark.parametrize(
    ("stated", "found", "concluded", "because"),
    [
        ("MIT", ["MIT"], "MIT", "the text in one/LICENSE0 agrees"),
        ("LGPL-3.0-or-later", ["LGPL-3.0-only"], "LGPL-3.0-or-later", "agrees"),
        ("GPL-3.0-or-later OR MIT", ["GPL-3.0-only", "MIT"], "GPL-3.0-or-later OR MIT", "agrees"),
        ("MIT", ["BSD-3-Clause"], "MIT", "which is no stricter"),
        ("GPL-3.0-only", ["MIT"], "GPL-3.0-only", "which is no stricter"),
        ("MIT", [], "MIT", "in a form that leaves no doubt"),
    ],
)
def test_a_clear_statement_stands_beside_its_text_and_says_whether_that_agrees(
    tmp_path: Path, make_dist: Make, stated: str, found: list[str], concluded: str, because: str
) -> None:
    one = read_beside(tmp_path, make_dist, stated, *found)
    assert str(one.concluded) == concluded
    assert because in one.because
    assert one.won == "License-Expression"
    assert len(one.evidence) == 1 + len(found), "each text leaves its line, whoever won"


def test_a_clear_statement_that_its_own_text_contradicts_for_the_worse_is_unknown(
    tmp_path: Path, make_dist: Make
) -> None:
    one = read_beside(tmp_path, make_dist, "MIT", "GPL-3.0-only")
    assert (one.declared, one.concluded) == ("MIT", None)
    assert one.why == "it states MIT but ships the text of GPL-3.0-only: ask its authors"


def test_what_a_licence_file_lists_as_bundled_is_not_the_packages_own() -> None:
    body = "BSD text\n" * 30 + "This binary distribution also bundles the following software:\n" + "GPL text\n" * 30
    hits = (match("BSD-3-Clause", at=(1, 20)), match("GPL-3.0-only", at=(40, 60)))
    found = weigh([Read(LicenceText("p/LICENSE", body), hits)], frozenset())
    assert str(found.concluded) == "BSD-3-Clause"
    assert [h.applies for h in found.hits] == [True, False]
