"""Processes that search, started when this module is imported: a job's process does so before it is given a job.

They load in the seconds in which a person reads the page, so that the scan begins when the button is pressed.
"""

from core.privacy.search import Processes

_ready: list[Processes] = [Processes()]


def take() -> Processes | None:
    """The processes, once; whoever takes them ends them."""
    return _ready.pop() if _ready else None
