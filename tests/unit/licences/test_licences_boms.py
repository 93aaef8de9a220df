"""SBOMs that a person brings: every component is found or skipped, and what they say of shipping is believed."""

import base64
import json
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.licences.check import check
from core.licences.detect import claim
from core.licences.package import ResolvedPackage, SkippedPackage, licence_texts
from core.licences.policy import Standing
from core.licences.sources import Package, read_target


def read(folder: Path, content: Any, name: str = "sbom.json") -> list[Package]:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return read_target(folder / name, cache=folder, offline=True)


def resolved(packages: list[Package], name: str) -> ResolvedPackage:
    (found,) = (p for p in packages if p.name == name)
    assert isinstance(found, ResolvedPackage), found
    return found


def part(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "library", "name": name, "version": "1.0", "bom-ref": name, **more}


def licence(identifier: str, **more: Any) -> dict[str, Any]:
    return {"license": {"id": identifier, **more}}


CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX", "specVersion": "1.6",
    "metadata": {"component": {"type": "application", "name": "product", "bom-ref": "root"}},
    "components": [
        part("web", purl="pkg:npm/%40s/web@1.0", group="@s", licenses=[licence("MIT")],
             components=[part("inside", licenses=[licence("GPL-3.0-only")])]),
        part("two", purl="pkg:pypi/two@1.0", licenses=[licence("MIT"), licence("GPL-2.0-only")]),
        part("choice", purl="pkg:cargo/choice@1", licenses=[{"expression": "MIT OR Apache-2.0"}]),
        part("named", licenses=[{"license": {"name": "The Foo License", "text": {
            "content": base64.b64encode(b"Foo text").decode(), "encoding": "base64"}}}]),
        part("argued", licenses=[licence("GPL-3.0-only", acknowledgement="declared"),
                                 licence("MIT", acknowledgement="concluded")]),
        part("seen", evidence={"licenses": [licence("ISC")]}),
        part("optional", scope="optional"), part("excluded", scope="excluded"),
        part("weights", type="machine-learning-model", licenses=[licence("Apache-2.0")]),
        {"type": "file", "name": "readme.txt"}, {"type": "library"}, "nonsense",
    ],
    "dependencies": [{"ref": "root", "dependsOn": ["web"]}, {"ref": "web", "dependsOn": ["two", "web"]},
                     {"ref": "two", "dependsOn": ["web", "nowhere"]}],
}  # fmt: skip


def test_components_are_read_with_their_licences_in_every_form(tmp_path: Path) -> None:
    found = read(tmp_path, CYCLONEDX)
    said = {p.name: claim(p).declared for p in found if isinstance(p, ResolvedPackage)}
    assert said == {
        "@s/web": "MIT", "inside": "GPL-3.0-only", "two": "MIT AND GPL-2.0-only", "choice": "MIT OR Apache-2.0",
        "named": "The Foo License", "argued": "MIT", "seen": "ISC", "weights": "Apache-2.0",
    }  # fmt: skip
    assert {p.name: p.ecosystem for p in found if p.name in ("@s/web", "two", "choice", "weights")} == {
        "@s/web": "npm", "two": "python", "choice": "cargo", "weights": "model"}  # fmt: skip
    assert [t.text for t in licence_texts(resolved(found, "named"))] == ["Foo text"]
    assert claim(resolved(found, "two")).evidence[0].tier == "CycloneDX"


def test_what_the_sbom_says_does_not_ship_is_listed_and_what_cannot_be_read_counts(tmp_path: Path) -> None:
    left = {p.name: p.ships for p in read(tmp_path, CYCLONEDX) if isinstance(p, SkippedPackage)}
    assert left == {
        "product": False, "optional": False, "excluded": False, "readme.txt": False,
        "component 11": True, "component 12": True,
    }  # fmt: skip


def test_the_path_of_requirers_is_the_sboms_own_graph(tmp_path: Path) -> None:
    found = read(tmp_path, CYCLONEDX)
    assert resolved(found, "two").via == ("sbom.json", "@s/web")
    assert resolved(found, "inside").required_by == ("@s/web",)
    assert resolved(found, "seen").via == ("sbom.json",)


def spdx(name: str, **more: Any) -> dict[str, Any]:
    return {"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": "1.0", **more}


def relation(a: str, word: str, b: str) -> dict[str, str]:
    return {"spdxElementId": f"SPDXRef-{a}", "relationshipType": word, "relatedSpdxElement": f"SPDXRef-{b}"}


SPDX: dict[str, Any] = {
    "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
    "packages": [
        spdx("product"), spdx("web", licenseDeclared="MIT", licenseConcluded="NOASSERTION",
                              externalRefs=[{"referenceType": "purl", "referenceLocator": "pkg:npm/web@1.0"}]),
        spdx("argued", licenseDeclared="GPL-3.0-only", licenseConcluded="MIT"),
        spdx("linked", licenseConcluded="LicenseRef-foo"), spdx("tests", licenseDeclared="GPL-3.0-only"),
        spdx("file", primaryPackagePurpose="FILE"), {"name": "nameless"}, 3,
    ],
    "hasExtractedLicensingInfos": [{"licenseId": "LicenseRef-foo", "extractedText": "Foo text"}],
    "relationships": [relation("DOCUMENT", "DESCRIBES", "product"), relation("product", "DEPENDS_ON", "web"),
                      relation("web", "STATIC_LINK", "linked"), relation("argued", "DEPENDENCY_OF", "web"),
                      relation("tests", "TEST_DEPENDENCY_OF", "product"), {}],
}  # fmt: skip


