"""The forecast of a whole run: the search before the training and the other seeds after it included."""

from dataclasses import replace

from core.model.adviser import Forecast
from core.model.search import Search
from core.model.seeds import Several
from core.model.train import Training


def whole(one: Forecast, minutes: float | None = None, seeds: int = 1) -> Forecast:
    """Forecast of all training that a run does, from that of one training with the settings as given.

    A search takes its budget, or less where no further setting would end in time: at least one training, and not two
    long trainings less than the budget. What it picks has between half and twice the epochs. The band is wide for it.

    Args:
        one: of one training.
        minutes: budget of the search; None searches nothing.
        seeds: trainings that differ in their seed alone.
    """
    low, middle, high = (value * seeds for value in (one.low, one.minutes, one.high))
    if minutes:
        low = min(low / 2 + max(one.low, minutes - 2 * one.high), middle + minutes)
        middle, high = middle + minutes, 2 * high + 1.1 * minutes
    found = replace(one, minutes=middle, low=low, high=high, covers=_words(minutes, seeds))
    if one.cost_usd is None:
        return found
    rate = one.cost_usd / one.minutes
    return replace(found, cost_usd=middle * rate, cost_low=low * rate, cost_high=high * rate)


def minutes_spent(training: Training, tried: Search | None, seeded: Several | None) -> float:
    """What such a forecast is held to: minutes of all training, the search's and the other seeds' too."""
    trained = sum(run.seconds for run in seeded.runs) if seeded else training.seconds
    return (trained + (tried.seconds if tried else 0.0)) / 60


def _words(minutes: float | None, seeds: int) -> str:
    trained = "training" if seeds == 1 else f"{seeds} trainings"
    return f"a search of {minutes:g} min, then {trained}" if minutes else trained
