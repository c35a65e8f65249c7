"""话题: what the town speaks of, against its own past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response

from leads.insights.kept import KeptAnswer
from leads.insights.topics import new_words, topics
from leads.insights.topics.new_words import NewWord
from leads.insights.topics.sources import troubled_of
from leads.insights.topics.topics import Span, Topic, TopicTable, days_of, said
from leads.labels import source_name
from leads.models import LeadQuery
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import (
    EVERYWHERE,
    SPAN_NAMES,
    PlaceAsked,
    excerpt,
    list_address,
    midnight,
    place_of,
    span_of,
    specialties_of,
)
from leads.web.insights.plot import Plot, plot, stretch_name
from leads.web.pages.coverage import source_lines
from leads.web.render import WebPage, render
from nlp.symptoms import lexicon

routes = APIRouter()
SAMPLES = 2  # of a topic that rises
RISES = 10  # topics with samples


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRow:
    """A topic with the addresses of its leads, of a rule about it, and of an outline of what is asked."""

    topic: Topic
    specialty: str
    said: str
    address: str
    subscribe: str
    write: str
    samples: tuple[tuple[str, str], ...]  # words of a post, the lead's address


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsPage(WebPage):
    """A city in a span; `days` is the plot as a table: (days, leads, whether a source was away)."""

    template: ClassVar[str] = "topics.html"
    place: PlaceAsked
    span: Span
    spans: Mapping[Span, str]
    specialty: str
    chosen: Mapping[str, str]  # specialties to choose from
    found: TopicTable
    rows: Sequence[TopicRow]
    words: Sequence[tuple[NewWord, str]]
    plot: Plot | None
    days: Sequence[tuple[str, int, bool]]
    broken: Sequence[str]
    new: Sequence[str]
    counted: datetime | None  # when, where leads came since


@routes.get("/topics")
def show(
    request: Request, desk: TheDesk, visitor: Anyone, city: str = "", span: str = "week", specialty: str = ""
) -> Response:
    """The page."""
    chosen = span_of(span)
    place = place_of(desk, visitor, city)
    found = of_city(desk, visitor, place.area, chosen, specialty=specialty)
    words = words_of(desk, visitor, place.area, chosen)
    page = _page(place, chosen, specialty, found.value, _rows(desk, visitor, found.value), words)
    return render(request, replace(page, counted=found.at))


def words_of(desk: Desk, visitor: Visitor, city: str, span: Span) -> tuple[NewWord, ...]:
    """New words of the city; not for who sees only some of its leads."""
    if visitor.restricted:
        return ()
    now = desk.clock()
    question = ("words", city, days_of(span, now))
    return desk.ask(question, lambda: new_words.find(desk.index, city, span, now=now)).value


def of_city(
    desk: Desk, visitor: Visitor, city: str, span: Span, *, specialty: str = ""
) -> KeptAnswer[TopicTable]:
    """The topics that this visitor may see, with what the crawler says of its sources."""
    now = desk.clock()
    troubled = troubled_of([line.state for line in source_lines(desk, now)])
    own = specialties_of(visitor)
    wanted = {specialty} & own if specialty and own else {specialty} if specialty else own
    if specialty and not wanted:
        wanted = own
    only = frozenset(wanted)
    return desk.ask(
        ("topics", city, days_of(span, now), troubled, only),
        lambda: topics.find(desk.index, city, span, now=now, troubled=troubled, specialties=only),
    )


def _rows(desk: Desk, visitor: Visitor, found: TopicTable) -> list[TopicRow]:
    names = lexicon.load().specialties
    rows = []
    for number, topic in enumerate(found.topics):
        sampled = topic.turn == "rise" and number < RISES
        rows.append(
            TopicRow(
                topic=topic,
                specialty=names.get(topic.specialty, ""),
                said=said(topic),
                address=list_address(found.city, found.since, found.until, symptom=topic.code),
                subscribe="/rules/new?"
                + urlencode(
                    {"kind": "spike", "symptom": topic.code, "area": found.city, "name": f"{topic.name}突增"}
                ),
                write="/questions/outline?"
                + urlencode({"city": found.city or EVERYWHERE, "span": found.span, "symptom": topic.code}),
                samples=_samples(desk, visitor, found, topic) if sampled else (),
            )
        )
    return rows


def _samples(desk: Desk, visitor: Visitor, found: TopicTable, topic: Topic) -> tuple[tuple[str, str], ...]:
    query = LeadQuery(
        symptoms=(topic.code,), area=found.city, since=midnight(found.since), sort="newest", limit=SAMPLES
    )
    hits = desk.index.search(query, now=desk.clock()).items
    seen = [hit.lead for hit in hits if visitor.may_see_lead(hit.lead)]
    return tuple((excerpt(lead.post.full_text), "/leads/" + quote(lead.id, safe="")) for lead in seen)


def _page(
    place: PlaceAsked,
    span: Span,
    specialty: str,
    found: TopicTable,
    rows: Sequence[TopicRow],
    words: Sequence[NewWord],
) -> TopicsPage:
    return TopicsPage(
        place=place,
        span=span,
        spans=SPAN_NAMES,
        specialty=specialty,
        chosen=lexicon.load().specialties,
        found=found,
        rows=rows,
        words=[(word, list_address(found.city, found.since, found.until, q=word.word)) for word in words],
        plot=plot(found.bars) if found.bars else None,
        days=[(stretch_name(bar), bar.count, bar.gap) for bar in reversed(found.bars)],
        broken=[source_name(name) for name in found.broken],
        new=[source_name(name) for name in found.new],
        counted=None,
    )
