"""How fast a market takes something up: growth curves, least squares where it can tell, else analogues and bands."""

from core.market.adoption.bass import BASS
from core.market.adoption.forecast import CURVES, INSTEAD, PERIODS, Adoption, adoption, problem
from core.market.adoption.gompertz import GOMPERTZ
from core.market.adoption.logistic import LOGISTIC
from core.market.adoption.series import read_series, series
from core.market.adoption.survival import customers

__all__ = [
    "BASS",
    "CURVES",
    "GOMPERTZ",
    "INSTEAD",
    "LOGISTIC",
    "PERIODS",
    "Adoption",
    "adoption",
    "customers",
    "problem",
    "read_series",
    "series",
]
