"""A part of a workbook while it is read: stopped where one row or one text would fill the memory.

openpyxl builds a row whole before anybody can count its cells. So what it reads goes through a parser of the
same kind first, which builds nothing and only counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO
from xml.parsers.expat import ExpatError, ParserCreate

from crawler.files.model import MAX_RECORD

_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ROW = f"{_NAMESPACE} row"
SHARED_TEXT = f"{_NAMESPACE} si"
# How many elements stand around one: worksheet and sheetData, sst.
_DEPTHS = {ROW: 2, SHARED_TEXT: 1}

# XML elements of one row or text: 16,384 columns, all that spreadsheets have, with a value, a formula and
# some formatted text each. 250,000 of them take about 100 MB.
MAX_ELEMENTS = 250_000
# Bytes of one row or text; no record may have more characters.
MAX_BYTES = MAX_RECORD
# Bytes of one tag or comment, which parsers begin anew with every piece that comes.
MAX_TAG = 1024 * 1024
# Shared texts, each of which costs openpyxl some hundred bytes, an empty one too.
MAX_TEXTS = 5_000_000
_REST = "后面的没有读取；请拆开或删去它，或另存为 CSV 再导入。"


class OversizeError(Exception):
    """More than may be read. The text is the end of a zh-CN sentence: what is too much, and what to do.

    No ValueError, because openpyxl rewords those.
    """


class BoundedXml:
    """An open part, read a piece at a time; nothing of a `unit` (row, shared text) is kept once read."""

    def __init__(self, part: IO[bytes], unit: str) -> None:
        self._part, self._unit, self._around = part, unit, _DEPTHS[unit]
        self._parser = ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._started
        self._parser.EndElementHandler = self._ended
        self._parser.StartDoctypeDeclHandler = _declared
        self._read = self._depth = self._elements = self._units = self._begun = 0
        self._name, self._broken = "", False

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            OversizeError: one row or text has too many elements or bytes, or there are too many texts.
            SyntaxError: it declares a document type, which no part of a workbook may; entities come that way.
        """
        if self._broken:
            return b""  # the reader finds out by itself, after all that came before
        data = self._part.read(size)
        self._read += len(data)
        try:
            self._parser.Parse(data, not data)
        except ExpatError:
            self._broken = True
        if self._read - self._begun > MAX_BYTES:
            raise self._oversize(f"过大，超过 {MAX_BYTES // 1024**2:,} MB")
        if self._read - self._parser.CurrentByteIndex > MAX_TAG:
            raise self._oversize("写得不像表格")
        return data

    def close(self) -> None:
        """Close the part."""
        self._part.close()

    def __enter__(self) -> BoundedXml:
        return self

    def __exit__(self, *trouble: object) -> None:
        self.close()

    def _started(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == self._unit:
            self._name = attributes.get("r", "")
        self._depth += 1
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise self._oversize("的单元格或格式太多")

    def _ended(self, name: str) -> None:
        self._depth -= 1
        if name == self._unit and self._depth == self._around:
            self._elements = 0
            self._units += 1
            self._begun = self._parser.CurrentByteIndex
            if self._unit == SHARED_TEXT and self._units > MAX_TEXTS:
                raise OversizeError(
                    f"文字超过 {MAX_TEXTS:,} 段，没有读取；请拆成几个文件，或另存为 CSV 再导入。"
                )

    def _oversize(self, how: str) -> OversizeError:
        if self._unit == SHARED_TEXT:
            return OversizeError(f"有一段文字{how}，没有读取；请拆开或删去它，或另存为 CSV 再导入。")
        row = self._name if re.fullmatch(r"[0-9]{1,9}", self._name) else str(self._units + 1)
        return OversizeError(f"第 {row} 行{how}，{_REST}")


def _declared(*doctype: object) -> None:
    raise SyntaxError("a document type in a part of a workbook")
