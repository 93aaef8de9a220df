"""The leak meter: a fair draw, honest intervals, and labels that keep no text."""

import json
import logging
import random
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.privacy.leak import measure as door
from core.privacy.leak import record
from core.privacy.leak.choose import CLEAN, FOUND, MISSED, STRATA, UNSURE, allocate, draw, rare_forms, stratum
from core.privacy.leak.estimate import Tally, estimate, tally
from core.privacy.leak.mark import Mark, in_sight, merged, places
from core.privacy.leak.pick import TextFile, changed, choose, read_texts, search_again, sources
from core.privacy.leak.sheet import Folder, Sheet
from core.progress import Progress
from core.settings import Settings
from core.venture import Venture, parse

NAMES = ("Ann Miller", "Bob Singh", "Carla Lund")
MARKS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda t: Mark(t[0], t[0] + t[1], "PERSON")))


def find(texts: Sequence[str], _told: Progress) -> list[list[Mark]]:
    """A detector that knows two of three names, and the third by half and unsurely."""
    out = []
    for text in texts:
        found = [Mark(*p, "PERSON", 0.85) for name in NAMES[:2] for p in places(text, name)]
        out.append(found + [Mark(*p, "PERSON", 0.2) for p in places(text, "Carla")])
    return out


def table(folder: Path, n: int = 400) -> Path:
    draw_ = random.Random(1)
    words = [f"please call {draw_.choice(NAMES)} today" if i % 4 == 0 else "where is my parcel" for i in range(n)]
    words[5] = ""
    file = folder / "rows.csv"
    file.write_text("text,kind\n" + "".join(f'"{w}",a\n' for w in words), encoding="utf-8")
    return file


def chosen(folder: Path, **how: int) -> tuple[Sheet, Folder, dict[str, Path]]:
    file = table(folder)
    private = Folder(folder / "private")
    sheet = choose([TextFile("rows.csv", file, "text")], find, private, threshold=0.4, detector="test", **how)
    return sheet, private, {"rows.csv": file}


def truth(text: str) -> list[Mark]:
    return [Mark(*p, "PERSON") for name in NAMES for p in places(text, name)]


def test_half_a_name_left_in_sight_is_a_leak_and_a_miss() -> None:
    text = "call Ann Miller now"
    row = tally(text, FOUND, [Mark(5, 8, "PERSON", 0.9)], [Mark(5, 15, "PERSON")])
    assert (row.true, row.hidden, row.found, row.right, row.leaks, row.leaks_direct) == (1, 0, 1, 1, True, True)
    assert row.types == (("PERSON", False),)


def test_punctuation_and_blanks_left_in_sight_are_no_leak() -> None:
    text = "call Ann-Marie, Miller now"
    masks = [Mark(5, 8, "PERSON"), Mark(9, 14, "PERSON"), Mark(16, 22, "PERSON")]
    assert not tally(text, FOUND, masks, [Mark(5, 22, "PERSON")]).leaks


def test_a_place_left_in_sight_leaks_but_names_nobody_by_itself() -> None:
    row = tally("in Leeds", CLEAN, [], [Mark(3, 8, "LOCATION")])
    assert (row.leaks, row.leaks_direct) == (True, False)


def test_a_false_alarm_costs_precision_and_nothing_else() -> None:
    row = tally("in Leeds", FOUND, [Mark(3, 8, "PERSON")], [])
    assert (row.true, row.found, row.right, row.leaks) == (0, 1, 0, False)


@given(MARKS)
def test_merged_marks_are_apart_and_cover_the_same_characters(marks: list[Mark]) -> None:
    out = merged(marks)
    assert all(a.end <= b.start for a, b in pairwise(out))
    covered = {i for m in marks for i in range(m.start, m.end)}
    assert {i for m in out for i in range(m.start, m.end)} == covered


