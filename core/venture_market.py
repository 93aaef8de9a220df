"""The market tables of `venture.toml`: stated figures as ranges with their sources, and the formulas over them."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, field_validator, model_validator

from core.formula import FormulaError, Node, in_order, parse, product, unit_of
from core.units import CONSTANTS, Unit, UnitError, money_per_year, parse_unit
from core.venture_money import Adoption, Money
from core.venture_part import Part, Slug, wrong_at

METHODS = ("bottom_up", "top_down", "value_based")
MethodName = Literal["bottom_up", "top_down", "value_based"]
_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def _quantity(value: object) -> list[str] | str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(v, str) and _SLUG.fullmatch(v) for v in value):
        return list(value)
    raise ValueError('must be a list of ids that multiply, or a formula such as "institutions * price"')


Quantity = Annotated[list[str] | str, PlainValidator(_quantity)]


class Figure(Part):
    """A range: a 10 % chance to be below p10, as likely as not below p50, a 10 % chance to be above p90."""

    p10: float
    p50: float
    p90: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not all(math.isfinite(v) for v in (self.p10, self.p50, self.p90)):
            raise ValueError("p10, p50 and p90 must be finite numbers")
        if not 0 < self.p10 <= self.p50 <= self.p90:
            raise ValueError(f"needs 0 < p10 <= p50 <= p90, got {self.p10:g}, {self.p50:g}, {self.p90:g}")
        return self


class Assumption(Figure):
    """One figure of the market, as a range with where it comes from."""

    id: Slug
    label: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    shape: Literal["metalog", "lognormal"] = Field("metalog", description="lognormal: through p10 and p90 alone")
    source: str = Field("", description="Where it can be read; empty shows as unsourced")
    date: str = Field("", description="When the source said so, as YYYY-MM-DD, YYYY-MM or YYYY")
    by: str = Field("", description="Who says so, where it is a person's judgement")

    @field_validator("date", mode="before")
    @classmethod
    def _plain_date(cls, value: object) -> object:
        return value.isoformat() if isinstance(value, date) else value

    @model_validator(mode="after")
    def _share(self) -> Self:
        if self.unit == "share" and self.p90 > 1:
            raise ValueError(f"a share is at most 1, got p90 = {self.p90:g}")
        return self

    @property
    def sourced(self) -> bool:
        """Whether a reader could check it."""
        return bool(self.source or self.by)


class Formula(Part):
    """A quantity that follows from others."""

    id: Slug
    label: str = Field(min_length=1)
    formula: str = Field(min_length=1, description="Of figures and numbers with + - * / ( ) min max")
    unit: str = Field("", description="What it must come out in; left empty, it is not compared")


class Method(Part):
    """One way to the market: TAM as a formula, then the shares that narrow it."""

    tam: Quantity = Field(default_factory=list)
    sam: list[Slug] = Field(default_factory=list, description="Shares of TAM that the product can serve")
    som: list[Slug] = Field(default_factory=list, description="Shares of SAM that it can win")


class Methods(Part):
    """The ways to the market beside the one that stands directly under [market]."""

    bottom_up: Method | None = None
    top_down: Method | None = None
    value_based: Method | None = None


class Correlation(Part):
    """Two assumptions that move together: `rho` is Spearman's rank correlation."""

    between: list[Slug] = Field(min_length=2, max_length=2)
    rho: float = Field(gt=-1, lt=1)
    why: str = ""


class Scenario(Part):
    """A named set of other values for some of the assumptions; the rest stay as stated."""

    name: str = Field(min_length=1, max_length=80)
    why: str = Field("", max_length=400)
    figures: dict[Slug, Figure] = Field(default_factory=dict)


