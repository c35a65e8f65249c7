"""What came since somebody's last visit: by when we found it, however old the post is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leads.alerts.triggers import rule_set
from leads.alerts.triggers.rule_set import RuleSet
from leads.models import Clinic, Lead, Mention
from leads.records import arrivals, mentions
from leads.web.auth import Visitor
from leads.web.desk import Desk
from leads.web.events.arrived import read
from leads.web.leads.search_form import LeadForm, list_query

MOST_NEWS = timedelta(days=30)  # who was away for longer is told of these


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """Leads near the clinic and mentions of it, what was found last first."""

    leads: Sequence[Lead] = ()
    mentions: Sequence[Mention] = ()

    @property
    def complaints(self) -> Sequence[Mention]:
        """The mentions that complain."""
        return [each for each in self.mentions if each.sentiment.polarity == "complaint"]


def no_longer_than(since: datetime, now: datetime) -> datetime:
    """The moment, or the earliest that anybody is told of."""
    return max(since, now - MOST_NEWS)


def came(
    desk: Desk, visitor: Visitor, near: LeadForm, clinic: Clinic | None, since: datetime, now: datetime
) -> Came:
    """Of the newest arrivals (`leads.records.arrivals.MOST`) those that the clinic's lists would hold.

    Raises:
        QueryError: the person may not see leads there.
        StorageError: index or records cannot be read.
    """
    every = near.model_copy(update={"status": [], "since": ""})
    query = list_query(every, visitor, limit=1, now=now)
    with desk.records.reading() as session:
        causes = arrivals.since(session, since)
    leads, spoken = read(desk.index, causes)
    with desk.records.reading() as session:
        others = mentions.others_among(session, [each.id for each in spoken])
    fitting = RuleSet.asking({0: query}).match(rule_set.of_lead(lead) for lead in leads)
    found = [lead for lead, rules in zip(leads, fitting, strict=True) if rules and visitor.may_see_lead(lead)]
    said = [
        each
        for each in spoken
        if visitor.may_see_mention(each)
        and each.id not in others
        and (clinic is None or each.clinic_id == clinic.id)
    ]
    return Came(
        leads=sorted(found, key=lambda lead: causes[f"lead:{lead.id}"], reverse=True),
        mentions=sorted(said, key=lambda each: causes[f"mention:{each.id}"], reverse=True),
    )
