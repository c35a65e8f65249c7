"""Exports: exactly what the lead page shows, as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from leads.actions.export import MOST_ROWS, csv_lines, every_hit, xlsx_chunks
from leads.models import BEIJING, Hit
from leads.query.search import maybe_near
from leads.records import audit, users
from leads.web.auth import Anyone
from leads.web.desk import TheDesk
from leads.web.leads.search_form import LeadForm, lead_query, list_query

LINES_AT_ONCE = 200
routes = APIRouter()
Asked = Annotated[LeadForm, Query()]


@routes.get("/leads/export.csv")
def as_csv(request: Request, desk: TheDesk, visitor: Anyone, form: Asked) -> Response:
    """UTF-8 with a byte order mark, so that Excel reads it."""
    hits, now = _hits(desk, visitor, form, "csv")
    return StreamingResponse(
        _joined(csv_lines(hits, people=_people(desk))), headers=_headers("csv", now), media_type="text/csv"
    )


@routes.get("/leads/export.xlsx")
def as_xlsx(request: Request, desk: TheDesk, visitor: Anyone, form: Asked) -> Response:
    """An Excel workbook with one sheet."""
    hits, now = _hits(desk, visitor, form, "xlsx")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return StreamingResponse(
        xlsx_chunks(hits, people=_people(desk)), headers=_headers("xlsx", now), media_type=kind
    )


def _hits(desk: TheDesk, visitor: Anyone, form: LeadForm, kind: str) -> tuple[Iterator[Hit], datetime]:
    """All that the page would show on all its pages; written down before the first line leaves."""
    now = desk.clock()
    first = form.model_copy(update={"cursor": ""})
    count = min(desk.index.count(lead_query(first, visitor, limit=1, now=now)), MOST_ROWS)
    # As the page has it: who is near, and behind them the group of who may be.
    shown = list_query(first, visitor, limit=1, now=now)
    groups = [shown] if form.precision or shown.near is None else [shown, maybe_near(shown)]
    with desk.records.transaction() as session:
        asked = form.url("").removeprefix("?")[:500]
        audit.note(session, who=visitor.login, action=f"export.{kind}", now=now, query=asked, leads=count)
    hits = chain.from_iterable(every_hit(desk.index, group, now=now) for group in groups)
    return islice(hits, MOST_ROWS), now


def _people(desk: TheDesk) -> Mapping[str, str]:
    with desk.records.reading() as session:
        return users.names(session)


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Some lines at a time: each piece that is sent has its price."""
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == LINES_AT_ONCE:
            yield "".join(batch)
            batch.clear()
    yield "".join(batch)


def _headers(kind: str, now: datetime) -> dict[str, str]:
    day = now.astimezone(BEIJING).strftime("%Y%m%d-%H%M")
    return {"Content-Disposition": f'attachment; filename="tingzhen-leads-{day}.{kind}"'}