class Market(Part):
    """TAM by up to three methods, the shares of it that can be served (SAM) and won (SOM), and what SOM is held to."""

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    year: int | None = Field(None, ge=2000, le=2100)
    method: MethodName = Field("bottom_up", description="The method whose figures the board shows")
    tam: Quantity = Field(default_factory=list, description="Total market per year: ids that multiply, or a formula")
    sam: list[Slug] = Field(default_factory=list, description="Shares of TAM that the product can serve")
    som: list[Slug] = Field(default_factory=list, description="Shares of SAM that it can win")
    methods: Methods = Field(default_factory=Methods)
    capacity: Quantity = Field(default_factory=list, description="What the sales team can close in the year")
    plan: Quantity = Field(default_factory=list, description="The revenue that the plan states for the year")
    assumptions: list[Assumption] = Field(default_factory=list)
    formulas: list[Formula] = Field(default_factory=list)
    correlations: list[Correlation] = Field(default_factory=list)
    adoption: Adoption | None = None
    money: Money | None = None
    # Left out of what the evidence follows from: keeping a scenario does not make the figures stale.
    scenarios: list[Scenario] = Field(default_factory=list, exclude=True)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self._known_once()
        self._trees()
        for place, filters in self._filters():
            for name in filters:
                self._narrows(name, *place)
        self.unit_notices()
        self._pairs()
        self._scenarios()
        self._adopted()
        self._earned()
        return self

    @property
    def stated(self) -> dict[str, Method]:
        """The methods that state anything, the one whose figures count first."""
        found = {k: m for k in METHODS if (m := getattr(self.methods, k)) is not None}
        if self.tam or self.sam or self.som:
            found[self.method] = Method(tam=self.tam, sam=self.sam, som=self.som)
        return dict(sorted(found.items(), key=lambda item: item[0] != self.method))

    def tree(self, quantity: list[str] | str) -> Node | None:
        """A quantity as a formula; None where it is empty."""
        known = self.units()
        if isinstance(quantity, str):
            return parse(quantity, known) if quantity else None
        for name in quantity:
            parse(name, known)
        return product(quantity) if quantity else None

    def formula_trees(self) -> dict[str, Node]:
        """The named formulas, each after those it uses."""
        known = self.units()
        trees = {f.id: parse(f.formula, known) for f in self.formulas}
        return {name: trees[name] for name in in_order(trees)}

    def units(self) -> dict[str, Unit]:
        """The unit of every assumption and constant; of a formula the one it states, until it is computed."""
        out = {name: parse_unit(unit) for name, (_, unit) in CONSTANTS.items()}
        return out | {a.id: parse_unit(a.unit) for a in self.assumptions} | {f.id: Unit() for f in self.formulas}

    def unit_notices(self) -> list[str]:
        """What of the units had to be assumed, by method; contradictions raise."""
        units = self._computed_units()
        out = []
        for place, quantity in self._quantities():
            tree = self.tree(quantity)
            if tree is None:
                continue
            parts = {name: units[name] for name in _behind(tree, self.formula_trees())}
            try:
                said = money_per_year(unit_of(tree, units), self.currency, parts)
            except UnitError as error:
                raise self._at_figure(error, *place) from None
            if said:
                out.append(f"{'.'.join(map(str, place))}: {said}.")
        return out

    def _adopted(self) -> None:
        if self.adoption is None:
            return
        for text in [self.adoption.potential] if isinstance(self.adoption.potential, str) else self.adoption.potential:
            _read(text, self.units(), "adoption", "potential")

    def _earned(self) -> None:
        """Price times demand must come to money a year, as a total market does."""
        if self.money is None:
            return
        for key in ("price", "demand"):
            stated = getattr(self.money, key)
            for text in [stated] if isinstance(stated, str) else stated:
                _read(text, self.units(), "money", key)
        price, demand = self.tree(self.money.price), self.tree(self.money.demand)
        if price is None or demand is None:
            return
        units, revenue = self._computed_units(), Node("*", (price, demand))
        parts = {name: units[name] for name in _behind(revenue, self.formula_trees())}
        try:
            money_per_year(unit_of(revenue, units), self.currency, parts)
        except UnitError as error:
            raise wrong_at(f"price times demand {error}", "money") from None

    def _known_once(self) -> None:
        seen = set(CONSTANTS)
        for kind in ("assumptions", "formulas"):
            for k, item in enumerate(getattr(self, kind)):
                if item.id in seen:
                    first = "is built in" if item.id in CONSTANTS else "stands twice: two figures have the same id"
                    raise wrong_at(f"{item.id!r} {first}", kind, k, "id")
                seen.add(item.id)
        for k, a in enumerate(self.assumptions):
            try:
                unit = parse_unit(a.unit)
            except UnitError as error:
                raise wrong_at(str(error), "assumptions", k, "unit") from None
            if len([n for n, _ in unit.powers if n.isupper()]) > 1 and not (a.source and a.date):
                raise wrong_at(f"{a.id!r} is an exchange rate, so it needs a source and a date", "assumptions", k)
        if getattr(self.methods, self.method) and (self.tam or self.sam or self.som):
            raise wrong_at(f"{self.method} is stated twice: here and directly under [market]", "methods", self.method)

    def _trees(self) -> None:
        """Read every formula, so that the first that cannot be read is named with its line."""
        known = self.units()
        for k, f in enumerate(self.formulas):
            _read(f.formula, known, "formulas", k, "formula")
        try:
            self.formula_trees()
        except FormulaError as error:
            first = str(error).removeprefix("goes round in a circle: ").split(" needs ")[0]
            k = next(k for k, f in enumerate(self.formulas) if f.id == first)
            raise wrong_at(str(error), "formulas", k, "formula") from None
        for place, quantity in self._quantities():
            for text in [quantity] if isinstance(quantity, str) else quantity:
                if text:
                    _read(text, known, *place)

    def _quantities(self) -> Iterator[tuple[tuple[str, ...], list[str] | str]]:
        yield ("tam",), self.tam
        for name in METHODS:
            if (method := getattr(self.methods, name)) is not None:
                yield ("methods", name, "tam"), method.tam
        yield ("capacity",), self.capacity
        yield ("plan",), self.plan

    def _filters(self) -> Iterator[tuple[tuple[str, ...], list[Slug]]]:
        for level in ("sam", "som"):
            yield (level,), getattr(self, level)
            for name in METHODS:
                if (method := getattr(self.methods, name)) is not None:
                    yield ("methods", name, level), getattr(method, level)

    def _narrows(self, name: str, *place: str) -> None:
        _read(name, self.units(), *place)
        unit = next((a.unit for a in self.assumptions if a.id == name), None)
        if unit is None:
            found = self._computed_units()[name]
            unit = "share" if not found.powers else str(found)
        if unit != "share":
            raise wrong_at(f'{name!r} narrows the market, so its unit must be "share"; it is {unit!r}', *place)

    def _computed_units(self) -> dict[str, Unit]:
        """The unit of every figure, formulas included; one that differs from what is stated is an error there."""
        units = self.units()
        for name, tree in self.formula_trees().items():
            k = next(k for k, f in enumerate(self.formulas) if f.id == name)
            try:
                units[name] = unit_of(tree, units)
                wanted = parse_unit(self.formulas[k].unit) if self.formulas[k].unit else units[name]
            except UnitError as error:
                raise wrong_at(str(error), "formulas", k, "formula") from None
            if wanted != units[name]:
                raise wrong_at(f"{name!r} comes out in {units[name]}, but says {wanted}", "formulas", k, "unit")
        return units

    def _at_figure(self, error: UnitError, *place: str) -> Exception:
        """A unit error at the assumption that brings it in, where one can be named."""
        k = next((k for k, a in enumerate(self.assumptions) if a.id == error.name), None)
        where = ".".join(place)
        if k is None:
            return wrong_at(str(error), *place)
        return wrong_at(f"{error.name!r} ({self.assumptions[k].unit}): {where} {error}", "assumptions", k, "unit")

    def _pairs(self) -> None:
        known, seen = {a.id for a in self.assumptions}, set()
        for k, c in enumerate(self.correlations):
            for name in c.between:
                if name not in known:
                    raise wrong_at(f"{name!r} is correlated but is not among the assumptions", "correlations", k)
            pair = frozenset(c.between)
            if len(pair) == 1 or pair in seen:
                said = "is correlated with itself" if len(pair) == 1 else "and the other of the pair stand here twice"
                raise wrong_at(f"{c.between[0]!r} {said}", "correlations", k, "between")
            seen.add(pair)

    def _scenarios(self) -> None:
        known = {a.id: a for a in self.assumptions}
        names = [s.name for s in self.scenarios]
        for k, s in enumerate(self.scenarios):
            if names.index(s.name) != k:
                raise wrong_at(f"two scenarios are called {s.name!r}", "scenarios", k, "name")
            for name, figure in s.figures.items():
                if name not in known:
                    raise wrong_at(f"{name!r} is not among the assumptions", "scenarios", k)
                if known[name].unit == "share" and figure.p90 > 1:
                    raise wrong_at(f"{name!r}: a share is at most 1, got p90 = {figure.p90:g}", "scenarios", k)


def _read(text: str, known: Mapping[str, Unit], *place: str | int) -> None:
    try:
        parse(text, known)
    except FormulaError as error:
        raise wrong_at(str(error), *place) from None


def _behind(tree: Node, formulas: Mapping[str, Node]) -> list[str]:
    """The figures a formula rests on that are no formulas themselves."""
    found: dict[str, None] = {}
    todo, seen = [tree], set[str]()
    while todo:
        node = todo.pop()
        todo += node.args
        if node.name in formulas and node.name not in seen:
            seen.add(node.name)
            todo.append(formulas[node.name])
        elif node.name:
            found.setdefault(node.name)
    return list(found)
