"""The leak meter's door: chooses the rows of a venture to label, and turns labels into evidence."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from core.errors import InputError
from core.evidence import Evidence, Source
from core.privacy.leak.estimate import Figure, Result
from core.privacy.leak.mark import Mark
from core.privacy.leak.pick import Find, TextFile, choose, read_texts, search_again
from core.privacy.leak.sheet import Folder, Sheet
from core.privacy.shapes import name_words
from core.progress import Progress, part, silent
from core.settings import settings
from core.venture import Venture

LEAK, RECALL, PRECISION = "privacy.leak_share", "privacy.recall", "privacy.precision"
CANARIES = "privacy.canaries"
CANARY_ROWS = 200  # of the copy that canaries are planted into
IDS = (LEAK, RECALL, PRECISION)
_METHODS = {
    LEAK: "Rows with text in which a letter or digit of personal data stays in sight once all that the search found "
    "is masked, as a person marked it. Stratified sample weighted by inclusion probability (Horvitz and Thompson "
    "1952); exact intervals per stratum joined by variance recovery (Zou and Donner 2008).",
    CANARIES: "Made-up names, addresses and numbers planted into a copy of some rows, which was masked, exported and "
    "read again: those that could still be read, whole or by five characters in a row, of all planted (Wilson 1927).",
    RECALL: "Marked pieces of personal data that the search covered whole, of all marked, weighted to all rows with "
    "text; linearised variance, Wilson's interval at the effective number (Korn and Graubard 1998).",
    PRECISION: "Pieces found by the search that a person marked too, of all found, weighted to all rows with text; "
    "linearised variance, Wilson's interval at the effective number (Korn and Graubard 1998).",
}


def sources(venture: Venture) -> list[TextFile]:
    """The venture's data files, each once.

    Raises:
        InputError: one is missing.
    """
    wanted = {path: d.text for d in venture.datasets for path in (d.path, d.test) if path}
    return [TextFile(path, venture.locate(path), column) for path, column in wanted.items()]


def folder(venture: Venture) -> Folder:
    """Where the venture's sheet and labels lie."""
    return Folder.of(settings().var, venture.key)


def measure(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Choose the rows to label. Where some are labelled and the data is the same, search those again instead.

    Returns:
        How many planted canaries could be read, and the figures by the labels there are.

    Raises:
        InputError: there is no data, or it cannot be read.
    """
    files = sources(venture)
    if not files:
        raise InputError("The venture names no data set; add one on the Ventures page.")
    progress(0, 1, "loading the recognisers")
    from core.privacy.detect import THRESHOLD
    from core.privacy.engine import described

    find, by, private = _finder(files), described(), folder(venture)
    records = []
    if (labelled := _labelled(private, files)) is not None:
        sheet, texts = labelled
        sheet = search_again(sheet, texts, find, threshold=THRESHOLD, detector=by)
        records = evidence(sheet, sheet.result(texts))
    else:
        told = part(progress, 0, 0.9)
        sheet = choose(files, find, private, threshold=THRESHOLD, detector=by, progress=told)
    private.write(sheet)
    progress(0.9, 1, "planting canaries")
    return [_canaries(files[0], find, by), *records]


def _finder(files: Sequence[TextFile]) -> Find:
    """This process's detector as what the meter asks for."""
    from core.privacy.detect import detector

    finder = detector()
    words = [w for f in files for w in name_words(f.column)]

    def find(texts: Sequence[str], told: Progress) -> list[list[Mark]]:
        size = sum(map(len, texts)) or 1
        spans = finder.detect(
            texts, context=words, weak=True, tick=lambda done: told(done, size, f"searching {len(texts):,} rows")
        )
        return [[Mark(s.start, s.end, s.type, s.score) for s in found] for found in spans]

    return find


def _labelled(private: Folder, files: Sequence[TextFile]) -> tuple[Sheet, list[str]] | None:
    """The sheet with the rows' texts, where some are labelled and the data is still the same."""
    try:
        sheet = private.read()
        if sheet is None or not sheet.labelled:
            return None
        return sheet, read_texts(sheet, {f.name: f.path for f in files}, private)
    except InputError:
        return None  # damaged, or the labels are of other rows


def _canaries(file: TextFile, find: Find, by: str) -> Evidence:
    """Plant, mask, export and look, in a folder that is gone afterwards."""
    from core.privacy.detect import THRESHOLD
    from core.privacy.leak.canary import check_export

    def masked(texts: Sequence[str]) -> list[list[Mark]]:
        return [[m for m in marks if m.score >= THRESHOLD] for marks in find(texts, silent)]

    with tempfile.TemporaryDirectory() as apart:
        out = Path(apart) / "export.csv"
        found = check_export(file.path, file.column, out, masked, name=file.name, most=CANARY_ROWS).as_json()
    return Evidence(
        CANARIES,
        found["read"] / found["planted"],
        "share",
        _METHODS[CANARIES],
        Source("measured", by),
        low=found["low"],
        high=found["high"],
        n=found["planted"],
        detail={"types": found["types"]},
    )


def evidence(sheet: Sheet, result: Result) -> list[Evidence]:
    """The three figures; unknown with a reason while the labels cannot say them. No text is among it."""
    source = Source("measured", f"{sheet.detector}; rows labelled by a person")
    left = sum(1 for _, _, labelled, _ in result.strata if not labelled)
    why = f"{result.labelled} of {len(sheet.rows)} rows are labelled; some of each kind are needed."
    detail = {
        "labelled": result.labelled,
        "rows": len(sheet.rows),
        "total": sheet.total,
        "looked": sheet.looked,
        "strata": [{"name": s, "rows": n, "labelled": m, "leaking": x} for s, n, m, x in result.strata],
        "types": [{"type": t, "true": n, "hidden": x} for t, n, x in result.types],
        "direct": result.leaking_direct.as_json() if result.leaking_direct else None,
    }
    nothing = {RECALL: "No personal data was marked in the labelled rows.", PRECISION: "Nothing was found in them."}
    figures: dict[str, Figure | None] = {LEAK: result.leaking, RECALL: result.recall, PRECISION: result.precision}
    return [
        Evidence(
            id_,
            f.value if f else None,
            "share",
            _METHODS[id_],
            source,
            low=f.low if f else None,
            high=f.high if f else None,
            n=f.n if f else None,
            reason="" if f else why if left else nothing.get(id_, why),
            detail=detail if id_ == LEAK else {},
        )
        for id_, f in figures.items()
    ]
