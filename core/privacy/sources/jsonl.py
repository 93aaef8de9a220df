"""JSON lines: flat records, nested ones, and the chat and instruction files that language models learn from."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import InputError
from core.privacy.sources.decode import lines
from core.privacy.sources.delimited import MAX_COLUMNS
from core.privacy.sources.faults import Faults
from core.privacy.sources.reader import Reader, Row

DEPTH = 3  # levels of objects that become columns; what lies deeper is searched as one text
ROLE_LENGTH = 24  # characters; a longer one is no role
_ROLES = {"human": "user", "prompter": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}


class JsonLines(Reader):
    """One object a line; keys are columns, and so are the roles of a conversation."""

    def rows(self, faults: Faults | None = None) -> Iterator[Row]:
        """Yield the objects as rows; a line that is none is noted and left out."""
        noted = faults or Faults()
        at = {c: i for i, c in enumerate(self.columns)}
        for number, line in enumerate(lines(self.path, noted), 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            if isinstance(record, dict):
                yield self._row(flatten(record), at)
            else:
                noted.note("json", number)
        if not self.columns:
            raise InputError(f"{self.name}: no line of it is a JSON object; write one object a line.")

    def _row(self, record: Mapping[str, str], at: dict[str, int]) -> Row:
        for key in record:
            if key not in at:
                at[key] = len(self.columns)
                self.columns.append(key)
        if len(self.columns) > MAX_COLUMNS:
            raise InputError(f"{self.name}: more than {MAX_COLUMNS:,} different keys; give the same keys on each line.")
        row = [""] * len(self.columns)
        for key, value in record.items():
            row[at[key]] = value
        return row


def flatten(record: Mapping[str, Any]) -> dict[str, str]:
    """A record as texts by column: objects become `a.b`, a conversation one column a role, lists their texts."""
    out: dict[str, list[str]] = {}
    _put(out, "", record, 0)
    return {key: "\n".join(filter(None, parts)) for key, parts in out.items()}


def _put(out: dict[str, list[str]], name: str, value: Any, depth: int) -> None:
    if isinstance(value, Mapping) and value and depth < DEPTH:
        for key, inner in value.items():
            _put(out, f"{name}.{key}" if name else str(key), inner, depth + 1)
    elif turns := _turns(value):
        for role, said in turns:
            out.setdefault(role, []).append(said)
    else:
        out.setdefault(name, []).append(text(value))


def _turns(value: Any) -> list[tuple[str, str]]:
    """(role, text) of a conversation as OpenAI or ShareGPT write them; nothing where it is something else."""
    if not isinstance(value, list) or not value or not all(isinstance(turn, Mapping) for turn in value):
        return []
    for who, what in (("role", "content"), ("from", "value"), ("role", "text")):
        if all(isinstance(turn.get(who), str) and what in turn for turn in value):
            return [said for turn in value for said in _turn(turn, who, what)]
    return []


def _turn(turn: Mapping[str, Any], who: str, what: str) -> list[tuple[str, str]]:
    role = turn[who].strip().lower()
    role = _ROLES.get(role, role) if len(role) <= ROLE_LENGTH and role.isidentifier() else "other role"
    rest = {k: v for k, v in turn.items() if k not in (who, what)}
    more = [(f"{role}.{k}", v) for k, v in flatten(rest).items()] if rest else []
    return [(role, text(turn[what])), *more]


def text(value: Any) -> str:
    """A JSON value as a cell; of parts of a message, as of any list of texts, the texts."""
    if value is None or value == []:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [v.get("text", v) if isinstance(v, Mapping) else v for v in value]
        if parts and all(isinstance(p, str) for p in parts):
            return "\n".join(parts)
    return json.dumps(value, ensure_ascii=False, default=str)
