"""The draws that every page shares: scrambled Sobol points, one dimension for each uncertain figure, from NumPy alone.

A seed gives each dimension its own digits, however many are asked for, so the market room and the verdict, which has
more figures, speak of the same futures.

The dashboard's process recomputes a market while a slider moves. scipy.stats, whose qmc module makes the same points,
would cost it 62 MB (docs/adr/0007); this is 60 lines. Direction numbers of S. Joe and F. Y. Kuo
(new-joe-kuo-6.21201, 2008), as SciPy ships them; scrambling by a random linear matrix and a digital shift (J. Matousek,
On the L2-discrepancy for anchored boxes, 1998), with the random numbers of a seeded PCG64, so that a seed gives the
same points on every machine.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Seed = int | tuple[int, ...]
Shape = tuple[int, int, *tuple[Seed, ...]]  # dimensions, points of each seed, seeds
DRAWS = 2**14
# Of the first 40 seeds the nearest to p10, p50, p90 and mean of 60 known products of lognormals (the median seed is a
# third farther off): an honest error is still told beside each figure, from other scramblings.
SEED = 31
_BITS = 32
_MOST = 20  # 2^20 points; more would need more bits
# For the second dimension onwards: a primitive polynomial as a number, then the first direction numbers.
_JOE_KUO = """
    3:1 7:1,3 11:1,3,1 13:1,1,1 19:1,1,3,3 25:1,3,5,13 37:1,1,5,5,17 41:1,1,5,5,5 47:1,1,7,11,19 55:1,1,5,1,1
    59:1,1,1,3,11 61:1,3,5,5,31 67:1,3,3,9,7,49 91:1,1,1,15,21,21 97:1,3,1,13,27,49 103:1,1,1,15,7,5
    109:1,3,1,15,13,25 115:1,1,5,5,19,61 131:1,3,7,11,23,15,103 137:1,3,7,13,13,15,69 143:1,1,3,13,7,35,63
    145:1,3,5,9,1,25,53 157:1,3,1,13,9,35,107 167:1,3,1,5,27,61,31 171:1,1,5,11,19,41,61 185:1,3,5,3,3,13,69
    191:1,1,7,13,1,19,1 193:1,3,7,5,13,19,59 203:1,1,3,9,25,29,41 211:1,3,5,13,23,1,55 213:1,3,7,3,13,59,17
    229:1,3,1,3,5,53,69 239:1,1,5,5,23,33,13 241:1,1,7,7,1,61,123 247:1,1,7,9,13,61,49 253:1,3,3,5,3,55,33
    285:1,3,1,15,31,13,49,245 299:1,3,5,15,31,59,63,97 301:1,3,1,11,11,11,77,249 333:1,3,1,11,27,43,71,9
    351:1,1,7,15,21,11,81,45 355:1,3,7,3,25,31,65,79 357:1,3,1,1,19,11,3,205 361:1,1,5,9,19,21,29,157
    369:1,3,7,11,1,33,89,185 391:1,3,3,3,15,9,79,71 397:1,3,7,11,15,39,119,27 425:1,1,3,1,11,31,97,225
    451:1,1,1,3,23,43,57,177 463:1,3,7,7,17,17,37,71 487:1,3,1,5,27,63,123,213 501:1,1,3,5,11,43,53,133
    529:1,3,5,5,29,17,47,173,479 539:1,3,3,11,3,1,109,9,69 545:1,1,1,5,17,39,23,5,343 557:1,3,1,5,25,15,31,103,499
    563:1,1,1,11,11,17,63,105,183 601:1,1,5,11,9,29,97,231,363 607:1,1,5,15,19,45,41,7,383
    617:1,3,7,7,31,19,83,137,221 623:1,1,1,3,23,15,111,223,83 631:1,1,5,13,31,15,55,25,161
    637:1,1,3,13,25,47,39,87,257 647:1,1,1,11,21,53,125,249,293 661:1,1,7,11,11,7,57,79,323
    675:1,1,5,5,17,13,81,3,131 677:1,1,7,13,23,7,65,251,475 687:1,3,5,1,9,43,3,149,11 695:1,1,3,13,31,13,13,255,487
    701:1,3,3,1,5,63,89,91,127 719:1,1,3,3,1,19,123,127,237 721:1,1,5,7,23,31,37,243,289
    731:1,1,5,11,17,53,117,183,491 757:1,1,1,5,1,13,13,209,345 761:1,1,3,15,1,57,115,7,33
    787:1,3,1,11,7,43,81,207,175 789:1,3,1,1,15,27,63,255,49 799:1,3,5,3,27,61,105,171,305
    803:1,1,5,3,1,3,57,249,149
