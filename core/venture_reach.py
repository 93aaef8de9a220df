"""The table [reach] of `venture.toml`: which customers are lost where a way is closed or data is not clean."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from core.venture_market import Figure
from core.venture_part import Part

Mode = Literal["internal", "saas", "on_premises", "on_device"]


class Sourced(Figure):
    """A range with where it comes from."""

    source: str = Field("", description="Where it can be read; empty shows as unsourced")
    date: str = Field("", description="When the source said so, as YYYY-MM-DD, YYYY-MM or YYYY")
    by: str = Field("", description="Who says so, where it is a person's judgement")

    @field_validator("date", mode="before")
    @classmethod
    def _plain_date(cls, value: object) -> object:
        return value.isoformat() if isinstance(value, date) else value


class SharePart(Sourced):
    """A share as a range."""

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.p90 > 1:
            raise ValueError(f"a share is at most 1, got p90 = {self.p90:g}")
        return self


class Reach(Part):
    """What links the licences and the data to the market, and cost to demand. What is left out takes a wide prior."""

    modes: dict[Mode, SharePart] = Field(
        default_factory=dict, description="By way of selling: the share of the customers who buy in this way only"
    )
    clean_data: SharePart | None = Field(
        None, description="Share of the customers who buy only where no personal data was trained on"
    )
    elasticity: Sourced | None = Field(
        None, description="By how many per cent demand falls where the price rises by one"
    )
    replace_days: Sourced | None = Field(None, description="Days to replace one component that a licence blocks")
