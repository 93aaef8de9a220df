"""What the licence tags of a model's or data set's card come to."""

from collections.abc import Mapping, Sequence

from core.licences import spdx

KEYS = ("license", "license_name")  # the second says what the first means by "other"
_SAYS_NOTHING = ("", "other", "unknown")


def of_card(stated: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """The licence that a card names, and the key it stands under; both empty where it names none.

    Of several tags all count, for the hubs do not say whether all apply or any would do.
    """
    for key in KEYS:
        tags = [tag.strip().strip("\"'") for tag in stated.get(key, ())]
        if tags and not all(tag.lower() in _SAYS_NOTHING for tag in tags):
            return _joined(tags), key
    return "", ""


def _joined(tags: list[str]) -> str:
    if len(tags) == 1:
        return tags[0]
    nodes = [spdx.read_tag(tag) for tag in tags]
    if any(node is None for node in nodes):
        return ", ".join(tags)
    return str(spdx.All(tuple(dict.fromkeys(node for node in nodes if node is not None))))
