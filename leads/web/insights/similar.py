"""相似: leads about the same as a description in one's own words, or as another lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response

from leads import storage
from leads.insights import similar
from leads.models import Lead
from leads.records import feedback
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import excerpt
from leads.web.render import WebPage, beijing, render

routes = APIRouter()
LONGEST = 2000  # characters of a description
SHOWN = 20
EXCERPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarLead:
    """A lead of the answer."""

    url: str
    text: str
    said: str  # when and where


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarPage(WebPage):
    """A description and the leads about the same; `asked`: there was one."""

    template: ClassVar[str] = "similar.html"
    text: str
    asked: bool
    found: Sequence[SimilarLead]
    longest: int = LONGEST


@routes.get("/similar")
def form(request: Request, visitor: Anyone) -> Response:
    """The form."""
    return render(request, SimilarPage(text="", asked=False, found=()))


@routes.post("/similar")
def show(
    request: Request, desk: TheDesk, visitor: Anyone, text: Annotated[str, Form(max_length=LONGEST)] = ""
) -> Response:
    """The leads; the description is kept nowhere, so it stands in no address either."""
    leads = of_text(desk, visitor, text, SHOWN)
    page = SimilarPage(text=text, asked=bool(text.strip()), found=[_told(lead) for lead in leads])
    return render(request, page)


def of_text(desk: Desk, visitor: Visitor, text: str, limit: int) -> tuple[Lead, ...]:
    """Leads this visitor may see that are about what a text says, the most alike first."""
    with desk.records.reading() as session:
        own = feedback.own_words(session)
    about = similar.described(text, storage.tagger_at_hand(desk.settings.data_dir, own).tag(text))
    return similar.find(desk.index, about, now=desk.clock(), limit=limit, may_see=visitor.may_see_lead)


def of_lead(desk: Desk, visitor: Visitor, lead: Lead, limit: int) -> tuple[Lead, ...]:
    """The same as a lead."""
    return similar.find(
        desk.index,
        similar.of_lead(lead),
        now=desk.clock(),
        besides=lead.id,
        limit=limit,
        may_see=visitor.may_see_lead,
    )


def _told(lead: Lead) -> SimilarLead:
    place = lead.tags.region.name if lead.tags.region else "地点不明"
    return SimilarLead(
        url="/leads/" + quote(lead.id, safe=""),
        text=excerpt(lead.post.full_text, EXCERPT),
        said=f"{beijing(lead.post.published_at)} · {place}",
    )
