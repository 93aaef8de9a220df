"""From one review to the next the steps of P(go) add up, and each names what moved it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evidence import Evidence, Source
from core.readiness.joint.moves import moves, packed, unpacked
from core.readiness.joint.review import review
from core.readiness.measure import snapshot
from tests.unit.readiness.readiness_support import IDS, desk, good, records

EVERY = {n: Evidence(n, good(n), u, "m", Source("measured")) for n, (u, _) in IDS.items()}


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_draws_survive_being_packed(holds: list[bool]) -> None:
    column = np.array(holds)
    assert np.array_equal(unpacked(packed(column), len(holds)), column)


@settings(max_examples=40, deadline=None)
@given(records(), records())
def test_the_steps_add_up_to_the_difference(one: dict[str, Evidence], other: dict[str, Evidence]) -> None:
    before, after = (snapshot(review(desk(), e, n=256)) for e in (one, other))
    steps = moves(before, after)
    assert sum(m.points for m in steps) == pytest.approx(after["p_go"]["value"] - before["p_go"]["value"])


def test_a_cleared_check_is_named_with_what_it_was() -> None:
    missed = EVERY | {"model.accuracy": replace(EVERY["model.accuracy"], value=0.5)}
    before, after = (snapshot(review(desk(), e, n=256)) for e in (missed, EVERY))
    (move,) = moves(before, after)
    assert (move.check, move.was, move.now, move.points) == ("model.accuracy", "fail", "pass", 1.0)
    assert moves(after, after) == []
