"""Secrets: keys, tokens and passwords, by the forms that their issuers document, or by the words before them.

The prefixes are those that GitHub, GitLab, AWS, Google, Slack, Stripe, OpenAI, Anthropic, Hugging Face, npm, PyPI and
SendGrid publish so that scanners can find leaked keys. Entropy is Shannon's, in bits a character.
"""

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterator

from core.privacy.recognisers import lexicon
from core.privacy.recognisers.base import Finder, Match

_ISSUED = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"(?P<aws>(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9]))"
    r"|(?P<github>gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})"
    r"|(?P<gitlab>gl(?:pat|ptt|dt|rt)-[A-Za-z0-9_-]{20,64})"
    r"|(?P<google>AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,250}|GOCSPX-[A-Za-z0-9_-]{28})"
    r"|(?P<slack>xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{10,250})"
    r"|(?P<stripe>(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,250}|whsec_[A-Za-z0-9]{24,64})"
    r"|(?P<model>sk-(?:proj-|ant-|or-|svcacct-)?[A-Za-z0-9_-]{20,250}|hf_[A-Za-z]{30,64}|gsk_[A-Za-z0-9]{40,64})"
    r"|(?P<registry>npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,250}|dckr_pat_[A-Za-z0-9_-]{20,64})"
    r"|(?P<mail>SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}|key-[0-9a-f]{32})"
    r")"
)
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_-]{8,2000})\.([A-Za-z0-9_-]{4,4000})\.([A-Za-z0-9_-]{0,1000})")
_KEY = re.compile(
    r"-----BEGIN (?P<kind>[A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?)-----[\w\s+/=:,.()\\-]{0,4500}?(?:-----END"
    r" (?P=kind)-----|\Z)"
)
_URL = re.compile(r"(?<![\w+.-])[a-z][a-z0-9+]{1,15}://[^\s/:@]{1,80}:(?P<value>[^\s/@]{3,120})@[\w.-]", re.IGNORECASE)
_SAID = re.compile(
    r"(?<![A-Za-z])(?P<word>pass(?:word|wd|phrase|code)?|pwd|secret(?:[_ -]?(?:access[_ -]?)?key)?|client[_ -]?secret"
    r"|api[_ -]?key|access[_ -]?key|access[_ -]?token|auth[_ -]?token|bearer|token|private[_ -]?key|密码|口令|密钥)"
    r"(?P<join>[\"']?\s{0,3}(?:=>|:=|[:=：]|\bis\b|\bwas\b|是|为)\s{0,3}|\s)[\"'`]?(?P<value>[^\s\"'`,;<>，。；]{4,200})",
    re.IGNORECASE,
)
_SURE_WORDS = re.compile(r"pass|pwd|密码|口令", re.IGNORECASE)


def entropy(text: str) -> float:
    """Shannon's entropy of a text's characters, in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


class Secrets(Finder):
    """API keys, tokens, private keys and passwords."""

    TYPES = ("SECRET",)

    def find(self, text: str) -> Iterator[Match]:
        """The secrets."""
        for hit in _ISSUED.finditer(text):
            yield Match(*hit.span(), "SECRET", f"issued key ({hit.lastgroup})", 0.95)
        if "eyJ" in text:
            for hit in _TOKEN.finditer(text):
                if _header(hit[1]):
                    yield Match(*hit.span(), "SECRET", "JSON web token", 1.0, valid=True)
        if "-----BEGIN" in text:
            for hit in _KEY.finditer(text):
                yield Match(*hit.span(), "SECRET", "private key", 1.0, valid=True)
        if "://" in text:
            for hit in _URL.finditer(text):
                yield Match(*hit.span("value"), "SECRET", "password in an address", 0.9, valid=True)
        for hit in _SAID.finditer(text):
            value = hit["value"].rstrip(".!?)]}")
            if _secret(value, joined=bool(hit["join"].strip()), password=bool(_SURE_WORDS.match(hit["word"]))):
                start = hit.start("value")
                yield Match(start, start + len(value), "SECRET", "value after a word for a secret", 0.9)


def _header(part: str) -> bool:
    """Whether the first part of a token is a JSON object that names an algorithm (RFC 7519, section 5)."""
    try:
        return "alg" in json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, TypeError):
        return False


def _secret(value: str, *, joined: bool, password: bool) -> bool:
    """Whether a value is one: no word, and mixed enough; a password after ":" may be short, a token is long."""
    if len(value) < 4 or value.startswith(("http:", "https:", "${", "{{", "<", "*", "process.", "os.")):
        return False
    if all(part.isalpha() and lexicon.common(part) for part in re.split(r"[-_]", value) if part) or len(set(value)) < 4:
        return False
    kinds = sum(map(bool, (re.search(p, value) for p in ("[a-z]", "[A-Z]", r"\d", r"[^\w\s]"))))
    if password:
        return (joined and (kinds >= 2 or len(value) >= 8)) or (
            len(value) >= 6 and kinds >= 2 and any(map(str.isdigit, value))
        )
    return len(value) >= 12 and kinds >= 2 and entropy(value) >= 3 and any(c.isdigit() for c in value)
