"""Write the sample's tickets: `python generate.py [FOLDER]` gives the same bytes every time, on every machine.

The tickets are invented: phrases.toml holds the words, this file joins them, adds the haste and the typos of real
mail, and plants what Preflight should find. planted.json lists every planted item for the tests.

- Personal data: mail at example.com and its kin (RFC 2606), phone numbers 555-0100 to 555-0199 (kept for fiction),
  card numbers that payment companies publish for tests, IBANs that the IBAN registry prints as examples, and social
  security numbers with an area of 900 or more, which are never issued.
- Near-duplicates: some test tickets repeat a training ticket, word for word or nearly.
- Wrong labels: some tickets carry the intent of a neighbour.
"""

import csv
import json
import random
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
HERE = Path(__file__).parent
SEED = 2026
TRAIN, TEST = "tickets.csv", "tickets-test.csv"
FILES = {TRAIN: (1600, date(2026, 1, 5), 238), TEST: (450, date(2026, 9, 1), 61)}  # rows, first day, days
COLUMNS = ("ticket_id", "opened", "channel", "customer", "text", "intent")
PERSONAL = 0.16  # share of tickets whose text holds personal data
WRONG = 0.033  # share of tickets with a wrong label
REPEATED = 18  # test tickets that repeat a training ticket
LATE = 0.12  # share of test tickets in words that the training tickets do not have
ORDERS = {  # per cent: how a ticket is told
    "plain": 57, "ask_first": 8, "past_first": 7, "side_last": 8, "side_first": 3, "followup": 5, "short": 7, "hard": 5,
}  # fmt: skip
STYLES = {"careful": 50, "clumsy": 25, "hurried": 25}
CHANNELS = {"email": 45, "app message": 25, "chat": 20, "web form": 10}
NEIGHBOURS = {  # whom a tired clerk mixes up with whom
    "card_lost": ("card_delivery", "dispute_charge"), "card_declined": ("card_lost", "dispute_charge"),
    "card_delivery": ("card_lost", "update_details"), "dispute_charge": ("payment_stop", "fee_question"),
    "transfer_delayed": ("deposit_missing", "payment_stop"), "deposit_missing": ("transfer_delayed", "fee_question"),
    "payment_stop": ("dispute_charge", "close_account"), "login_trouble": ("update_details", "card_declined"),
    "update_details": ("login_trouble", "close_account"), "fee_question": ("dispute_charge", "loan_question"),
    "loan_question": ("fee_question", "update_details"), "close_account": ("payment_stop", "update_details"),
}  # fmt: skip
SUITS = {  # what people offer with a request, beside a name, a phone number or a mail address
    "card_lost": "card", "card_declined": "card", "card_delivery": "address", "dispute_charge": "card",
    "transfer_delayed": "iban", "deposit_missing": "ssn", "payment_stop": "iban", "login_trouble": "email",
    "update_details": "address", "fee_question": "phone", "loan_question": "ssn", "close_account": "ssn",
}  # fmt: skip
TYPES = {
    "email": "EMAIL_ADDRESS", "phone": "PHONE_NUMBER", "card": "CREDIT_CARD", "iban": "IBAN_CODE", "ssn": "US_SSN",
    "name": "PERSON", "address": "ADDRESS",
}  # fmt: skip
MONTHS = "January February March April May June July August September October November December".split()
SHORTER = {"please": "pls", "account": "acct", "because": "bc", "you": "u", "thanks": "thx", "and": "&"}


@dataclass(frozen=True)
class Part:
    """A piece of a ticket; `kind` names the personal data it is, and such a piece is never altered."""

    text: str
    kind: str = ""


@dataclass
class Ticket:
    """One row, before it is written. `made_of` are the phrases it was made of."""

    opened: date
    channel: str
    customer: str
    parts: list[Part]
    intent: str
    label: str
    made_of: tuple[str, ...]
    repeats: tuple[int, str] | None = None  # row of the training ticket it repeats, and how
    spans: list[tuple[int, int, str, str]] = field(default_factory=list)

    def text(self) -> str:
        """Join the parts, and note where the personal data came to lie."""
        out, self.spans = "", []
        for part in self.parts:
            out += " " if out and part.text[0] not in ".,!?" else ""
            if part.kind:
                self.spans.append((len(out), len(out) + len(part.text), part.kind, part.text))
            out += part.text
        return out


