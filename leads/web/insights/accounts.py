"""Public accounts that shape a topic, and what the clinic's own accounts do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from leads.errors import QueryError
from leads.insights.few import LEAST
from leads.insights.voice import scoreboard
from leads.insights.voice.scoreboard import Scoreboard
from leads.insights.voice.series import WEEKS, Window
from leads.labels import source_name
from leads.models import BEIJING, Clinic
from leads.query.vocabulary import symptom_code
from leads.records import accounts
from leads.records.accounts import PublicAccount
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import ClinicAsked, clinic_of, specialties_of
from leads.web.render import WebPage, render
from nlp.symptoms import lexicon

routes = APIRouter(prefix="/voice")
KIND_NAMES: Mapping[str, str] = {"organisation": "机构", "professional": "专业人员"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A public account by its place in the list: it has no name here."""

    kind: str
    source: str
    account: PublicAccount
    each: str  # replies a post
    focus: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsPage(WebPage):
    """The accounts of a specialty or a symptom."""

    template: ClassVar[str] = "voice_accounts.html"
    specialty: str
    chosen: Mapping[str, str]  # specialties to choose from
    symptom: str  # its name; "" for all of the specialty
    stretch: str
    rows: Sequence[AccountRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPage(WebPage):
    """The scoreboard; `clinic` is None where there is none to be shown."""

    template: ClassVar[str] = "voice_own.html"
    clinic: Clinic | None
    clinics: Sequence[Clinic]
    stretch: str
    board: Scoreboard | None


@routes.get("/accounts")
def show_accounts(
    request: Request, desk: TheDesk, visitor: Anyone, specialty: str = "", symptom: str = ""
) -> Response:
    """The page."""
    found = public_accounts(desk, visitor, specialty=specialty, symptom=symptom)
    known = lexicon.load()
    own = specialties_of(visitor)
    page = AccountsPage(
        specialty=specialty,
        chosen={code: name for code, name in known.specialties.items() if not own or code in own},
        symptom=known.concepts[symptom_code(symptom)].name if symptom.strip() else "",
        stretch=_stretch(desk),
        rows=[_row(each) for each in found],
    )
    return render(request, page)


@routes.get("/own")
def show_own(request: Request, desk: TheDesk, visitor: Anyone, clinic: ClinicAsked = "") -> Response:
    """The page."""
    chosen = clinic_of(visitor, clinic)
    board = scoreboard.find(desk.index, desk.records, chosen, now=desk.clock()) if chosen else None
    page = OwnPage(clinic=chosen, clinics=visitor.clinics, stretch=_stretch(desk), board=board)
    return render(request, page)


def public_accounts(
    desk: Desk, visitor: Visitor, *, specialty: str = "", symptom: str = ""
) -> list[PublicAccount]:
    """Those that wrote at least five posts about it in the last 26 weeks; a doctor's of own fields only.

    Raises:
        QueryError: no such specialty or symptom, or one that is not a doctor's.
    """
    concepts, own = lexicon.load().concepts, specialties_of(visitor)
    if specialty and specialty not in lexicon.load().specialties:
        raise QueryError(f"specialty {specialty[:40]!r} 不认识：请从列表里选一个科室。")
    code = symptom_code(symptom) if symptom.strip() else ""
    wanted = {
        each.code
        for each in concepts.values()
        if code in ("", each.code)
        and specialty in ("", each.specialty)
        and (not own or each.specialty in own)
    }
    if not wanted:
        raise QueryError("这个症状不属于能看的科室：请换一个。")
    since, until = (datetime.combine(day, time(), BEIJING) for day in _days(desk))
    everything = len(wanted) == len(concepts)
    with desk.records.reading() as session:
        return accounts.public_accounts(
            session, symptoms=() if everything else wanted, since=since, until=until, least=LEAST
        )


def own_accounts(desk: Desk, visitor: Visitor, clinic: str) -> Scoreboard:
    """The scoreboard of a clinic that this visitor may see; for programs.

    Raises:
        QueryError: no such clinic, or none at all.
    """
    chosen = clinic_of(visitor, clinic)
    if chosen is None:
        raise QueryError("还没有诊所：请先加一家。")
    return scoreboard.find(desk.index, desk.records, chosen, now=desk.clock())


def _days(desk: Desk) -> tuple[date, date]:
    window = Window(today=desk.clock().astimezone(BEIJING).date())
    return window.since, window.until


def _stretch(desk: Desk) -> str:
    since, _ = _days(desk)
    return f"{since} 起（{WEEKS} 周）"


def _row(account: PublicAccount) -> AccountRow:
    concept = lexicon.load().concepts.get(account.topic)
    return AccountRow(
        kind=KIND_NAMES[account.kind],
        source=source_name(account.source),
        account=account,
        each="不知道" if account.replies is None else f"{account.replies / account.posts:.1f}",
        focus=f"{account.posts / max(account.all_posts, account.posts):.0%}",
        topic=concept.name if concept else "",
    )