@given(MARKS, MARKS)
def test_more_masks_never_leave_more_in_sight(masks: list[Mark], more: list[Mark]) -> None:
    text, mark = "abcdefghij klmnopqrst 0123456789 abcdefgh", Mark(3, 30, "PERSON")
    assert in_sight(text, mark, masks + more) <= in_sight(text, mark, masks)


def test_words_are_found_wherever_they_stand_whole() -> None:
    assert places("Ann, Annabel and Ann", " Ann ") == [(0, 3), (17, 20)]
    assert places("王小明住在北京", "小明") == [(1, 3)]
    assert places("nothing", "") == []


@pytest.mark.parametrize(
    ("text", "found", "maybe", "where"),
    [
        ("call me on 020 7946 0000", [], [], MISSED),
        ("i spoke with Ann there", [], [], MISSED),
        ("i spoke with Ann there", [Mark(13, 16, "PERSON", 0.85)], [], FOUND),
        ("i spoke with Ann there", [Mark(13, 16, "PERSON", 0.5)], [], UNSURE),
        ("i spoke with ann there", [], [Mark(13, 16, "PERSON", 0.3)], UNSURE),
        ("where is my parcel", [], [], CLEAN),
        ("my plate is kx9rt", [], [], MISSED),
    ],
)
def test_a_row_is_sorted_by_what_can_be_seen_without_a_label(
    text: str, found: list[Mark], maybe: list[Mark], where: str
) -> None:
    rare = rare_forms(["my plate is kx9rt", *["where is my parcel"] * 300])
    assert stratum(text, found, maybe, threshold=0.4, rare=rare) == where


@given(st.dictionaries(st.sampled_from(STRATA), st.integers(0, 500), min_size=1), st.integers(1, 60))
def test_the_draw_is_as_large_as_it_can_be_and_never_larger_than_a_stratum(sizes: dict[str, int], rows: int) -> None:
    if not sum(sizes.values()):
        return
    out = allocate(sizes, rows)
    assert sum(out.values()) == min(rows, sum(sizes.values()))
    assert all(0 <= n <= sizes[s] for s, n in out.items())


def test_doubtful_rows_are_drawn_more_often_and_every_beginning_holds_each_kind() -> None:
    strata = [MISSED] * 40 + [UNSURE] * 60 + [FOUND] * 400 + [CLEAN] * 1500
    order = draw(strata, seed=3)
    counts = Counter(strata[i] for i in order)
    assert len(set(order)) == 50
    assert counts[MISSED] / 40 > counts[FOUND] / 400 > counts[CLEAN] / 1500
    assert min(counts.values()) >= 4
    assert counts[CLEAN] >= 20
    assert {strata[i] for i in order[:12]} == set(STRATA)


def population(n: int, mix: Sequence[float], leak: Mapping[str, float], rng: random.Random) -> list[Tally]:
    out = []
    for _ in range(n):
        s = rng.choices(STRATA, mix)[0]
        leaks = rng.random() < leak[s]
        true = max(rng.choices([0, 1, 2, 4], [0.3, 0.4, 0.2, 0.1])[0] if s != CLEAN else 0, leaks)
        hidden = true - leaks
        out.append(Tally(s, true, hidden, hidden + (rng.random() < 0.15), hidden, leaks, leaks))
    return out


