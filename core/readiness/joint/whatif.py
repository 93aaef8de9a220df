"""What if: the verdict on a copy in which some figures or some lines of the venture file are others."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.draws import DRAWS
from core.errors import InputError
from core.evidence import ROOMS, Evidence, Source
from core.market.measure import measure
from core.prices import read_prices
from core.readiness.checks import Inputs
from core.readiness.joint.kept import reviewed
from core.readiness.joint.price import Response, at_new_price
from core.readiness.joint.review import Review
from core.readiness.joint.swap import PACKAGE, swapped
from core.readiness.policy import load_policy
from core.readiness.questions import questions
from core.venture import Venture, parse
from core.venture_errors import sentences

Value = Any  # of a TOML file: text, number, true or false, a list or a table of them
_NAMED_BY = "id"  # the key by which a list of tables is addressed: market.assumptions.price.p50
MACHINE = "market.money.machine"
DATA = "privacy.policy"  # what is done with personal data before anything is learned from it
KEEP, MASK = "keep", "mask"
_DIRECT, _LEFT = "privacy.direct_share", "privacy.leak_share"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Two reviews side by side.

    Attributes:
        figures: ids of the records that were set by hand.
        response: how demand takes the new price, where the price moved.
        again: rooms whose evidence would have to be measured again, because the change is one of what they read; the
            figures of `after` are still those of today there.
    """

    before: Review
    after: Review
    figures: tuple[str, ...]
    again: tuple[str, ...]
    response: Response | None = None

    def as_json(self) -> dict[str, Any]:
        """What `whatif --json` prints."""
        return {
            "schema": 1,
            "venture": self.before.assessment.venture,
            "before": _brief(self.before),
            "after": _brief(self.after),
            "changed": _moved(self.before, self.after),
            "set": list(self.figures),
            "measure_again": list(self.again),
            "demand_at_price": self.response.as_json() if self.response else None,
        }


def whatif(
    venture: Venture,
    evidence: Mapping[str, Evidence],
    changes: Mapping[str, Value],
    inputs: Inputs | None = None,
    now: datetime | None = None,
    n: int = DRAWS,
) -> WhatIf:
    """Review a venture as it is and with changes.

    Args:
        venture: the venture; its file is read, never written.
        evidence: its newest record of each figure, by id.
        changes: by the id of a figure that a check reads or that was measured (a number, or a word); by a key of the
            venture file such as must.accuracy or market.assumptions.price.p50; `packages.NAME`, with a licence or
            "none"; `privacy.policy`, "keep" or "mask". What is both is the figure.
        inputs: what each room would be measured from today; what is stale stays so.
        now: when it is asked.
        n: joint draws.

    Raises:
        InputError: a key that nothing has, or a value that the venture file does not take.
    """
    asked = questions(venture, load_policy(venture))
    known = set(evidence) | {q.evidence for q in asked}
    units = {q.evidence: q.unit for q in asked}
    figures = {k: v for k, v in changes.items() if k in known}
    swaps = {k.removeprefix(PACKAGE): str(v) for k, v in changes.items() if k.startswith(PACKAGE)}
    lines = {k: v for k, v in changes.items() if k not in known and k != DATA and not k.startswith(PACKAGE)}
    _check_machine(lines.get(MACHINE))
    other = edited(venture, lines)
    again = [room for room in ROOMS if _reads(venture, room) != _reads(other, room)]
    other, response = at_new_price(venture, other)
    then = dict(evidence) | swapped(other, evidence, swaps)
    if "market" in again and any(e.room == "market" for e in evidence.values()):
        then |= _sized(other, evidence, inputs)
        again.remove("market")
    if _masked(changes.get(DATA, KEEP)):
        then[_DIRECT] = _after_masking(evidence, inputs)
        again = [r for r in ROOMS if r in (*again, "model")]
    then |= {k: _set(k, v, evidence.get(k), units.get(k, ""), inputs) for k, v in figures.items()}
    return WhatIf(
        before=reviewed(venture, evidence, inputs, now, n),
        after=reviewed(other, then, inputs, now, n),
        figures=tuple(figures),
        again=tuple(again),
        response=response,
    )


def _check_machine(named: Value) -> None:
    names = [p.machine for p in read_prices()]
    if named and named not in names:
        raise InputError(f"{MACHINE}: data/prices.csv has no machine called {named!r}; it has {', '.join(names)}.")