class Chance:
    """Draws from `random.random()` only: Python promises its sequence for a seed, and nothing beyond it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def whether(self, share: float) -> bool:
        return self.random() < share

    def number(self, low: int, high: int) -> int:
        return low + int(self.random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.random() * len(options))]

    def weigh(self, weights: Mapping[str, int]) -> str:
        return self.pick([name for name, weight in weights.items() for _ in range(weight)])

    def some(self, rows: Sequence[T], count: int) -> list[T]:
        """Different ones, in their order."""
        marked = sorted((self.random(), i) for i in range(len(rows)))[:count]
        return [rows[i] for i in sorted(i for _, i in marked)]


class Writer:
    """Makes tickets of the words."""

    def __init__(self, words: dict[str, Any]) -> None:
        self.words = words
        self.intents: dict[str, dict[str, Any]] = words["intent"]
        self.chance = Chance(SEED)
        self.opened = date(2026, 1, 1)
        self.used: list[str] = []

    # --- words

    def phrase(self, options: Sequence[str]) -> str:
        """One of the phrases with its {slots} filled; the choice is noted, so that no ticket is made twice."""
        raw = self.chance.pick(options)
        self.used.append(raw)
        return self.fill(raw)

    def fill(self, raw: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda slot: self.slot(slot[1]), raw)

    def slot(self, name: str) -> str:
        if name in self.words["slots"]:
            return str(self.chance.pick(self.words["slots"][name]))
        number = self.chance.number
        made: dict[str, Callable[[], str]] = {
            "amount": lambda: self.amount(12, 95) if self.chance.whether(0.6) else self.amount(100, 890),
            "little": lambda: self.amount(6, 60),
            "large": lambda: self.amount(950, 18000),
            "date": lambda: self.day(-number(2, 20)),
            "soon": lambda: self.day(number(2, 12)),
            "month": lambda: MONTHS[(self.opened.month - 2 - number(0, 3)) % 12],
            "next_month": lambda: MONTHS[self.opened.month % 12],
            "last4": lambda: str(number(1000, 9999)),
            "checkno": lambda: str(number(101, 2990)),
            "years": lambda: str(number(2, 31)),
            "minutes": lambda: str(5 * number(4, 14)),
        }
        return made[name]()

    def amount(self, low: int, high: int) -> str:
        value = self.chance.number(low, high) if high < 1000 else self.chance.number(low // 50, high // 50) * 50
        cents = self.chance.number(10, 99)
        return self.chance.pick((f"${value:,}", f"${value:,}.{cents}", f"{value} dollars", f"${value:,}.00"))

    def day(self, later: int) -> str:
        day = self.opened + timedelta(days=later)
        month = MONTHS[day.month - 1]
        return self.chance.pick((f"{month} {day.day}", f"{day.month}/{day.day}", f"{month[:3]} {day.day}"))

    # --- a ticket

    def ticket(self, intent: str, opened: date, late: bool) -> Ticket:
        self.opened, self.used = opened, []
        people, chance = self.words["people"], self.chance
        customer = f"{chance.pick(people['first'])} {chance.pick(people['last'])}"
        style = chance.weigh(STYLES)
        parts = [Part(text) for text in self.told(intent, late)]
        made_of = (intent, *self.used)
        if chance.whether(0.25):
            parts.insert(0, Part(self.phrase(self.words["greetings"])))
        if chance.whether(0.13):
            parts.append(Part(self.phrase(self.words["moods"])))
        if chance.whether(PERSONAL):
            parts += self.personal(intent, customer, style)
        elif chance.whether(0.3):
            parts.append(Part(self.phrase(self.words["closings"])))
        parts = [p if p.kind else Part(self.rough(p.text, style)) for p in parts]
        parts = [p for p in parts if p.text]  # haste may leave nothing of a full stop
        return Ticket(opened, chance.weigh(CHANNELS), customer, parts, intent, intent, made_of)

    def told(self, intent: str, late: bool) -> list[str]:
        """The sentences that carry the request, in one of the orders in which people tell such things."""
        said, order = self.intents[intent], self.chance.weigh(ORDERS)
        if order == "short":
            return [self.phrase(said["short"])]
        if order == "hard":  # the test period has two more of them
            return [self.phrase(said["hard"] if late else said["hard"][:-2])]
        case = self.chance.pick(said["case"])
        core = self.phrase(case["late"] if late and self.chance.whether(LATE) else case["say"])
        ask = [self.phrase(case["ask"])] if self.chance.whether(0.55) else []
        detail = [self.phrase(case["detail"])] if self.chance.whether(0.4) or not ask else []
        if order == "ask_first" and ask:
            return [*ask, core, *detail]
        if order == "followup":
            return [self.phrase(self.words["followups"]), core, *ask]
        if order in ("past_first", "side_last", "side_first"):
            return self.beside(order, intent, core, ask, detail)
        return [core, *detail, *ask]

    def beside(self, order: str, intent: str, core: str, ask: list[str], detail: list[str]) -> list[str]:
        """The request beside a mention of something else, which must not mislead."""
        other, words = self.intents[self.chance.pick([name for name in self.intents if name != intent])], self.words
        if order == "past_first":
            return [self.phrase(other["past"]), self.phrase(words["turns"]), core, *ask, *detail]
        if order == "side_last":
            return [core, *detail, *ask, f"{self.phrase(words['seconds'])} {self.phrase(other['side'])}"]
        first, main = self.phrase(words["firsts"]), self.phrase(words["mains"])
        return [f"{first} {self.phrase(other['side'])}", main, core, *ask]

    # --- personal data

    def personal(self, intent: str, customer: str, style: str) -> list[Part]:
        kinds = {"name": 30, "phone": 26, "email": 22}
        kinds[SUITS[intent]] = kinds.get(SUITS[intent], 0) + 34
        first = self.chance.weigh(kinds)
        del kinds[first]
        second = [self.chance.weigh(kinds)] if self.chance.whether(0.3) else []
        return [part for kind in (first, *second) for part in self.plant(kind, customer, style)]

    def plant(self, kind: str, customer: str, style: str) -> list[Part]:
        value = self.value(kind, customer)
        if kind == "name" and style == "hurried":  # the hard ones: names in lower case
            value = value.lower()
        before, _, after = self.chance.pick(self.words["personal"][kind]).partition("{value}")
        parts = (Part(self.fill(before).strip()), Part(value, TYPES[kind]), Part(self.fill(after).strip()))
        return [part for part in parts if part.text]

    def value(self, kind: str, customer: str) -> str:
        nobodys, chance = self.words["nobodys"], self.chance
        if kind in ("card", "iban"):
            return str(chance.pick(nobodys[kind]))
        if kind == "ssn":
            return f"{chance.number(900, 998)}-{chance.number(11, 49)}-{chance.number(1001, 9899)}"
        if kind == "address":
            return f"{chance.number(2, 990)} {chance.pick(nobodys['street'])}, {self.slot('town')}"
        if kind == "phone":
            area, line = chance.pick(nobodys["area"]), f"0{chance.number(100, 199)}"
            looks = (f"({area}) 555-{line}", f"{area}-555-{line}", f"{area}.555.{line}", f"+1 {area} 555 {line}")
            return chance.pick((*looks, f"{area}555{line}"))
        if kind == "email":
            first, last = customer.lower().replace("é", "e").split()
            local = chance.pick((f"{first}.{last}", f"{first[0]}{last}", f"{first}{chance.number(60, 99)}"))
            return f"{local}@{chance.pick(nobodys['mail'])}"
        return customer

    # --- haste and typos

    def rough(self, text: str, style: str) -> str:
        words = text.split(" ")
        if style == "careful":
            return text
        if style == "clumsy":
            return " ".join(self.typo(w) if self.chance.whether(0.06) else w for w in words)
        words = [SHORTER.get(w.lower(), w) if self.chance.whether(0.4) else w for w in words]
        out = " ".join(self.typo(w) if self.chance.whether(0.03) else w for w in words).lower().replace("'", "")
        return out.rstrip(".") if self.chance.whether(0.6) else out

    def typo(self, word: str) -> str:
        """Swap, drop or double a letter inside a longer word; numbers and short words stay readable."""
        if len(word) < 5 or not word.isalpha():
            return word
        at = self.chance.number(1, len(word) - 3)
        head, here, there, tail = word[:at], word[at], word[at + 1], word[at + 2 :]
        return self.chance.pick((head + there + here + tail, head + there + tail, head + here + here + there + tail))

    # --- the files

    def rows(self, name: str, taken: set[tuple[str, ...]], texts: set[str]) -> list[Ticket]:
        """The rows of one file, oldest first. No two tickets anywhere are made of the same phrases or say the same."""
        count, start, days = FILES[name]
        rows: list[Ticket] = []
        while len(rows) < count:
            opened = start + timedelta(days=len(rows) * days // count)
            ticket = self.ticket(self.chance.pick(list(self.intents)), opened, late=name == TEST)
            plain = " ".join(re.findall(r"\w+", ticket.text().lower()))
            short = len(ticket.made_of) < 4  # of one or two phrases: their slots tell such tickets apart
            if plain in texts or (not short and ticket.made_of in taken):
                continue
            taken.add(ticket.made_of)
            texts.add(plain)
            rows.append(ticket)
        return rows

    def repeat(self, train: list[Ticket], test: list[Ticket]) -> None:
        """Make some test tickets repeat a training ticket: a third word for word, the others as people resend them."""
        free = [t for t in train if not t.spans and len(t.text()) > 60]
        targets = self.chance.some([t for t in test if not t.spans], REPEATED)
        for i, (ticket, source) in enumerate(zip(targets, self.chance.some(free, REPEATED), strict=True)):
            how, text = ("exact", "greeting", "typos")[i % 3], source.text()
            if how == "greeting":
                text = f"Hello again, {text}"
            if how == "typos":
                text = f"{self.rough(text, 'clumsy')} Please answer."
            ticket.parts, ticket.intent, ticket.label = [Part(text)], source.intent, source.intent
            ticket.repeats = (train.index(source) + 1, how)

    def mislabel(self, train: list[Ticket], test: list[Ticket]) -> None:
        repeated = {t.repeats[0] - 1 for t in test if t.repeats}
        free = [t for i, t in enumerate(train) if i not in repeated], [t for t in test if not t.repeats]
        for tickets, count in zip(free, (len(train), len(test)), strict=True):
            for ticket in self.chance.some(tickets, round(WRONG * count)):
                ticket.label = self.chance.pick(NEIGHBOURS[ticket.intent])


def write(folder: Path) -> None:
    """Write both ticket files and planted.json into a folder."""
    writer = Writer(tomllib.loads((HERE / "phrases.toml").read_text(encoding="utf-8")))
    taken: set[tuple[str, ...]] = set()
    texts: set[str] = set()
    files = {name: writer.rows(name, taken, texts) for name in FILES}
    writer.repeat(files[TRAIN], files[TEST])
    writer.mislabel(files[TRAIN], files[TEST])
    first = 10001
    for name, rows in files.items():
        with open(folder / name, "w", encoding="utf-8", newline="") as f:
            out = csv.writer(f, lineterminator="\n")
            out.writerow(COLUMNS)
            for number, t in enumerate(rows, first):
                out.writerow((f"T-{number}", t.opened, t.channel, t.customer, t.text(), t.label))
        first += len(rows)
    (folder / "planted.json").write_text(key(files), encoding="utf-8", newline="\n")


def key(files: Mapping[str, list[Ticket]]) -> str:
    """What was planted where, one item a line. Row 1 is the first below the header; `end` is exclusive."""
    rows = [(name, i, t) for name, tickets in files.items() for i, t in enumerate(tickets, 1)]
    sections: dict[str, list[dict[str, object]]] = {
        "personal": [
            {"file": name, "row": i, "column": "text", "start": start, "end": end, "type": kind, "value": value}
            for name, i, t in rows
            for start, end, kind, value in t.spans
        ],
        "near_duplicates": [
            {"file": name, "row": i, "of_file": TRAIN, "of_row": t.repeats[0], "how": t.repeats[1]}
            for name, i, t in rows
            if t.repeats
        ],
        "wrong_labels": [
            {"file": name, "row": i, "label": t.label, "true": t.intent} for name, i, t in rows if t.label != t.intent
        ],
    }
    body = [
        f'"{name}": [\n' + ",\n".join(json.dumps(item, ensure_ascii=False) for item in items) + "\n]"
        for name, items in sections.items()
    ]
    return '{\n"columns": {"customer": "PERSON"},\n' + ",\n".join(body) + "\n}\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
