"""The vocabulary all rooms share: a measured figure with everything needed to doubt it, and a check made on it.

Evidence is append-only. A new measurement supersedes an old one, it never overwrites it. A figure that could not be
measured is still a record: `value` is None and `reason` says why, because "could not look" is never "clean".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

ROOMS = ("model", "privacy", "licences", "market")
SourceKind = Literal["measured", "stated", "catalogue"]


class Status(StrEnum):
    """What a check answers. `STALE` is an answer that was true of inputs that have changed since."""

    PASS = "pass"  # noqa: S105 - a status, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from: a run of ours, a person's word, or a published catalogue."""

    kind: SourceKind
    detail: str = ""  # the tool and version that measured, or who said it and where it can be read
    date: str = ""  # ISO date of the statement or catalogue; empty for a measurement, which has measured_at
    run: int | None = None  # the job that measured it, set when the record is stored

    @property
    def sourced(self) -> bool:
        """Whether a reader could check it: a stated figure needs who or where."""
        return self.kind == "measured" or bool(self.detail.strip())


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure with its uncertainty, method and source.

    Attributes:
        id: `room.figure`, for example `model.p95_latency`.
        value: the figure; text where the answer is a word; None where it is unknown (then `reason` says why).
        unit: of value, low and high: "share", "ms", "rows", "USD/year", "word", ...
        method: one sentence a founder can follow, with the reference in brackets.
        low, high: the bounds of the interval at `level`, in `unit`; None where there is none.
        level: coverage of that interval, 0.95 or 0.8.
        n: number of observations behind it.
        inputs: what it was computed from, name -> SHA-256; it turns stale when one changes.
        detail: what its charts and tables need (JSON; never a raw personal value).
    """

    id: str
    value: float | str | None
    unit: str
    method: str
    source: Source
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int | None = None
    reason: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    measured_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    valid_until: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse records that could not be read later."""
        if self.room not in (*ROOMS, "readiness"):
            raise ValueError(f"{self.id!r}: an evidence id begins with its room, one of {', '.join(ROOMS)}")
        if self.value is None and not self.reason:
            raise ValueError(f"{self.id}: an unknown figure says why it is unknown")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.id}: the interval {self.low}..{self.high} is upside down")

    @property
    def room(self) -> str:
        """The room that measured it: the part of the id before the first dot."""
        return self.id.partition(".")[0]

    def with_inputs(self, inputs: Mapping[str, str], *, days_valid: int | None = None) -> "Evidence":
        """Return the same record bound to its inputs' hashes and, where given, with an expiry."""
        until = self.measured_at + timedelta(days=days_valid) if days_valid else self.valid_until
        return replace(self, inputs=dict(inputs), valid_until=until)

    def is_stale(self, inputs: Mapping[str, str], now: datetime | None = None) -> bool:
        """Tell whether it no longer speaks of these inputs: one changed, appeared, vanished, or its time ran out."""
        expired = self.valid_until is not None and (now or datetime.now(UTC)) >= self.valid_until
        return expired or dict(self.inputs) != dict(inputs)

    def as_json(self, *, detail: bool = False) -> dict[str, Any]:
        """The record as JSON values, in the order the command line documents."""
        out: dict[str, Any] = {
            "id": self.id,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "level": self.level,
            "unit": self.unit,
            "n": self.n,
            "method": self.method,
            "source": asdict(self.source),
            "measured_at": self.measured_at.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "inputs": dict(self.inputs),
            "reason": self.reason,
        }
        return out | {"detail": dict(self.detail)} if detail else out


@dataclass(frozen=True, slots=True)
class Check:
    """One question of the policy, answered from evidence.

    `gate` checks cannot be outweighed: one that fails is a NO-GO. `todo` says what would clear it. `waiver` says who
    waives it and until when; a waived gate is no gate until then, and still a condition. `owner` says who clears it.
    """

    id: str
    room: str
    title: str
    gate: bool
    status: Status
    reason: str
    evidence: tuple[str, ...] = ()
    todo: str = ""
    waiver: str = ""
    owner: str = ""

    def as_json(self) -> dict[str, Any]:
        """The check as JSON values."""
        return asdict(self) | {"status": str(self.status), "evidence": list(self.evidence)}
