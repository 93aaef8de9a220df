"""Formulas of a venture file: a small grammar of their own, parsed and never run as code.

    sum     = product { ("+" | "-") product }
    product = factor { ("*" | "/") factor }
    factor  = number | name | "-" factor | "(" sum ")" | ("min" | "max") "(" sum { "," sum } ")"

A name is the id of a figure; ids may hold hyphens, so `a-b` is the figure of that name where there is one, and a
difference otherwise.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from core.units import Unit, UnitError

Operator = Literal["+", "-", "*", "/", "min", "max", "neg"]
LONGEST = 2000
_DEEPEST = 40
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z][A-Za-z0-9_-]*)|([-+*/(),×÷·]))")
_SAME = {"×": "*", "·": "*", "÷": "/"}


class FormulaError(ValueError):
    """A formula that cannot be read or computed, in words."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a formula: a number, the name of a figure, or an operation on further steps."""

    op: Operator | None = None
    args: tuple["Node", ...] = ()
    name: str = ""
    number: float = 0.0

    def __str__(self) -> str:
        """The step as it would be written, with every bracket."""
        if self.op is None:
            return self.name or f"{self.number:g}"
        if self.op == "neg":
            return f"-{self.args[0]}"
        if self.op in ("min", "max"):
            return f"{self.op}({', '.join(map(str, self.args))})"
        return f"({f' {self.op} '.join(map(str, self.args))})"


def parse(text: str, known: Collection[str]) -> Node:
    """Read a formula whose names are among `known`.

    Raises:
        FormulaError: what is wrong, and at which character (from 1).
    """
    if not text.strip():
        raise FormulaError("the formula is empty")
    if len(text) > LONGEST:
        raise FormulaError(f"the formula is longer than {LONGEST:,} characters; name parts of it under formulas")
    reader = _Reader(_tokens(text, known), known)
    tree = reader.sum(0)
    reader.end()
    return tree


def product(names: Collection[str]) -> Node:
    """The product of figures."""
    return reduce(lambda left, right: Node("*", (left, right)), (Node(name=n) for n in names))


def _tokens(text: str, known: Collection[str]) -> list[tuple[str, int]]:
    out, place, text = [], 0, text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise FormulaError(f"{text[start]!r} at character {start + 1} is not understood: use + - * / ( ) min max")
        token = found[1] or found[2] or found[3]
        start = found.end() - len(token)
        if found[2] and token not in known and "-" in token:
            token = _shorter(token, known)
        out.append((_SAME.get(token, token), start + 1))
        place = start + len(token)
    return out


def _shorter(token: str, known: Collection[str]) -> str:
    """Of a-b-c the longest beginning that is a figure, else what stands before the first hyphen."""
    parts = token.split("-")
    starts = ("-".join(parts[:n]) for n in range(len(parts) - 1, 0, -1))
    return next((s for s in starts if s in known), parts[0])


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[tuple[str, int]], known: Collection[str]) -> None:
        self.tokens, self.known, self.place = tokens, known, 0

    def peek(self) -> str:
        return self.tokens[self.place][0] if self.place < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise FormulaError(f"{wanted or 'a figure or number'} is missing {self.where()}")
        self.place += 1
        return token

    def where(self) -> str:
        done = self.place >= len(self.tokens)
        return "at the end" if done else f"at character {self.tokens[self.place][1]}, before {self.peek()!r}"

    def end(self) -> None:
        if self.place < len(self.tokens):
            raise FormulaError(f"an operator (+ - * /) is missing {self.where()}")

    def sum(self, depth: int) -> Node:
        return self._chain(("+", "-"), self.product, depth)

    def product(self, depth: int) -> Node:
        return self._chain(("*", "/"), self.factor, depth)

    def _chain(self, operators: tuple[str, ...], part: Callable[[int], Node], depth: int) -> Node:
        left = part(depth)
        while self.peek() in operators:
            op: Operator = self.take()  # type: ignore[assignment]  # one of `operators`
            left = Node(op, (left, part(depth)))
        return left

    def factor(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise FormulaError(f"brackets are nested deeper than {_DEEPEST}; name parts of it under formulas")
        if self.peek() == "-":
            self.take()
            return Node("neg", (self.factor(depth + 1),))
        if self.peek() == "(":
            self.take()
            inner = self.sum(depth + 1)
            self.take(")")
            return inner
        return self._leaf(depth)

    def _leaf(self, depth: int) -> Node:
        where = self.where()
        word = self.take()
        if word[0].isdigit():
            return Node(number=float(word))
        if word in ("min", "max") and self.peek() == "(":
            return self._call(word, depth)  # type: ignore[arg-type]  # one of the two
        if not word[0].isalpha():
            raise FormulaError(f"a figure or number is missing {where}")
        if word not in self.known:
            raise FormulaError(f"{word!r} is used but is not among the assumptions or formulas")
        return Node(name=word)

    def _call(self, op: Literal["min", "max"], depth: int) -> Node:
        self.take("(")
        args = [self.sum(depth + 1)]
        while self.peek() == ",":
            self.take()
            args.append(self.sum(depth + 1))
        self.take(")")
        return Node(op, tuple(args))


Powers = Mapping[str, int | None]


def powers(tree: Node, of: Mapping[str, Powers]) -> dict[str, int | None]:
    """The figures behind a formula, each with its power in a pure product; None where it enters in another way.

    `of` holds the powers of the named formulas that this one uses.
    """
    if tree.op is None:
        return dict(of[tree.name]) if tree.name in of else {tree.name: 1} if tree.name else {}
    found = [powers(a, of) for a in tree.args]
    out: dict[str, int | None] = {}
    for side, part in enumerate(found):
        for name, power in part.items():
            before = out.get(name, 0)
            sign = -1 if tree.op == "/" and side else 1
            pure = tree.op in ("*", "/") and power is not None and before is not None
            out[name] = (before or 0) + sign * (power or 0) if pure else None
    return out


def names(tree: Node) -> tuple[str, ...]:
    """The figures a formula uses, each once, in the order they stand."""
    found = [tree.name] if tree.name else [n for arg in tree.args for n in names(arg)]
    return tuple(dict.fromkeys(found))


def in_order(formulas: Mapping[str, Node]) -> tuple[str, ...]:
    """The ids of formulas, each after those it uses.

    Raises:
        FormulaError: they go round in a circle, which is named.
    """
    uses = {name: [n for n in names(tree) if n in formulas] for name, tree in formulas.items()}
    try:
        return tuple(TopologicalSorter(uses).static_order())
    except CycleError as error:
        raise FormulaError(f"goes round in a circle: {' needs '.join(reversed(error.args[1]))}") from None


def unit_of(tree: Node, units: Mapping[str, Unit]) -> Unit:
    """The unit a formula comes out in.

    Raises:
        UnitError: it adds or compares figures of different units.
    """
    if tree.op is None:
        return units[tree.name] if tree.name else Unit()
    found = [unit_of(a, units) for a in tree.args]
    if tree.op in ("*", "/"):
        return found[0].times(found[1], 1 if tree.op == "*" else -1)
    for arg, unit in zip(tree.args, found, strict=True):
        if unit != found[0]:
            doing = {"+": "adds", "-": "subtracts"}.get(tree.op, "compares")
            raise UnitError(
                f"{doing} different units: {tree.args[0]} is in {found[0]}, {arg} in {unit}",
                next(iter(names(arg)), ""),
            )
    return found[0]
