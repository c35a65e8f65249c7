"""适合建群吗: which needs of a city have people enough for a group, who they are, and if it should last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from leads.index.base import LeadIndex
from leads.index.daily import Counts, Daily
from leads.insights.few import LEAST
from leads.insights.groups.cells import Circle, Sizes, circles, stretch, told
from leads.insights.groups.verdict import VERDICTS, Advice, advise
from leads.insights.topics import topics
from leads.insights.topics.topics import Turn
from leads.models import BEIJING
from nlp.symptoms import lexicon
from nlp.symptoms.lexicon import Concept

STRETCHES = (1, 7, 30, 90)  # days; the first three are those of topics
YEAR = 365
SEASON_FROM = 60  # leads of a year from which a season is looked for
SEASON = 1.5  # times the mean month
_Need = tuple[str, str]  # city, symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNeed:
    """A need of a city. `cells`: (district, stage of life) → leads, as `leads.insights.groups.cells.told`."""

    city: str  # adcode
    concept: Concept
    size: int  # leads of the last `days` days, the sum of the cells
    days: int  # one of STRETCHES
    cells: Sizes
    circles: tuple[Circle, ...]  # how to split them
    turn: Turn  # of the last 30 days against the ten weeks before
    season: tuple[int, ...] | None  # months that have much more, 1 to 12; None: not known yet
    advice: Advice

    def to_json(self) -> dict[str, object]:
        """For programs: codes, and no count under five."""
        concept = self.concept
        return {
            "city": self.city,
            "symptom": concept.code,
            "name": concept.name,
            "specialty": concept.specialty,
            "size": self.size,
            "days": self.days,
            "turn": self.turn,
            "season": None if self.season is None else list(self.season),
            "course": "chronic" if concept.chronic else "acute",
            "recurring": concept.recurring,
            "prevalence": concept.prevalence,
            "verdict": self.advice.verdict,
            "rule": self.advice.rule,
            "cells": [
                {"district": district, "stage": stage, "size": size}
                for (district, stage), size in ordered(self.cells)
            ],
            "groups": [
                {"district": each.district, "stage": each.stage, "size": each.size, "parts": each.parts}
                for each in self.circles
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTable:
    """The needs of a place, those for lasting groups first, then by size. Days are those of Beijing."""

    city: str  # adcode, "" for everywhere
    until: date  # the day after the last
    most: int  # people in one group
    needs: tuple[GroupNeed, ...]
    broken: tuple[str, ...]  # sources blocked or silent in the last 30 days: their trend is not told
    new: tuple[str, ...]  # sources without a past

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "city": self.city,
            "until": self.until.isoformat(),
            "most": self.most,
            "broken": list(self.broken),
            "new": list(self.new),
            "needs": [each.to_json() for each in self.needs],
        }


def ordered(cells: Sizes) -> list[tuple[tuple[str, str], int]]:
    """The largest first."""
    return sorted(cells.items(), key=lambda item: (-item[1], item[0]))


def find(
    index: LeadIndex,
    city: str,
    *,
    now: datetime,
    most: int,
    troubled: Collection[str] = (),
    specialties: Collection[str] = (),
) -> GroupTable:
    """The needs of a city (adcode; "" for every city by itself); with `specialties` of these only.

    `most`: people one group may have; `troubled`: sources the crawler says it cannot read.

    Raises:
        StorageError: the index cannot be read.
    """
    until = now.astimezone(BEIJING).date() + timedelta(days=1)
    trend = topics.find(index, city, "month", now=now, troubled=troubled, specialties=specialties)
    turns = {topic.code: topic.turn for topic in trend.topics}
    concepts = {
        code: each
        for code, each in lexicon.load().concepts.items()
        if not specialties or each.specialty in specialties
    }
    chosen = _chosen(index, city, until, concepts)
    seasons = _seasons(index, city, until, chosen)
    needs = [
        _need(key, days, cells, concepts[key[1]], turns.get(key[1], "unknown"), seasons.get(key), most)
        for key, (days, cells) in chosen.items()
    ]
    return GroupTable(
        city=city,
        until=until,
        most=most,
        needs=tuple(sorted(needs, key=_place)),
        broken=trend.broken,
        new=trend.new,
    )


def _cells(
    index: LeadIndex, city: str, until: date, days: int, symptoms: Iterable[str] = ()
) -> dict[_Need, dict[tuple[str, str], int]]:
    """(city, symptom) → (district, stage of life) → leads of the last days."""
    asked = Daily(
        by=("city", "district", "symptom", "stage"),
        cities=(city,) if city else (),
        symptoms=tuple(sorted(symptoms)),
        since=until - timedelta(days=days),
        until=until,
    )
    found: dict[_Need, dict[tuple[str, str], int]] = defaultdict(dict)
    for (place, district, symptom, stage), count in index.daily(asked).items():
        if place:
            found[(place, symptom)][(district, stage)] = count
    return found


def _totals(index: LeadIndex, city: str, since: date, until: date) -> Counts:
    """(city, symptom) → leads of a stretch."""
    cities = (city,) if city else ()
    return index.daily(Daily(by=("city", "symptom"), cities=cities, since=since, until=until))


def _chosen(
    index: LeadIndex, city: str, until: date, concepts: Collection[str]
) -> dict[_Need, tuple[int, Sizes]]:
    """The needs that may be told, each in the stretch of days it may be told for."""
    longest = _cells(index, city, until, STRETCHES[-1])
    shorter = [_totals(index, city, until - timedelta(days=days), until) for days in STRETCHES[:-1]]
    at: dict[_Need, int | None] = {
        key: stretch([*(totals.get(key, 0) for totals in shorter), sum(cells.values())])
        for key, cells in longest.items()
        if key[1] in concepts
    }
    found: dict[_Need, tuple[int, Sizes]] = {}
    for number, days in enumerate(STRETCHES):
        keys = [key for key, chosen in at.items() if chosen == number]
        if keys:
            whole = days == STRETCHES[-1]
            cells = longest if whole else _cells(index, city, until, days, {symptom for _, symptom in keys})
            found |= {key: (days, told(cells[key])) for key in keys}
    return found


def _seasons(
    index: LeadIndex, city: str, until: date, wanted: Collection[_Need]
) -> dict[_Need, tuple[int, ...]]:
    """Months with much more, of needs with leads enough, once there is a whole year."""
    cities = (city,) if city else ()
    first = until - timedelta(days=YEAR)
    if not wanted or not index.daily(Daily(by=(), cities=cities, until=first)):
        return {}
    months: dict[_Need, list[int]] = defaultdict(lambda: [0] * 12)
    begin = first
    while begin < until:
        end = min(until, (begin.replace(day=1) + timedelta(days=32)).replace(day=1))
        for (place, symptom), count in _totals(index, city, begin, end).items():
            months[(place, symptom)][begin.month - 1] += count
        begin = end
    return {key: peaks(months[key]) for key in wanted if sum(months[key]) >= SEASON_FROM}


def peaks(months: list[int]) -> tuple[int, ...]:
    """Which of twelve months, January first, have much more than the mean."""
    mean = sum(months) / 12
    return tuple(
        number for number, count in enumerate(months, 1) if count >= LEAST and count >= SEASON * mean
    )


def _need(
    key: _Need,
    days: int,
    cells: Sizes,
    concept: Concept,
    turn: Turn,
    season: tuple[int, ...] | None,
    most: int,
) -> GroupNeed:
    return GroupNeed(
        city=key[0],
        concept=concept,
        size=sum(cells.values()),
        days=days,
        cells=cells,
        circles=circles(cells, most),
        turn=turn,
        season=season,
        advice=advise(concept, rising=turn == "rise"),
    )


def _place(need: GroupNeed) -> tuple[int, int, str, str]:
    return VERDICTS.index(need.advice.verdict), -need.size, need.city, need.concept.code
