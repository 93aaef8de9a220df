"""The market tables of `venture.toml`: stated figures as ranges with their sources, and what they multiply to."""

import math
from datetime import date
from typing import Self

from pydantic import Field, field_validator, model_validator

from core.venture_part import Part, Slug


class Assumption(Part):
    """One figure of the market, as a range: a 10 % chance to be below p10, as likely as not p50, 10 % above p90."""

    id: Slug
    label: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    p10: float
    p50: float
    p90: float
    source: str = Field("", description="Where it can be read; empty shows as unsourced")
    date: str = Field("", description="When the source said so, as YYYY-MM-DD, YYYY-MM or YYYY")
    by: str = Field("", description="Who says so, where it is a person's judgement")

    @field_validator("date", mode="before")
    @classmethod
    def _plain_date(cls, value: object) -> object:
        return value.isoformat() if isinstance(value, date) else value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not all(math.isfinite(v) for v in (self.p10, self.p50, self.p90)):
            raise ValueError("p10, p50 and p90 must be finite numbers")
        if not 0 < self.p10 <= self.p50 <= self.p90:
            raise ValueError(f"needs 0 < p10 <= p50 <= p90, got {self.p10:g}, {self.p50:g}, {self.p90:g}")
        if self.unit == "share" and self.p90 > 1:
            raise ValueError(f"a share is at most 1, got p90 = {self.p90:g}")
        return self

    @property
    def sourced(self) -> bool:
        """Whether a reader could check it."""
        return bool(self.source or self.by)


class Market(Part):
    """TAM as a product of assumptions, then the shares of it that can be served (SAM) and won (SOM)."""

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    year: int | None = Field(None, ge=2000, le=2100)
    tam: list[Slug] = Field(default_factory=list, description="Assumptions that multiply to the total market per year")
    sam: list[Slug] = Field(default_factory=list, description="Shares of TAM that the product can serve")
    som: list[Slug] = Field(default_factory=list, description="Shares of SAM that it can win")
    assumptions: list[Assumption] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = {a.id: a for a in self.assumptions}
        if len(known) != len(self.assumptions):
            raise ValueError("two assumptions have the same id")
        for name in (*self.tam, *self.sam, *self.som):
            if name not in known:
                raise ValueError(f"{name!r} is used but is not among the assumptions")
        for name in (*self.sam, *self.som):
            if known[name].unit != "share":
                raise ValueError(f'{name!r} narrows the market, so its unit must be "share"')
        return self
