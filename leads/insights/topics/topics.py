"""话题: what a city speaks of more, or less, than it usually does.

Every symptom, disease and treatment is compared with its own past; what is told as a rise or a fall holds
together with all other tests of the same page (false discovery rate), and is large enough to matter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np

from leads.index.base import LeadIndex
from leads.index.daily import Counts, Daily
from leads.insights.few import LEAST, Figure, blocks, merged, nested
from leads.insights.topics.sources import MUCH, SteadySources, standing
from leads.insights.topics.tails import Floats
from leads.insights.topics.usual import Usual, exposures, q_values, usual
from leads.insights.topics.workdays import kinds_of
from leads.models import BEIJING
from nlp.symptoms import lexicon

Span = Literal["today", "week", "month"]
SPAN_DAYS: Mapping[Span, int] = {"today": 1, "week": 7, "month": 30}
Turn = Literal["rise", "fall", "steady", "unknown"]
PAST = (
    70  # days before the longest span; with the half-life of usual.py a tenth of the weight lies further back
)
FDR = 0.01  # on synthetic years 0.05 cried wolf three times as often and found no more (benchmarks/topics.py)
RISE, FALL = 1.5, 0.6  # times the usual; smaller changes may be certain and still mean nothing
DRAWN = 60  # days
FALL_FROM = 8.0  # posts expected, below which a fall is not looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One concept of the lexicon in one span."""

    code: str
    name: str
    specialty: str
    figure: Figure  # leads in the span
    turn: Turn
    seen: int  # of sources that may be compared; 0 where fewer than `LEAST`
    usual: float  # what was to be expected of these

    @property
    def times(self) -> float:
        """How many times as often as usual."""
        return self.seen / max(self.usual, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBar:
    """Days put together until they have enough leads; `gap`: a source was away, so that less was read."""

    first: date
    last: date
    count: int
    gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicTable:
    """What a city speaks of in a span, rises first, then by number. Days are those of Beijing."""

    city: str
    span: Span
    since: date
    until: date  # the day after the last
    topics: tuple[Topic, ...]
    rest: int  # leads of topics that are too few to be told
    total: Figure  # leads of the span
    broken: tuple[str, ...]  # sources blocked or silent in the span: not compared
    new: tuple[str, ...]  # sources without a past: not compared
    comparable: bool  # there is a source with a past
    bars: tuple[DayBar, ...]  # all leads of the last `DRAWN` days

    def to_json(self) -> dict[str, object]:
        """For programs: codes, ISO dates, and no count that may not be told."""
        return {
            "city": self.city,
            "span": self.span,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "total": self.total.count,
            "rest": self.rest,
            "broken": list(self.broken),
            "new": list(self.new),
            "comparable": self.comparable,
            "topics": [
                {
                    "code": topic.code,
                    "name": topic.name,
                    "specialty": topic.specialty,
                    "count": topic.figure.count,
                    "more": topic.figure.more,
                    "turn": topic.turn,
                    "seen": topic.seen,
                    "usual": round(topic.usual, 1),
                }
                for topic in self.topics
            ],
        }


def find(
    index: LeadIndex,
    city: str,
    span: Span,
    *,
    now: datetime,
    troubled: Collection[str] = (),
    specialties: Collection[str] = (),
) -> TopicTable:
    """The topics of a city (adcode; "" for everywhere); with `specialties` of these only.

    Raises:
        StorageError: the index cannot be read.
    """
    _, today = days_of(span, now)
    first = today - timedelta(days=PAST + SPAN_DAYS["month"] - 1)
    until = today + timedelta(days=1)
    cities = (city,) if city else ()
    totals = index.daily(Daily(by=("source", "day"), cities=cities, until=until))
    rows = index.daily(Daily(by=("source", "day", "symptom"), cities=cities, since=first, until=until))
    concepts = lexicon.load().concepts
    wanted = {code for code, each in concepts.items() if not specialties or each.specialty in specialties}
    rows = {key: count for key, count in rows.items() if key[2] in wanted}
    return table(rows, totals, city=city, span=span, today=today, troubled=troubled)


def days_of(span: Span, now: datetime) -> tuple[date, date]:
    """The first and the last day of a span, which is today in Beijing."""
    today = now.astimezone(BEIJING).date()
    return today - timedelta(days=SPAN_DAYS[span] - 1), today


def table(
    rows: Counts, totals: Counts, *, city: str, span: Span, today: date, troubled: Collection[str] = ()
) -> TopicTable:
    """The same of counts by (source, day, symptom), and of those of all leads by (source, day). Pure."""
    stretch = SPAN_DAYS[span]
    days = [today - timedelta(days=back) for back in reversed(range(PAST + SPAN_DAYS["month"]))]
    sources = _by_source(totals, days)
    first = {
        name: date.fromisoformat(min(day for source, day in totals if source == name)) for name in sources
    }
    judged = standing(sources, stretch, troubled=troubled, first=first, days=days)
    codes = sorted({symptom for _, _, symptom in rows})
    everything = _matrix(rows, codes, days, tuple(sources))
    topics: list[Topic] = []
    if codes:
        found = _compared(rows, codes, days, sources, judged, stretch)
        topics = _topics(codes, everything, found, span, comparable=bool(judged.steady))
    told = merged(dict(zip(codes, everything[:, -stretch:].sum(axis=1).astype(int).tolist(), strict=True)))
    shown = [
        topic for topic in topics if (topic.code in told.rows and topic.figure.count) or topic.turn == "fall"
    ]
    return TopicTable(
        city=city,
        span=span,
        since=days[-stretch],
        until=today + timedelta(days=1),
        topics=tuple(sorted(shown, key=_order)),
        rest=told.rest,
        total=_figures(sum(sources.values(), np.zeros(len(days))))[span],
        broken=judged.broken,
        new=judged.new,
        comparable=bool(judged.steady),
        bars=_bars(sources, days, judged.broken, stretch),
    )


def _bars(
    sources: Mapping[str, Floats], days: Sequence[date], broken: Sequence[str], stretch: int
) -> tuple[DayBar, ...]:
    gaps = np.zeros(len(days), bool)
    for name, posts in sources.items():
        gaps |= (posts == 0) & (float(np.median(posts)) >= MUCH)
        if name in broken:
            gaps[-stretch:] |= posts[-stretch:] < 0.3 * float(np.median(posts[:-stretch]))
    counts = sum(sources.values(), np.zeros(len(days)))[-DRAWN:].astype(int).tolist()
    drawn, away = days[-DRAWN:], gaps[-DRAWN:]
    return tuple(
        DayBar(first=drawn[start], last=drawn[end - 1], count=count, gap=bool(away[start:end].any()))
        for start, end, count in blocks(counts)
    )


def _by_source(totals: Counts, days: Sequence[date]) -> dict[str, Floats]:
    at = {day.isoformat(): number for number, day in enumerate(days)}
    found: dict[str, Floats] = {source: np.zeros(len(days)) for source, _ in sorted(totals)}
    for (source, day), count in totals.items():
        if day in at:
            found[source][at[day]] += count
    return found


def _matrix(rows: Counts, codes: Sequence[str], days: Sequence[date], sources: Collection[str]) -> Floats:
    at = {day.isoformat(): number for number, day in enumerate(days)}
    line = {code: number for number, code in enumerate(codes)}
    found = np.zeros((len(codes), len(days)))
    for (source, day, code), count in rows.items():
        if source in sources and day in at:
            found[line[code], at[day]] += count
    return found


def _compared(
    rows: Counts,
    codes: Sequence[str],
    days: Sequence[date],
    sources: Mapping[str, Floats],
    judged: SteadySources,
    stretch: int,
) -> Usual:
    steady = sum((sources[name] for name in judged.steady), np.zeros(len(days)))
    exposure = exposures(steady, kinds_of(days), len(days) - stretch) * judged.exposure
    return usual(_matrix(rows, codes, days, judged.steady), exposure, stretch)


def _topics(
    codes: Sequence[str], everything: Floats, found: Usual, span: Span, *, comparable: bool
) -> list[Topic]:
    high, low = q_values(found.high), q_values(found.low)
    concepts = lexicon.load().concepts
    topics = []
    for number, code in enumerate(codes):
        seen, mean = float(found.seen[number]), float(found.mean[number])
        turn: Turn = "steady" if comparable else "unknown"
        if comparable and seen >= LEAST and high[number] <= FDR and seen >= RISE * mean:
            turn = "rise"
        # A day that is not over yet has always fewer.
        if (
            comparable
            and span != "today"
            and mean >= FALL_FROM
            and low[number] <= FDR
            and seen <= FALL * mean
        ):
            turn = "fall"
        topics.append(
            Topic(
                code=code,
                name=concepts[code].name,
                specialty=concepts[code].specialty,
                figure=_figures(everything[number])[span],
                turn=turn,
                seen=int(seen) if seen >= LEAST else 0,
                usual=mean,
            )
        )
    return topics


def _figures(posts: Floats) -> Mapping[Span, Figure]:
    """The counts of all spans, which hold each other."""
    counts = [int(posts[-size:].sum()) for size in SPAN_DAYS.values()]
    return dict(zip(SPAN_DAYS, nested(counts), strict=True))


def _order(topic: Topic) -> tuple[int, float, str]:
    rank = {"rise": 0, "fall": 1}.get(topic.turn, 2)
    weight = -topic.times if rank == 0 else topic.times if rank == 1 else -topic.figure.count
    return rank, weight, topic.code


def said(topic: Topic) -> str:
    """A topic against its past, in words."""
    usual = max(1, round(topic.usual))
    match topic.turn:
        case "rise" if topic.usual < 1:
            return f"往常几乎没有，现在 {topic.seen}"
        case "rise":
            return f"是往常的 {topic.times:.1f} 倍（{usual} → {topic.seen}）"
        case "fall":
            return f"比往常少（{usual} → {topic.seen or '不足 5'}）"
        case "unknown":
            return "还没有往常可比"
        case _:
            return "和往常差不多"


def cities_of(index: LeadIndex, *, now: datetime) -> tuple[str, ...]:
    """Cities with leads in the last 30 days, those with most first; too few are left out."""
    since = now.astimezone(BEIJING).date() - timedelta(days=SPAN_DAYS["month"])
    counts = {city: count for (city,), count in index.daily(Daily(by=("city",), since=since)).items() if city}
    return tuple(sorted(merged(counts).rows, key=lambda city: (-counts[city], city)))
