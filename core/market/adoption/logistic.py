"""The logistic curve: F(t) = 1 / (1 + e^((xmid - t) / scal)), as R's SSlogis writes it; half have bought at xmid."""

import numpy as np

from core.market.adoption.curves import Array, Curve, half_time


def _share(t: Array, xmid: Array, scal: Array) -> Array:
    return np.asarray(1 / (1 + np.exp((xmid - t) / scal)))


def _density(t: Array, xmid: Array, scal: Array) -> Array:
    share = _share(t, xmid, scal)
    return share * (1 - share) / scal


LOGISTIC = Curve(
    name="logistic",
    names=("xmid", "scal"),
    scales=("plain", "log"),
    share=_share,
    density=_density,
    peak=lambda xmid, scal: xmid,
    pace=lambda xmid, scal: 1 / scal,
    shape=lambda p, q: (half_time(p, q), 1 / (p + q)),
    begins=True,
    form="cumulative",
)
