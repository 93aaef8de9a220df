"""The seven parts and what flows between them, as figures with their spread: what the board draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.draws import Array
from core.readiness.joint.holds import Figure
from core.readiness.joint.loop import NEAR
from core.readiness.joint.world import Known, World
from core.units import percent

PARTS = {
    "A": "Model",
    "B": "Optimisation",
    "C": "Deployment",
    "D": "Privacy",
    "E": "Intellectual property",
    "F": "Market",
    "G": "Technology",
}
_WHERE = {"internal": "stays in the company", "saas": "comes to your host"}
_STAYS = "stays on the customer's machines"


@dataclass(frozen=True, slots=True)
class Edge:
    """What one part hands to another.

    Attributes:
        source, target: letters of `PARTS`.
        carries: what it is, in words.
        unit: of the quantiles; empty where it is a word.
        quantiles: p10, p50, p90 over the joint draws; None where nothing can be drawn or it is a word.
        word: where it is one.
        known: whether all of it rests on evidence that speaks of today, or on what the venture states.
        evidence: ids of the records behind it.
        fills: what would fill it, where it is not known.
    """

    source: str
    target: str
    carries: str
    unit: str
    quantiles: tuple[float, float, float] | None
    word: str
    known: bool
    evidence: tuple[str, ...]
    fills: str

    def as_json(self) -> dict[str, Any]:
        """What `assess --json` prints under graph.edges."""
        quantiles = dict(zip(("p10", "p50", "p90"), self.quantiles, strict=True)) if self.quantiles else None
        return {
            "from": self.source,
            "to": self.target,
            "carries": self.carries,
            "unit": self.unit,
            "quantiles": quantiles,
            "word": self.word,
            "known": self.known,
            "evidence": list(self.evidence),
            "fills": "" if self.known else self.fills,
        }


@dataclass(frozen=True, slots=True)
class Circle:
    """How the circle of demand and cost came to rest.

    Attributes:
        converged: share of the draws.
        not_converged: numbers of up to ten draws that did not.
        two_states: share of the draws with two stable states: above the critical mass demand stays, below it dies.
        critical: median critical mass in requests a second over those draws; None where there are none.
    """

    converged: float
    not_converged: tuple[int, ...]
    two_states: float
    critical: float | None

    @property
    def said(self) -> str:
        """That it did not come to rest, and in which draws; empty where it did in all of them."""
        if self.converged == 1:
            return ""
        named, share = ", ".join(map(str, self.not_converged)), percent(1 - self.converged, 2)
        return (
            f"Demand and cost do not settle in {share} of the joint draws (the first: {named}): "
            "one machine more or less tips them over there. Cost and margin of these draws are of the last round."
        )

    def as_json(self) -> dict[str, Any]:
        """What `assess --json` prints under graph.circle."""
        return {
            "converged": self.converged,
            "not_converged": list(self.not_converged),
            "said": self.said,
            "two_states": self.two_states,
            "critical_requests_per_s": self.critical,
        }


@dataclass(frozen=True, slots=True)
class Graph:
    """All edges, the circle, and how the market narrows."""

    edges: tuple[Edge, ...]
    circle: Circle | None
    narrowing: tuple[tuple[str, float], ...]

    def as_json(self) -> dict[str, Any]:
        """What `assess --json` prints under graph."""
        return {
            "parts": PARTS,
            "edges": [e.as_json() for e in self.edges],
            "circle": self.circle.as_json() if self.circle else None,
            "narrowing": [{"step": name, "median": value} for name, value in self.narrowing],
        }


def graph(known: Known, found: World) -> Graph:
    """The edges of a venture's world, in the order in which they are read."""
    return Graph(tuple(_edges(known, found)), _circle(found), tuple(_narrowing(known, found)))


