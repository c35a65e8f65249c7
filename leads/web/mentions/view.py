"""Mentions as a page shows them: filtered, with the words that say so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from pydantic import BaseModel

from leads.alerts.triggers.news import mention_page
from leads.errors import QueryError
from leads.index.base import MentionHead
from leads.labels import COMPLAINT_NAMES, HOW_NAMES, MENTION_STATE_NAMES, SEVERITY_NAMES
from leads.models import MENTION_STATES, SEVERITIES, Clinic, Mention, MentionState, Reason, Rule
from leads.query.alert_conditions import MentionCondition, read, severity_of
from leads.query.holds import holds, subject
from leads.query.search import to_query
from leads.records.tables.mentions import MentionWork
from leads.web.leads.highlight import Segment, excerpt, segments
from nlp.models import Intent, Tags
from nlp.text.normal import blank_noise, normalise
from nlp.text.tokens import cut, words

SHOWN = 300  # characters of a post in the list
# A mention keeps no tags but its words: they are cut from the post.
Place = tuple[int, int, str]  # where a mention stands in an order
_UNKNOWN = Intent(0, 0, 0, 0, 0, 0)


# What may be asked for: a state, or several under one name.
UNFINISHED, EVERY = "", "all"
CHOICES: Mapping[str, tuple[MentionState, ...]] = {
    UNFINISHED: ("open", "working"),
    **{state: (state,) for state in MENTION_STATES},
    EVERY: ("open", "working", "done"),
}
CHOICE_NAMES: Mapping[str, str] = {
    UNFINISHED: "没处理完",
    **{str(state): name for state, name in MENTION_STATE_NAMES.items()},
    EVERY: "全部",
}
MINE, NOBODYS = "me", "none"  # in place of a login
ORDERS = {"": "先重后轻", "newest": "最新"}


class MentionForm(BaseModel):
    """As in the URL."""

    q: str = ""
    clinic: str = ""
    polarity: str = ""
    kind: str = ""
    severity: str = ""
    since: str = ""
    state: str = UNFINISHED
    who: str = ""
    sort: str = ""
    page: str = ""

    def number(self) -> int:
        """Of the page asked for, from 1."""
        return (
            int(self.page)
            if self.page.isdecimal() and self.page.isascii() and 0 < int(self.page) < 1000
            else 1
        )

    def url(self, **changes: str) -> str:
        """The address that asks this, with some fields replaced."""
        values = {**self.model_dump(), "page": "", **changes}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/mentions?{query}" if query else "/mentions"

    def condition(self, clinics: Sequence[Clinic], now: datetime) -> MentionCondition:
        """The filters as those of a rule, but for the clinic.

        Raises:
            QueryError: names the field that cannot be understood.
        """
        given = {name: getattr(self, name) for name in ("q", "polarity", "kind", "severity")}
        found = read("mention", urlencode(given), clinics=clinics, now=now)
        assert isinstance(found, MentionCondition)  # noqa: S101 - asked for this kind
        return found

    def states(self) -> tuple[MentionState, ...]:
        """How far those asked for are; raises QueryError."""
        if self.state not in CHOICES:
            known = "、".join(filter(None, CHOICES))
            raise QueryError(f"state {self.state!r} 不认识：可用 {known}，或不写。")
        return CHOICES[self.state]

    def order(self) -> Callable[[MentionHead], Place]:
        """What the list is sorted by; raises QueryError."""
        if self.sort in ("", "severity"):
            return lambda head: (-head.severity, -head.published, head.id)
        if self.sort == "newest":
            return lambda head: (0, -head.published, head.id)
        raise QueryError(f"sort {self.sort!r} 不认识：可用 severity、newest。")

    def moment(self, now: datetime) -> datetime | None:
        """The beginning of the time asked for; raises QueryError."""
        return to_query({"since": self.since}, clinics=(), now=now).since


def fits(head: MentionHead, condition: MentionCondition) -> bool:
    """What a rule with this condition would say, but for its words."""
    return (
        (not condition.polarities or head.polarity in condition.polarities)
        and (not condition.kinds or not set(condition.kinds).isdisjoint(head.kinds))
        and SEVERITIES.index(severity_of(head.severity)) >= SEVERITIES.index(condition.severity)
    )


def says(mention: Mention, rule: Rule) -> bool:
    """Whether the post has the words."""
    tokens = tuple(words(cut(blank_noise(normalise(mention.post.full_text)))))
    tags = Tags(
        symptoms=(), specialties=(), intent=_UNKNOWN, intent_label="other", region=None, tokens=tokens
    )
    return holds(rule, subject(mention.post, tags))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadState:
    """The lead that a mention's post is as well: a status in one is seen in the other."""

    url: str
    status: str  # its name
    assignee: str  # a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the rows of a list show besides the mentions: names by clinic id and login, work by mention, leads
    by post."""

    clinics: Mapping[str, str]
    people: Mapping[str, str] = field(default_factory=dict)
    work: Mapping[str, MentionWork] = field(default_factory=dict)
    leads: Mapping[str, LeadState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionRow:
    """A mention for the list."""

    mention: Mention
    clinic: str  # its name
    text: list[Segment]
    page: str  # address of its own page
    how: str
    kinds: tuple[str, ...]
    severity: str  # "" for nothing grave
    state: MentionState = "open"
    version: int = 0  # of the work on it; 0: nobody has done anything
    assignee: str = ""  # a name
    lead: LeadState | None = None  # where the post is a lead, too

    @property
    def state_name(self) -> str:
        """How far the work is, in words."""
        return MENTION_STATE_NAMES[self.state]

    @property
    def unsure(self) -> bool:
        """Somebody else of the name may be meant."""
        return self.mention.score < 0.8 and self.mention.how != "comment"


def row(mention: Mention, around: Surroundings, *, whole: bool = False) -> MentionRow:
    """A mention with what is known around it; `whole` keeps all of the text."""
    work = around.work.get(mention.id)
    post, mood = mention.post, mention.sentiment
    reasons = evidence(mention)
    grave = severity_of(mood.severity)
    return MentionRow(
        mention=mention,
        clinic=around.clinics.get(mention.clinic_id, mention.clinic_id),
        text=segments(post.full_text, reasons) if whole else excerpt(post.full_text, reasons, SHOWN),
        page=mention_page(mention.id),
        how=HOW_NAMES[mention.how],
        kinds=tuple(COMPLAINT_NAMES[kind] for kind in mood.kinds),
        severity=SEVERITY_NAMES[grave] if grave != SEVERITIES[0] else "",
        state=work.state if work else "open",
        version=work.version if work else 0,
        assignee=around.people.get(work.assignee, work.assignee) if work else "",
        lead=around.leads.get(post.id),
    )


def evidence(mention: Mention) -> tuple[Reason, ...]:
    """The words behind it, for marking: mood, support, and the name over both."""
    bad = mention.sentiment.polarity == "complaint"
    cues = [Reason(kind="urgency" if bad else "place", text=cue, words=cue) for cue in mention.sentiment.cues]
    support = [Reason(kind="symptom", text=word, words=word) for word in mention.support]
    return (*cues, *support, Reason(kind="words", text=mention.term, words=mention.said or mention.term))


def in_thread(mentions: Iterable[Mention], mention: Mention, span: timedelta) -> list[Mention]:
    """The other mentions of the thread, one a post, by floor and time."""
    post = mention.post
    found = {
        each.post.id: each
        for each in mentions
        if post.thread_id
        and (each.post.source, each.post.thread_id) == (post.source, post.thread_id)
        and each.post.id != post.id
        and abs(each.post.published_at - post.published_at) <= span
    }
    return sorted(found.values(), key=lambda each: (each.post.floor or 0, each.post.published_at))
