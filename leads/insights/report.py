"""What a report tells besides its counts: topics, questions, the funnel, and how much was read.

Numbers only, none of people under five, each with the address of exactly what is behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from leads.index.base import LeadIndex
from leads.insights.few import LEAST, merged
from leads.insights.funnel import FunnelStage
from leads.insights.questions import questions
from leads.insights.questions.questions import CommonQuestion
from leads.insights.topics import topics
from leads.insights.topics.topics import Span, TopicTable, days_of, said
from leads.labels import FUNNEL_NAMES, source_name
from leads.models import Period
from leads.sources.estimates import about, board_name
from leads.sources.states import SourceState

ROWS = 8  # of a part
SPANS: Mapping[Period, Span] = {"daily": "week", "weekly": "week", "monthly": "month", "quarterly": "month"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A figure: its name, the number (None: under five), more in words, the address of what is behind it."""

    name: str
    count: int | None
    said: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPart:
    """A part of a report: drawn as bars of its rows, with its window in words and the page it comes from."""

    title: str
    unit: str  # of the numbers
    window: str
    address: str
    rows: tuple[ReportRow, ...]

    @property
    def sentence(self) -> str:
        """The part in one line for a chat: its first three rows."""
        told = (f"{row.name} {count_words(row, self.unit)}" for row in self.rows[:3])
        return f"{self.title}（{self.window}）：{'、'.join(told)}。"


def count_words(row: ReportRow, unit: str) -> str:
    """ "14 条（是往常的 2.0 倍（7 → 14））", "不足 5 条"."""
    told = f"不足 {LEAST} {unit}" if row.count is None else f"{row.count} {unit}"
    return f"{told}（{row.said}）" if row.said else told


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCount:
    """A row of a table as it may be sent: `before` in words."""

    name: str
    count: int
    before: str


def told_counts(rows: Sequence[tuple[str, int, int]]) -> tuple[ToldCount, ...]:
    """Rows of (name, count, count before) without figures under five: what has fewer is put together."""
    found = merged({name: count for name, count, _ in rows})
    before = {name: str(past) if past >= LEAST else few_words(past) for name, _, past in rows}
    told = [ToldCount(name=name, count=count, before=before[name]) for name, count in found.rows.items()]
    return (*told, *([ToldCount(name="其他", count=found.rest, before="—")] if found.rest else []))


def few_words(count: int) -> str:
    """A count that may be told, or that it is under five."""
    return str(count) if count == 0 or count >= LEAST else f"不足 {LEAST}"


def parts_of(found: Iterable[ReportPart]) -> tuple[ReportPart, ...]:
    """Those that say anything."""
    return tuple(part for part in found if part.rows)


def town(
    index: LeadIndex,
    city: str,
    span: Span,
    *,
    now: datetime,
    troubled: Collection[str],
    specialties: Collection[str],
) -> tuple[ReportPart, ReportPart]:
    """Topics and questions of a city ("" for everywhere), of these specialties where any are given.

    Raises:
        StorageError: the index cannot be read.
    """
    table = topics.find(index, city, span, now=now, troubled=troubled, specialties=specialties)
    asked = questions.find(index, now=now, span=span, city=city, specialties=specialties)
    return topics_part(table), questions_part(asked, city, span, now)


def topics_part(table: TopicTable) -> ReportPart:
    """The topics that rise, then the largest. Pure."""
    rows = [
        ReportRow(
            name=topic.name,
            count=topic.figure.count,
            said=said(topic) if table.comparable else "",
            address=_listed(table.city, table.since, table.until, topic.code),
        )
        for topic in table.topics[:ROWS]
        if topic.figure.count
    ]
    return ReportPart(
        title="话题",
        unit="条",
        window=f"{table.since} 起",
        address="/topics?" + urlencode({"city": table.city or "all", "span": table.span}),
        rows=tuple(rows),
    )


def questions_part(found: Sequence[CommonQuestion], city: str, span: Span, now: datetime) -> ReportPart:
    """The commonest questions. Pure."""
    asked = {"city": city or "all", "span": span}
    rows = [
        ReportRow(
            name=f"{each.symptom_name}：{each.title}",
            count=each.people,
            said=f"{each.unanswered}人没人回答" if each.unanswered != "0" else "",
            address="/questions/posts?" + urlencode({**asked, "key": each.key}),
        )
        for each in found[:ROWS]
    ]
    return ReportPart(
        title="大家在问",
        unit="人",
        window=f"{days_of(span, now)[0]} 起",
        address="/questions?" + urlencode(asked),
        rows=tuple(rows),
    )


def funnel_part(stages: Sequence[FunnelStage], since: date, clinic_id: str) -> ReportPart:
    """The funnel of the cases opened since a day; stages that nobody reached are left out. Pure."""
    asked = {"since": since.isoformat(), **({"clinic": clinic_id} if clinic_id else {})}
    rows = [
        ReportRow(
            name=FUNNEL_NAMES[each.stage],
            count=each.count if each.count >= LEAST else None,
            address="/funnel?" + urlencode({**asked, "stage": each.stage}) + "#list",
        )
        for each in stages
        if each.count
    ]
    return ReportPart(
        title="漏斗",
        unit="条",
        window=f"{since} 起",
        address="/funnel?" + urlencode(asked),
        rows=tuple(rows),
    )


def coverage_part(found: Iterable[SourceState]) -> ReportPart:
    """How much of each board was read, where two views tell. Pure."""
    rows = [
        ReportRow(
            name=f"{source_name(state.source.name)} {board_name(state.source, board.board)}",
            count=round(100 * board.threads.share),
            said=about(board.threads),
            address="/coverage/" + state.source.name,
        )
        for state in found
        for board in state.boards
        if board.threads is not None
    ]
    return ReportPart(
        title="读到多少",
        unit="%",
        window="近 30 天",
        address="/coverage",
        rows=tuple(sorted(rows, key=lambda row: (row.count or 0, row.name))[:ROWS]),
    )


def _listed(city: str, since: date, until: date, symptom: str) -> str:
    place = ("area", city) if city else ("near", "all")
    dates = (("since", since.isoformat()), ("until", until.isoformat()))
    return "/leads?" + urlencode([place, ("symptom", symptom), *dates])
