"""k and the share of unique rows as evidence: of each data file as it lies, the worst file counts."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.evidence import Evidence, Source
from core.privacy.risk.assess import Risk, of_table
from core.progress import Progress, part, silent

K, UNIQUE = "privacy.k", "privacy.unique_share"
AVERAGE, DIVERSITY = "privacy.average_risk", "privacy.l"
IDS = (K, UNIQUE)
_UNITS = {K: "rows", UNIQUE: "share", AVERAGE: "share", DIVERSITY: "types"}
_METHODS = {
    K: "Rows of the smallest group that the columns which others are likely to know cannot tell apart, with direct "
    "identifiers and unique numbers masked or dropped (k-anonymity, Sweeney 2002); every row counted, worst file.",
    UNIQUE: "Rows that are alone in their combination of the columns which others are likely to know, of all rows, "
    "direct identifiers and unique numbers left out; every row counted, worst file.",
    AVERAGE: "Chance to pick the right row of a person whose values in the chosen columns are known, averaged over all "
    "rows: groups per row, the average prosecutor risk of El Emam and Dankar (2008). Every row counted.",
    DIVERSITY: "Distinct values of the sensitive column in the least varied group of look-alikes (distinct "
    "l-diversity, Machanavajjhala et al. 2007). Every row counted.",
}

ONLY_TEXTS = "The files have no column beside the texts and their answers."

File = tuple[str, Path, Sequence[Mapping[str, Any]]]  # name, path, a scan's columns as JSON


def unknown(reason: str, detail: Mapping[str, Any] | None = None) -> list[Evidence]:
    """Both figures without a value, and why."""
    source = Source("measured")
    return [Evidence(id_, None, _UNITS[id_], _METHODS[id_], source, reason=reason, detail=detail or {}) for id_ in IDS]


def shown(risk: Risk, name: str, sha256: str) -> dict[str, Evidence]:
    """The figures of one table by the columns that a person chose, for a page; they are not stored."""
    figures: dict[str, float] = {
        K: risk.groups.k,
        UNIQUE: risk.groups.unique_share,
        AVERAGE: risk.groups.average_risk,
    }
    if risk.diversity is not None:
        figures[DIVERSITY] = risk.diversity.l
    source, why = Source("measured", "Preflight, grouped with polars"), f"{name} by {', '.join(risk.columns)}."
    return {
        id_: Evidence(
            id_,
            value,
            _UNITS[id_],
            _METHODS[id_].replace(", worst file", ""),
            source,
            n=risk.rows,
            reason=why,
            inputs={name: sha256},
        )
        for id_, value in figures.items()
    }


def records(
    files: Sequence[File],
    *,
    texts: Collection[tuple[str, str]] = (),
    max_rows: int | None = None,
    progress: Progress = silent,
) -> list[Evidence]:
    """k and the share of unique rows over whole files; a sample would overstate the share.

    Args:
        files: to group, with what a scan found in their columns.
        texts: file and column of the texts and of their answers. A file with no other column has none that others may
            know, so no row of it is alone by one; what its texts say of a person is the scan's question.
        max_rows: as `of_table`.
        progress: as `of_table`.

    Raises:
        InputError: a file is no table that can be read.
    """
    told: list[dict[str, Any]] = []
    for i, (name, path, columns) in enumerate(files):
        share = part(progress, i / len(files), (i + 1) / len(files))
        told.append({"path": name} | of_table(path, name=name, columns=columns, max_rows=max_rows, progress=share))
    known = [t for t in told if t["k"] is not None]
    source = Source("measured", "Preflight, grouped with polars")
    if not known:
        k, alone = unknown(told[0]["reason"] if told else "There is no data file.", {"files": told})
        if told and all(_only_texts(t, texts) for t in told):
            rows = sum(t["rows"] for t in told)
            alone = Evidence(UNIQUE, 0.0, "share", _METHODS[UNIQUE], source, n=rows, reason=ONLY_TEXTS)
        return [k, alone]
    least, most = min(known, key=lambda t: t["k"]), max(known, key=lambda t: t["unique_share"])
    columns_of = {t["path"]: ", ".join(t["quasi_identifiers"]) for t in (least, most)}
    said = [f"{t['path']} by {columns_of[t['path']]}." for t in (least, most)]
    n_k, n_unique = least["rows"], most["rows"]
    return [
        Evidence(K, least["k"], _UNITS[K], _METHODS[K], source, n=n_k, reason=said[0], detail={"files": told}),
        Evidence(UNIQUE, most["unique_share"], _UNITS[UNIQUE], _METHODS[UNIQUE], source, n=n_unique, reason=said[1]),
    ]


def _only_texts(told: Mapping[str, Any], texts: Collection[tuple[str, str]]) -> bool:
    return bool(told["rows"]) and all((told["path"], c["name"]) in texts for c in told["columns"])
