"""医生: who is asked about, what is said of one, and what people ask in the own field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from leads.alerts.triggers.news import mention_page
from leads.index.base import MentionHead
from leads.index.spread import city_of
from leads.insights.questions.questions import CommonQuestion, find
from leads.models import Clinic, DoctorCard, Mention
from leads.records import mentions
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import city_name, excerpt, specialties_of
from leads.web.mentions.search import read
from leads.web.render import WebPage, render

routes = APIRouter()
DAYS = 90
MOST = 2000  # mentions of a clinic, the newest
SHOWN = 20
QUESTIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRow:
    """A doctor with how many mentions name them, by tone."""

    clinic: Clinic
    card: DoctorCard
    address: str
    total: int
    tones: Mapping[str, int]  # polarity → mentions


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorsPage(WebPage):
    """Every doctor of the clinics the visitor knows, who is spoken of most first."""

    template: ClassVar[str] = "doctors.html"
    rows: Sequence[DoctorRow]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorPage(WebPage):
    """One doctor: mentions as (mention, beginning of the post, its page), questions with their pages."""

    template: ClassVar[str] = "doctor.html"
    row: DoctorRow
    days: int
    shown: Sequence[tuple[Mention, str, str]]
    questions: Sequence[tuple[CommonQuestion, str]]
    city: str


@routes.get("/doctors")
def doctors(request: Request, desk: TheDesk, visitor: Anyone, clinic: str = "", name: str = "") -> Response:
    """All doctors, of one clinic with `clinic`; with `name` one of them."""
    wanted = [each for each in visitor.clinics if not clinic or each.id == clinic]
    if name:
        return _one(request, desk, visitor, wanted, name)
    now = desk.clock()
    rows = [row for each in wanted for row in _rows(each, _heads(desk, each, now))]
    page = DoctorsPage(rows=sorted(rows, key=lambda row: (-row.total, row.card.name)), days=DAYS)
    return render(request, page)


def _one(request: Request, desk: Desk, visitor: Visitor, wanted: Sequence[Clinic], name: str) -> Response:
    clinic = next((each for each in wanted if name in each.doctors), None)
    if clinic is None:
        raise HTTPException(404, "没有这位医生：请从医生列表里选。")
    now = desk.clock()
    spoken = _heads(desk, clinic, now)
    row = next(each for each in _rows(clinic, spoken) if each.card.name == name)
    page = DoctorPage(
        row=row,
        days=DAYS,
        shown=[
            (each, excerpt(each.post.full_text), mention_page(each.id))
            for each in read(desk, [head for head in spoken if head.term == name][:SHOWN])
        ],
        questions=_questions(desk, visitor, row, now),
        city=city_name(city_of(clinic.adcode)),
    )
    return render(request, page)


def _heads(desk: Desk, clinic: Clinic, now: datetime) -> list[MentionHead]:
    """Mentions of a clinic, the newest first; none are read where it has named no doctor."""
    if not clinic.doctors:
        return []
    found = desk.index.mention_heads(clinic_id=clinic.id, since=now - timedelta(days=DAYS), limit=MOST)
    with desk.records.reading() as session:
        others = mentions.others_among(session, [each.id for each in found])
    return [each for each in found if each.id not in others]


def _rows(clinic: Clinic, spoken: Sequence[MentionHead]) -> list[DoctorRow]:
    cards = {card.name: card for card in clinic.cards}
    rows = []
    for name in clinic.doctors:
        tones = Counter(str(each.polarity) for each in spoken if each.term == name)
        rows.append(
            DoctorRow(
                clinic=clinic,
                card=cards.get(name, DoctorCard(name=name)),
                address="/doctors?" + urlencode({"clinic": clinic.id, "name": name}),
                total=tones.total(),
                tones=tones,
            )
        )
    return rows


def _questions(
    desk: Desk, visitor: Visitor, row: DoctorRow, now: datetime
) -> list[tuple[CommonQuestion, str]]:
    field = frozenset(row.card.specialties or row.clinic.specialties) or specialties_of(visitor)
    city = city_of(row.clinic.adcode)
    found = find(desk.index, now=now, span="month", city=city, specialties=field)
    return [
        (each, "/questions/posts?" + urlencode({"city": city, "span": "month", "key": each.key}))
        for each in found[:QUESTIONS]
    ]
