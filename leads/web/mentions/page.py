"""提及: who speaks of the clinics, in what connection, and what has been done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from leads.actions.mention_table import Row, mention_chunks, mention_lines, mention_rows
from leads.errors import QueryError
from leads.index.base import MentionHead
from leads.labels import COMPLAINT_NAMES, SEVERITY_NAMES
from leads.models import BEIJING, Clinic, Mention, Severity
from leads.records import audit, mentions, users
from leads.records.tables.people import User
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.mentions import view as mentionview
from leads.web.mentions.search import MentionsFound, around, find, read
from leads.web.mentions.view import CHOICE_NAMES, ORDERS, MentionForm, MentionRow
from leads.web.render import WebPage, render
from nlp.models import ComplaintKind

PAGE_SIZE = 25
READ_AT_ONCE = 200  # mentions of an export
routes = APIRouter()
_NOTHING = MentionsFound(heads=(), counts={}, many=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTab:
    """One choice of how far the mentions shown are; `count` of them fit the other filters."""

    title: str
    url: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsPage(WebPage):
    """A page of the mentions found; `many` when older ones were not looked at."""

    template: ClassVar[str] = "mentions.html"
    form: MentionForm
    problem: str
    tabs: Sequence[StateTab]
    rows: Sequence[MentionRow]
    total: int
    many: bool
    clinics: Sequence[Clinic]
    people: Sequence[User]
    kinds: Mapping[ComplaintKind, str]
    severities: Mapping[Severity, str]
    orders: Mapping[str, str]
    now: datetime
    here_query: str  # of this very page, for the way back
    export_query: str
    remind_query: str  # what a rule would ask that finds the same from now on
    first_url: str
    next_url: str


@routes.get("/mentions")
def listing(
    request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[MentionForm, Query()]
) -> Response:
    """What is not done yet, the gravest first, of one clinic or of all that the visitor may see."""
    now, problem, found = desk.clock(), "", _NOTHING
    try:
        found = find(desk, visitor, form, now)
    except QueryError as error:
        problem = str(error)
    number = form.number()
    start = (number - 1) * PAGE_SIZE
    with desk.records.reading() as session:
        people = [user for user in users.everybody(session) if not user.disabled]
    page = MentionsPage(
        form=form,
        problem=problem,
        tabs=_tabs(form, found),
        rows=_rows(desk, visitor, found, start),
        total=len(found.heads),
        many=found.many,
        clinics=visitor.clinics,
        people=people,
        kinds=COMPLAINT_NAMES,
        severities={word: name for word, name in SEVERITY_NAMES.items() if word != "low"},
        orders=ORDERS,
        now=now,
        here_query=form.url(page=form.page).partition("?")[2],
        export_query=form.url().partition("?")[2],
        remind_query=_as_rule(visitor, form),
        first_url=form.url() if number > 1 else "",
        next_url=form.url(page=str(number + 1)) if len(found.heads) > start + PAGE_SIZE else "",
    )
    return render(request, page, status=400 if problem else 200)


@routes.get("/mentions/export.csv")
def as_csv(
    request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[MentionForm, Query()]
) -> Response:
    """All that the list shows on all its pages, as one file."""
    rows, headers = _exported(desk, visitor, form, "csv")
    return StreamingResponse(mention_lines(rows), headers=headers, media_type="text/csv")


@routes.get("/mentions/export.xlsx")
def as_xlsx(
    request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[MentionForm, Query()]
) -> Response:
    """The same as an Excel workbook with one sheet."""
    rows, headers = _exported(desk, visitor, form, "xlsx")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return StreamingResponse(mention_chunks(rows), headers=headers, media_type=kind)


def _exported(
    desk: Desk, visitor: Visitor, form: MentionForm, kind: str
) -> tuple[Iterator[Row], dict[str, str]]:
    """The rows and the file's name; written down before the first line leaves."""
    now = desk.clock()
    heads = find(desk, visitor, form, now).heads
    with desk.records.transaction() as session:
        asked = form.url().partition("?")[2][:500]
        audit.note(
            session,
            who=visitor.login,
            action="export.mentions",
            now=now,
            query=asked,
            mentions=len(heads),
            form=kind,
        )
        stands = mentions.stands(session, {head.clinic_id for head in heads})
        people = users.names(session)
    clinics = {clinic.id: clinic.name for clinic in visitor.clinics}
    day = now.astimezone(BEIJING).strftime("%Y%m%d-%H%M")
    kept = {"Content-Disposition": f'attachment; filename="tingzhen-mentions-{day}.{kind}"'}
    return mention_rows(_in_turn(desk, heads), stands, clinics, people), kept


def _as_rule(visitor: Visitor, form: MentionForm) -> str:
    """The filters that mean something to a rule; a doctor's is about the own clinics."""
    clinics = [form.clinic] if form.clinic else [each.id for each in visitor.clinics if visitor.restricted]
    asked = [("q", form.q), *(("clinic", each) for each in clinics)]
    asked += [("polarity", form.polarity), ("kind", form.kind), ("severity", form.severity)]
    return urlencode([(key, value) for key, value in asked if value])


def _in_turn(desk: Desk, heads: Sequence[MentionHead]) -> Iterator[Mention]:
    """The mentions in this order, some at a time."""
    for start in range(0, len(heads), READ_AT_ONCE):
        yield from read(desk, heads[start : start + READ_AT_ONCE])


def _rows(desk: Desk, visitor: Visitor, found: MentionsFound, start: int) -> list[MentionRow]:
    shown = read(desk, found.heads[start : start + PAGE_SIZE])
    known = around(desk, visitor, shown)
    return [mentionview.row(each, known) for each in shown]


def _tabs(form: MentionForm, found: MentionsFound) -> list[StateTab]:
    return [
        StateTab(
            title=title,
            url=form.url(state=choice),
            count=found.counts.get(choice, 0),
            chosen=form.state == choice,
        )
        for choice, title in CHOICE_NAMES.items()
    ]
