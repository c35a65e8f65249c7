"""Leads as tables for spreadsheets: CSV and XLSX, the same rows in both, nothing in them that could act.

No author keys; times are Beijing's. A search of many pages is read page by page and never held as a whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from tempfile import TemporaryFile

from openpyxl import Workbook

from leads.index.base import LeadIndex
from leads.labels import EVIDENCE_NAMES, INTENT_NAMES, LEAD_STATUS_NAMES, extent_text, precision_text
from leads.models import BEIJING, Hit, LeadQuery
from nlp.models import Region
from nlp.symptoms import lexicon

Cell = str | int | float

MOST_ROWS = 10_000
PAGE = 500
BOM = "\ufeff"  # Excel reads a CSV as UTF-8 only behind it
COLUMNS = (
    "编号", "时间", "需求", "得分", "距离km", "精度", "地点", "地点依据", "症状", "科室", "意图", "状态",
    "负责人", "来源", "重复", "正文", "理由", "链接",
)  # fmt: skip
_WIDTHS = {"A": 18, "B": 17, "P": 80, "Q": 40, "R": 40}  # in characters
_CHUNK = 1 << 16
_UNNAMED: Mapping[str, str] = {}
_LONGEST_CELL = 32_767  # characters, Excel's limit
# What spreadsheets take for the beginning of a formula, also in full width, also behind blanks.
_FORMULA = re.compile(r"[\s\u200b\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
# Characters XML 1.0 has no place for.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def every_hit(index: LeadIndex, query: LeadQuery, *, now: datetime, most: int = MOST_ROWS) -> Iterator[Hit]:
    """All hits of the query in its order, however many pages they fill; at most `most`."""
    return islice(_pages(index, replace(query, limit=min(PAGE, most), cursor=""), now), most)


def _pages(index: LeadIndex, query: LeadQuery, now: datetime) -> Iterator[Hit]:
    while True:
        page = index.search(query, now=now)
        yield from page.items
        if not page.cursor:
            return
        query = replace(query, cursor=page.cursor)


def harmless(value: Cell) -> Cell:
    """A cell that a spreadsheet would run as a formula gets a quote before it."""
    return "'" + value if isinstance(value, str) and _FORMULA.match(value) else value


def row(hit: Hit, people: Mapping[str, str] = _UNNAMED) -> tuple[Cell, ...]:
    """One lead, in the order of `COLUMNS`, made harmless; `people` are the names behind logins."""
    lead, post, tags = hit.lead, hit.lead.post, hit.lead.tags
    names = lexicon.load().specialties
    cells: tuple[Cell, ...] = (
        lead.id,
        post.published_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M"),
        round(lead.need, 4),
        round(hit.score, 4),
        "" if hit.distance_km is None or not _is_point(tags.region) else round(hit.distance_km, 2),
        precision_text(hit.precision),
        _area(tags.region),
        evidence_text(tags.region),
        " ".join(dict.fromkeys(symptom.name for symptom in tags.symptoms if symptom.present)),
        " ".join(names.get(code, code) for code in tags.specialties),
        INTENT_NAMES[tags.intent_label],
        LEAD_STATUS_NAMES.get(lead.status, lead.status),
        people.get(lead.assignee, lead.assignee),
        post.source,
        lead.folded,
        post.full_text,
        "；".join(reason.text for reason in lead.reasons),
        post.url,
    )
    return tuple(harmless(cell) for cell in cells)


def _is_point(region: Region | None) -> bool:
    """Kilometres are those of a point: an area's seat says nothing of a writer's way."""
    return region is not None and region.exact and region.level == "point"


def _area(region: Region | None) -> str:
    if region is None:
        return ""
    return region.name if _is_point(region) or not region.exact else f"{region.name}{extent_text(region)}"


def evidence_text(region: Region | None) -> str:
    """How the place is known: 定位, 签到, “坐标成都”, 文中提到, 版块, IP属地, 资料; "" without a place."""
    if region is None:
        return ""
    if region.evidence == "self" and region.evidence_text:
        return f"“{region.evidence_text}”"
    return EVIDENCE_NAMES[region.evidence]


def csv_lines(
    hits: Iterable[Hit], *, people: Mapping[str, str] = _UNNAMED, bom: bool = True
) -> Iterator[str]:
    """A CSV file, line by line."""
    yield (BOM if bom else "") + csv_line(COLUMNS)
    for hit in hits:
        yield csv_line(row(hit, people))


def csv_line(cells: Iterable[Cell]) -> str:
    """One line of a CSV file, with its end."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def xlsx_chunks(hits: Iterable[Hit], *, people: Mapping[str, str] = _UNNAMED) -> Iterator[bytes]:
    """An XLSX file, in pieces. It is made on disk: its table of contents comes last."""
    rows = ((hit.lead.post.published_at, row(hit, people)) for hit in hits)
    return sheet_chunks("线索", COLUMNS, _WIDTHS, rows)


def sheet_chunks(
    title: str,
    columns: Sequence[str],
    widths: Mapping[str, int],
    rows: Iterable[tuple[datetime, Sequence[Cell]]],
) -> Iterator[bytes]:
    """An XLSX file with one sheet, in pieces: to each row its time, which stands in the second column."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for letter, width in widths.items():
        sheet.column_dimensions[letter].width = width
    sheet.append(columns)
    for at, cells in rows:
        number, _, *others = map(_for_excel, cells)
        # A time that can be sorted and counted with; Excel knows no zones.
        local = at.astimezone(BEIJING).replace(tzinfo=None, microsecond=0)
        sheet.append([number, local, *others])
    with TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def table_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Any table as a CSV file, made harmless."""
    return BOM + csv_line(columns) + "".join(csv_line(map(harmless, cells)) for cells in rows)


def table_xlsx(title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Any small table as an XLSX file of one sheet, made harmless."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.append(columns)
    for cells in rows:
        sheet.append([_for_excel(harmless(cell)) for cell in cells])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _for_excel(cell: Cell) -> Cell:
    return _UNPRINTABLE.sub("", cell)[:_LONGEST_CELL] if isinstance(cell, str) else cell
