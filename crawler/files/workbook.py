"""XLSX sheets, row by row. (openpyxl keeps the sheet's shared texts in memory; the rows stream.)"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import BadZipFile

from crawler.files.archive import Archive
from crawler.files.bounded_xml import OversizeError
from crawler.files.model import ImportProblem, Record, Rejected, rejected_row

if TYPE_CHECKING:
    from openpyxl import Workbook

MAGIC = b"PK\x03\x04"
OLD_MAGIC = b"\xd0\xcf\x11\xe0"  # .xls, or an encrypted .xlsx
_EXACT = 10**15  # spreadsheets keep 15 digits of a number

# Rows of all sheets together, empty ones too: what one sheet can hold in any spreadsheet program. A file may
# name row 99,999,999,999 in a hundred bytes, and every row before it would be made up.
MAX_ROWS = 1_048_576
# Cells of all sheets together, empty ones too: 50 columns of a million rows, some minutes of work. A row may
# name column 18,278 only, and every cell before it would be made up.
MAX_CELLS = 50_000_000
_REST = "后面的没有读取；请拆成几个文件，或另存为 CSV 再导入。"


def read_sheet(path: Path) -> Iterator[Record | Rejected]:
    """The records of the first sheet that has any; its first filled row names the columns.

    Raises:
        ImportProblem: not a readable workbook, or more than may be read; what came before has been given.
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
        reason = f"列数不对：表头有 {len(names)} 列，这一行更长。"
        return rejected_row(number, reason, cells, names, "\t")
    padded = cells[: len(names)] + [""] * (len(names) - len(cells))
    return Record(line=number, fields=dict(zip(reversed(names), reversed(padded), strict=True)))


_Rows = Iterator[tuple[int, tuple[object, ...]]]


@contextmanager
def _sheets(path: Path) -> Iterator[Iterator[_Rows]]:
    # SyntaxError is what XML parsers raise; the rest comes out of zipfile and openpyxl for broken parts.
    broken = (
        BadZipFile,
        zlib.error,
        SyntaxError,
        LookupError,
        ValueError,
        TypeError,
        OSError,
    )
    try:
        with path.open("rb") as file, closing(_book(file)) as book:
            yield _bounded(book.worksheets)
    except OversizeError as error:
        raise ImportProblem(f"{path.name}：{error}") from error
    except broken as error:
        raise ImportProblem(
            f"{path.name}：不是可读的 XLSX 文件；压缩包请先解压，表格请另存为 .xlsx 或 CSV。"
        ) from error


def _book(file: BinaryIO) -> Workbook:
    # Here, because it takes a tenth of a second that every command would pay.
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.xml.constants import SHARED_STRINGS

    archive = Archive(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # openpyxl's remarks on styles it does not know
        reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        reader.archive = archive  # the only line that load_workbook does not have
        reader.read_manifest()
        package: Any = reader.package  # its methods have no types
        if (strings := package.find(SHARED_STRINGS)) is not None:
            archive.check_strings(strings.PartName.removeprefix("/"))
        reader.read()
    return reader.wb


def _bounded(sheets: Iterable[Any]) -> Iterator[_Rows]:
    """The rows of each sheet, counted over all of them."""
    rows = count(1)
    cells = 0

    def numbered(sheet: Any) -> _Rows:  # openpyxl's stubs mistype the read-only sheet's methods
        nonlocal cells
        sheet.reset_dimensions()  # some writers state a wrong size, which would cut the sheet
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells += len(row)
            if next(rows) > MAX_ROWS:
                raise OversizeError(f"超过 {MAX_ROWS:,} 行，{_REST}")
            if cells > MAX_CELLS:
                raise OversizeError(f"超过 {MAX_CELLS:,} 个单元格，{_REST}")
            yield number, row

    return map(numbered, sheets)


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
