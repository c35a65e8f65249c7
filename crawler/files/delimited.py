"""CSV and its kin: delimiter sniffing, quoted line breaks, ragged rows, unclosed quotes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from crawler.files.model import MAX_RECORD, Record, Rejected, rejected, rejected_row

_DELIMITERS = ",\t;|"
# A quoted field may hold line breaks, but one that swallows this much is a quote nobody closed.
_MAX_LINES = 1_000


class _UnclosedError(Exception):
    """A quote was opened and not closed."""


class _Lines(Iterator[str]):
    """Physical lines with their numbers, remembering those of the record being read so that a record with
    an unclosed quote can be given up and the lines after its first be read again."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: list[str] = []  # lines to be read again, the next one last
        self.number = 0  # of the last line given out
        self.taken: list[str] = []
        self._size = 0

    def start(self) -> None:
        self.taken = []
        self._size = 0

    def give_up(self) -> str:
        """Puts all but the first line of this record back; returns that first line."""
        first, *rest = self.taken
        self.number -= len(rest)
        self._again += rest[::-1]
        self.start()
        return first

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_LINES or self._size > MAX_RECORD:
            raise _UnclosedError
        line = self._again.pop() if self._again else self._file.readline(MAX_RECORD)
        if not line:
            # csv asks for another line in the middle of a record only when a quote is open.
            if self.taken:
                raise _UnclosedError
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self._size += len(line)
        return line


def sniff_delimiter(header: str) -> str:
    """The likeliest delimiter of a header line: the one it holds most of, a comma when none."""
    return max(_DELIMITERS, key=lambda character: header.count(character))


def rows(file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]] | Rejected]:
    """Each row with the number of the line it starts on; blank lines are passed over.

    `file` must be opened with `newline=""`.
    """
    # The limit is the csv module's own global; its default of 131,072 would stop at one long post.
    csv.field_size_limit(MAX_RECORD)
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.start()
        try:
            row = next(reader)
        except StopIteration:
            return
        except _UnclosedError:
            first = lines.give_up()
            yield rejected(lines.number, "引号没有闭合，这一行读不出来。", first)
            reader = csv.reader(lines, delimiter=delimiter)
        except csv.Error as error:
            yield rejected(lines.number, f"不是有效的 CSV 行（{error}）。", "".join(lines.taken))
        else:
            if any(row):
                yield lines.number - len(lines.taken) + 1, row


def header_names(row: list[str]) -> list[str]:
    return [name.strip().lstrip("\ufeff") for name in row]


def read_delimited(file: TextIO, delimiter: str, *, ragged: bool) -> Iterator[Record | Rejected]:
    """Records of a file whose first row names the columns.

    A row that is too long is rejected unless the surplus is empty; one that is too short is rejected unless
    the format is known to leave cells out (`ragged`).
    """
    names: list[str] | None = None
    for item in rows(file, delimiter):
        if isinstance(item, Rejected):
            cells = item.raw.rstrip("\r\n").split(delimiter)
            yield rejected_row(item.line, item.reason, cells, names or (), delimiter)
        elif names is None:
            names = header_names(item[1])
        else:
            yield _record(item[0], item[1], names, delimiter, ragged=ragged)


def _record(
    line: int, row: list[str], names: list[str], delimiter: str, *, ragged: bool
) -> Record | Rejected:
    surplus = row[len(names) :]
    if any(cell.strip() for cell in surplus) or (len(row) < len(names) and not ragged):
        reason = f"列数不对：表头有 {len(names)} 列，这一行有 {len(row)} 列。"
        return rejected_row(line, reason, row, names, delimiter)
    # Columns of the same name: the first one counts, as the reader sees it first.
    fields: dict[str, object] = dict(
        zip(reversed(names[: len(row)]), reversed(row[: len(names)]), strict=True)
    )
    return Record(line=line, fields=fields)
