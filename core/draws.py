"""The draws that every page shares: scrambled Sobol points, one coordinate for each uncertain figure.

The points always have the same number of coordinates, so a figure that is added takes a new one and leaves the draws of
the others as they were; the market room and the verdict therefore speak of the same futures.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DRAWS = 2**14
SEED = 7
WIDTH = 64  # coordinates of a point: figures that can be drawn together
_FINEST = 2.0**-31  # half the grid of the Sobol points, which may hold 0 itself


@lru_cache(maxsize=32)
def points(n: int = DRAWS, seed: int | tuple[int, ...] = SEED) -> Array:
    """`n` scrambled Sobol points (a power of two, 2 or more) of `WIDTH` coordinates inside 0..1, shape (n, WIDTH).

    Row k is one joint draw. The array is shared, so it cannot be written to.

    Raises:
        ValueError: `n` is no power of two: only then are the points balanced (Owen 2020, arXiv 2008.08051).
    """
    if n < 2 or n & (n - 1):
        raise ValueError(f"Sobol points come in powers of two, not {n}")
    from scipy.stats import qmc  # noqa: PLC0415 - two seconds and 56 MB that a page with kept points never pays

    made = qmc.Sobol(WIDTH, scramble=True, rng=np.random.default_rng(seed)).random(n)
    return _sealed(np.clip(made, _FINEST, 1 - _FINEST))


def kept(folder: Path, n: int = DRAWS, seed: int = SEED) -> Array:
    """The same points from a file in `folder`, which the first call writes: reading it takes milliseconds."""
    file = folder / f"points-{n}-{WIDTH}-{seed}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as out:
            np.save(out, points(n, seed))
        part.replace(file)
    return _sealed(cast(Array, np.load(file)))


def _sealed(made: Array) -> Array:
    made.flags.writeable = False
    return made
