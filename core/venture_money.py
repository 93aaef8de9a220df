"""[market.adoption] and [market.money] of `venture.toml`: how fast it is taken up, what a request brings and costs."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.venture_part import Part, Slug

Sold = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Churn(Part):
    """The share of the customers that leaves in a period, as a range, with who says so."""

    p10: Share
    p50: Share
    p90: Share
    source: str = Field("", description="Where it can be read")
    date: str = Field("", description="When it was said, as YYYY-MM-DD, YYYY-MM or YYYY")
    by: str = Field("", description="Who says so, where it is a person's judgement")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.p10 <= self.p50 <= self.p90:
            raise ValueError(f"needs p10 <= p50 <= p90, got {self.p10:g}, {self.p50:g}, {self.p90:g}")
        return self


class Adoption(Part):
    """A series of sales, the venture's own or an analogue's, and how many customers leave."""

    series: str = Field(
        "", description="A CSV of one column, the sales of each period, or of two: periods and sales; or give numbers"
    )
    numbers: list[Sold] = Field([], max_length=400, description="The sales of each period, in place of a file")
    analogue: str = Field("", max_length=200, description="Whose series it is; empty: the venture's own")
    source: str = Field("", description="Where the series can be read")
    model: Literal["bass", "gompertz", "logistic"] = "bass"
    period: Literal["year", "half-year", "quarter", "month", "week"] = Field("year", description="Of the series")
    horizon: int = Field(5, ge=1, le=40, description="Periods to forecast")
    potential: list[Slug] | str = Field(
        default_factory=list,
        description="All who will ever buy of the venture: ids that multiply, or a formula. With it the analogue gives "
        "the pace alone and the first period is the launch",
    )
    churn: Churn = Field(description="The share of the customers that leaves in a period")

    @model_validator(mode="after")
    def _one_series(self) -> Self:
        if bool(self.series) == bool(self.numbers):
            raise ValueError("give either series, a CSV file, or numbers")
        if self.analogue and not self.potential:
            raise ValueError("an analogue's series says nothing of your own size: name it in potential")
        return self


class Money(Part):
    """What a request brings and what the machines cost that answer it."""

    price: list[Slug] | str = Field(min_length=1, description="What a request brings: an id, or a formula")
    demand: list[Slug] | str = Field(min_length=1, description="Requests a year: ids that multiply, or a formula")
    peak: float = Field(ge=1, le=1000, description="How many times the average the busiest hours are")
    peak_by: str = Field("", description="Who says so, or where it was counted")
    most_busy: float = Field(
        0.7, gt=0, le=1, description="Share of the measured rate that a machine may be asked for in the busiest hours"
    )
    machine: str = Field("", description="Of data/prices.csv, by its name; left out, the cheapest that is comparable")
