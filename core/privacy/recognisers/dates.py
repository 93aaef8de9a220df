"""Dates with their time, days of the week, and times, which the name model often reads in part or not at all."""

import re
from collections.abc import Iterator

from core.privacy.recognisers.base import Finder, Match

_I = re.IGNORECASE
_CLOCK = (
    r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:\s?[ap]\.?m\b\.?)?"
    r"(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\b)?"
)
_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_DATE = (
    rf"(?:(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])([-/.])"
    rf"(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)?\d\d|{_DAY}(?:\sof)?[ -]{_MONTHS},?(?:[ -](?:19|20)\d\d)?"
    rf"|{_MONTHS}\s{_DAY}\b(?!:)(?:,?\s(?:19|20)\d\d)?|{_MONTHS},?\s(?:19|20)\d\d)"
)
_WHEN = re.compile(rf"(?<![\w./:-]){_DATE}(?:(?:T|,?\s(?:at\s)?){_CLOCK})?(?![\w/-])", _I)
_TIME = re.compile(rf"(?<![\w:./-]){_CLOCK}(?![\w:])|(?<![\w:./-])(?:1[0-2]|0?[1-9])\s?[ap]\.?m\b\.?", _I)
_WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", _I)


class Dates(Finder):
    """Dates, times and days of the week."""

    TYPES = ("DATE_TIME",)

    def find(self, text: str) -> Iterator[Match]:
        """The dates; a time alone counts less than one with its date."""
        for hit in _WHEN.finditer(text):
            yield Match(*hit.span(), "DATE_TIME", "date", 0.7)
        for hit in _TIME.finditer(text):
            yield Match(*hit.span(), "DATE_TIME", "time", 0.5)
        for hit in _WEEKDAY.finditer(text):
            yield Match(*hit.span(), "DATE_TIME", "day of the week", 0.5)
