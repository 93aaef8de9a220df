"""Series for the tests of adoption: published ones where they lie beside the project, and made-up ones."""

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from core.market.adoption.curves import Array, Curve
from core.settings import PROJECT

REFERENCE = PROJECT.parent / "shared" / "data" / "market" / "bass_reference.json"
NAMES = ["room_air_conditioners", "clothes_dryers", "ultrasound", "mammography", "foreign_language"]


@cache
def reference() -> dict[str, Any]:
    """Published series and what R says of them."""
    if not REFERENCE.is_file():
        pytest.skip("the published series are not beside the project (../shared/data/market)")
    found: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return found


def published() -> dict[str, Array]:
    """The six series of the truncation experiment."""
    series = {n: np.array(reference()["series"][n]["values"], float) for n in NAMES}
    doctor = reference()["growth_curves_levels"]["lilien_rangaswamy_the_doctor_weekly"]["values"]
    return series | {"doctor": np.array(doctor, float)}


def made(curve: Curve, a: float, b: float, m: float, n: int, noise: float = 0.0, seed: int = 1) -> Array:
    """Sales of a curve with relative noise."""
    t = np.arange(1.0, n + 1)
    mean = m * curve.mean(t, np.asarray(a), np.asarray(b), "srinivasan-mason")
    return np.asarray(np.maximum(mean * (1 + noise * np.random.default_rng(seed).standard_normal(n)), 0))