@pytest.mark.parametrize(
    ("mix", "leak"),
    [
        ((0.15, 0.1, 0.35, 0.4), (0.5, 0.25, 0.08, 0.03)),
        ((0.05, 0.05, 0.3, 0.6), (0.2, 0.1, 0.01, 0.005)),
        ((0.3, 0.2, 0.4, 0.1), (0.8, 0.5, 0.3, 0.2)),
        ((0.02, 0.02, 0.46, 0.5), (0.5, 0.2, 0.05, 0.05)),
    ],
)
@pytest.mark.parametrize(("rows", "looked"), [(8_000, 2_000), (600, 600)])
def test_the_estimate_is_unbiased_and_its_intervals_hold_the_truth_as_often_as_they_say(
    mix: tuple[float, ...], leak: tuple[float, ...], rows: int, looked: int
) -> None:
    """400 draws of 50 rows: intervals that hold 95 % hold 92.8 % or less once in forty runs; the seed is fixed."""
    rng = random.Random(11)
    everybody = population(rows, mix, dict(zip(STRATA, leak, strict=True)), rng)
    share = sum(r.leaks for r in everybody) / rows
    recall = sum(r.hidden for r in everybody) / sum(r.true for r in everybody)
    precision = sum(r.right for r in everybody) / sum(r.found for r in everybody)
    held, bias, draws = Counter[str](), 0.0, 400
    for _ in range(draws):
        seen = rng.sample(everybody, looked)
        strata = [r.stratum for r in seen]
        labelled = [seen[i] for i in draw(strata, seed=rng.randrange(2**32))]
        out = estimate(labelled, Counter(strata), complete=looked == rows)
        assert out.leaking is not None
        bias += (out.leaking.value - share) / draws
        held["leak"] += out.leaking.low <= share <= out.leaking.high
        held["recall"] += out.recall is None or out.recall.low <= recall <= out.recall.high
        held["precision"] += out.precision is None or out.precision.low <= precision <= out.precision.high
    assert abs(bias) < 0.012
    assert all(n / draws >= 0.928 for n in held.values()), {k: n / draws for k, n in held.items()}


PII = Path(__file__).parents[4] / "shared" / "data" / "pii"


@pytest.mark.skipif(not (PII / "gold.jsonl").is_file(), reason="the texts with marked personal data are not here")
def test_on_real_answers_of_the_search_the_meter_holds_what_all_labels_say() -> None:
    """The truth is known for all texts; the meter sees 50 of them at a time."""
    from core.privacy.detect import THRESHOLD, detector

    rng = random.Random(5)
    lines = [json.loads(line) for line in (PII / "texts.jsonl").read_text(encoding="utf-8").splitlines()]
    gold = {j["id"]: j for j in map(json.loads, (PII / "gold.jsonl").read_text(encoding="utf-8").splitlines())}
    picked = rng.sample(lines, 500)
    texts = [line["text"] for line in picked]
    rare, everybody = rare_forms(texts), []
    for line, spans in zip(picked, detector().detect(texts, weak=True), strict=True):
        marks = [Mark(s.start, s.end, s.type, s.score) for s in spans]
        found = [m for m in marks if m.score >= THRESHOLD]
        where = stratum(line["text"], found, [m for m in marks if m not in found], threshold=THRESHOLD, rare=rare)
        true = [Mark(s["start"], s["end"], s["type"]) for s in gold[line["id"]]["spans"]]
        everybody.append(tally(line["text"], where, found, true))
    share = sum(r.leaks for r in everybody) / len(everybody)
    strata = [r.stratum for r in everybody]
    held, draws = 0, 300
    for _ in range(draws):
        out = estimate([everybody[i] for i in draw(strata, seed=rng.randrange(2**32))], Counter(strata), complete=False)
        assert out.leaking is not None
        held += out.leaking.low <= share <= out.leaking.high
    assert held / draws >= 0.925


def test_no_leak_in_the_labelled_rows_is_never_no_leak_at_all() -> None:
    rows = [Tally(CLEAN, 0, 0, 0, 0, False, False)] * 50
    out = estimate(rows, {CLEAN: 2_000}, complete=False).leaking
    assert out is not None
    assert out.value == out.low == 0
    assert 0.05 < out.high < 0.08


def test_a_table_labelled_whole_is_certain() -> None:
    rows = [Tally(CLEAN, 1, 0, 0, 0, i < 3, False) for i in range(30)]
    out = estimate(rows, {CLEAN: 30}, complete=True).leaking
    assert out is not None
    assert out.low == pytest.approx(0.1)
    assert out.high == pytest.approx(0.1)


