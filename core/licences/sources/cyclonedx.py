"""CycloneDX documents (JSON, 1.2 to 1.7): their components, typed, each with the licences it states."""

import base64
import binascii
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Text(_Part):
    content: str | None = None
    encoding: str | None = None


class _Licence(_Part):
    id: str | None = None
    name: str | None = None
    text: _Text | None = None
    acknowledgement: str | None = None


class _Choice(_Part):
    license: _Licence | None = None
    expression: str | None = None
    acknowledgement: str | None = None

    @property
    def concluded(self) -> bool:
        """Whether the SBOM's author concluded it, and did not only repeat what is declared."""
        return "concluded" in (self.acknowledgement, self.license.acknowledgement if self.license else None)

    @property
    def stated(self) -> str:
        """The expression, id or name it gives."""
        return self.expression or (self.license and (self.license.id or self.license.name)) or ""

    @property
    def text(self) -> str:
        """The licence text that is written into the document."""
        text = self.license.text if self.license else None
        if text is None or not text.content:
            return ""
        if text.encoding != "base64":
            return text.content
        try:
            return base64.b64decode(text.content).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""


class _Evidence(_Part):
    licenses: tuple[_Choice, ...] | None = None


class Component(_Part):
    """One component as the document has it."""

    type: str | None = None
    name: str = Field(min_length=1)
    group: str | None = None
    version: str | None = None
    purl: str | None = None
    scope: str | None = None
    licenses: tuple[_Choice, ...] | None = None
    evidence: _Evidence | None = None
    ref: str | None = Field(None, alias="bom-ref")

    @property
    def _choices(self) -> Sequence[_Choice]:
        own = self.licenses or (self.evidence.licenses if self.evidence else None) or ()
        return [c for c in own if c.concluded] or own

    @property
    def stated(self) -> list[str]:
        """The licences it gives, in the form it gives them; several are all meant (the standard leaves it open)."""
        return [c.stated for c in self._choices if c.stated]

    @property
    def texts(self) -> list[str]:
        """The licence texts written into it."""
        return [c.text for c in self._choices if c.text]


@dataclass(frozen=True, slots=True)
class Row:
    """A component at its place: its reference, and that of the component around it; None where it is not valid."""

    ref: str
    around: str
    component: Component | None
    problem: str = ""


def subject(document: Mapping[str, Any]) -> Row | None:
    """What the document describes."""
    metadata = document.get("metadata")
    row = metadata.get("component") if isinstance(metadata, dict) else None
    return next(_rows([row], "", "subject"), None) if isinstance(row, dict) else None


def rows(document: Mapping[str, Any]) -> Iterator[Row]:
    """Every component of a document, those inside others after these."""
    listed = document.get("components")
    yield from _rows(listed if isinstance(listed, list) else [], "", "component")


def _rows(listed: list[Any], around: str, name: str) -> Iterator[Row]:
    queue = deque((row, around, f"{name} {i}") for i, row in enumerate(listed, 1))
    while queue:
        raw, parent, place = queue.popleft()
        try:
            component = Component.model_validate(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "component"
            yield Row(place, parent, None, f"{place}: {where}: {first['msg'].lower()}")
            continue
        ref = component.ref or place
        yield Row(ref, parent, component)
        inside = raw.get("components") if isinstance(raw, dict) else None
        queue += [(r, ref, f"{place}.{i}") for i, r in enumerate(inside if isinstance(inside, list) else [], 1)]
