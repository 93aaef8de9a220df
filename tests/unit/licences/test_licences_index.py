"""Requirements that are not installed: resolved and read from an index without running or fetching whole packages."""

import os
import shutil
import tempfile
import time
import zipfile
from pathlib import Path

import pytest
from licences_support import Index

from core.licences.detect import claim
from core.licences.package import ResolvedPackage, SkippedPackage, licence_texts
from core.licences.sources import Package, read_target
from core.licences.sources.index import IndexUnreachable, NoSolution, resolve
from core.licences.sources.python import UNREACHABLE
from core.progress import Cancelled


def read(tmp_path: Path, text: str) -> dict[str, Package]:
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    return {p.name: p for p in read_target(path, cache=tmp_path / "cache")}


def resolved(package: Package) -> ResolvedPackage:
    assert isinstance(package, ResolvedPackage), package
    return package


def test_a_copyleft_package_two_levels_down_is_found(tmp_path: Path, index: Index) -> None:
    index.add("zz-app", headers={"License": "MIT", "Requires-Dist": "zz-middle"})
    index.add("zz-middle", headers={"License": "MIT", "Requires-Dist": "zz-deep>=1"})
    index.add("zz-deep", headers={"License-Expression": "GPL-3.0-or-later"}, files={"{info}/licenses/COPYING": "GPL"})
    found = read(tmp_path, "zz-app\n")
    assert set(found) == {"zz-app", "zz-middle", "zz-deep"}
    deep = resolved(found["zz-deep"])
    assert deep.origin == "index"
    assert str(claim(deep).node) == "GPL-3.0-or-later"
    assert [t.text for t in licence_texts(deep)] == ["GPL"]


def test_what_was_read_once_is_kept(tmp_path: Path, index: Index) -> None:
    index.add("zz-app", headers={"License": "MIT"})
    kept = resolved(read(tmp_path, "zz-app\n")["zz-app"]).folder / "METADATA"
    kept.write_text(kept.read_text().replace("License: MIT", "License: ISC"))
    assert resolved(read(tmp_path, "zz-app\n")["zz-app"]).metadata.first("License") == (4, "ISC")


def test_only_the_ends_of_a_large_wheel_are_fetched(tmp_path: Path, index: Index) -> None:
    noise = os.urandom(600_000).hex()
    index.add(
        "zz-large", headers={"License": "MIT"}, files={"zz_large/data.txt": noise, "{info}/licenses/LICENSE": "MIT"}
    )
    assert [t.text for t in licence_texts(resolved(read(tmp_path, "zz-large")["zz-large"]))] == ["MIT"]
    kept = sum(p.stat().st_size for p in (tmp_path / "cache").rglob("*") if p.is_file())
    assert kept < 2_000


def test_a_server_without_parts_is_read_whole(tmp_path: Path, index: Index) -> None:
    index.parts = False
    index.add("zz-app", headers={"License": "MIT"})
    assert resolved(read(tmp_path, "zz-app")["zz-app"]).metadata.first("License") == (4, "MIT")


def test_wheels_whose_hash_the_lock_does_not_list_are_refused(tmp_path: Path, index: Index) -> None:
    good = index.add("zz-good", headers={"License": "MIT"})
    index.add("zz-bad", headers={"License": "MIT"})
    found = read(tmp_path, f"zz-good==1.0 --hash=sha256:{good}\nzz-bad==1.0 --hash=sha256:{'0' * 64}\n")
    assert isinstance(found["zz-good"], ResolvedPackage)
    bad = found["zz-bad"]
    assert isinstance(bad, SkippedPackage)
    assert "hash" in bad.reason
    assert bad.ships


def test_a_package_that_does_not_exist_leaves_the_others_standing(tmp_path: Path, index: Index) -> None:
    index.add("zz-app", headers={"License": "MIT"})
    found = read(tmp_path, "zz-app\nzz-never-was\n")
    assert isinstance(found["zz-app"], ResolvedPackage)
    gone = found["zz-never-was"]
    assert isinstance(gone, SkippedPackage)
    assert "not found" in gone.reason


def test_a_source_distribution_is_never_built(tmp_path: Path, index: Index) -> None:
    source, trace = tmp_path / "zz_src-1.0", tmp_path / "was-run"
    source.mkdir()
    (source / "backend.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (source / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: zz-src\nVersion: 1.0\n")
    made = shutil.make_archive(str(tmp_path / "zz_src-1.0"), "gztar", tmp_path, "zz_src-1.0")
    shutil.move(made, index.folder)
    found = read(tmp_path, "zz-src==1.0\n")["zz-src"]
    assert isinstance(found, SkippedPackage)
    assert "no usable wheels" in found.reason
    assert not trace.exists()


