"""Templates and what they may call; one place that turns values into a page."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from leads.labels import (
    INTENT_NAMES,
    POLARITY_NAMES,
    PRECISION_NAMES,
    ROLE_DUTIES,
    ROLE_NAMES,
    SINCE_NAMES,
    SORT_NAMES,
    TERMS,
    age_text,
    place_text,
    source_name,
)
from leads.models import BEIJING
from leads.query.fields import TYPED
from leads.scoring.by_child import written_by_child
from leads.web.assets import static
from leads.web.glossary import explained
from leads.web.leads.highlight import segments, style_of
from leads.web.menu import dock_of, menu_of
from nlp.symptoms import lexicon

RADIUS_NAMES = ("1km", "3km", "5km", "10km", "20km")
THEME_COOKIE = "tingzhen_theme"
THEME_NAMES = {"auto": "自动", "light": "浅色", "dark": "深色"}

templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
templates.env.globals.update(
    segments=segments,
    style_of=style_of,
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
    duties=ROLE_DUTIES,
    menu_of=menu_of,
    dock_of=dock_of,
    static=static,
    written_by_child=written_by_child,
    themes=THEME_NAMES,
)


def beijing(moment: datetime, form: str = "%m-%d %H:%M") -> str:
    """A time as people in China read it."""
    return moment.astimezone(BEIJING).strftime(form)


def theme_of(request: Request) -> str:
    """Light or dark, as this browser's person chose; "auto", the window's own way, where nobody did."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEME_NAMES else "auto"


templates.env.globals.update(beijing=beijing, theme_of=theme_of)


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
    """A page, its terms explained. Templates find the person as `visitor` (None before the login) and the
    form token in it."""
    values = {field.name: getattr(page, field.name) for field in fields(page)}
    values["visitor"] = getattr(request.state, "visitor", None)
    html = templates.get_template(page.template).render({"request": request, **values})
    return HTMLResponse(explained(html, TERMS), status_code=status)


def error_page(request: Request, sentence: str, status: int) -> Response:
    """One sentence and the way back."""
    return render(request, ErrorPage(sentence=sentence), status=status)
