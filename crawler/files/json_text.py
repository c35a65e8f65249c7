"""JSON lines, and JSON documents read as a stream: a list of records, bare or under a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from crawler.files.model import MAX_RECORD, Record, Rejected, rejected

# Keys under which tools put their list of posts.
LIST_KEYS = frozenset(("weibo", "data", "items", "list", "posts", "records", "notes", "results", "rows"))
_CHUNK = 1 << 16
_BLANK = " \t\r\n\ufeff"
_TOO_LONG = f"一条记录超过 {MAX_RECORD // 1024 // 1024} 兆字，没有读取。"

# Numbers with a point or exponent stay text, so that an id written as 4.82E+15 is seen to be damaged.
_DECODER = json.JSONDecoder(parse_float=str)


def read_lines(file: TextIO) -> Iterator[Record | Rejected]:
    """One JSON object a line; blank lines are passed over."""
    number = 0
    while line := file.readline(MAX_RECORD):
        number += 1
        if not line.endswith("\n") and len(line) >= MAX_RECORD:
            _skip_line(file)
            yield rejected(number, _TOO_LONG, line)
        elif stripped := line.strip(_BLANK):
            yield _line(number, stripped)


def _skip_line(file: TextIO) -> None:
    while (rest := file.readline(MAX_RECORD)) and not rest.endswith("\n"):
        pass


def _line(number: int, text: str) -> Record | Rejected:
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return rejected(number, f"JSON 不完整或有错（第 {error.colno} 个字符处）。", text)
    except (ValueError, RecursionError):  # a number of thousands of digits; thousands of nested lists
        return rejected(number, "JSON 里有过长的数字或过深的嵌套。", text)
    if not isinstance(value, dict):
        return rejected(number, "这一行不是 JSON 对象（应以 { 开头）。", text)
    return Record(line=number, fields=value)


class _BrokenError(Exception):
    """The document ends early or is not JSON from here on."""


class _Stream:
    """A cursor over a JSON text that reads as much as the next value needs."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    return self._text[self._at]
                self._at += 1
            if not self._more(_CHUNK):
                return ""

    def take(self, character: str) -> bool:
        """Steps over `character` if it is next."""
        found = self.peek() == character
        self._at += found
        return found

    def value(self) -> object:
        """The next JSON value, whole.

        Raises:
            _BrokenError: there is none, or it is longer than MAX_RECORD.
        """
        self.peek()
        size = _CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended or len(self._text) - self._at > MAX_RECORD:
                    raise _BrokenError from error
            except (ValueError, RecursionError) as error:
                raise _BrokenError from error
            else:
                # A number that ends with the buffer may go on in the next chunk.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            self._more(size)
            size *= 2

    def rest(self, length: int) -> str:
        return self._text[self._at : self._at + length]

    def _more(self, size: int) -> bool:
        chunk = self._file.read(size)
        self._text = self._text[self._at :] + chunk
        self._at = 0
        self._ended = not chunk
        return bool(chunk)


def read_document(file: TextIO) -> Iterator[Record | Rejected]:
    """The records of one JSON document: a list, an object with a list under one of `LIST_KEYS`, or a
    single object. A document that breaks off gives what came before, then one `Rejected`."""
    stream = _Stream(file)
    try:
        if stream.take("["):
            yield from _elements(stream, "", {})
        elif stream.take("{"):
            yield from _object(stream)
        else:
            yield rejected(1, "不是 JSON（应以 [ 或 { 开头）。", stream.rest(2_000))
    except _BrokenError:
        yield rejected(1, "JSON 不完整或有错。", stream.rest(2_000))


def _object(stream: _Stream) -> Iterator[Record | Rejected]:
    """Reads the members in order; what stands before the list is handed to its records as `parent`."""
    members: dict[str, object] = {}
    lists = 0
    while not stream.take("}"):
        key = stream.value()
        if not isinstance(key, str) or not stream.take(":"):
            raise _BrokenError
        if key in LIST_KEYS and stream.take("["):
            if stream.peek() in ("{", "]"):
                lists += 1
                yield from _elements(stream, key, members)
            else:
                members[key] = list(_values(stream))
        else:
            members[key] = stream.value()
        stream.take(",")
    if not lists:
        yield Record(line=1, fields=members)


def _values(stream: _Stream) -> Iterator[object]:
    while not stream.take("]"):
        yield stream.value()
        stream.take(",")


def _elements(stream: _Stream, table: str, parent: dict[str, object]) -> Iterator[Record | Rejected]:
    number = 0
    while not stream.take("]"):
        number += 1
        try:
            value = stream.value()
        except _BrokenError:
            reason = f"JSON 从第 {number} 条记录起不完整或有错，后面的没有读取。"
            yield rejected(number, reason, stream.rest(2_000))
            return
        if isinstance(value, dict):
            yield Record(line=number, fields=value, table=table, parent=parent)
        else:
            yield rejected(number, "这一条不是 JSON 对象。", json.dumps(value, ensure_ascii=False))
        stream.take(",")
