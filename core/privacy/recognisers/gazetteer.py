"""Names of towns, from the dialling codes that phonenumbers brings, kept in a file that is read in milliseconds.

`python -m core.privacy.recognisers.gazetteer` writes data/names/places.txt anew. A town of several codes,
or of a short one, is a large one.
"""

import re
import sys
from collections import Counter
from functools import cache

from core.settings import PROJECT

FILE = PROJECT / "data" / "names" / "places.txt"
ENGLISH = ("1", "44", "353", "61", "64", "27")  # dialling codes of countries whose towns are all kept
LARGE, SHORT = 2, 5  # codes from which a town elsewhere is kept, or the most digits of its only one
_HEAD = """# Towns in lower case, one a line, each spelling once, from the geographic names of phonenumbers {version}
# (Apache-2.0), which has them from Google's libphonenumber; made by `python -m core.privacy.recognisers.gazetteer`.
"""


@cache
def towns() -> frozenset[str]:
    """The names in lower case, of one to three words."""
    return frozenset(line for line in FILE.read_text("utf-8").splitlines() if line and not line.startswith("#"))


def make() -> list[str]:
    """The names, drawn up from the dialling codes."""
    from phonenumbers.geodata import GEOCODE_DATA  # noqa: PLC0415 - seconds and a hundred megabytes, for this alone

    codes: Counter[str] = Counter()
    kept: set[str] = set()
    for code, told in GEOCODE_DATA.items():
        for name in _plain(told.get("en", "")):
            codes[name] += 1
            if code.startswith(ENGLISH) or len(code) <= SHORT:
                kept.add(name)
    return sorted(name for name, n in codes.items() if name in kept or n >= LARGE)


def _plain(told: str) -> list[str]:
    """The towns of one entry, which may name several and their region."""
    first = told.lower().split(",")[0].split(" - ")[0]
    parts = [" ".join(part.split()) for part in first.split("/")]
    return [p for p in parts if re.fullmatch(r"[a-zà-ÿ'’.-]{3,}(?: [a-zà-ÿ'’.-]{2,}){0,2}", p)]


if __name__ == "__main__":
    from importlib.metadata import version

    FILE.write_text(_HEAD.format(version=version("phonenumbers")) + "\n".join(make()) + "\n", "utf-8")
    sys.stdout.write(f"{FILE}: {len(towns()):,} names\n")
