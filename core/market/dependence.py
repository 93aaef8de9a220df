"""Figures that move together: a Gaussian copula on the Sobol points, from Spearman's rank correlations.

Of two normal scores with correlation r, the ranks correlate with (6 / pi) asin(r / 2) (W. H. Kruskal, Ordinal measures
of association, JASA 53, 1958). Each figure keeps its own distribution; only which draws fall together changes.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.draws import Shape, logits
from core.errors import InputError
from core.market.stated import Correlation
from core.normal import at_logit, logit_of

Array = NDArray[np.float64]
_LEAST = 1e-8  # of the smallest eigenvalue: below it one figure is a sum of others


def score_correlation(rho: float) -> float:
    """The correlation of normal scores whose ranks correlate with `rho`."""
    return 2 * math.sin(math.pi * rho / 6)


def rank_correlation(r: float) -> float:
    """The rank correlation of normal scores that correlate with `r`."""
    return 6 / math.pi * math.asin(r / 2)


def matrix(pairs: Sequence[Correlation]) -> tuple[tuple[str, ...], Array]:
    """The figures that correlate, by id, and the correlation matrix of their normal scores.

    Raises:
        InputError: the pairs contradict each other; one that could mend it is named, with what the others leave it.
    """
    names = tuple(sorted({name for p in pairs for name in (p.a, p.b)}))
    place = {name: k for k, name in enumerate(names)}
    out = np.eye(len(names))
    for pair in pairs:
        i, j = place[pair.a], place[pair.b]
        out[i, j] = out[j, i] = score_correlation(pair.rho)
    if not _definite(out):
        raise InputError(_contradiction(pairs, out, place))
    return names, out


def _definite(of: Array) -> bool:
    return not len(of) or bool(np.linalg.eigvalsh(of)[0] >= _LEAST)


def _contradiction(pairs: Sequence[Correlation], of: Array, place: Mapping[str, int]) -> str:
    """The last pair that alone could mend it, and how; pairs that are not stated count as independent."""
    for pair in reversed(pairs):
        i, j = place[pair.a], place[pair.b]
        rest = [k for k in range(len(of)) if k not in (i, j)]
        if all(_definite(of[np.ix_(some, some)]) for some in ([*rest, i], [*rest, j])):
            low, high = _left(of, i, j)
            return (
                f"market.correlations: {pair.a!r} and {pair.b!r} cannot correlate with {pair.rho:g} beside the other "
                f"pairs; between {low:.2f} and {high:.2f} is left. Pairs that are not stated count as independent."
            )
    a, b = pairs[-1].a, pairs[-1].b
    return f"market.correlations: {a!r} and {b!r} contradict the other pairs; make the correlations smaller."


def _left(of: Array, i: int, j: int) -> tuple[float, float]:
    """The rank correlations of i and j that keep the matrix positive definite (by its Schur complement)."""
    rest = [k for k in range(len(of)) if k not in (i, j)]
    inner = np.linalg.solve(of[np.ix_(rest, rest)], of[np.ix_(rest, [i, j])])
    left = np.eye(2) - of[np.ix_([i, j], rest)] @ inner
    centre, width = -left[0, 1], math.sqrt(left[0, 0] * left[1, 1])
    bounds = (max(-1.0, centre - width), min(1.0, centre + width))
    return rank_correlation(bounds[0]), rank_correlation(bounds[1])


def joined(shape: Shape, columns: Mapping[str, int], of: Array, order: Sequence[int] = ()) -> dict[str, Array]:
    """The logits of Sobol points, made to move together; those of the figures in `columns` alone.

    Args:
        shape: of the points, as `core.draws.logits` takes it.
        columns: the figures that correlate, in the order of `matrix`, each with its column of the points.
        of: their correlation matrix.
        order: of `columns`; the first keeps its own points, each next one is what those before it leave open. As they
            stand where empty.
    """
    if not columns:
        return {}
    turn = tuple(order) or tuple(range(len(columns)))
    rows = _joined(shape, tuple(columns.values()), tuple(map(tuple, of.tolist())), turn)
    names = tuple(columns)
    return {names[k]: row for k, row in zip(turn, rows, strict=True)}


@lru_cache(maxsize=64)
def _joined(
    shape: Shape,
    columns: tuple[int, ...],
    of: tuple[tuple[float, ...], ...],
    turn: tuple[int, ...],
) -> tuple[Array, ...]:
    """In the order of `turn`; kept, for a moved slider changes ranges and neither points nor correlations."""
    z = [logits(*shape)[:, columns[k]] for k in turn]
    mixed = np.linalg.cholesky(np.array(of)[np.ix_(turn, turn)]) @ np.stack([at_logit(row) for row in z])
    return (z[0], *(logit_of(row) for row in mixed[1:]))
