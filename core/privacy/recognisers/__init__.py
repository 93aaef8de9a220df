"""Recognisers beside Presidio's own: what its default does not know, or knows too narrowly.

Each is a Presidio recogniser, so that its findings carry an explanation like any other. Each reads a text in time
linear in its length: repetitions inside a regular expression are bounded.
"""

from core.privacy.recognisers.address import Address
from core.privacy.recognisers.base import Finder
from core.privacy.recognisers.chinese import ChineseNames, ChineseNumbers
from core.privacy.recognisers.contextual import Accounts, Ages, Cards, Companies, Phones, Titles
from core.privacy.recognisers.dates import Dates
from core.privacy.recognisers.people import People, Places, Unknown
from core.privacy.recognisers.secrets import Secrets
from core.privacy.recognisers.typed import Typed

# These rest on word lists, as the name model rests on its training.
BY_NAME = frozenset(finder.__name__ for finder in (People, Places, Unknown, Companies, Typed))


KINDS: tuple[type[Finder], ...] = (
    People,
    Places,
    Unknown,
    Typed,
    Address,
    Dates,
    Phones,
    Cards,
    Accounts,
    Ages,
    Titles,
    Companies,
    ChineseNumbers,
    ChineseNames,
    Secrets,
)


def recognisers() -> list[Finder]:
    """One of each."""
    return [kind() for kind in KINDS]
