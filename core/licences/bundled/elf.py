"""The symbols that a Linux library defines: what was linked into it shows there by its function names."""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

_SHT_DYNSYM, _SHT_SYMTAB, _UNDEFINED = 11, 2, 0


def defined(path: Path, wanted: frozenset[bytes]) -> set[bytes]:
    """Which of some symbols a 64-bit little-endian ELF file defines; those it only imports do not count.

    A file of another kind, or a broken one, defines none.
    """
    try:
        with path.open("rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as raw:
            if raw[:6] != b"\x7fELF\x02\x01":
                return set()
            return {name for table in _tables(raw) for name in _defined(raw, *table, wanted)}
    except (OSError, ValueError, struct.error, IndexError, OverflowError):
        return set()


def _tables(raw: mmap.mmap) -> Iterator[tuple[int, int, int, int]]:
    """Each symbol table: its offset and size, and those of its names."""
    (start,) = struct.unpack_from("<Q", raw, 40)
    size, count = struct.unpack_from("<HH", raw, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", raw, start + i * size) for i in range(count)]
    for _, kind, _, _, offset, length, link, *_ in sections:
        if kind in (_SHT_DYNSYM, _SHT_SYMTAB):
            yield offset, length, sections[link][4], sections[link][5]


def _defined(
    raw: mmap.mmap, offset: int, length: int, names: int, names_length: int, wanted: frozenset[bytes]
) -> Iterator[bytes]:
    text = raw[names : names + names_length]
    present = wanted.intersection(text.split(b"\0"))
    if not present:
        return
    places = {text.find(b"\0" + name + b"\0") + 1: name for name in present}
    for name, _, _, section, _, _ in struct.iter_unpack("<IBBHQQ", raw[offset : offset + length - length % 24]):
        if section != _UNDEFINED and name in places:
            yield places[name]