def test_a_kind_of_row_without_a_label_leaves_every_figure_unknown() -> None:
    out = estimate([Tally(CLEAN, 0, 0, 0, 0, False, False)], {CLEAN: 9, FOUND: 9}, complete=False)
    assert (out.leaking, out.recall, out.precision) == (None, None, None)


def test_rows_are_chosen_labelled_and_estimated_from_a_file(tmp_path: Path) -> None:
    sheet, private, paths = chosen(tmp_path)
    assert (sheet.total, sheet.looked, len(sheet.rows)) == (399, 399, 50)
    texts = read_texts(sheet, paths, private)
    for i, text in enumerate(texts):
        sheet = sheet.with_truth(i, truth(text))
    private.write(sheet)
    again = private.read()
    assert again == sheet
    out = sheet.result(texts)
    lines = paths["rows.csv"].read_text().splitlines()[1:]
    share = sum("Carla Lund" in line for line in lines) / 399
    assert out.leaking is not None
    assert out.leaking.low <= share <= out.leaking.high
    assert out.precision is not None
    assert out.precision.value == 1
    assert out.recall is not None
    assert out.recall.value < 1


def test_a_large_file_is_sampled_before_it_is_searched(tmp_path: Path) -> None:
    sheet, *_ = chosen(tmp_path, looked=100)
    assert (sheet.total, sheet.looked, sum(sheet.sizes.values())) == (399, 100, 100)


def test_a_better_search_is_measured_on_the_same_labels(tmp_path: Path) -> None:
    sheet, private, paths = chosen(tmp_path)
    texts = read_texts(sheet, paths, private)
    for i, text in enumerate(texts):
        sheet = sheet.with_truth(i, truth(text))

    def better(some: Sequence[str], _told: Progress) -> list[list[Mark]]:
        return [truth(text) for text in some]

    before, after = sheet, search_again(sheet, texts, better, threshold=0.4, detector="better")
    assert before.result(texts).leaking.value > after.result(texts).leaking.value == 0  # type: ignore[union-attr]
    assert [r.truth for r in after.rows] == [r.truth for r in before.rows]
    leaking = sum("Carla Lund" in text for text in texts)
    change = changed(before, after, texts)
    assert (change["mended"], change["broken"], change["rows"]) == (leaking, 0, 50)
    assert changed(after, before, texts)["broken"] == leaking > 0


def test_the_private_folder_holds_no_text_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    sheet, private, paths = chosen(tmp_path)
    texts = read_texts(sheet, paths, private)
    private.write(sheet.with_truth(0, truth(texts[0])))
    kept = b"".join(p.read_bytes() for p in private.path.iterdir())
    assert not any(word.encode() in kept for word in ("Miller", "Singh", "Carla", "please", "parcel"))
    assert stat.S_IMODE(private.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in private.path.iterdir()} == {0o600}
    assert Folder(tmp_path / "other").digest(texts[0]) != private.digest(texts[0])
    private.forget()
    assert private.read() is None


def test_data_that_changed_is_noticed_and_named(tmp_path: Path) -> None:
    sheet, private, paths = chosen(tmp_path)
    file = paths["rows.csv"]
    file.write_text(file.read_text().replace("parcel", "letter"))
    with pytest.raises(InputError, match="changed since"):
        read_texts(sheet, paths, private)
    file.write_text("text,kind\n" + '"a",b\n')
    with pytest.raises(InputError, match="changed since"):
        read_texts(sheet, paths, private)


def test_a_damaged_sheet_is_said_plainly(tmp_path: Path) -> None:
    _, private, _ = chosen(tmp_path)
    private.path.mkdir(exist_ok=True)
    (private.path / "leak.json").write_text('{"version": 1}')
    with pytest.raises(InputError, match="damaged"):
        private.read()


