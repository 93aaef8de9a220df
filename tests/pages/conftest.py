"""Fixtures that the tests of pages share."""

from collections.abc import Iterator

import pytest

from core import ventures
from core.settings import Settings
from core.venture import Venture, load
from pages.shared import frame
from tests.pages.reviewing import FIGURES, keep


@pytest.fixture
def own(own_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of the test's own, with a store of its own and no worker: jobs are queued and stay so."""
    frame.store.clear()
    monkeypatch.setattr("pages.shared.watch.ensure_worker", lambda _settings: False)
    yield own_settings
    frame.store.clear()


@pytest.fixture
def of(own: Settings) -> Venture:
    """A copy of the sample that may be changed, with some figures and a review of them."""
    (sample,) = [e for e in ventures.entries(own) if e.sample]
    file = ventures.duplicate(own, sample, "Desk")
    venture = load(file, ventures.roots(own, file))
    keep(own, venture, FIGURES)
    return venture
