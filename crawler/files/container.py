"""What kind of file this is, and the way to its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Literal, TextIO

from crawler.files import delimited, json_text, page, sqlite_file, workbook
from crawler.files.encoding import Encoding, detect_encoding
from crawler.files.model import ImportProblem, Record, Rejected
from crawler.system_errors import os_reason

Kind = Literal["csv", "jsonl", "json", "sqlite", "xlsx", "html"]

_SAMPLE = 20  # records looked at to learn the columns
_HEAD = 1 << 20  # characters looked at to tell JSON lines from a JSON document
_LINES_SUFFIXES = frozenset((".jsonl", ".ndjson", ".jl"))
_PACKED = {b"\x1f\x8b": ".gz", b"Rar!": ".rar", b"7z\xbc\xaf": ".7z", b"BZh": ".bz2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A file that has been looked at.

    `tables` gives the columns by table: the table names of SQLite, the key of the list in a JSON object,
    "" elsewhere. Columns of JSON are those of its first 20 records.
    """

    path: Path
    kind: Kind
    tables: Mapping[str, frozenset[str]]
    encoding: Encoding | None = None
    delimiter: str = ","

    @property
    def columns(self) -> frozenset[str]:
        """The columns of all tables together."""
        return frozenset(chain.from_iterable(self.tables.values()))

    def records(self, *, ragged: bool = False, tables: tuple[str, ...] = ()) -> Iterator[Record | Rejected]:
        """All records from the start. `tables` picks SQLite tables, `ragged` allows short CSV rows."""
        if self.kind == "sqlite":
            for table in tables or tuple(self.tables):
                yield from sqlite_file.read_table(self.path, table)
        elif self.kind == "xlsx":
            yield from workbook.read_sheet(self.path)
        else:
            with self._text() as file:
                if self.kind == "csv":
                    yield from delimited.read_delimited(file, self.delimiter, ragged=ragged)
                elif self.kind == "html":
                    yield page.read_page(file)
                elif self.kind == "jsonl":
                    yield from json_text.read_lines(file)
                else:
                    yield from json_text.read_document(file)

    def _text(self) -> TextIO:
        return _open_text(self.path, self.encoding, newline="" if self.kind == "csv" else "\n")


def open_container(path: Path) -> Container:
    """Looks at `path`: kind by content (never by suffix alone), encoding, columns.

    Raises:
        ImportProblem: missing, unreadable, empty, packed, binary, or in an unknown encoding.
    """
    try:
        return _open(path)
    except OSError as error:
        raise ImportProblem(
            f"{path.name}：打不开这个文件（{os_reason(error)}）；请检查路径和权限。"
        ) from error


def _open(path: Path) -> Container:
    if path.is_dir():
        raise ImportProblem(f"{path.name}：这是文件夹；请给出里面的文件，例如 {path.name}/*.csv。")
    if not path.exists():
        raise ImportProblem(f"{path.name}：没有这个文件；请检查路径。")
    with path.open("rb") as file:
        head = file.read(512)
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise ImportProblem(f"{path.name}：文件是空的，没有可以导入的内容。")
    if head.startswith(sqlite_file.MAGIC):
        return Container(path=path, kind="sqlite", tables=sqlite_file.tables(path))
    if head.startswith(workbook.MAGIC):
        return _sampled(Container(path=path, kind="xlsx", tables={}))
    if head.startswith(workbook.OLD_MAGIC):
        raise ImportProblem(f"{path.name}：是旧版 .xls 或加密的表格；请另存为不加密的 .xlsx 或 CSV。")
    for magic, suffix in _PACKED.items():
        if head.startswith(magic):
            raise ImportProblem(f"{path.name}：是压缩文件（{suffix}）；请先解压。")
    return _open_as_text(path)


def _open_as_text(path: Path) -> Container:
    encoding = detect_encoding(path)
    with _open_text(path, encoding, newline="\n") as file:
        head = file.read(_HEAD).lstrip()
    if head.startswith(("{", "[")):
        kind: Kind = "jsonl" if _is_lines(head, path.suffix.lower()) else "json"
        return _sampled(Container(path=path, kind=kind, tables={}, encoding=encoding))
    if page.is_page(head):
        return _sampled(Container(path=path, kind="html", tables={}, encoding=encoding))
    delimiter = delimited.sniff_delimiter(head.split("\n", 1)[0])
    return _with_header(Container(path=path, kind="csv", tables={}, encoding=encoding, delimiter=delimiter))


def _open_text(path: Path, encoding: Encoding | None, *, newline: str) -> TextIO:
    if encoding is None:
        raise ValueError("a text container has an encoding")
    return path.open(encoding=encoding.codec, errors=encoding.errors, newline=newline)


def _is_lines(head: str, suffix: str) -> bool:
    """JSON lines: by suffix, or because a second line starts a new object right after the first."""
    if not head.startswith("{"):
        return False
    if suffix in _LINES_SUFFIXES:
        return True
    lines = [line for line in head.split("\n", 3)[:3] if line.strip()]
    return len(lines) > 1 and lines[1].startswith("{") and lines[0].rstrip().endswith("}")


def _sampled(container: Container) -> Container:
    """`container` with the columns of its first records."""
    tables: dict[str, set[str]] = {}
    for item in islice(container.records(), _SAMPLE):
        if isinstance(item, Record):
            tables.setdefault(item.table, set()).update(item.fields)
    columns = {table: frozenset(names) for table, names in tables.items()}
    return _replace_tables(container, columns)


def _with_header(container: Container) -> Container:
    with container._text() as file:
        for item in delimited.rows(file, container.delimiter):
            if not isinstance(item, Rejected):
                names = frozenset(name for name in delimited.header_names(item[1]) if name)
                return _replace_tables(container, {"": names})
    return container


def _replace_tables(container: Container, tables: Mapping[str, frozenset[str]]) -> Container:
    return Container(
        path=container.path,
        kind=container.kind,
        tables=tables,
        encoding=container.encoding,
        delimiter=container.delimiter,
    )
