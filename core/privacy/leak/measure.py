"""The leak meter's door: chooses the rows of a venture to label, and turns labels into evidence."""

from collections.abc import Sequence
from pathlib import Path

from core.errors import InputError
from core.evidence import Evidence, Source
from core.privacy.leak.estimate import Figure, Result
from core.privacy.leak.mark import Mark
from core.privacy.leak.pick import TextFile, choose, read_texts, search_again
from core.privacy.leak.sheet import Folder, Sheet
from core.privacy.shapes import name_words
from core.progress import Progress, silent
from core.settings import settings
from core.venture import Venture

LEAK, RECALL, PRECISION = "privacy.leak_share", "privacy.recall", "privacy.precision"
IDS = (LEAK, RECALL, PRECISION)
_METHODS = {
    LEAK: "Rows with text in which a letter or digit of personal data stays in sight once all that the search found "
    "is masked, as a person marked it. Stratified sample weighted by inclusion probability (Horvitz and Thompson "
    "1952); exact intervals per stratum joined by variance recovery (Zou and Donner 2008).",
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
        The figures by the labels there are; none before the first labels.

    Raises:
        InputError: there is no data, or it cannot be read.
    """
    files = sources(venture)
    if not files:
        raise InputError("The venture names no data set; add one on the Ventures page.")
    progress(0, 1, "loading the recognisers")
    from core.privacy.detect import THRESHOLD, detector
    from core.privacy.engine import described

    finder = detector()
    words = [w for f in files for w in name_words(f.column)]

    def find(texts: Sequence[str], told: Progress) -> list[list[Mark]]:
        size = sum(map(len, texts)) or 1
        spans = finder.detect(
            texts, context=words, weak=True, tick=lambda done: told(done, size, f"searching {len(texts):,} rows")
        )
        return [[Mark(s.start, s.end, s.type, s.score) for s in found] for found in spans]

    private = folder(venture)
    sheet = _kept(private)
    if sheet is not None and sheet.labelled:
        try:
            texts = read_texts(sheet, {f.name: f.path for f in files}, private)
        except InputError:
            sheet = None  # the data changed: the labels are of other rows
        else:
            sheet = search_again(sheet, texts, find, threshold=THRESHOLD, detector=described())
            private.write(sheet)
            return evidence(sheet, sheet.result(texts))
    private.write(choose(files, find, private, threshold=THRESHOLD, detector=described(), progress=progress))
    return []


def _kept(private: Folder) -> Sheet | None:
    try:
        return private.read()
    except InputError:
        return None  # damaged: chosen again


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
