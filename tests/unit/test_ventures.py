"""Creating, editing and feeding ventures: nothing is half-written, comments stay, bad files are refused."""

import io
import zipfile
from pathlib import Path

import pytest

from core import ventures
from core.errors import InputError
from core.settings import Settings, private_folder


def files_under(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def make(own: Settings, name: str = "My idea") -> Path:
    return ventures.create(own, name, {"must.accuracy": 0.9, "distribution.modes": ["saas", "on_device"]})


def test_a_created_venture_says_what_was_answered(own_settings: Settings) -> None:
    make(own_settings)
    found = next(e for e in ventures.entries(own_settings) if e.slug == "my-idea")
    assert found.venture is not None
    assert found.venture.must.accuracy == 0.9
    assert found.venture.distribution.modes == ["saas", "on_device"]


def test_an_invalid_answer_creates_nothing(own_settings: Settings) -> None:
    with pytest.raises(InputError):
        ventures.create(own_settings, "Bad", {"must.accuracy": 7})
    assert not (own_settings.ventures / "bad").exists()
    assert all(e.sample for e in ventures.entries(own_settings))


def test_a_taken_name_is_refused(own_settings: Settings) -> None:
    make(own_settings)
    with pytest.raises(InputError, match="already"):
        make(own_settings)


def test_editing_keeps_comments_and_other_keys(own_settings: Settings) -> None:
    text = '# why we do this\nschema = 1\nname = "A"  # short\n\n[must]\n# a customer told us\naccuracy = 0.8\n'
    new = ventures.change(text, {"must.accuracy": 0.9, "must.p95_ms": 50, "need.does": 'says "hi"'})
    for kept in ("# why we do this", "# short", "# a customer told us"):
        assert kept in new
    assert "accuracy = 0.9" in new
    assert 'does = "says \\"hi\\""' in new
    assert "accuracy" not in ventures.change(new, {"must.accuracy": None})


def test_an_invalid_edit_changes_nothing(own_settings: Settings) -> None:
    file = make(own_settings)
    before = files_under(own_settings.ventures)
    with pytest.raises(InputError, match="line"):
        ventures.save(own_settings, file, file.read_text() + "nonsense = 1\n")
    assert files_under(own_settings.ventures) == before


def test_the_sample_cannot_be_overwritten(own_settings: Settings) -> None:
    sample = own_settings.sample_ventures / "support-desk" / "venture.toml"
    before = sample.read_bytes()
    with pytest.raises(InputError, match="duplicate"):
        ventures.save(own_settings, sample, before.decode())
    assert sample.read_bytes() == before


def test_a_copy_of_the_sample_brings_its_files_and_its_own_name(own_settings: Settings) -> None:
    sample = next(e for e in ventures.entries(own_settings) if e.sample)
    file = ventures.duplicate(own_settings, sample, "Mine now")
    copy = next(e for e in ventures.entries(own_settings) if e.slug == "mine-now")
    assert copy.venture is not None
    assert copy.venture.name == "Mine now"
    for data in copy.venture.datasets:
        assert (file.parent / data.path).is_file()


def test_an_upload_is_kept_by_its_hash_under_a_safe_name(own_settings: Settings) -> None:
    file = make(own_settings)
    path = ventures.take_upload(own_settings, file, "../../etc/pass wd.csv", io.BytesIO(b"text,label\na,b\n"))
    assert path == "pass-wd.csv"
    assert (file.parent / path).read_bytes() == b"text,label\na,b\n"
    assert len(list(own_settings.uploads.iterdir())) == 1
    ventures.take_upload(own_settings, file, "again.csv", io.BytesIO(b"text,label\na,b\n"))
    assert len(list(own_settings.uploads.iterdir())) == 1


@pytest.mark.parametrize("name", ["venture.toml", "privacy.toml", "../Privacy.TOML"])
def test_an_upload_cannot_replace_what_the_venture_is_made_of(own_settings: Settings, name: str) -> None:
    file = make(own_settings)
    before = files_under(own_settings.var)
    with pytest.raises(InputError, match="belongs to the venture"):
        ventures.take_upload(own_settings, file, name, io.BytesIO(b"text,label\na,b\n"))
    assert files_under(own_settings.var) == before


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "is empty"),
        (b"\x80\x04\x95rest of a pickle", "pickle"),
        (b"PK\x05\x06" + b"\0" * 18, "zip"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (b"\x80\x05rest of a pickle", "pickle"),
        (b"text,label\n" + b"\0" * 9, "NUL"),
        (b"x" * (3 << 20), "larger than"),
    ],
)
def test_an_upload_of_the_wrong_kind_is_refused_and_leaves_nothing(
    own_settings: Settings, content: bytes, word: str
) -> None:
    file = make(own_settings)
    before = files_under(own_settings.var)
    small = own_settings.model_copy(update={"upload_mb": 2})
    with pytest.raises(InputError, match=word):
        ventures.take_upload(small, file, "data.csv", io.BytesIO(content))
    after = files_under(own_settings.var)
    assert after == before


