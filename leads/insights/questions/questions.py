"""大家在问: the questions that come again and again, by symptom, and how many nobody has answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice

from leads.index.base import LeadIndex
from leads.insights.few import LEAST
from leads.insights.questions.clusters import clusters
from leads.insights.questions.kinds import OTHER, asked, load
from leads.insights.topics.topics import Span, days_of
from leads.models import BEIJING, Lead, LeadQuery
from nlp.models import Symptom

READ = 3000  # the newest leads of a span are read
_CIRCUMSTANCES = frozenset({"pregnancy"})  # "怀孕三个月，感冒了怎么办" asks about the cold


@dataclass(frozen=True, slots=True)
class AskedIn:
    """Where a question was asked, without its words: `sentence` reads them from the lead as it is now."""

    lead_id: str
    number: int  # of the questions of the post, from 0


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A question as somebody wrote it."""

    at: AskedIn
    text: str
    person: str  # pseudonym, or the post's id where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonQuestion:
    """A question of at least `LEAST` people, without words of theirs. `posts`: the most typical first."""

    symptom: str  # code
    symptom_name: str
    kind: str  # code of `kinds.load`; OTHER for a question of its own
    title: str
    people: int
    unanswered: str  # how many of these nobody answered, as it may be told (zh-CN)
    posts: tuple[AskedIn, ...]

    def to_json(self) -> dict[str, object]:
        """For programs: no words of a post."""
        return {
            "symptom": self.symptom,
            "name": self.symptom_name,
            "kind": self.kind,
            "title": self.title,
            "people": self.people,
            "unanswered": self.unanswered,
        }

    @property
    def key(self) -> str:
        """Names the question in an address."""
        return f"{self.symptom}.{self.kind}" if self.kind else f"{self.symptom}.{self.title}"


def find(
    index: LeadIndex,
    *,
    now: datetime,
    span: Span = "month",
    city: str = "",
    symptom: str = "",
    specialties: Collection[str] = (),
) -> tuple[CommonQuestion, ...]:
    """What people asked in a span, the most asked first. `city`: adcode, "" for everywhere.

    Raises:
        StorageError: the index cannot be read.
    """
    query = LeadQuery(
        area=city,
        symptoms=(symptom,) if symptom else (),
        specialties=tuple(sorted(specialties)),
        since=datetime.combine(days_of(span, now)[0], time(), BEIJING),
        sort="newest",
        limit=READ,
    )
    leads = [hit.lead for hit in index.search(query, now=now).items]
    return of_leads(leads, only=symptom)


def of_leads(leads: Iterable[Lead], *, only: str = "") -> tuple[CommonQuestion, ...]:
    """The questions of these leads; with `only` those about one symptom. Pure."""
    groups: dict[tuple[str, str], list[_Sentence]] = defaultdict(list)
    names: dict[str, str] = {}
    answered: dict[str, bool] = {}
    for lead in leads:
        present = {each.code: each for each in lead.tags.symptoms if each.present}
        answered[lead.id] = lead.post.replies != 0  # not known counts as answered: nothing is claimed
        for number, each in enumerate(asked(lead.post.full_text)):
            for symptom in _about(each.text, list(present.values()), only):
                names[symptom.code] = symptom.name
                person = lead.post.author_key or lead.id
                groups[(symptom.code, each.kind)].append(
                    _Sentence(AskedIn(lead.id, number), each.text, person)
                )
    found: list[CommonQuestion] = []
    for (code, kind), posts in groups.items():
        for title, members in _titled(kind, posts):
            question = _question(code, names[code], kind, title, members, answered)
            if question is not None:
                found.append(question)
    return tuple(sorted(found, key=lambda each: (-each.people, each.key)))


def _about(sentence: str, symptoms: Sequence[Symptom], only: str) -> Iterable[Symptom]:
    """The symptoms a question is about: those it names, or the first of the post."""
    named = _complaints([each for each in symptoms if each.surface in sentence]) or _complaints(symptoms)[:1]
    return [each for each in named if not only or each.code == only]


def _complaints(symptoms: Sequence[Symptom]) -> Sequence[Symptom]:
    """Without what somebody lives in rather than suffers from, unless that is all there is."""
    return [each for each in symptoms if each.code not in _CIRCUMSTANCES] or symptoms


def sentence(lead: Lead, number: int) -> str:
    """That question of the lead, masked when it was stored. "": it is there no more."""
    return next((each.text for each in islice(asked(lead.post.full_text), number, None)), "")


def _titled(kind: str, posts: list[_Sentence]) -> Iterable[tuple[str, list[_Sentence]]]:
    """A known kind is one question; what asks something of its own is put together by its words."""
    if kind != OTHER:
        return [(load().kinds[kind].title, posts)]
    found = clusters([post.text for post in posts])
    return [
        ("说到" + "、".join(each.shared), [posts[at] for at in each.members]) for each in found if each.shared
    ]


def _question(
    code: str, name: str, kind: str, title: str, posts: Sequence[_Sentence], answered: dict[str, bool]
) -> CommonQuestion | None:
    people = {post.person for post in posts}
    if len(people) < LEAST:
        return None
    waiting = {post.person for post in posts if not answered[post.at.lead_id]}
    # One sentence a post is enough to show.
    shown = tuple({post.at.lead_id: post.at for post in reversed(posts)}.values())[::-1]
    return CommonQuestion(
        symptom=code,
        symptom_name=name,
        kind=kind,
        title=title,
        people=len(people),
        unanswered=_share(len(waiting), len(people)),
        posts=shown,
    )


def _share(waiting: int, people: int) -> str:
    """How many nobody answered; few on either side are told in words."""
    if waiting == 0:
        return "0"
    if waiting < LEAST:
        return f"不足 {LEAST}"
    return str(waiting) if waiting == people or people - waiting >= LEAST else "绝大多数"