def test_configuration_beside_the_file_is_not_read(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("zz-app", headers={"License": "MIT"})
    (tmp_path / "uv.toml").write_text('no-index = true\nfind-links = ["/nowhere"]\n')
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\nno-index = true\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert isinstance(read(tmp_path, "zz-app")["zz-app"], ResolvedPackage)


def test_names_that_lead_out_of_a_wheel_are_not_written(tmp_path: Path, index: Index) -> None:
    outside = {"../../LICENSE": "out", "/LICENSE": "out", "..\\LICENSE": "out", "{info}/../../LICENSE.x": "out"}
    index.add("zz-app", headers={"License": "MIT"}, files=outside)
    read(tmp_path, "zz-app")
    assert sorted(p.name for p in (tmp_path / "cache" / "wheels").rglob("*.*/*")) == ["METADATA", "RECORD"]


def test_a_wheel_that_is_no_zip_or_swells_without_end_is_one_skipped_package(tmp_path: Path, index: Index) -> None:
    index.add("zz-bomb", headers={"License": "MIT"}, files={"{info}/LICENSE": "0" * 80_000_000})
    found = read(tmp_path, "zz-bomb")["zz-bomb"]
    assert isinstance(found, ResolvedPackage)
    assert sum(p.stat().st_size for p in (tmp_path / "cache").rglob("*") if p.is_file()) < 3_000_000
    assert zipfile.is_zipfile(next(index.folder.glob("zz_bomb*")))


def test_an_index_that_does_not_answer_leaves_the_missing_unknown(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    found = read(tmp_path, "zz-app\npackaging\n")
    assert found["zz-app"] == SkippedPackage("zz-app", UNREACHABLE, via=("requirements.txt",))
    assert isinstance(found["packaging"], ResolvedPackage)
    with pytest.raises(IndexUnreachable):
        resolve(["zz-app"])


def test_what_does_not_fit_together_is_said_in_one_sentence(index: Index) -> None:
    index.add("zz-app", headers={"License": "MIT"})
    with pytest.raises(NoSolution, match="zz-app") as error:
        resolve(["zz-app>=2"])
    assert "\n" not in str(error.value)
    assert len(str(error.value)) <= 200


def test_asking_the_index_can_be_cancelled(index: Index) -> None:
    index.add("zz-app", headers={"License": "MIT"})

    def cancel(done: float, total: float, note: str = "") -> None:
        raise Cancelled

    begun = time.monotonic()
    with pytest.raises(Cancelled):
        resolve(["zz-app"], progress=cancel)
    assert time.monotonic() - begun < 2


def test_a_package_further_down_that_is_gone_is_told_with_who_requires_it_and_the_rest_is_read(
    tmp_path: Path, index: Index
) -> None:
    index.add("zz-app", headers={"License": "MIT", "Requires-Dist": ["zz-gone>=1", "zz-fine"]})
    index.add("zz-fine", headers={"License": "ISC", "Requires-Dist": "zz-app"})
    found = read(tmp_path, "zz-app\n")
    gone = found["zz-gone"]
    assert isinstance(gone, SkippedPackage)
    assert "not found" in gone.reason
    assert (gone.via, gone.ships) == (("requirements.txt", "zz-app"), True)
    assert resolved(found["zz-fine"]).via == ("requirements.txt", "zz-app")
    assert resolved(found["zz-app"]).required_by == ("zz-fine",), "the circle is told and ends"


def test_a_file_that_pins_one_package_twice_is_read_by_the_first_and_says_so(tmp_path: Path, index: Index) -> None:
    index.add("zz-app", headers={"License": "MIT"})
    path = tmp_path / "requirements.txt"
    path.write_text("zz-app==1.0\nzz-app==2.0\n")
    first, second = read_target(path, cache=tmp_path / "cache")
    assert resolved(first).version == "1.0"
    assert isinstance(second, SkippedPackage)
    assert "line 2: pinned to 1.0 before" in second.reason


def test_thousands_of_packages_that_are_nowhere_are_told_and_not_asked_for(tmp_path: Path, index: Index) -> None:
    found = read(tmp_path, "".join(f"zz-none-{i}==1\n" for i in range(10_000)))
    assert len(found) == 10_000
    assert all(isinstance(p, SkippedPackage) and "names 10,000 packages" in p.reason for p in found.values())
    assert index.asked == []


def test_no_more_is_asked_when_the_time_is_over(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.licences.sources.python.ASKING_S", -1.0)
    index.add("zz-app", headers={"License": "MIT"})
    gone = read(tmp_path, "zz-app\n")["zz-app"]
    assert isinstance(gone, SkippedPackage)
    assert "no answer of the package index within" in gone.reason


def test_a_folder_of_wheels_is_read_with_what_pulled_each_in(tmp_path: Path, index: Index) -> None:
    index.add(
        "zz-app", headers={"License": "MIT", "Requires-Dist": "zz-deep"}, files={"{info}/licenses/LICENSE": "MIT"}
    )
    index.add("zz-deep", headers={"License": "ISC"})
    (index.folder / "not-a-wheel.whl").write_bytes(b"x")
    (index.folder / "zz_torn-1.0-py3-none-any.whl").write_bytes(b"PK")
    found = {p.name: p for p in read_target(index.folder, cache=tmp_path / "cache", offline=True)}
    app, deep = resolved(found["zz-app"]), resolved(found["zz-deep"])
    assert (app.origin, deep.via) == ("wheel", ("index", "zz-app"))
    assert [t.text for t in licence_texts(app)] == ["MIT"]
    assert "name is not one of a wheel" in found["not-a-wheel.whl"].reason  # type: ignore[union-attr]
    assert "not a readable zip" in found["zz-torn"].reason  # type: ignore[union-attr]


@pytest.mark.network
def test_a_real_package_with_copyleft_and_one_without_any_claim(tmp_path: Path) -> None:
    found = read(tmp_path, "Unidecode==1.4.0\ncuda-toolkit==13.2.2\n")
    assert str(claim(resolved(found["Unidecode"])).node) == "GPL-2.0-or-later"
    assert claim(resolved(found["cuda-toolkit"])).node is None
