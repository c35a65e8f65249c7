"""跟进 as a board: a column for each step, a card for each case; `leads.web.pages.cases` moves a card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from leads.labels import STATUS_NAMES
from leads.models import CASE_STATUSES, CaseStatus, Clinic, Lead
from leads.records.tables.people import User
from leads.records.tables.work import Case
from leads.web.leads.elsewhere import Elsewhere
from leads.web.render import WebPage

CARDS = 30  # of a column; the rest is in the list
# A dismissal takes a reason: that is said on the page of the lead.
COLUMNS: tuple[CaseStatus, ...] = tuple(status for status in CASE_STATUSES if status != "dismissed")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCard:
    """A case on the board; `lead` is None when the post is gone. `late` counts days after the due date."""

    case: Case
    lead: Lead | None
    late: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardColumn:
    """One step; `total` cases stand there, `cards` are the most pressing of them."""

    status: CaseStatus
    title: str
    total: int
    cards: Sequence[BoardCard]
    url: str  # the list of all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage(WebPage):
    """The board; `moved` says what was done, `problem` why not, with the way to the lead it is about."""

    template: ClassVar[str] = "board.html"
    columns: Sequence[BoardColumn]
    steps: Mapping[str, str]
    query: str  # of this board, for the way back
    list_url: str
    who: str
    clinic: str
    due: str
    dues: Mapping[str, str]
    people: Sequence[User]
    names: Mapping[str, str]
    clinics: Sequence[Clinic]
    address: Callable[[str], str]
    moved: str
    problem: str
    problem_url: str
    elsewhere: Sequence[Elsewhere]  # where there are cases or leads, when the board is empty


def column(
    status: CaseStatus, found: Sequence[Case], total: int, leads: Mapping[str, Lead], today: date, url: str
) -> BoardColumn:
    """The cards of one step, in the order of the cases."""
    return BoardColumn(
        status=status,
        title=STATUS_NAMES[status],
        total=total,
        cards=[
            BoardCard(
                case=case,
                lead=leads.get(case.lead_id),
                late=(today - case.due_on).days if case.due_on else None,
            )
            for case in found
        ],
        url=url,
    )
