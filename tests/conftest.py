"""Fixtures that all tests share."""

import os
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))  # the product is run from its folder, and so are its tests

if sys.dont_write_bytecode:  # the processes that tests start would each compile torch and all other libraries again
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(PROJECT / ".pytest_cache" / "bytecode")

from core.settings import Settings, settings  # noqa: E402


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a var folder of the test's own, in this process and in those it starts."""
    monkeypatch.setenv("PREFLIGHT_VAR", str(tmp_path / "var"))
    settings.cache_clear()
    yield settings()
    settings.cache_clear()
