"""The joint draws of a market: every figure in the same scrambled Sobol points, so that all pages show the same ones.

One dimension per used assumption in the order of their ids, with a fixed seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.draws import DIMENSIONS, DRAWS, SEED, Seed, Shape, logits
from core.errors import InputError
from core.formula import FormulaError, Node
from core.market.dependence import joined, matrix
from core.market.evaluation import evaluate
from core.market.ranges import Range
from core.market.stated import Market, Method
from core.units import CONSTANTS

Array = NDArray[np.float64]
MOST_FIGURES = DIMENSIONS // 2  # the sensitivity needs two dimensions for each
_FAR = (1e-300, 1e300)


@dataclass(frozen=True, slots=True)
class Draws:
    """Every figure in every draw; row k of all arrays is one joint draw.

    Attributes:
        inputs: the used assumptions, by id.
        values: the inputs, the built-in constants and the named formulas, by id.
        figures: by method and then by level (tam, sam, som), in currency per year.
        capacity, plan: in currency per year; None where they are not stated.
    """

    inputs: Mapping[str, Array]
    values: Mapping[str, Array]
    figures: Mapping[str, Mapping[str, Array]]
    capacity: Array | None
    plan: Array | None
    n: int
    seed: Seed


def draw(market: Market, n: int = DRAWS, *seeds: Seed) -> Draws:
    """Draw a market `n` times (a power of two) with each seed; without any with `SEED`.

    Raises:
        InputError: too many figures, correlations that contradict each other, a division by zero, a figure that is not
            positive, or a filter above 1.
    """
    seeds = seeds or (SEED,)
    inputs = sample(market, n, *seeds)
    values = with_formulas(market, inputs)
    figures = {m.name: levels(m, values) for m in market.methods}
    rest = {
        name: quantity(tree, values, name)
        for name, tree in (("capacity", market.capacity), ("plan", market.plan))
        if tree is not None
    }
    return Draws(inputs, values, figures, rest.get("capacity"), rest.get("plan"), n * len(seeds), seeds[0])


def sample(market: Market, n: int = DRAWS, *seeds: Seed) -> dict[str, Array]:
    """`n` draws of every used assumption, by id; of several seeds `n` each, one after the other."""
    used = market.used
    if not used:
        return {}
    if len(used) > MOST_FIGURES:
        raise InputError(f"market: {len(used)} figures are used; at most {MOST_FIGURES} can be drawn together.")
    shape: Shape = (len(used), n, *(seeds or (SEED,)))
    names, of = matrix(market.correlated)
    columns = {a.id: k for k, a in enumerate(used)}
    together = joined(shape, {name: columns[name] for name in names}, of)
    return {
        a.id: np.exp(a.fitted().log_at(together[a.id])) if a.id in together else _drawn(a.fitted(), shape, k)
        for k, a in enumerate(used)
    }


@lru_cache(maxsize=64)  # of 128 kB: a market's figures, of which a slider moves one
def _drawn(of: Range, shape: Shape, column: int) -> Array:
    """The draws of a figure that moves with no other. Read only."""
    found = np.asarray(np.exp(of.log_at(logits(*shape)[:, column])))
    found.flags.writeable = False
    return found


def with_formulas(market: Market, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The inputs, the built-in constants, and every named formula computed from them."""
    out = {name: np.asarray(value) for name, (value, _) in CONSTANTS.items()} | dict(inputs)
    for name, tree in market.formulas.items():
        out[name] = _computed(tree, out, f"formula {name!r}")
    return out


def levels(method: Method, values: Mapping[str, Array]) -> dict[str, Array]:
    """TAM, SAM and SOM of one method in every draw.

    Each is the one above it times shares of at most 1, so that no part is larger than its whole; rounding keeps order.
    """
    out = {"tam": quantity(method.tam, values, f"{method.name}.tam")}
    so_far = out["tam"]
    for level in method.levels[1:]:
        for name in getattr(method, level):
            so_far = so_far * _share(values[name], name)
        out[level] = _positive(so_far, f"{method.name}.{level}")
    return out


def quantity(tree: Node, values: Mapping[str, Array], where: str) -> Array:
    """A sum of money in every draw; as an array also where it is one number."""
    size = max((v.size for v in values.values()), default=1)
    found = _positive(_computed(tree, values, where), where)
    return np.broadcast_to(found, (size,)) if found.ndim == 0 else found


def _computed(tree: Node, values: Mapping[str, Array], where: str) -> Array:
    try:
        with np.errstate(all="ignore"):
            return evaluate(tree, values)
    except FormulaError as error:
        raise InputError(f"market: {where} {error}; correct the formula or the range.") from None


def _positive(found: Array, where: str) -> Array:
    bad = int(np.count_nonzero(~(found > 0)))
    if bad:
        raise InputError(
            f"market: {where} is zero or less in {bad:,} of {found.size:,} draws; a market is positive. Look at what "
            "is subtracted, or keep it up with max(...)."
        )
    if float(found.max()) > _FAR[1] or float(found.min()) < _FAR[0]:
        raise InputError(f"market: {where} comes to a figure beyond any market; check its units and zeros.")
    return found


def _share(found: Array, name: str) -> Array:
    bad = int(np.count_nonzero(found > 1))
    if bad:
        raise InputError(
            f"market: {name!r} narrows the market but is above 1 in {bad:,} of {found.size:,} draws; cap it with "
            "min(1, ...)."
        )
    return found
