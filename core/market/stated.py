"""What a market rests on, in the room's own terms: figures, formulas, the ways to the market, and what moves together.

`core.venture_market` checks what a person writes; these are the values once they hold together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce

from core.formula import Node, powers
from core.market.ranges import Range, fit
from core.units import CONSTANTS

LEVELS = ("tam", "sam", "som")


@dataclass(frozen=True, slots=True)
class Assumption:
    """One stated figure as a range, with where it comes from."""

    id: str
    label: str
    unit: str
    p10: float
    p50: float
    p90: float
    source: str = ""
    date: str = ""
    by: str = ""
    shape: str = "metalog"

    @property
    def sourced(self) -> bool:
        """Whether a reader could check it."""
        return bool(self.source or self.by)

    def fitted(self) -> Range:
        """The distribution through its three quantiles."""
        return fit(self.p10, self.p50, self.p90, share=self.unit == "share", shape=self.shape)


@dataclass(frozen=True, slots=True)
class Method:
    """One way to the market: TAM as a formula; SAM = TAM x the shares `sam`; SOM = SAM x the shares `som`."""

    name: str
    tam: Node
    sam: tuple[str, ...] = ()
    som: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[str, ...]:
        """Those of TAM, SAM and SOM that it states; none below one that is missing."""
        return LEVELS if self.sam and self.som else LEVELS[:2] if self.sam else LEVELS[:1]

    def filters(self, level: str) -> tuple[str, ...]:
        """The shares between TAM and `level`, in order."""
        return {"tam": (), "sam": self.sam, "som": self.sam + self.som}[level]

    def tree(self, level: str) -> Node:
        """The formula of `level`."""
        return reduce(lambda left, name: Node("*", (left, Node(name=name))), self.filters(level), self.tam)


@dataclass(frozen=True, slots=True)
class Correlation:
    """Two assumptions that move together, with Spearman's rank correlation."""

    a: str
    b: str
    rho: float


@dataclass(frozen=True)
class Market:
    """A whole market.

    Attributes:
        methods: the ways to it; the first is the one whose figures count.
        formulas: the named formulas, each after those it uses.
        labels: of the formulas, by id.
        capacity: what the sales team can close a year; None where it is not stated.
        plan: the revenue that the plan states for the year; None where it is not stated.
        notices: what of the units had to be assumed.
        beside: further quantities drawn with the rest: price, demand, potential.
    """

    methods: tuple[Method, ...]
    assumptions: tuple[Assumption, ...]
    formulas: Mapping[str, Node] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    correlations: tuple[Correlation, ...] = ()
    capacity: Node | None = None
    plan: Node | None = None
    currency: str = "USD"
    year: int | None = None
    notices: tuple[str, ...] = ()
    beside: Mapping[str, Node] = field(default_factory=dict)

    @cached_property
    def _formula_powers(self) -> Mapping[str, Mapping[str, int | None]]:
        of: dict[str, Mapping[str, int | None]] = {name: {} for name in CONSTANTS}
        for name, formula in self.formulas.items():
            of[name] = powers(formula, of)
        return of

    def powers(self, tree: Node) -> dict[str, int | None]:
        """The assumptions behind a formula with their powers; None where one does not enter as a factor."""
        return powers(tree, self._formula_powers)

    def behind(self, *trees: Node | None) -> tuple[Assumption, ...]:
        """The assumptions that formulas rest on, in the order of their ids."""
        ids = {name for tree in trees if tree is not None for name in self.powers(tree)}
        return tuple(sorted((a for a in self.assumptions if a.id in ids), key=lambda a: a.id))

    @cached_property
    def used(self) -> tuple[Assumption, ...]:
        """The assumptions that any figure rests on, in the order of their ids: one dimension of the draws each."""
        return self.behind(
            *(m.tree(m.levels[-1]) for m in self.methods), self.capacity, self.plan, *self.beside.values()
        )

    @cached_property
    def correlated(self) -> tuple[Correlation, ...]:
        """The correlations between figures that are used and are no single numbers."""
        free = {a.id for a in self.used if a.fitted().family != "fixed"}
        return tuple(c for c in self.correlations if c.a in free and c.b in free)

    def label(self, name: str) -> str:
        """What a figure or formula is called."""
        return next((a.label for a in self.assumptions if a.id == name), self.labels.get(name, name))
