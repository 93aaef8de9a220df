"""SMAA gives what an independent implementation gives of a published trial, and weights know nothing of figures."""

import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, kendalltau

from core.draws import DRAWS, Array, joint
from core.readiness.joint.smaa import Acceptability, acceptability, uniform_weights
from core.settings import PROJECT

REFERENCE = PROJECT.parent / "shared" / "data" / "market" / "bass_reference.json"
# Geerts et al., New England Journal of Medicine 335 (1996) 701-707: patients with venograms, then those with a proximal
# thrombosis, with a distal one only (60 less 20, 40 less 8), and with major bleeding.
TRIAL = {"Heparin": (136, (20, 40, 1)), "Enoxaparin": (129, (8, 32, 5))}
WORST_TO_BEST = (0.25, 0.25, 0.1)  # spans of the three risks over which value is linear: 0-25 %, 15-40 %, 0-10 %
NEAR = 0.01


@pytest.fixture(scope="module")
def oracle() -> dict[str, Any]:
    """R's smaa 0.3-2 on 10,000 draws of the same trial."""
    if not REFERENCE.is_file():
        pytest.skip(f"{REFERENCE.name} is not beside the project: the SMAA oracle is not held against it")
    found: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))["other_oracles"]["smaa_thrombo"]
    return found


def risks() -> Array:
    """Draws of each risk, k of n as Beta(k, n - k + 1), turned so that more is better: (draws, drugs, criteria)."""
    y = joint(DRAWS)
    columns = [
        beta.ppf(y[:, k], c, n - c + 1) for k, (n, c) in enumerate((n, c) for n, cs in TRIAL.values() for c in cs)
    ]
    return np.asarray(-np.stack(columns, axis=1).reshape(DRAWS, 2, 3) / WORST_TO_BEST)


@pytest.fixture(scope="module")
def found() -> Acceptability:
    return acceptability(risks(), uniform_weights(DRAWS, 3))


def test_the_oracles_rank_acceptabilities_are_met(oracle: dict[str, Any], found: Acceptability) -> None:
    assert found.ranks == pytest.approx(np.array(list(oracle["ra"].values())), abs=NEAR)


def test_the_oracles_central_weights_are_met(oracle: dict[str, Any], found: Acceptability) -> None:
    assert found.central == pytest.approx(np.array(list(oracle["central_weights"].values())), abs=NEAR)


def test_the_oracles_confidence_factors_are_met_at_its_central_weights(oracle: dict[str, Any]) -> None:
    # At its own: the factor is steep in them, and theirs come from 3,504 draws.
    for i, drug in enumerate(TRIAL):
        weights = np.tile(np.array(oracle["central_weights"][drug]), (DRAWS, 1))
        first = acceptability(risks(), weights).ranks[i, 0]
        assert first == pytest.approx(oracle["confidence_factor"][drug], abs=NEAR)


def test_weights_do_not_move_with_the_figures_they_weigh() -> None:
    y, weights = joint(DRAWS), uniform_weights(DRAWS, 6)
    for k in range(6):
        tau = kendalltau(weights[:, k], y[:, k]).statistic
        assert abs(tau) < 0.02
        halves = (weights[:, k] > np.median(weights[:, k])) == (y[:, k] > 0.5)
        assert halves.mean() == pytest.approx(0.5, abs=0.02)
