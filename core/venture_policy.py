"""What `venture.toml` says of the policy: where this venture differs, what somebody waives, and what was tried."""

from datetime import date
from typing import Any

from pydantic import Field

from core.venture_part import Part


class OwnCheck(Part):
    """A venture's own wish for a check of the policy; shown on the board as changed."""

    id: str
    threshold: float | str | None = None
    gate: bool | None = None
    effort_days: float | None = Field(None, gt=0, le=1000, description="Days that it takes to answer or clear it")
    reason: str = Field(min_length=1, description="Why this venture differs from the policy")


class Waiver(Part):
    """A person's word that a check may stay open for a while: shown wherever the check is, and never a way to GO."""

    id: str = Field(description="The check")
    by: str = Field(min_length=1, description="Who answers for it")
    reason: str = Field(min_length=1)
    until: date = Field(description="Last day on which it holds")


class KeptScenario(Part):
    """What somebody tried under "What if?" and kept: figures and keys of this file with other values."""

    name: str = Field(min_length=1, max_length=80)
    set: dict[str, Any] = Field(default_factory=dict)


class Policy(Part):
    """Which policy the checks come from, where this venture differs, and what somebody waives for a while."""

    file: str = "default"
    checks: list[OwnCheck] = Field(default_factory=list)
    waivers: list[Waiver] = Field(default_factory=list)
    # Left out of what a review follows from: who does it changes no figure.
    owners: dict[str, str] = Field(
        default_factory=dict, exclude=True, description="Who clears what is open, by the id of a check or by room"
    )
