"""Every setting is described where it is defined and named in the README."""

from pathlib import Path

from core.settings import Settings

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_described_and_in_the_readme() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`PREFLIGHT_{name.upper()}`" in README, f"PREFLIGHT_{name.upper()} is not in the README"
