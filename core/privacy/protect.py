"""Ways to show or keep personal data without giving it away."""

from itertools import groupby

HIDDEN = "…"
_NAMES = ("PERSON", "LOCATION", "ORGANIZATION", "NRP")
_FIXED = {"URL": "***.***", "UUID": "***-***-***"}
_SIGNS = " -./:+()"


def masked(value: str, kind: str) -> str:
    """Show what a value of an entity type looks like: its form and at most its first letter.

    The result never has three characters in a row in common with the value, and is never the value. Digits are #, runs
    of letters ***; of a name or an e-mail address the first letter stays.
    """
    first = next((c for c in value if c.isalpha()), "")
    if kind in _NAMES:
        form = " ".join([f"{first}***", *["***"] * (len(value.split()[:3]) - 1)])
    elif kind == "EMAIL_ADDRESS":
        form = f"{first}***@***.***"
    elif kind in _FIXED:
        form = _FIXED[kind]
    else:
        form = "".join(_group(sign, len(list(run))) for sign, run in groupby(map(_class, value[:40])))[:24]
    return next(safe for safe in (form, HIDDEN, "") if not _shares(safe, value))


def _class(c: str) -> str:
    return "#" if c.isdigit() else c if c in _SIGNS else "*"


def _group(sign: str, length: int) -> str:
    return "#" * length if sign == "#" else "***" if sign == "*" else sign


def _shares(form: str, value: str) -> bool:
    return form == value or any(form[i : i + 3] in value for i in range(len(form) - 2))
