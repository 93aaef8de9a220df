"""Bass 1969: p buys on its own, q because others did.

F(t) = (1 - e^-(p+q)t) / (1 + (q/p) e^-(p+q)t), with its peak at ln(q/p) / (p+q). The same series gives other figures by
another convention (sales in the period, density at its end, regression on the running total), so the form is always
said.
"""

import math

import numpy as np

from core.market.adoption.curves import Array, Curve


def _share(t: Array, p: Array, q: Array) -> Array:
    e = np.exp(-(p + q) * t)
    return np.asarray((1 - e) / (1 + q / p * e))


def _density(t: Array, p: Array, q: Array) -> Array:
    e = np.exp(-(p + q) * t)
    return np.asarray((p + q) ** 2 / p * e / (1 + q / p * e) ** 2)


BASS = Curve(
    name="bass",
    names=("p", "q"),
    scales=("log", "log"),
    share=_share,
    density=_density,
    peak=lambda p, q: math.log(q / p) / (p + q),
    pace=lambda p, q: p + q,
    shape=lambda p, q: (p, q),
    begins=False,
    form="srinivasan-mason",
)