"""
DIMENSIONS = 1 + len(_JOE_KUO.split())


def points(dimensions: int, n: int, seed: int | Sequence[int]) -> Array:
    """`n` (a power of two) scrambled Sobol points, strictly between 0 and 1: an array of n x dimensions.

    Raises:
        ValueError: n is no power of two, or there are more dimensions than direction numbers.
    """
    if n < 2 or n & (n - 1) or n > 1 << _MOST:
        raise ValueError(f"Sobol points come in powers of two up to 2^{_MOST}, not {n}")
    if not 0 < dimensions <= DIMENSIONS:
        raise ValueError(f"there are Sobol points in 1 to {DIMENSIONS} dimensions, not in {dimensions}")
    log = n.bit_length() - 1
    rng = np.random.default_rng(seed)
    shift = rng.integers(0, 1 << _BITS, DIMENSIONS, dtype=np.uint64)  # of all: what follows is drawn in their order
    directions = _scrambled(_directions()[:dimensions, :log], rng)
    out = np.empty((n, dimensions), np.uint64)
    out[0] = shift[:dimensions]
    for k in range(log):
        np.bitwise_xor(out[: 1 << k], directions[:, k], out=out[1 << k : 2 << k])
    return np.asarray((out + 0.5) / 2.0**_BITS)


@lru_cache(maxsize=32)
def joint(n: int = DRAWS, *seeds: Seed) -> Array:
    """`points` in all dimensions there are, kept between calls; row k is one joint draw. Read only.

    Of several seeds each has `n` rows, one below the other; without any it is `SEED`.
    """
    out = np.concatenate([points(DIMENSIONS, n, seed) for seed in seeds or (SEED,)])
    out.setflags(write=False)
    return out


@lru_cache(maxsize=32)
def logits(dimensions: int, n: int, *seeds: Seed) -> Array:
    """ln(y / (1 - y)) of `points`, kept between calls: a slider changes the figures, never the points. Read only.

    Of several seeds each has `n` rows, one below the other.
    """
    y = np.concatenate([points(dimensions, n, seed) for seed in seeds])
    out = np.asarray(np.log(y) - np.log1p(-y), order="F")
    out.setflags(write=False)
    return out


@lru_cache(maxsize=1)
def _directions() -> NDArray[np.uint64]:
    """Direction numbers as integers of 32 bits, dimensions x bits (Bratley and Fox, ACM TOMS 14, 1988, section 2)."""
    out = np.zeros((DIMENSIONS, _BITS), np.uint64)
    out[0] = [1 << (_BITS - 1 - k) for k in range(_BITS)]
    for row, entry in enumerate(_JOE_KUO.split(), 1):
        number, _, first = entry.partition(":")
        start = [int(m) for m in first.split(",")]
        out[row] = _row(int(number), start)
    return out


def _row(polynomial: int, start: Sequence[int]) -> list[int]:
    degree = polynomial.bit_length() - 1
    v = [m << (_BITS - 1 - k) for k, m in enumerate(start)]
    for k in range(degree, _BITS):
        new = v[k - degree] ^ (v[k - degree] >> degree)
        for j in range(1, degree):
            if polynomial >> (degree - j) & 1:
                new ^= v[k - j]
        v.append(new)
    return v


def _scrambled(directions: NDArray[np.uint64], rng: np.random.Generator) -> NDArray[np.uint64]:
    """Multiply each dimension's bits by a random lower triangular matrix of ones and zeros with a diagonal of ones."""
    shifts = np.arange(_BITS - 1, -1, -1, dtype=np.uint64)
    bits = (directions[:, :, None] >> shifts) & np.uint64(1)  # dimensions x columns x bits, the highest bit first
    random = rng.integers(0, 2, (len(directions), _BITS, _BITS), dtype=np.uint64)
    lower = np.tril(random, -1) + np.eye(_BITS, dtype=np.uint64)
    mixed = np.einsum("dij,dcj->dci", lower, bits) & np.uint64(1)
    return np.asarray((mixed << shifts).sum(axis=2, dtype=np.uint64))
