"""Stochastic multicriteria acceptability analysis: how often an alternative comes first, whatever the weights.

SMAA-2 (Lahdelma and Salminen 2001, Operations Research 49(3)) with an additive value function: alternative i has the
value sum_j w_j x_ij in a joint draw of measurements x and weights w.
"""

from dataclasses import dataclass

import numpy as np

from core.draws import Array, joint


@dataclass(frozen=True, slots=True)
class Acceptability:
    """What SMAA says of m alternatives on k criteria.

    Attributes:
        ranks: share of the draws in which alternative i takes rank r, shape (m, m); rows sum to 1.
        central: mean of the weights for which alternative i comes first, shape (m, k); NaN where it never does.
        confidence: share of the measurements for which alternative i comes first at its central weights, shape (m,).
    """

    ranks: Array
    central: Array
    confidence: Array


def uniform_weights(n: int, criteria: int, seed: tuple[int, ...] = (7, 99)) -> Array:
    """`n` weightings that are even on the simplex, shape (n, criteria): exponentials over their sum (Dirichlet 1).

    Their rows are shuffled: two scramblings of the same Sobol points are functions of the same index, so that row by
    row the weights would otherwise move with the figures that they weigh.
    """
    raw = -np.log(joint(n, seed)[:, :criteria])
    raw = raw[np.random.default_rng(seed).permutation(n)]
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


def acceptability(measured: Array, weights: Array) -> Acceptability:
    """Rank alternatives in every draw.

    Args:
        measured: values from 0 (worst) to 1 (best), shape (draws, alternatives, criteria).
        weights: shape (draws, criteria), each row summing to 1.
    """
    m = measured.shape[1]
    rank = _ranks(np.einsum("nij,nj->ni", measured, weights))
    ranks = np.stack([(rank == r).mean(axis=0) for r in range(m)], axis=1)
    first = rank == 0
    central = np.full((m, weights.shape[1]), np.nan)
    confidence = np.zeros(m)
    for i in range(m):
        if first[:, i].any():
            central[i] = weights[first[:, i]].mean(axis=0)
            confidence[i] = (_ranks(measured @ central[i])[:, i] == 0).mean()
    return Acceptability(ranks, central, confidence)


def _ranks(values: Array) -> np.ndarray:
    """0 for the highest value of each row; equal values share the better rank."""
    return np.asarray((values[:, None, :] > values[:, :, None]).sum(axis=2))
