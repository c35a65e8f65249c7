"""Templates and what they may call; one place that turns values into a page."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates

from leads.labels import (
    INTENT_NAMES,
    POLARITY_NAMES,
    PRECISION_NAMES,
    ROLE_NAMES,
    SINCE_NAMES,
    SORT_NAMES,
    age_text,
    place_text,
    source_name,
)
from leads.models import BEIJING, ROLES
from leads.query.fields import TYPED
from leads.web.leads.highlight import segments
from nlp.symptoms import lexicon

RADIUS_NAMES = ("1km", "3km", "5km", "10km", "20km")
# Address, key, title and who sees it; pages tell the layout their key as `here`.
MENU = (
    ("/", "leads", "线索", ROLES),
    ("/cases", "cases", "跟进", ROLES),
    ("/ten", "ten", "十问", ROLES),
    ("/mentions", "mentions", "提及", ROLES),
    ("/map", "map", "地图", ROLES),
    ("/rules", "rules", "规则", ("admin", "marketer")),
    ("/alerts", "alerts", "提醒", ROLES),
    ("/digests", "digests", "简报", ROLES),
    ("/clinics", "clinics", "诊所", ("admin", "marketer")),
    ("/coverage", "coverage", "采集", ("admin", "marketer")),
    ("/users", "users", "用户", ("admin",)),
)

templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
templates.env.globals.update(
    segments=segments,
    age_text=age_text,
    place_text=place_text,
    source_name=source_name,
    specialties=lexicon.load().specialties,
    precisions=PRECISION_NAMES,
    sorts=SORT_NAMES,
    sinces=SINCE_NAMES,
    radiuses=RADIUS_NAMES,
    typed_fields=TYPED,
    intents=INTENT_NAMES,
    polarities=POLARITY_NAMES,
    roles=ROLE_NAMES,
    menu=MENU,
)


def beijing(moment: datetime, form: str = "%m-%d %H:%M") -> str:
    """A time as people in China read it."""
    return moment.astimezone(BEIJING).strftime(form)


templates.env.globals["beijing"] = beijing


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """What a template is given: each template has a class of its own, whose fields are the names it uses."""

    template: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(WebPage):
    """One sentence and the way back."""

    template: ClassVar[str] = "error.html"
    sentence: str


def render(request: Request, page: WebPage, *, status: int = 200) -> Response:
    """A page. Templates find the person as `visitor` (None before the login) and the form token in it."""
    values = {field.name: getattr(page, field.name) for field in fields(page)}
    values["visitor"] = getattr(request.state, "visitor", None)
    return templates.TemplateResponse(request, page.template, values, status_code=status)


def error_page(request: Request, sentence: str, status: int) -> Response:
    """One sentence and the way back."""
    return render(request, ErrorPage(sentence=sentence), status=status)
