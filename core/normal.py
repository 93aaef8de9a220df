"""The standard normal distribution for arrays, from NumPy alone (why: `points.py`)."""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Numerator and denominator, the highest power first: M. J. Wichura, Algorithm AS 241, Applied Statistics 37(3), 1988.
_CENTRE = (
    "2509.0809287301227 33430.57558358813 67265.7709270087 45921.95393154987 "
    "13731.69376550946 1971.5909503065513 133.14166789178438 3.3871328727963665",
    "5226.495278852854 28729.085735721943 39307.89580009271 21213.794301586597 "
    "5394.196021424751 687.1870074920579 42.31333070160091 1.0",
)
_NEAR = (
    "0.0007745450142783414 0.022723844989269184 0.2417807251774506 1.2704582524523684 "
    "3.6478483247632045 5.769497221460691 4.630337846156546 1.4234371107496835",
    "1.0507500716444169e-09 0.0005475938084995345 0.015198666563616457 0.14810397642748008 "
    "0.6897673349851 1.6763848301838038 2.053191626637759 1.0",
)
_FAR = (
    "2.0103343992922881e-07 2.7115555687434876e-05 0.0012426609473880784 0.026532189526576124 "
    "0.29656057182850487 1.7848265399172913 5.463784911164114 6.657904643501103",
    "2.0442631033899397e-15 1.421511758316446e-07 1.8463183175100548e-05 0.0007868691311456133 "
    "0.014875361290850615 0.1369298809227358 0.599832206558888 1.0",
)
_erfc = np.frompyfunc(math.erfc, 1, 1)


def at_logit(z: Array) -> Array:
    """The quantile at y = 1 / (1 + e^-z), accurate in both tails: taking the logit keeps them exact."""
    q = np.tanh(z / 2) / 2  # y - 1/2
    centre = q * _ratio(_CENTRE, 0.180625 - q * q)
    r = np.sqrt(np.logaddexp(0.0, np.abs(z)))  # -ln of the smaller of y and 1 - y
    tail = np.where(r <= 5, _ratio(_NEAR, r - 1.6), _ratio(_FAR, r - 5))
    return np.asarray(np.where(np.abs(q) <= 0.425, centre, np.copysign(tail, z)))


def _ratio(of: tuple[str, str], x: Array) -> Array:
    above, below = ([float(c) for c in part.split()] for part in of)
    return np.asarray(np.polyval(above, x) / np.polyval(below, x))


def logit_of(w: Array) -> Array:
    """ln(y / (1 - y)) at y = the share of the normal below `w`; the inverse of `at_logit` up to |w| of 37."""
    scaled = np.asarray(w) / math.sqrt(2)
    below, above = (np.asarray(_erfc(side), np.float64) for side in (-scaled, scaled))
    return np.asarray(np.log(below) - np.log(above))
