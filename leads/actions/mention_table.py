"""Mentions as a table for spreadsheets, with the work on them; harmless cells, no author keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from leads.actions.export import BOM, Cell, csv_line, harmless, sheet_chunks
from leads.labels import (
    COMPLAINT_NAMES,
    HOW_NAMES,
    MENTION_STATE_NAMES,
    POLARITY_NAMES,
    SEVERITY_NAMES,
    source_name,
)
from leads.models import BEIJING, Mention
from leads.query.alert_conditions import severity_of
from leads.records.mentions import Stand

MENTION_COLUMNS = (
    "编号", "时间", "诊所", "叫出的名字", "怎么认出", "把握", "态度", "严重程度", "类别", "状态", "负责人",
    "来源", "正文", "链接",
)  # fmt: skip


_WIDTHS = {"A": 18, "B": 17, "M": 80, "N": 40}  # in characters
Row = tuple[datetime, tuple[Cell, ...]]


def mention_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A CSV file, line by line."""
    yield BOM + csv_line(MENTION_COLUMNS)
    for _, cells in rows:
        yield csv_line(cells)


def mention_chunks(rows: Iterable[Row]) -> Iterator[bytes]:
    """An XLSX file, in pieces."""
    return sheet_chunks("提及", MENTION_COLUMNS, _WIDTHS, rows)


def mention_rows(
    found: Iterable[Mention],
    stands: Mapping[str, Stand],
    clinics: Mapping[str, str],
    people: Mapping[str, str],
) -> Iterator[Row]:
    """When each was written, and its cells, harmless; `clinics` and `people` are names by id and login."""
    for mention in found:
        stand = stands.get(mention.id, Stand())
        name = clinics.get(mention.clinic_id, mention.clinic_id)
        cells = _cells(mention, stand, name, people.get(stand.assignee, stand.assignee))
        yield mention.post.published_at, tuple(harmless(cell) for cell in cells)


def _cells(mention: Mention, stand: Stand, clinic: str, assignee: str) -> tuple[Cell, ...]:
    post, mood = mention.post, mention.sentiment
    return (
        mention.id,
        post.published_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M"),
        clinic,
        mention.term,
        HOW_NAMES[mention.how],
        round(mention.score, 2),
        POLARITY_NAMES[mood.polarity],
        SEVERITY_NAMES[severity_of(mood.severity)],
        " ".join(COMPLAINT_NAMES[kind] for kind in mood.kinds),
        MENTION_STATE_NAMES[stand.state],
        assignee,
        source_name(post.source),
        post.full_text,
        post.url,
    )
