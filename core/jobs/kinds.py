"""What kinds of job there are, and which function each runs.

A row of the queue holds only a kind's name, so whoever can write rows still cannot choose code. More kinds come from
modules named in the environment variable PREFLIGHT_KINDS (comma-separated, each with a `KINDS` list): the environment
of a process already decides which code it imports, so this opens no new door. It is not read from .env, which lies in
a folder that people edit. A name that is already taken is refused.
"""

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import InputError

EXTENSIONS = "PREFLIGHT_KINDS"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    Attributes:
        title: what a person calls it.
        target: "module:function", a string so that the queue imports no room. With a `room` the function is a room's
            door, (venture, run_dir, progress) -> list[Evidence], which is handed other rooms' records as a fourth
            argument where core.feeds says that the room reads any; without, (params, run_dir, progress) -> dict | None.
        room: the room whose inputs and evidence it is about; empty for work that measures nothing.
        resumable: it goes on from what an earlier attempt left in run_dir, so it may be started again by itself.
        ahead: a module that takes seconds to import; a process can have it ready before the job is asked for.
        early: "module:function", (venture, progress) -> None: what that process does meanwhile for the venture whose
            page is open. Its progress raises `Cancelled` when the process is given a job, of this kind or another.
    """

    name: str
    title: str
    target: str
    room: str = ""
    resumable: bool = False
    ahead: str = ""
    early: str = ""

    def load(self, target: str = "") -> Callable[..., Any]:
        """Import the function, or another `target`; only a job's own process does that, for it may take seconds."""
        module, _, function = (target or self.target).partition(":")
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
        return found


_SEARCH = "core.privacy.detect"  # Presidio and spaCy: about 4 s
_LOOK = "core.model.look"  # torch and scikit-learn: some seconds
_PROCESSES = "core.privacy.ahead"  # processes that load Presidio and spaCy: about 5 s

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "model", "Train and test the model", "core.model.measure:measure", room="model", resumable=True, ahead=_LOOK
        ),
        Kind(
            "look",
            "Look at the data",
            "core.model.measure:look",
            room="model",
            ahead=_LOOK,
            early="core.model.measure:look_ahead",
        ),
        Kind(
            "optimise",
            "Make it smaller and faster",
            "core.model.measure:optimise",
            room="model",
            resumable=True,
            ahead=_LOOK,
        ),
        Kind("serve", "Measure how it serves", "core.model.measure:serve", room="model", ahead=_LOOK),
        Kind("choose", "Compare base models", "core.model.measure:choose", room="model", ahead=_LOOK),
        Kind("fetch", "Fetch from the hub", "core.model.hub:fetch_for"),
        Kind("privacy", "Scan for personal data", "core.privacy.measure:measure", room="privacy", ahead=_PROCESSES),
        Kind("leak", "Choose rows to label", "core.privacy.leak.measure:measure", room="privacy"),
        Kind("effect", "Try out a change of the search", "core.privacy.teach.measure:effect", ahead=_SEARCH),
        Kind("names", "Train a name model", "core.privacy.names.measure:train_job"),
        Kind("licences", "Check licences", "core.licences.measure:measure", room="licences"),
        Kind("market", "Size the market", "core.market.measure:measure", room="market"),
        Kind("review", "Review the venture", "core.readiness.measure:measure", room="readiness"),
    )
}


def find(name: str) -> Kind:
    """Return the kind of that name.

    Raises:
        InputError: there is none.
    """
    if name not in KINDS:
        raise InputError(f"There is no job of the kind {name!r}; there are {', '.join(KINDS)}.")
    return KINDS[name]


def _extend(modules: str) -> None:
    for module in filter(None, (m.strip() for m in modules.split(","))):
        try:
            more: list[Kind] = importlib.import_module(module).KINDS
        except (ImportError, AttributeError) as e:
            raise InputError(f"{EXTENSIONS} names {module!r}, which cannot be imported or has no KINDS list.") from e
        for kind in more:
            if KINDS.setdefault(kind.name, kind) != kind:
                raise InputError(f"{EXTENSIONS}: {module} brings a kind {kind.name!r}, a name that is taken.")


_extend(os.environ.get(EXTENSIONS, ""))
