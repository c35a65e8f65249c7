"""话题: rises and falls of a town, and what is no trend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from leads.index.sqlite.index import SqliteIndex
from leads.insights.few import LEAST
from leads.insights.topics import new_words, topics
from leads.insights.topics.topics import Topic, TopicTable, said, table
from leads.query.search import to_query
from tests.support.builders import NOW, lead, region, symptom

TODAY = date(2026, 11, 20)
CITY = "510100"
Rows = dict[tuple[str, ...], int]


def town(last_week: dict[str, int], *, usually: int = 2, quiet: str = "") -> tuple[Rows, Rows]:
    """A hundred days of two sources: each topic `usually` a day and source, the last week as given."""
    rows: Rows = {}
    for back in range(100):
        day = (TODAY - timedelta(days=back)).isoformat()
        for source in ("forum", "weibo"):
            for code in ("toothache", "fever", "cough"):
                count = last_week.get(code, usually) if back < 7 else usually
                if not (source == quiet and back < 7):
                    rows[(source, day, code)] = count
    totals: Rows = {}
    for (source, day, _), count in rows.items():
        totals[(source, day)] = totals.get((source, day), 0) + count
    return rows, totals


def of(found: TopicTable, code: str) -> Topic:
    return next(topic for topic in found.topics if topic.code == code)


def test_a_rise_is_told_with_how_much() -> None:
    rows, totals = town({"toothache": 5})
    found = table(rows, totals, city=CITY, span="week", today=TODAY)
    toothache = of(found, "toothache")
    assert toothache.turn == "rise"
    assert said(toothache) == "是往常的 2.5 倍（28 → 70）"
    assert found.topics[0] == toothache, "rises come first"
    assert {of(found, code).turn for code in ("fever", "cough")} == {"steady"}
    assert found.total.count == 7 * (10 + 4 + 4)


def test_a_fall_is_told() -> None:
    rows, totals = town({"toothache": 0})
    found = table(rows, totals, city=CITY, span="week", today=TODAY)
    assert said(of(found, "toothache")) == "比往常少（28 → 不足 5）"


def test_a_source_that_was_blocked_is_no_fall() -> None:
    rows, totals = town({}, quiet="weibo")
    found = table(rows, totals, city=CITY, span="week", today=TODAY)
    assert found.broken == ("weibo",)
    assert {topic.turn for topic in found.topics} == {"steady"}
    assert of(found, "fever").figure.count == 14  # of what was read
    assert [bar.gap for bar in found.bars] == [False] * 53 + [True] * 7


def test_a_source_that_came_new_is_no_rise() -> None:
    rows, totals = town({})
    for back in range(5):
        day = (TODAY - timedelta(days=back)).isoformat()
        rows[("tieba", day, "cough")] = totals[("tieba", day)] = 40
    found = table(rows, totals, city=CITY, span="week", today=TODAY)
    assert found.new == ("tieba",)
    assert of(found, "cough").turn == "steady"
    assert of(found, "cough").figure.count == 200 + 28


def test_without_a_past_nothing_is_compared() -> None:
    day = TODAY.isoformat()
    found = table({("forum", day, "cough"): 9}, {("forum", day): 9}, city=CITY, span="week", today=TODAY)
    assert not found.comparable
    assert said(of(found, "cough")) == "还没有往常可比"


def test_few_are_put_together() -> None:
    day = TODAY.isoformat()
    rows: Rows = {("forum", day, "cough"): 9, ("forum", day, "fever"): 3, ("forum", day, "toothache"): 2}
    found = table(rows, {("forum", day): 14}, city=CITY, span="week", today=TODAY)
    assert [(topic.code, topic.figure.count) for topic in found.topics] == [("cough", 9)]
    assert found.rest == LEAST
    assert "fever" not in str(found.to_json())


def test_an_empty_town() -> None:
    found = table({}, {}, city=CITY, span="month", today=TODAY)
    assert (found.topics, found.bars, found.total.count) == ((), (), 0)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        yield opened


def fill(index: SqliteIndex, *, burst: int) -> None:
    """Two leads a day for ten weeks; today's burst names a thing nobody has heard of."""
    rng = np.random.default_rng(3)
    place = region("武侯区")
    asked = ("要紧吗", "挂什么科", "多少钱", "去哪家", "多久能好")
    usual = [
        lead(n, f"牙疼第{n}天 {asked[n % 5]} {rng.integers(10**9)}", place=place, hours=30 + 12 * n)
        for n in range(140)
    ]
    fever = (symptom("fever", "pediatrics"),)
    new = [
        lead(
            1000 + n, f"孩子喝了奶盖糊糊发烧 {asked[n % 5]} {rng.integers(10**9)}", place=place,
            symptoms=fever, hours=n / 10, author_key=f"parent{n}",
        )
        for n in range(burst)
    ]  # fmt: skip
    index.upsert(usual + new)


def test_the_index_tells_its_topics_and_new_words(index: SqliteIndex) -> None:
    fill(index, burst=9)
    assert topics.cities_of(index, now=NOW) == (CITY,)
    found = topics.find(index, CITY, "today", now=NOW)
    fever = of(found, "fever")
    assert (fever.turn, fever.seen, said(fever)) == ("rise", 9, "往常几乎没有，现在 9")
    words = new_words.find(index, CITY, "today", now=NOW)
    assert any(each.word in "奶盖糊糊" and each.people == 9 for each in words)
    assert not any(each.word in ("孩子", "发烧", "多少钱") for each in words)
    assert topics.find(index, CITY, "today", now=NOW, specialties={"dental"}).rest == 0
    assert index.count(to_query({"area": CITY, "symptom": "fever"}, clinics=(), now=NOW)) == 9


def test_a_word_of_one_writer_is_no_news(index: SqliteIndex) -> None:
    fill(index, burst=4)
    assert new_words.find(index, CITY, "today", now=NOW) == ()
