"""The leak meter's door: chooses the rows of a venture to label, or searches the labelled ones again."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError
from core.evidence import Evidence
from core.privacy.leak import record
from core.privacy.leak.mark import Mark
from core.privacy.leak.pick import Find, TextFile, changed, choose, read_texts, search_again, sources
from core.privacy.leak.sheet import Folder, Sheet
from core.privacy.names.measure import described, finder
from core.privacy.shapes import name_words
from core.progress import Progress, part, silent
from core.settings import settings
from core.venture import Venture

if TYPE_CHECKING:
    from core.privacy.detect import Detector

CANARY_ROWS = 200  # of the copy that canaries are planted into


def measure(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Choose the rows to label. Where some are labelled and the data is the same, search those again instead.

    Returns:
        How many planted canaries could be read, and the figures by the labels there are.

    Raises:
        InputError: there is no data, or it cannot be read.
    """
    files = sources(venture.datasets, venture.locate)
    if not files:
        raise InputError("The venture names no data set; add one on the Ventures page.")
    progress(0, 1, "loading the recognisers")
    search = finder(venture)
    from core.privacy.detect import THRESHOLD

    find, by, private = as_find(search, files), described(venture), Folder.of(settings().var, venture.key)
    records: list[Evidence] = []
    if (kept := labelled(private, files)) is not None:
        before, texts = kept
        sheet = search_again(before, texts, find, threshold=THRESHOLD, detector=by)
        records = record.evidence(sheet, sheet.result(texts), changed(before, sheet, texts))
    else:
        told = part(progress, 0, 0.9)
        sheet = choose(files, find, private, threshold=THRESHOLD, detector=by, progress=told)
    private.write(sheet)
    progress(0.9, 1, "planting canaries")
    return [_canaries(files[0], find, by), *records]


def as_find(search: "Detector", files: Sequence[TextFile]) -> Find:
    """A detector as what the meter asks for."""
    words = [w for f in files for w in name_words(f.column)]

    def find(texts: Sequence[str], told: Progress) -> list[list[Mark]]:
        size = sum(map(len, texts)) or 1
        spans = search.detect(
            texts, context=words, weak=True, tick=lambda done: told(done, size, f"searching {len(texts):,} rows")
        )
        return [[Mark(s.start, s.end, s.type, s.score) for s in found] for found in spans]

    return find


def labelled(private: Folder, files: Sequence[TextFile]) -> tuple[Sheet, list[str]] | None:
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
    return record.canaries(found, by)
