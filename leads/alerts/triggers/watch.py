"""What nobody posted but somebody should know: a symptom much talked of, a source that is silent or blocked.

Called every few minutes; each thing is told once: a symptom in a city once a day, a source once a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from sqlalchemy import select

from crawler.coverage.store import Coverage
from leads.alerts.triggers import causes, news
from leads.alerts.triggers.causes import Causes, Told
from leads.alerts.triggers.news import News
from leads.index.base import LeadIndex
from leads.models import BEIJING, LeadQuery
from leads.records import Records
from leads.records.tables.alerts import Rule
from leads.sources.states import TOLD_BY

WEEKS = 8  # of the same weekday that are looked at
FEWEST_WEEKS = 3  # with any lead at all: before that nobody knows what is usual
LEAST = 5  # leads on a day that are worth a word
SPREAD = 3.0  # times the usual spread above what is usual
# Turns a median absolute deviation into a standard deviation, for normal data (Hampel 1974).
_NORMAL = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """More than usual. `usual` is the median of the same weekday."""

    count: int
    usual: float


def spike(count: int, before: Sequence[int]) -> Spike | None:
    """Whether a day's count stands out of those of the same weekday before; None when not.

    It has to be at least `LEAST`, half as much again as usual, and above the median by three robust standard
    deviations (at least by what chance gives a Poisson count of that size).
    """
    if count < LEAST or len(before) < FEWEST_WEEKS:
        return None
    usual = float(median(before))
    deviation = _NORMAL * median(abs(each - usual) for each in before)
    spread = max(deviation, usual**0.5, 1.0)
    return Spike(count=count, usual=usual) if count > max(usual + SPREAD * spread, 1.5 * usual) else None


def spikes(index: LeadIndex, now: datetime) -> list[News]:
    """What stands out today, by symptom and city. A day on which nothing was collected is not a quiet one.

    Raises:
        StorageError: the index cannot be read.
    """
    today = now.astimezone(BEIJING).date()
    midnight = datetime.combine(today, datetime.min.time(), BEIJING)
    days = [today - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    # A day more than the eighth week, so that the whole of its first day is in.
    past = LeadQuery(since=midnight - timedelta(weeks=WEEKS))
    collected = index.facets(past, ["day"])["day"]
    known = [day for day in days if collected.get(str(day))]
    if len(known) < FEWEST_WEEKS:
        return []
    return list(_spikes(index, midnight, past, known, today))


def _spikes(
    index: LeadIndex, midnight: datetime, past: LeadQuery, known: Sequence[date], today: date
) -> Iterator[News]:
    since = LeadQuery(since=midnight)
    for symptom, count in index.facets(since, ["symptom"])["symptom"].items():
        if count < LEAST:
            continue
        cities = index.facets(LeadQuery(since=midnight, symptoms=(symptom,)), ["city"])["city"]
        for city, there in cities.items():
            if there < LEAST:
                continue
            query = LeadQuery(since=past.since, symptoms=(symptom,), area=city)
            by_day = index.facets(query, ["day"])["day"]
            found = spike(there, [by_day.get(str(day), 0) for day in known])
            if found:
                yield news.of_spike(
                    symptom=symptom, city=city, day=today, count=found.count, usual=found.usual
                )


def troubles(coverage: Coverage, sources: Sequence[str]) -> list[News]:
    """Sources whose latest run for new posts was silent or kept out. A run is told once."""
    found = []
    for source in sources:
        runs = coverage.runs(source=source, limit=20)
        run = next((each for each in runs if not each.asked.get("recheck") and each.ended), None)
        if run is not None and run.outcome in TOLD_BY:
            kind = TOLD_BY[run.outcome]
            found.append(news.of_source(kind, source, key=_key(run.started), reason=run.reason))
    return found


def _key(started: datetime) -> str:
    """A source that stays in trouble is told once a day."""
    return str(started.astimezone(BEIJING).date())


def watch(
    records: Records,
    index: LeadIndex,
    coverage: Coverage | None,
    *,
    sources: Sequence[str],
    writer: Causes,
    now: datetime,
) -> Told:
    """Store what there is to tell by now, with its alerts. `writer` keeps compiled rules between calls.

    What no rule asks for is not looked for, so that a new rule tells of what is going on already.

    Raises:
        StorageError: the index or the records cannot be read or written.
    """
    with records.reading() as session:
        asked = set(session.scalars(select(Rule.kind).where(Rule.enabled).distinct()))
    found = spikes(index, now) if "spike" in asked else []
    if coverage is not None and asked & {"silent", "blocked"}:
        found += [each for each in troubles(coverage, sources) if each.kind in asked]
    if not found:
        return Told(causes=0, alerts=0)
    return causes.store(records, lambda session: writer.write(session, found, now=now))
