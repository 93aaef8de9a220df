"""Parquet, nested types included."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import InputError
from core.privacy.sources.delimited import MAX_COLUMNS
from core.privacy.sources.faults import Faults
from core.privacy.sources.jsonl import flatten, text
from core.privacy.sources.reader import Reader, Row

BATCH = 4_096  # rows decoded at once


class Parquet(Reader):
    """A Parquet file; structs become `a.b`, conversations one column a role, lists their texts."""

    def rows(self, faults: Faults | None = None) -> Iterator[Row]:
        """Yield the rows a batch at a time."""
        try:
            with pq.ParquetFile(self.path, memory_map=True) as file:
                for batch in file.iter_batches(BATCH, use_threads=False):
                    yield from self._batch(batch)
        except (pa.ArrowException, OSError):
            raise InputError(f"{self.name}: begins like Parquet but cannot be read; save it again.") from None

    def _batch(self, batch: pa.RecordBatch) -> Iterator[Row]:
        parts: dict[str, list[str]] = {}
        for field, values in zip(batch.schema, batch.columns, strict=True):
            for name, cells in _columns(field.name, values).items():
                parts[name] = [f"{a}\n{b}" for a, b in zip(parts[name], cells, strict=True)] if name in parts else cells
        self.columns += [name for name in parts if name not in self.columns]
        if len(self.columns) > MAX_COLUMNS:
            raise InputError(f"{self.name}: {len(self.columns):,} columns; at most {MAX_COLUMNS:,} are read.")
        empty = [""] * batch.num_rows
        yield from map(list, zip(*(parts.get(name, empty) for name in self.columns), strict=True))


def _columns(name: str, values: pa.Array) -> dict[str, list[str]]:
    """A column as texts, or several where it is nested."""
    kind = values.type
    if pa.types.is_nested(kind):
        records = [flatten({name: v}) for v in values.to_pylist()]
        keys = dict.fromkeys(key for record in records for key in record)
        return {key: [record.get(key, "") for record in records] for key in keys}
    if pa.types.is_dictionary(kind):
        values = pc.cast(values, kind.value_type)
    try:
        cells: list[Any] = pc.cast(values, pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        cells = [_plain(v) for v in values.to_pylist()]
    return {name: [c or "" for c in cells]}


def _plain(value: Any) -> str:
    return value.decode("utf-8", "preflight-cp1252").replace("\0", "") if isinstance(value, bytes) else text(value)
