"""The HTML pages. Handlers are plain functions: SQLite answers in milliseconds, a thread is enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.templating import Jinja2Templates

from leads.asking import INTENT_NAMES, PRECISION_NAMES, SORT_NAMES, to_query
from leads.errors import QueryError
from leads.index.base import LeadIndex
from leads.models import Clinic, Hit, Mention, Page
from leads.show import age_text, place_text
from leads.web.forms import LeadForm
from leads.web.highlight import segments
from nlp import lexicon

BEIJING = ZoneInfo("Asia/Shanghai")
PAGE_SIZE = 25
SINCE_NAMES = {"1d": "1 天内", "3d": "3 天内", "7d": "7 天内", "30d": "30 天内", "": "不限"}
RADIUS_NAMES = ("1km", "3km", "5km", "10km", "20km")
POLARITY_NAMES = {"praise": "好评", "complaint": "不满", "neutral": "中性"}

templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
templates.env.globals.update(
    segments=segments,
    age_text=age_text,
    place_text=place_text,
    specialties=lexicon.load().specialties,
    precisions=PRECISION_NAMES,
    sorts=SORT_NAMES,
    sinces=SINCE_NAMES,
    radiuses=RADIUS_NAMES,
    intents=INTENT_NAMES,
    polarities=POLARITY_NAMES,
    beijing=lambda moment: moment.astimezone(BEIJING).strftime("%m-%d %H:%M"),
)


def router(index: LeadIndex, clinics: Sequence[Clinic]) -> APIRouter:
    """Pages over one index."""
    routes = APIRouter()

    @routes.get("/")
    def leads(request: Request, asked: Annotated[LeadForm, Query()]) -> Response:
        now = datetime.now(UTC)
        page: Page[Hit] = Page(items=())
        total, problem = 0, ""
        try:
            query = to_query(asked.asked(clinics, limit=PAGE_SIZE), clinics=clinics, now=now)
            page, total = index.search(query, now=now), index.count(query)
        except QueryError as error:
            problem = str(error)
        values = {
            "page": page,
            "total": total,
            "problem": problem,
            "form": asked,
            "clinics": clinics,
            "symptoms": _symptom_names(),
            "now": now,
            "next_url": _next_url(request, page.cursor),
        }
        return templates.TemplateResponse(request, "leads.html", values, status_code=400 if problem else 200)

    @routes.get("/mentions")
    def mentions(request: Request, clinic: str = "") -> Response:
        now = datetime.now(UTC)
        found: list[Mention] = index.mentions(clinic_id=clinic, limit=100)
        names = {item.id: item.name for item in clinics}
        values = {"mentions": found, "clinics": clinics, "names": names, "clinic": clinic, "now": now}
        return templates.TemplateResponse(request, "mentions.html", values)

    return routes


def _symptom_names() -> list[str]:
    return [concept.name for concept in lexicon.load().concepts.values()]


def _next_url(request: Request, cursor: str) -> str:
    if not cursor:
        return ""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor" and value]
    return "/?" + urlencode([*kept, ("cursor", cursor)])


def error_page(request: Request, sentence: str, status: int) -> Response:
    """One sentence and the way back."""
    return templates.TemplateResponse(request, "error.html", {"sentence": sentence}, status_code=status)
