"""What the modules hold is set aside once, so that the collection after each run of a page is short."""

import gc
import sys
from types import ModuleType

import pytest

from pages.shared import garbage


def test_modules_are_set_aside_when_new_ones_were_loaded_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_known", 0)
    try:
        garbage.set_modules_aside()
        aside = gc.get_freeze_count()
        assert aside > 10_000
        kept = [[k] for k in range(1000)]
        garbage.set_modules_aside()
        assert gc.get_freeze_count() <= aside
        monkeypatch.setitem(sys.modules, "a_new_one", ModuleType("a_new_one"))
        garbage.set_modules_aside()
        assert gc.get_freeze_count() >= aside + len(kept)
    finally:
        gc.unfreeze()
