"""XLSX sheets, row by row. (openpyxl keeps the sheet's shared texts in memory; the rows stream.)"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from crawler.files.model import ImportProblem, Record, Rejected, rejected

MAGIC = b"PK\x03\x04"
OLD_MAGIC = b"\xd0\xcf\x11\xe0"  # .xls, or an encrypted .xlsx
_EXACT = 10**15  # spreadsheets keep 15 digits of a number


def read_sheet(path: Path) -> Iterator[Record | Rejected]:
    """The records of the first sheet that has any; its first filled row names the columns.

    Raises:
        ImportProblem: not a readable workbook.
    """
    with _sheets(path) as sheets:
        for sheet in sheets:
            names: list[str] | None = None
            for number, row in sheet:
                cells = [_text(cell) for cell in row]
                if not any(cells):
                    continue
                if names is None:
                    names = [cell.strip() for cell in cells]
                else:
                    yield _record(number, cells, names)
            if names is not None:
                return


def _record(number: int, cells: list[str], names: list[str]) -> Record | Rejected:
    if any(cells[len(names) :]):
        return rejected(number, f"列数不对：表头有 {len(names)} 列，这一行更长。", "\t".join(cells))
    padded = cells[: len(names)] + [""] * (len(names) - len(cells))
    return Record(line=number, fields=dict(zip(reversed(names), reversed(padded), strict=True)))


_Rows = Iterator[tuple[int, tuple[object, ...]]]


@contextmanager
def _sheets(path: Path) -> Iterator[Iterator[_Rows]]:
    import openpyxl  # here, because it takes a tenth of a second that every command would pay
    from openpyxl.utils.exceptions import InvalidFileException

    # SyntaxError is what XML parsers raise; the rest comes out of zipfile and openpyxl for broken parts.
    broken = (
        BadZipFile,
        zlib.error,
        InvalidFileException,
        SyntaxError,
        LookupError,
        ValueError,
        TypeError,
        OSError,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # openpyxl's remarks on styles it does not know
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            yield (_rows(sheet) for sheet in book.worksheets)
        finally:
            book.close()
    except broken as error:
        raise ImportProblem(
            f"{path.name}：不是可读的 XLSX 文件；压缩包请先解压，表格请另存为 .xlsx 或 CSV。"
        ) from error


def _rows(sheet: Any) -> _Rows:  # openpyxl's stubs mistype the read-only sheet's methods
    sheet.reset_dimensions()  # some writers state a wrong size, which would cut the sheet
    yield from enumerate(sheet.iter_rows(values_only=True), start=1)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= _EXACT:
        # More than 15 digits in a number cell, the last one 0: the spreadsheet has rounded it.
        return f"{cell:.14E}" if int(cell) % 10 == 0 else str(int(cell))
    return str(cell)
