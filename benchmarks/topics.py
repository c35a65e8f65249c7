"""Bursts planted in synthetic years: how many 话题 finds, and how often it cries wolf. Prints figures.

    python -m benchmarks.topics [--cities N] [--days N]

Each city has 300 topics of very different size, weekends, holidays, seasons, and days that scatter more than
chance. Bursts last three to seven days, at three to five times the usual and eight posts a day at least;
topics nobody spoke of before burst, too. Every day all spans are looked at, as by a person who opens the page
daily. A burst is found when its topic is told to rise on one of its days or the day after. An alarm about a
topic that has no burst in the days the alarm speaks of is false, and counts once while it lasts.

Beside it, on the same numbers: the plain rule "more than the mean of the last 28 days and three standard
deviations", for the day and for the week, with the same least number of posts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from leads.index.daily import Counts
from leads.insights.few import LEAST
from leads.insights.topics.topics import PAST, SPAN_DAYS, table
from leads.insights.topics.usual import Floats
from leads.insights.topics.workdays import kinds_of
from nlp.symptoms import lexicon

FIRST = date(2025, 1, 1)
TOPICS = 300
WEEKDAYS = np.array([1.08, 1.05, 1.02, 1.0, 0.95, 0.92, 0.98, 0.7])  # Monday … Sunday, holiday
SOURCES = {"weibo": 0.5, "tieba": 0.3, "forum": 0.2}


Alarm = tuple[int, int]  # topic, days it speaks of


@dataclass(frozen=True, slots=True)
class Burst:
    topic: int
    first: int
    last: int

    def within(self, day: int, size: int) -> bool:
        return self.first <= day and self.last > day - size


@dataclass(slots=True)
class Score:
    """Of one rule."""

    found: set[tuple[int, int]] = field(default_factory=set)
    wrong: int = 0
    _lasting: set[int] = field(default_factory=set)

    def tell(self, city: int, day: int, alarms: set[Alarm], bursts: list[Burst]) -> None:
        false = set()
        for topic, size in alarms:
            meant = [
                number for number, each in enumerate(bursts) if each.topic == topic and each.within(day, size)
            ]
            self.found |= {(city, number) for number in meant if day <= bursts[number].last + 1}
            if not meant:
                false.add(topic)
        self.wrong += len(false - self._lasting)
        self._lasting = false


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cities", type=int, default=4)
    parser.add_argument("--days", type=int, default=365, help="days looked at, after those of the first past")
    given = parser.parse_args()
    ours, plain = Score(), Score()
    planted = 0
    codes = sorted(lexicon.load().concepts)[:TOPICS]
    for city in range(given.cities):
        posts, bursts = _year(np.random.default_rng(20261130 + city), given.days)
        planted += len(bursts)
        for day in range(PAST + SPAN_DAYS["month"], posts.shape[2]):
            ours.tell(city, day, _ours(posts, codes, day), bursts)
            plain.tell(city, day, _three_sigma(posts.sum(axis=0), day), bursts)
    weeks = given.cities * given.days / 7
    print(f"{given.cities} cities, {given.days} days each, {planted} bursts")
    print(f"{'':24}{'recall':>10}{'false alarms a week and city':>32}")
    for name, score in (("话题", ours), ("three sigma", plain)):
        print(f"{name:24}{len(score.found) / planted:10.3f}{score.wrong / weeks:32.2f}")


def _year(rng: np.random.Generator, days: int) -> tuple[Floats, list[Burst]]:
    """Posts by source, topic and day."""
    length = days + PAST + SPAN_DAYS["month"]
    dates = [FIRST + timedelta(days=number) for number in range(length)]
    sizes = np.sort(rng.lognormal(-0.6, 1.5, TOPICS))[::-1]  # posts a day: half have fewer than one in two
    sizes[-20:] = 0.0  # nobody has spoken of them yet
    season = 1 + rng.uniform(0, 0.4, TOPICS)[:, None] * np.sin(
        2 * np.pi * (np.arange(length) / 365 + rng.uniform(0, 1, TOPICS)[:, None])
    )
    mean = sizes[:, None] * season * WEEKDAYS[kinds_of(dates)]
    bursts = list(_bursts(rng, length))
    for burst in bursts:
        days_of = slice(burst.first, burst.last + 1)
        mean[burst.topic, days_of] = np.maximum(mean[burst.topic, days_of] * rng.uniform(3, 5), 8.0)
    town = rng.gamma(60, 1 / 60, length)  # some days all of the town writes more
    scattered = mean * town * rng.gamma(10, 1 / 10, mean.shape)
    return np.stack([rng.poisson(scattered * share) for share in SOURCES.values()]).astype(float), bursts


def _bursts(rng: np.random.Generator, length: int) -> Iterator[Burst]:
    """Two a week, none of a topic twice."""
    topics = rng.permutation(TOPICS)
    starts = range(PAST + SPAN_DAYS["month"], length - 8, 4)
    for topic, start in zip(topics, starts, strict=False):
        first = start + int(rng.integers(0, 3))
        yield Burst(int(topic), first, first + int(rng.integers(2, 7)))


def _ours(posts: Floats, codes: list[str], day: int) -> set[Alarm]:
    days = range(day - PAST - SPAN_DAYS["month"] + 1, day + 1)
    names = {number: (FIRST + timedelta(days=number)).isoformat() for number in days}
    rows: Counts = {
        (source, names[at], codes[topic]): int(posts[number, topic, at])
        for number, source in enumerate(SOURCES)
        for topic, at in zip(
            *(axis.tolist() for axis in np.nonzero(posts[number][:, days[0] : day + 1])), strict=True
        )
        for at in (at + days[0],)
    }
    totals: Counts = {
        (source, names[at]): int(posts[number, :, at].sum())
        for number, source in enumerate(SOURCES)
        for at in days
    }
    found: set[Alarm] = set()
    for span, size in SPAN_DAYS.items():
        told = table(rows, totals, city="510100", span=span, today=FIRST + timedelta(days=day))
        found |= {(codes.index(topic.code), size) for topic in told.topics if topic.turn == "rise"}
    return found


def _three_sigma(posts: Floats, day: int) -> set[Alarm]:
    found: set[Alarm] = set()
    for size in (1, 7):
        seen = posts[:, day - size + 1 : day + 1].sum(axis=1)
        past = posts[:, day - size - 27 : day - size + 1]
        stretches = past[:, : 28 // size * size].reshape(TOPICS, -1, size).sum(axis=2)
        border = stretches.mean(axis=1) + 3 * stretches.std(axis=1)
        found |= {(topic, size) for topic in np.flatnonzero((seen > border) & (seen >= LEAST)).tolist()}
    return found


if __name__ == "__main__":
    main()
