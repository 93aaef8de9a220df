"""What a model or data set of the Hugging Face hub says its licence is: one question to the hub, nothing downloaded.

The hub keeps a card's `license` as metadata, public also where the files are not. It is what the owner declares, so it
counts as a card does.
"""

import re
from typing import Any, Literal
from urllib.parse import quote

from core.licences.component import Asset
from core.licences.tags import KEYS, of_card
from core.settings import settings

Kind = Literal["model", "dataset"]
TIMEOUT_S = 10
_ID = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*")


def declared(name: str, kind: Kind, *, endpoint: str | None = None) -> Asset:
    """The licence that the hub's card of an id names; empty, with the reason, where there is none or no answer.

    Args:
        name: `owner/name` or an old id without owner; `hf:` before it is left out.
        kind: whether it names a model or a data set.
        endpoint: address of the hub; by default HF_ENDPOINT, or huggingface.co.
    """
    plain = name.removeprefix("hf:").partition("@")[0].partition(":")[0]
    if not _ID.fullmatch(plain):
        return Asset(name, "", why="this is no id of the hub")
    if settings().offline:
        return Asset(name, "", why="PREFLIGHT_OFFLINE is set, so the hub is not asked, and an id alone does not say")
    try:
        told = _ask(plain, kind, endpoint)
    except Exception:
        return Asset(name, "", why="the hub cannot be reached, and an id alone does not say")
    if isinstance(told, str):
        return Asset(name, "", why=told)
    licence, _ = of_card({key: _listed(told.get(key)) for key in KEYS})
    if not licence:
        return Asset(name, "", why="its card on the hub names no licence")
    return Asset(name, licence, "card", f"the hub's card of {plain}")


def _ask(name: str, kind: Kind, endpoint: str | None) -> dict[str, Any] | str:
    """A card's metadata, or why there is none."""
    from huggingface_hub import constants, get_session, get_token  # noqa: PLC0415 - a third of a second, for ids alone

    token = get_token()
    answer = get_session().get(
        f"{endpoint or constants.ENDPOINT}/api/{kind}s/{quote(name)}",
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=TIMEOUT_S,
        follow_redirects=True,
    )
    if answer.status_code in (401, 403, 404):
        return "the hub has none of this name, or it is private"
    answer.raise_for_status()
    card = answer.json().get("cardData")
    return card if isinstance(card, dict) else {}


def _listed(stated: object) -> list[str]:
    return [str(tag) for tag in stated] if isinstance(stated, list) else [str(stated or "")]