@pytest.fixture
def venture(own_settings: Settings, tmp_path: Path) -> Venture:
    (tmp_path / "v").mkdir()
    rows = ["hello, this is Emily Johnson, write to emily.j@example.org", "where is my parcel", "all is well"] * 20
    (tmp_path / "v" / "rows.csv").write_text("text\n" + "".join(f'"{r}"\n' for r in rows))
    data = {"id": "a", "path": "rows.csv", "text": "text"}
    return parse({"schema": 1, "name": "Test", "datasets": [data]}, tmp_path / "v" / "venture.toml")


def test_the_door_chooses_rows_with_the_real_search_and_measures_once_they_are_labelled(
    own_settings: Settings, venture: Venture, tmp_path: Path
) -> None:
    (canaries,) = door.measure(venture, tmp_path)
    assert (canaries.id, canaries.n, canaries.unit) == ("privacy.canaries", 35, "share")
    read = {t["type"]: t["read"] for t in canaries.detail["types"]}
    assert (read["EMAIL_ADDRESS"], read["CREDIT_CARD"], read["IBAN_CODE"]) == (0, 0, 0)
    private = Folder.of(own_settings.var, venture.key)
    sheet = private.read()
    assert sheet is not None
    texts = read_texts(sheet, {f.name: f.path for f in sources(venture.datasets, venture.locate)}, private)
    for i, text in enumerate(texts):
        mail = [Mark(*p, "EMAIL_ADDRESS") for p in places(text, "emily.j@example.org")]
        sheet = sheet.with_truth(i, mail)
    private.write(sheet)
    records = {r.id: r for r in door.measure(venture, tmp_path)}
    assert list(records) == ["privacy.canaries", *record.IDS]
    leak = records["privacy.leak_share"]
    assert (leak.value, leak.low, leak.n, leak.unit) == (0, 0, 50, "share")
    assert leak.high is not None
    assert 0 < leak.high < 0.2
    assert records["privacy.recall"].value == 1
    text = json.dumps([r.as_json(detail=True) for r in records.values()])
    assert "emily" not in text.lower()
    assert "parcel" not in text


def test_the_door_leaves_no_value_in_evidence_run_files_progress_or_log(
    own_settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "v").mkdir()
    secrets = ("Zebulonia Quarterstaff", "zq77@pelargonium-post.co.uk", "+44 7400 918273", "DE75512108001245126199")
    lines = [f'"my data is {secret}, please keep it"' for secret in secrets] * 5
    (tmp_path / "v" / "rows.csv").write_text("\n".join(["text", *lines]), encoding="utf-8")
    data = {"id": "a", "path": "rows.csv", "text": "text"}
    of = parse({"schema": 1, "name": "Test", "datasets": [data]}, tmp_path / "v" / "venture.toml")
    run_dir, notes = tmp_path / "run", []
    run_dir.mkdir()
    with caplog.at_level(logging.DEBUG):
        records = door.measure(of, run_dir, lambda done, total, note="": notes.append(note))
    streams = capfd.readouterr()
    kept = [p.read_text(errors="replace") for p in (*run_dir.rglob("*"), *own_settings.var.rglob("*")) if p.is_file()]
    told = json.dumps([r.as_json(detail=True) for r in records])
    text = "\n".join([*kept, *notes, told, caplog.text, streams.out, streams.err])
    assert notes
    assert [s for s in secrets if any(s[i : i + 6] in text for i in range(len(s) - 5))] == []


def test_before_labels_every_figure_is_unknown_and_says_why(tmp_path: Path) -> None:
    sheet, private, paths = chosen(tmp_path)
    records = record.evidence(sheet, sheet.result(read_texts(sheet, paths, private)))
    assert all(r.value is None and "0 of 50 rows are labelled" in r.reason for r in records)


def test_a_venture_without_data_is_told_what_to_do(own_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="add one on the Ventures page"):
        door.measure(parse({"schema": 1, "name": "Test"}, tmp_path / "venture.toml"), tmp_path)
