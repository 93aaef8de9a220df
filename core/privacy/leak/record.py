"""What labels and canaries say, as evidence."""

from collections.abc import Mapping
from typing import Any

from core.evidence import Evidence, Source
from core.privacy.leak.estimate import Figure, Result
from core.privacy.leak.sheet import Sheet

LEAK, RECALL, PRECISION = "privacy.leak_share", "privacy.recall", "privacy.precision"
CANARIES = "privacy.canaries"
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


def evidence(sheet: Sheet, result: Result, change: Mapping[str, Any] | None = None) -> list[Evidence]:
    """The three figures; unknown with a reason while the labels cannot say them. No text is among it.

    `change` says what another search of the same labelled rows changed.
    """
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
        "change": dict(change) if change else None,
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


def canaries(found: Mapping[str, Any], detector: str) -> Evidence:
    """How many planted values could be read, from the JSON of the survivors."""
    return Evidence(
        CANARIES,
        found["read"] / found["planted"],
        "share",
        _METHODS[CANARIES],
        Source("measured", detector),
        low=found["low"],
        high=found["high"],
        n=found["planted"],
        detail={"types": found["types"]},
    )