def _edges(known: Known, found: World) -> list[Edge]:
    f, modes = found.figures, tuple(dict.fromkeys(known.venture.distribution.modes))
    licences, must = tuple(f"licences.{m}" for m in modes), known.venture.must
    return [
        _drawn("A", "B", "right answers before anything is made smaller", f["accuracy"], ("model.accuracy",),
               "Train and test the model."),
        _drawn("B", "C", "requests that one machine answers in time", f["rate"], ("model.server_rate",),
               "Measure how it serves, on the page Smaller and faster."),
        _worded("C", "D", "where customers' data goes", "; ".join(dict.fromkeys(_WHERE.get(m, _STAYS) for m in modes))),
        _duties(known, modes, licences),
        _drawn("D", "F", "customers that the data lets you keep", f["usable"], ("privacy.direct_share",),
               "Scan the data, and say in [reach] clean_data how many customers insist on clean data."),
        _unknown("D", "G", "accuracy lost where personal data is masked (privacy tax)",
                 "Not measured yet: it takes training again on masked data."),
        _drawn("E", "F", "customers that licences let you reach", f["open"], licences,
               "Have every licence known, and say in [reach] modes how many customers buy in each way only."),
        _drawn("E", "G", "work to replace what licences block", f["replace"], ("licences.blocked",),
               "Check the licences, and say in [reach] replace_days how long one replacement takes."),
        _optional("F", "C", "requests that customers send", f.get("load"), ("market.som", "market.cost_per_1000"),
                  "State price and demand under [market.money], and measure how the model serves."),
        _drawn("G", "C", "times the work, where accuracy or speed fall short", f["work"],
               ("model.accuracy", "model.p95_latency"), "State must.accuracy and must.p95_ms, and measure the model."),
        _required("F", "G", "least accuracy that the market takes", must.accuracy, "share", "must.accuracy"),
        _required("G", "B", "longest answer that is allowed", must.p95_ms, "ms", "must.p95_ms"),
    ]  # fmt: skip


def _drawn(source: str, target: str, carries: str, of: Figure, evidence: Sequence[str], fills: str) -> Edge:
    low, middle, high = np.quantile(of.draws, (0.1, 0.5, 0.9)).tolist()
    return Edge(source, target, carries, of.unit, (low, middle, high), "", of.known, tuple(evidence), fills)


def _optional(source: str, target: str, carries: str, of: Figure | None, evidence: Sequence[str], fills: str) -> Edge:
    if of is None:
        return _unknown(source, target, carries, fills)
    return _drawn(source, target, carries, of, evidence, fills)


def _unknown(source: str, target: str, carries: str, fills: str) -> Edge:
    return Edge(source, target, carries, "", None, "unknown", False, (), fills)


def _worded(source: str, target: str, carries: str, word: str) -> Edge:
    return Edge(source, target, carries, "", None, word, True, (), "")


def _required(source: str, target: str, carries: str, value: float | None, unit: str, key: str) -> Edge:
    if value is None:
        return _unknown(source, target, carries, f"State {key}.")
    return Edge(source, target, carries, unit, (value, value, value), "", True, (), "")


def _duties(known: Known, modes: Sequence[str], licences: tuple[str, ...]) -> Edge:
    records = [known.record(name) for name in licences]
    words = [str(r.value) if r is not None else "unknown" for r in records]
    told = ", ".join(f"{m.replace('_', '-')}: {w}" for m, w in zip(modes, words, strict=True))
    sure = "unknown" not in words
    return Edge(
        "C",
        "E",
        "which licence duties the ways of selling trigger",
        "",
        None,
        told,
        sure,
        licences,
        "Check the licences.",
    )


def _circle(found: World) -> Circle | None:
    settled = found.settled
    if settled is None:
        return None
    left = np.flatnonzero(~settled.converged)
    two = settled.states == 2
    critical = float(np.median(settled.critical[two])) if two.any() else None
    return Circle(float(settled.converged.mean()), tuple(left[:10].tolist()), float(two.mean()), critical)


def _narrowing(known: Known, found: World) -> list[tuple[str, float]]:
    """Medians from TAM down to what is left of SOM, with the part that took each slice."""
    if "som" not in found.levels:
        return []
    levels, f = found.levels, found.figures
    steps: list[tuple[str, Array]] = [
        ("tam", levels["tam"]),
        ("sam", levels["sam"]),
        ("som", levels["som"]),
        ("after licences", levels["som"] * f["open"].draws),
        ("after data", levels["som"] * f["open"].draws * f["usable"].draws),
    ]
    if found.settled is not None and float((1 - found.settled.share).max()) > NEAR:
        steps.append(("after cost", steps[-1][1] * found.settled.share))
    return [(name, float(np.median(draws))) for name, draws in steps]
