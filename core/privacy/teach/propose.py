"""From some examples of a number or code to a pattern that fits all of its kind, and to words that say what it fits.

Examples are cut at their signs into fields. What is the same letters in all of them stays as it is, everything else
becomes its kind of character and how many: C-1204 and C-77 give "C-" then 2 to 4 digits. No repeat stands inside
another, so the pattern cannot backtrack for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from core.errors import InputError

MOST_KINDS = 5  # forms that one rule may have
LONGEST, MOST = 100, 200  # characters of an example, and examples
SURE_DIGITS, SURE_CHARACTERS = 6, 4  # from which a form without letters, or any other, is found by itself
FIXED_LETTERS = 4  # letters of a single example that are taken to be the same in all

_KINDS = (  # pattern of a character, one and several in words: the first that fits all characters of a field
    (r"\d", "digit", "digits"),
    ("[A-Z]", "capital letter", "capital letters"),
    ("[a-z]", "small letter", "small letters"),
    ("[A-Za-z]", "letter", "letters"),
    ("[A-Z0-9]", "capital letter or digit", "capital letters and digits"),
    ("[a-z0-9]", "small letter or digit", "small letters and digits"),
    ("[A-Za-z0-9]", "letter or digit", "letters and digits"),
    (r"[^\W\d_]", "letter", "letters"),
    (r"[^\W_]", "letter or digit", "letters and digits"),
)
_BEFORE, _AFTER = "(?<![A-Za-z0-9])", "(?![A-Za-z0-9])"  # Chinese writes words without a gap, so \b would not do
_FIELD = regex.compile(r"[^\W_]+|[\W_]")
_SIGN = regex.compile(r"[\W_]")
_RUN = regex.compile(r"\d+|[^\W\d_]+")
_SAID = {" ": "a space", "-": "a hyphen", ".": "a dot", "/": "a slash", "_": "an underscore", "#": "#", ":": "a colon"}

Form = tuple[tuple[str, ...], ...]  # for each place of a form, what stands there in each example


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pattern, what it fits in words, and whether it fits so much that words near it should support it."""

    pattern: str
    words: str
    broad: bool


def propose(examples: Sequence[str]) -> Proposal:
    """The pattern of some examples.

    Raises:
        InputError: there is none, they are plain words, or too different from each other.
    """
    given = list(dict.fromkeys(" ".join(e.split()) for e in examples if e.strip()))
    if not given:
        raise InputError("Give at least one example, better three.")
    if len(given) > MOST or max(map(len, given)) > LONGEST:
        raise InputError(f"At most {MOST} examples of up to {LONGEST} characters each.")
    if not any(c.isdecimal() for e in given for c in e):
        raise InputError("These are words, not numbers or codes: choose the list of words for them.")
    groups: dict[tuple[str, ...], list[list[str]]] = {}
    for example in given:
        fields = _FIELD.findall(example)
        signs = tuple(f if _SIGN.fullmatch(f) else "" for f in fields)
        groups.setdefault(signs, []).append(fields)
    if len(groups) > MOST_KINDS:
        raise InputError(
            f"These have {len(groups)} different forms, and at most {MOST_KINDS} make a rule; give one kind at a time."
        )
    forms = [tuple(zip(*rows, strict=True)) for rows in groups.values()]
    made = [_form(form, single=len(given) == 1) for form in forms]
    pattern = "|".join(dict.fromkeys(p for p, _ in made))
    broad = any(_broad(form) for form in forms)
    return Proposal(f"{_BEFORE}(?:{pattern}){_AFTER}", ", or ".join(dict.fromkeys(w for _, w in made)), broad)


def _form(form: Form, *, single: bool) -> tuple[str, str]:
    """The pattern and the words of one form."""
    parts = [_place(values, single=single) for values in form]
    return "".join(p for p, _ in parts), " then ".join(w for _, w in parts)


def _place(values: Sequence[str], *, single: bool) -> tuple[str, str]:
    """The pattern and the words of one place: a sign, the same letters, runs of a kind, or a mixture."""
    first = values[0]
    if _SIGN.fullmatch(first):
        return regex.escape(first), _SAID.get(first, first)
    runs = [_RUN.findall(v) for v in values]
    shapes = {tuple(r[0].isdecimal() for r in row) for row in runs}
    if len(shapes) > 1:
        return _kind(values)
    parts = [_run(column, single=single) for column in zip(*runs, strict=True)]
    return "".join(p for p, _ in parts), " then ".join(w for _, w in parts)


def _run(values: Sequence[str], *, single: bool) -> tuple[str, str]:
    """Digits, or letters: the same ones stay, unless a lone example has too many to be a mark."""
    same = len(set(values)) == 1 and not values[0].isdecimal()
    if same and (not single or len(values[0]) <= FIXED_LETTERS):
        return regex.escape(values[0]), f"“{values[0]}”"
    return _kind(values)


def _kind(values: Sequence[str]) -> tuple[str, str]:
    """The narrowest kind of character that all values are made of, and how many; a mixture holds a digit."""
    at = next(i for i, (kind, *_) in enumerate(_KINDS) if all(regex.fullmatch(f"{kind}+", v) for v in values))
    kind, one, several = _KINDS[at]
    least, most = min(map(len, values)), max(map(len, values))
    times = "" if most == 1 else f"{{{least}}}" if least == most else f"{{{least},{most}}}"
    digit = r"(?=[^\W\d_]*\d)" if _mixed(at) and all(any(c.isdecimal() for c in v) for v in values) else ""
    many = f"{least}" if least == most else f"{least} to {most}"
    return digit + kind + times, f"{many} {one if most == 1 else several}"


def _mixed(at: int) -> bool:
    return "or" in _KINDS[at][1]


def _broad(form: Form) -> bool:
    """Whether much else has this form too: few digits alone, few characters, or any mixture of letters and digits."""
    least = sum(min(map(len, values)) for values in form)
    letters = any(c.isalpha() for values in form for c in values[0])
    loose = any(len({tuple(r[0].isdecimal() for r in _RUN.findall(v)) for v in values}) > 1 for values in form)
    return loose or least < (SURE_CHARACTERS if letters else SURE_DIGITS)