def test_a_broken_venture_is_listed_with_its_problem(own_settings: Settings) -> None:
    file = make(own_settings)
    file.write_text("schema = 1\n")
    found = next(e for e in ventures.entries(own_settings) if e.slug == "my-idea")
    assert found.venture is None
    assert "name: is missing" in found.problem


def test_a_parquet_table_is_taken_in_as_it_is(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": ["a", "b"], "label": ["x", "y"]}), source)
    config = Settings(var=tmp_path / "var")
    file = ventures.create(config, "With a table", {})
    with source.open("rb") as stream:
        path = ventures.take_upload(config, file, "rows.parquet", stream)
    assert (file.parent / path).read_bytes() == source.read_bytes()


def zipped(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "<a/>")
    return held.getvalue()


def test_a_workbook_and_a_pdf_are_taken_in_and_another_archive_is_not(own_settings: Settings) -> None:
    file = make(own_settings)
    for name, content in (("a.xlsx", zipped("xl/workbook.xml")), ("b.pdf", b"%PDF-1.7\n\0"), ("c.txt", b"a text")):
        path = ventures.take_upload(own_settings, file, name, io.BytesIO(content))
        assert (file.parent / path).read_bytes() == content
    before = files_under(own_settings.var)
    with pytest.raises(InputError, match="zip archive, not a workbook"):
        ventures.take_upload(own_settings, file, "d.xlsx", io.BytesIO(zipped("a.csv")))
    assert files_under(own_settings.var) == before


def found(own: Settings, slug: str) -> ventures.Entry:
    return next(e for e in ventures.entries(own) if e.slug == slug)


def test_a_deleted_venture_leaves_no_row_label_or_weight_and_others_stay(own_settings: Settings) -> None:
    shared, alone = b"text\nshared rows\n", b"text\nrows of one\n"
    first, second = make(own_settings), make(own_settings, "Other idea")
    for file, contents in ((first, {"a.csv": shared, "b.csv": alone}), (second, {"a.csv": shared})):
        for name, content in contents.items():
            ventures.take_upload(own_settings, file, name, io.BytesIO(content))
        private = private_folder(own_settings.var, str(file))
        private.mkdir(parents=True)
        (private / "leak.json").write_text("{}")
    run, foreign = own_settings.runs / "1", own_settings.var.parent / "elsewhere"
    for folder in (run, foreign):
        folder.mkdir(parents=True)
        (folder / "scan.json").write_text("{}")
    ventures.delete(own_settings, found(own_settings, "my-idea"), [run, foreign])
    assert [e.slug for e in ventures.entries(own_settings) if not e.sample] == ["other-idea"]
    assert not private_folder(own_settings.var, str(first)).exists()
    assert private_folder(own_settings.var, str(second)).exists()
    assert [p.read_bytes() for p in own_settings.uploads.iterdir()] == [shared]
    assert (second.parent / "a.csv").read_bytes() == shared
    assert not run.exists()
    assert foreign.exists()
    assert not list(own_settings.var.glob(".gone-*"))


def test_a_sample_or_a_folder_elsewhere_cannot_be_deleted(own_settings: Settings, tmp_path: Path) -> None:
    sample = next(e for e in ventures.entries(own_settings) if e.sample)
    aside = tmp_path / "aside" / "venture.toml"
    aside.parent.mkdir()
    aside.write_text('schema = 1\nname = "Aside"\n')
    make(own_settings)
    (own_settings.ventures / "linked").symlink_to(aside.parent)
    for entry in (sample, ventures.Entry("aside", aside, False, None), found(own_settings, "linked")):
        with pytest.raises(InputError, match="made here"):
            ventures.delete(own_settings, entry)
        assert entry.file.exists()


def test_a_broken_venture_can_be_deleted(own_settings: Settings) -> None:
    file = make(own_settings)
    file.write_text("nonsense")
    ventures.delete(own_settings, found(own_settings, "my-idea"))
    assert not file.parent.exists()