def test_an_spdx_document_keeps_declared_and_concluded_apart(tmp_path: Path) -> None:
    found = read(tmp_path, SPDX)
    argued, web = resolved(found, "argued"), resolved(found, "web")
    assert (claim(argued).declared, claim(argued).evidence[0].tier) == ("MIT", "SPDX concluded")
    assert argued.metadata.first("license-declared") == (0, "GPL-3.0-only")
    assert (claim(web).declared, claim(web).evidence[0].tier) == ("MIT", "SPDX declared")
    assert (web.ecosystem, argued.via) == ("npm", ("sbom.json", "web"))
    linked = resolved(found, "linked")
    assert (linked.use, [t.text for t in licence_texts(linked)]) == ("static", ["Foo text"])
    left = {p.name: p.ships for p in found if isinstance(p, SkippedPackage)}
    assert left == {"product": False, "tests": False, "file": False, "nameless": True, "package 8": True}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("bom.xml", '<?xml version="1.0"?>\n<bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>', "CycloneDX as XML"),
        ("bom.spdx", "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n", "SPDX as tags and values"),
        ("bom.json", '{"@context": "https://spdx.org/rdf/3.0.1/", "@graph": []}', "SPDX 3 is not read yet"),
        ("bom.json", '{"bomFormat": "CycloneDX"}', "names no component"),
        ("bom.json", '{"spdxVersion": "SPDX-2.3"}', "names no package"),
        ("bom.json", "[1]", "no JSON object"),
        ("bom.json", "{" * 100_000, "not valid JSON"),
        ("bom.json", "[" * 100_000, "nested too deep"),
        ("bom.json", "{}", "neither an SBOM"),
        ("yarn.lock", "# yarn lockfile v1\n", "Yarn's lock is not read"),
        ("setup.py", "import os", "would have to be run"),
        ("a.txt", "%PDF-1.4", "a PDF"),
    ],
)
def test_what_is_not_read_is_said_plainly_with_a_way_out(tmp_path: Path, name: str, content: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, content, name)
    assert says in str(error.value)
    assert str(error.value).startswith(f"{name}: ")
    assert "\n" not in str(error.value)


def test_the_sboms_inside_the_wheels_of_this_environment_are_read_whole(tmp_path: Path) -> None:
    files = {p for d in distributions() for p in d.files or [] if "/sboms/" in str(p) and p.suffix == ".json"}
    read_before = 0
    for file in files:
        document = json.loads(Path(str(file.locate())).read_text("utf-8"))
        listed = document.get("components") or []
        if document.get("bomFormat") != "CycloneDX" or not listed:
            continue
        found = read(tmp_path, document)
        read_before += len(found)
        assert len(found) >= len(listed)
        assert not [p for p in found if isinstance(p, SkippedPackage) and p.ships]
    assert read_before > 100


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["1.0", "MIT", "", "é", "root", "NONE"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(
        ["license", "id", "expression", "components", "dependsOn", "ref", "content", "text"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
COMPONENT = st.dictionaries(
    st.sampled_from(["name", "type", "licenses", "scope", "bom-ref", "purl", "evidence"]), VALUES
)
PACKAGE = st.dictionaries(
    st.sampled_from(["name", "SPDXID", "licenseConcluded", "licenseDeclared", "externalRefs", "versionInfo"]), VALUES
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(COMPONENT | VALUES, min_size=1, max_size=5), VALUES, VALUES)
def test_every_component_of_any_document_is_found_or_skipped(
    tmp_path: Path, rows: list[Any], edges: Any, about: Any
) -> None:
    content = {"bomFormat": "CycloneDX", "components": rows, "dependencies": edges, "metadata": {"component": about}}
    assert len(read(tmp_path, content)) >= len(rows)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PACKAGE | VALUES, min_size=1, max_size=5), VALUES, VALUES)
def test_every_package_of_any_spdx_document_is_found_or_skipped(
    tmp_path: Path, rows: list[Any], relations: Any, described: Any
) -> None:
    content = {"spdxVersion": "SPDX-2.3", "packages": rows, "relationships": relations, "documentDescribes": described}
    found = read(tmp_path, content)
    assert len(found) == len(rows)
    for package in found:
        if isinstance(package, ResolvedPackage):
            claim(package)


def test_a_model_in_an_sbom_may_bear_a_hubs_tag(tmp_path: Path) -> None:
    row = {"type": "machine-learning-model", "name": "tiny", "licenses": [{"license": {"name": "llama3.1"}}]}
    file = tmp_path / "bom.json"
    file.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [row]}))
    (found,) = check(file, texts=False, cache=tmp_path / "cache").components
    assert found.kind == "model"
    assert found.concluded is not None
    assert found.modes["saas"].status == Standing.OBLIGATIONS
