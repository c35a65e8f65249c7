"""The columns (`leads.index.sqlite.columns`) on disk beside the index: the next start need not read them.

    24 bytes: a word that names the format, the length of the head, the sum of all that follows
    head: orjson, padded to 64 bytes; then each column, padded likewise

A million leads are 68 MB: mapping and summing them takes 30 ms, reading them from the tables 8 s. There is
no text in the file, but rowids and places of leads, so erasing has it written anew (`Columns.renew`).
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray

_FORMAT = np.frombuffer(b"tzcols01", np.uint64)[0]
_START = 24
_STEP = 64
Column = NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a file holds."""

    index: str  # `Stamp.id` of the index it belongs to
    stamp: int  # the last change of its `spread_log` that is in here
    row: int  # what that change was about: another log under the same name differs in it
    values: Mapping[str, Sequence[object]]  # vocabularies
    columns: Mapping[str, Column]  # all of one length


def path_beside(index: Path | str) -> Path | None:
    """Where the columns of an index are kept; None for one in memory."""
    return None if str(index) == ":memory:" else Path(f"{index}-columns")


def read(path: Path) -> Saved | None:
    """The file, mapped; None where there is none, or one that is torn or not ours."""
    try:
        with path.open("rb") as file:
            raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # an empty file cannot be mapped
        return None
    if len(raw) <= _START or len(raw) % 8:
        return None
    name, length, said = (int(each) for each in np.frombuffer(raw, np.uint64, 3))
    if name != _FORMAT or length > len(raw) - _START or said != _sum(raw):
        return None
    head = orjson.loads(raw[_START : _START + length])
    columns, at = {}, _padded(_START + length)
    for column, kind in head["columns"].items():
        columns[column] = np.frombuffer(raw, np.dtype(kind), head["rows"], at)
        at = _padded(at + columns[column].nbytes)
    return Saved(
        index=head["index"], stamp=head["stamp"], row=head["row"], values=head["values"], columns=columns
    )


def _sum(raw: mmap.mmap) -> int:
    """Of all that follows the start. Made to notice what a power cut leaves, pages of zeros or too few."""
    return int(np.add.reduce(np.frombuffer(raw, np.uint64, offset=_START)))


def _padded(length: int) -> int:
    return -(-length // _STEP) * _STEP


@contextmanager
def part(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` at the end, all at once.

    Others that were begun before are unlinked, here and by `forget`: what they hold may be erased by now, and
    whoever is writing one fails to put it in its place.

    Raises:
        OSError: cannot be written, or was unlinked meanwhile.
    """
    _unlink_parts(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")  # the owner's only
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def write(file: BinaryIO, saved: Saved) -> None:
    head = orjson.dumps(
        {
            "index": saved.index,
            "stamp": saved.stamp,
            "row": saved.row,
            "rows": len(next(iter(saved.columns.values()))),
            "values": saved.values,
            "columns": {name: column.dtype.str for name, column in saved.columns.items()},
        }
    )
    file.write(bytes(_START))
    total = _put(file, head, _START)
    for column in saved.columns.values():
        total += _put(file, np.ascontiguousarray(column).tobytes(), 0)
    file.seek(0)
    file.write(np.array([_FORMAT, len(head), total % 2**64], np.uint64).tobytes())


def _put(file: BinaryIO, content: bytes, before: int) -> int:
    """Write, padded; returns the sum."""
    padded = content + bytes(_padded(before + len(content)) - before - len(content))
    file.write(padded)
    return int(np.add.reduce(np.frombuffer(padded, np.uint64)))


def forget(path: Path) -> None:
    """No file, nor any that is being written."""
    _unlink_parts(path)
    path.unlink(missing_ok=True)


def _unlink_parts(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*.part"):
        with suppress(OSError):
            each.unlink()
