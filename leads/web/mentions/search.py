"""The mentions somebody asks for: found without their texts, so that a page reads only those it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from leads.index.base import MentionHead, Stored
from leads.labels import STATUS_NAMES
from leads.models import Lead, Mention, Rule
from leads.records import cases, mentions, users
from leads.records.mentions import Stand
from leads.records.tables.work import Case
from leads.web.auth import Visitor
from leads.web.desk import Desk
from leads.web.leads.list_view import page_of
from leads.web.mentions.view import (
    CHOICES,
    MINE,
    NOBODYS,
    LeadState,
    MentionForm,
    Surroundings,
    fits,
    says,
)

MOST = 2000  # of a clinic, the newest; further back the time has to be narrowed
_UNTOUCHED = Stand()


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsFound:
    """Those that fit, in the order asked for; how many there are of every choice of state; `many` when
    older ones were not looked at."""

    heads: Sequence[MentionHead]
    counts: Mapping[str, int]
    many: bool


def find(
    desk: Desk, visitor: Visitor, form: MentionForm, now: datetime, *, most: int = MOST
) -> MentionsFound:
    """Those the visitor may see that fit; of each clinic's newest `most`.

    Raises:
        QueryError: the form cannot be understood.
    """
    condition, order, wanted = form.condition(visitor.clinics, now), form.order(), form.states()
    near, many = _newest(desk, visitor, form, now, most)
    heads = [head for head in near if fits(head, condition)]
    heads = _with_words(desk, heads, condition.words) if condition.words is not None else heads
    with desk.records.reading() as session:
        stands = mentions.stands(session, {head.clinic_id for head in heads})
    heads = [head for head in heads if _is_of(form.who, visitor, stands.get(head.id, _UNTOUCHED))]
    states = Counter(stands.get(head.id, _UNTOUCHED).state for head in heads)
    return MentionsFound(
        heads=sorted((h for h in heads if stands.get(h.id, _UNTOUCHED).state in wanted), key=order),
        counts={choice: sum(states[each] for each in several) for choice, several in CHOICES.items()},
        many=many,
    )


def _newest(
    desk: Desk, visitor: Visitor, form: MentionForm, now: datetime, most: int
) -> tuple[list[MentionHead], bool]:
    since = form.moment(now)
    own = [clinic.id for clinic in visitor.clinics]
    # A doctor's own clinics are asked for one by one: among all of them the own might not come up.
    chosen = [form.clinic] if form.clinic or not visitor.restricted else own
    if visitor.restricted:
        chosen = [clinic_id for clinic_id in chosen if clinic_id in own]
    found = [desk.index.mention_heads(clinic_id=each, since=since, limit=most) for each in chosen]
    return [head for each in found for head in each], any(len(each) >= most for each in found)


def _is_of(who: str, visitor: Visitor, stand: Stand) -> bool:
    wanted = {MINE: visitor.login, NOBODYS: ""}.get(who, who)
    return not who or stand.assignee == wanted


def _with_words(desk: Desk, heads: Sequence[MentionHead], rule: Rule) -> list[MentionHead]:
    known = {each.id: each for each in read(desk, heads)}
    return [head for head in heads if head.id in known and says(known[head.id], rule)]


def read(desk: Desk, heads: Sequence[MentionHead]) -> list[Mention]:
    """The mentions themselves, in this order; one that went meanwhile is left out."""
    stored = desk.index.records("mentions", [head.id for head in heads]) if heads else ()
    known = {each.id: each for each in stored if isinstance(each, Mention)}
    return [known[head.id] for head in heads if head.id in known]


def around(desk: Desk, visitor: Visitor, shown: Sequence[Mention]) -> Surroundings:
    """What a page shows of these besides themselves."""
    post_ids = list(dict.fromkeys(each.post.id for each in shown))
    stored = desk.index.records("leads", post_ids) if post_ids else ()
    leads = [each.lead for each in stored if isinstance(each, Stored)]
    with desk.records.reading() as session:
        people = users.names(session)
        work = mentions.get_many(session, [each.id for each in shown])
        there = cases.get_many(session, [lead.id for lead in leads])
    return Surroundings(
        clinics={clinic.id: clinic.name for clinic in visitor.clinics},
        people=people,
        work=work,
        leads={
            lead.id: _lead_state(lead, there.get(lead.id), people)
            for lead in leads
            if visitor.may_see_lead(lead)
        },
    )


def _lead_state(lead: Lead, case: Case | None, people: Mapping[str, str]) -> LeadState:
    status, assignee = (case.status, case.assignee) if case else (lead.status, lead.assignee)
    return LeadState(
        url=page_of(lead.id),
        status=STATUS_NAMES.get(status, status),
        assignee=people.get(assignee, assignee),
    )
