"""The door to a venture's own search: train and judge its name model, and search with that and its own rules."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.privacy.leak.pick import read_texts, sources
from core.privacy.leak.sheet import Folder
from core.privacy.names import own, weights
from core.privacy.names.fill import Filled
from core.privacy.search import described as engine
from core.privacy.source import open_table
from core.progress import Progress, silent
from core.settings import settings
from core.venture import OWN_NAMES, OWN_NAMES_INPUT, RULES, Venture, load

if TYPE_CHECKING:
    from core.privacy.detect import Detector
    from core.privacy.rules import Rules


def own_file(venture: Venture) -> Path:
    """Where the venture's adopted weights lie: in its private folder, for they were learned from its rows."""
    return Folder.of(settings().var, venture.key).path / OWN_NAMES


def use(venture: Venture) -> None:
    """Let this process, and the workers that it starts, search with the venture's weights where some were adopted."""
    file = own_file(venture)
    before = weights.in_force()
    if file.exists():
        os.environ[weights.IN_FORCE] = str(file)
    else:
        os.environ.pop(weights.IN_FORCE, None)
    if weights.in_force() != before and (loaded := sys.modules.get("core.privacy.detect")) is not None:
        loaded.detector.cache_clear()


def finder(venture: Venture) -> "Detector":
    """The detector with the venture's weights and its rules (`privacy.toml` beside venture.toml), where it has them.

    Raises:
        InputError: the rules say something that means nothing, or lie outside what the venture may read.
    """
    use(venture)
    from core.privacy.detect import Detector, detector

    rules = rules_of(venture)
    return Detector(rules) if rules else detector()


def rules_of(venture: Venture) -> "Rules | None":
    """The venture's rules in force, ready to search by; None where it has none. Errors as those of `finder`."""
    from core.privacy.rules import load_rules

    return load_rules(venture.locate(RULES)) if (venture.folder / RULES).exists() else None


def described(venture: Venture) -> str:
    """What searched, for the source of a figure: the detector, and the hashes of own weights and rules."""
    inputs = venture.inputs("privacy")
    own_names, rules = inputs.get(OWN_NAMES_INPUT), inputs.get(RULES)
    by = f"{engine()}; own names {own_names[:8]}" if own_names else engine()
    return f"{by}; {RULES} {rules[:8]}" if rules else by


def train(venture: Venture, *, minutes: float = 3.0, progress: Progress = silent) -> own.Outcome:
    """Fine-tune a name model on the venture's texts; it is adopted only where fewer held-out texts leak.

    Raises:
        InputError: there is no data, or it holds too few texts that name somebody.
    """
    files = sources(venture.datasets, venture.locate)
    if not files:
        raise InputError("The venture names no data set; add one on the Ventures page.")
    rows: list[str] = []
    for file in files:
        table = open_table(file.path, name=file.name)
        if file.column not in table.columns:
            raise InputError(f"{file.name}: has no column {file.column}; its columns are {', '.join(table.labels)}.")
        at = table.columns.index(file.column)
        rows += [row[at] for _, row in table.draw]
    return own.train_own(rows, _labelled(venture), own_file(venture), minutes=minutes, progress=progress)


def train_job(params: Mapping[str, Any], run_dir: Path, progress: Progress) -> dict[str, Any]:
    """The same as a job: `params` has the venture's file, its `roots`, and `minutes`. No text is in what comes out."""
    venture = load(Path(params["venture"]), tuple(map(Path, params.get("roots", ()))))
    minutes = float(params.get("minutes", 3.0))
    return train(venture, minutes=minutes, progress=progress).as_json() | {"minutes": minutes}


def _labelled(venture: Venture) -> list[Filled]:
    """The rows that a person labelled in the leak meter; none where there are none, or where the data changed."""
    private = Folder.of(settings().var, venture.key)
    try:
        sheet = private.read()
        if sheet is None:
            return []
        paths = {f.name: f.path for f in sources(venture.datasets, venture.locate)}
        texts = read_texts(sheet, paths, private)
    except InputError:
        return []
    return [
        Filled(text, tuple((m.start, m.end, m.type) for m in row.truth), (), f"{row.path} {row.at}")
        for text, row in zip(texts, sheet.rows, strict=True)
        if row.truth is not None
    ]
