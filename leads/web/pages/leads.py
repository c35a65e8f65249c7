"""线索: the search."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from leads.asking import to_query
from leads.errors import QueryError
from leads.models import Hit, Page
from leads.web.auth import Anyone
from leads.web.desk import TheDesk
from leads.web.forms import LeadForm
from leads.web.render import render
from nlp import lexicon

PAGE_SIZE = 25
routes = APIRouter()


@routes.get("/")
def search(request: Request, desk: TheDesk, visitor: Anyone, asked: Annotated[LeadForm, Query()]) -> Response:
    """The leads that match the form in the address."""
    now = desk.clock()
    page: Page[Hit] = Page(items=())
    total, problem = 0, ""
    try:
        query = to_query(asked.asked(visitor.clinics, limit=PAGE_SIZE), clinics=visitor.clinics, now=now)
        page, total = desk.index.search(query, now=now), desk.index.count(query)
    except QueryError as error:
        problem = str(error)
    values = {
        "page": page,
        "total": total,
        "problem": problem,
        "form": asked,
        "clinics": visitor.clinics,
        "symptoms": _symptom_names(),
        "now": now,
        "next_url": _next_url(request, page.cursor),
    }
    return render(request, "leads.html", values, status=400 if problem else 200)


def _symptom_names() -> list[str]:
    return [concept.name for concept in lexicon.load().concepts.values()]


def _next_url(request: Request, cursor: str) -> str:
    if not cursor:
        return ""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor" and value]
    return "/?" + urlencode([*kept, ("cursor", cursor)])
