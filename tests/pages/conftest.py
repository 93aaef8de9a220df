"""Fixtures that the tests of pages share."""

from collections.abc import Iterator

import pytest

from core.settings import Settings
from pages.shared import frame


@pytest.fixture
def own(own_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of the test's own, with a store of its own and no worker: jobs are queued and stay so."""
    frame.store.clear()
    monkeypatch.setattr("pages.shared.watch.ensure_worker", lambda _settings: False)
    yield own_settings
    frame.store.clear()