def _sized(other: Venture, evidence: Mapping[str, Evidence], inputs: Inputs | None) -> dict[str, Evidence]:
    """The market measured on the changed copy: no file is read for it but the prices, so it takes no job."""
    market = other.market.model_copy(update={"adoption": None})  # no check reads it, and its backtest takes its time
    found = measure(other.model_copy(update={"market": market}), Path(), read=evidence)
    return {e.id: e.with_inputs((inputs or {}).get("market", {})) for e in found}


def _masked(policy: Value) -> bool:
    if policy not in (KEEP, MASK):
        raise InputError(f"{DATA}: must be {KEEP!r} or {MASK!r}, got {policy!r}.")
    return bool(policy == MASK)


def _after_masking(evidence: Mapping[str, Evidence], inputs: Inputs | None) -> Evidence:
    """Rows that still name people once all that is found is masked: as the leak meter says, else unknown."""
    left, found = evidence.get(_LEFT), evidence.get(_DIRECT)
    direct = left.detail.get("direct") if left is not None and left.value is not None else None
    base = found or Evidence(_DIRECT, "unknown", "share", "", Source("stated", "what if"))
    base = base.with_inputs((inputs or {}).get("privacy", {}))
    if direct is None:
        why = "What masking would miss is not measured: label rows in the leak meter."
        return replace(base, value="unknown", low=None, high=None, n=None, reason=why)
    bounds = {k: direct[k] for k in ("value", "low", "high", "n")}
    return replace(base, **bounds, method=left.method if left else "", reason="")


def read_changes(told: Iterable[str]) -> dict[str, Value]:
    """KEY=VALUE as the command line gives them; a value that is no TOML is text.

    Raises:
        InputError: one has no equals sign, or a key stands there twice.
    """
    out: dict[str, Value] = {}
    for text in told:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise InputError(f"--set {text}: must be KEY=VALUE, for example must.accuracy=0.9.")
        if key in out:
            raise InputError(f"--set {key}: stands there twice; keep one.")
        out[key] = _value(value.strip())
    return out


def edited(venture: Venture, changes: Mapping[str, Value]) -> Venture:
    """The venture with some keys of its file set; its file stays as it is."""
    if not changes:
        return venture
    document = tomllib.loads(venture.file.read_text(encoding="utf-8"))  # a copy has no layout to keep: a tenth the work
    for key, value in changes.items():
        _put(document, key, value)
    try:
        return parse(document, venture.file, venture.roots)
    except ValidationError as error:
        raise InputError("\n".join(sentences(error, Venture))) from None


def _value(text: str) -> Value:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(document: Any, key: str, value: Value) -> None:
    *way, last = key.split(".")
    part = document
    for step in way:
        part = _step(part, step, key)
    try:
        part[last] = value
    except (TypeError, ValueError):
        raise InputError(f"{key}: is not a place in the venture file where a value can stand.") from None


def _step(part: Any, step: str, key: str) -> Any:
    if isinstance(part, list):
        found = next((row for row in part if row.get(_NAMED_BY) == step), None)
        if found is None:
            names = ", ".join(str(row.get(_NAMED_BY)) for row in part)
            raise InputError(f"{key}: the venture file has no {step!r} there; it has {names}.")
        return found
    if step not in part:
        part[step] = {}
    return part[step]


def _set(name: str, value: Value, found: Evidence | None, unit: str, inputs: Inputs | None) -> Evidence:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise InputError(f"{name}: must be a number or a word, got {value!r}.")
    plain = value if isinstance(value, str) else float(value)
    source = Source("stated", "what if")
    if found is None:
        room = name.partition(".")[0]
        return Evidence(name, plain, unit, "Set by hand.", source, inputs=(inputs or {}).get(room, {}))
    return replace(found, value=plain, low=None, high=None, n=None, reason="", source=source, method="Set by hand.")


def _reads(venture: Venture, room: str) -> Mapping[str, str]:
    return {k: v for k, v in venture.inputs(room).items() if k.startswith("venture.toml")}


def _brief(one: Review) -> dict[str, Any]:
    verdict = one.assessment.verdict
    return {"verdict": str(verdict.word), "headline": verdict.headline, "p_go": one.chance.as_json()}


def _moved(before: Review, after: Review) -> list[dict[str, Any]]:
    """The checks whose answer differs, or that only one of the two has."""
    old, new = ({c.id: c for c in r.assessment.checks} for r in (before, after))
    rows = []
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or was.status != now.status:
            rows.append(
                {
                    "check": name,
                    "before": str(was.status) if was else None,
                    "after": str(now.status) if now else None,
                    "reason": now.reason if now else "No longer asked.",
                }
            )
    return rows
