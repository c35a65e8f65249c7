"""What was heard of clinics: competitors a day, echoes an hour, and what an erasure takes out of both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from leads.clinics.threads import Echo, Mark
from leads.config import Settings
from leads.records import Records, erasures, heard, open_records
from nlp.models import Sentiment
from tests.support.builders import NOW, post

BAD = Sentiment(polarity="complaint", severity=2)
SOSO = Sentiment(polarity="neutral", severity=0)
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with open_records(Settings(data_dir=tmp_path)) as opened:
        yield opened


def test_a_competitors_days_tell_mood_and_weight(records: Records) -> None:
    with records.transaction() as session:
        for number, mood in enumerate((BAD, BAD, SOSO)):
            said = post(number, published_at=NOW)
            heard.keep_voices(session, [heard.voice(said, "anhe", "康贝齿科", mood)] * 2)
            heard.keep_voices(session, [heard.voice(said, "anhe", "", mood)])
        old = heard.voice(post(7, published_at=NOW), "anhe", "华雅", BAD)
        old.severity = None  # as it was counted before
        heard.keep_voices(session, [old])
    with records.reading() as session:
        days = heard.rival_days(session, "anhe", since=FIRST, until=LAST, grave=2)
    assert [(each.term, each.polarity, each.posts, each.graves) for each in days] == [
        ("华雅", "complaint", 1, None), ("康贝齿科", "complaint", 2, 2), ("康贝齿科", "neutral", 1, 0),
    ]  # fmt: skip
    assert {each.day for each in days} == {NOW.date()}


def test_an_echo_counts_once_in_its_hour(records: Records) -> None:
    answer = post(10, published_at=NOW + timedelta(minutes=90))
    with records.transaction() as session:
        for _ in range(2):
            heard.keep_echoes(session, [Echo(answer, "forum#9", "reply"), Echo(answer, "forum/9", "reply")])
    with records.reading() as session:
        hours = heard.echo_hours(session, ["forum#9", "forum/9"], since=NOW, until=NOW + timedelta(days=1))
        before = heard.echo_hours(session, ["forum#9"], since=NOW - timedelta(days=1), until=NOW)
    assert hours == {(datetime(2026, 11, 20, 5, tzinfo=UTC), "reply"): 1}
    assert before == {}


def test_an_erased_post_is_in_no_count(records: Records) -> None:
    complaint, answer = post(9), post(10)
    with records.transaction() as session:
        heard.keep_voices(
            session, [heard.voice(each, "anhe", "康贝齿科", BAD) for each in (complaint, answer)]
        )
        heard.keep_marks(
            session, [Mark("forum/9", "anhe", "named"), Mark("forum#9", "anhe", "named")], now=NOW
        )
        heard.keep_echoes(session, [Echo(answer, "forum#9", "reply"), Echo(answer, "forum#8", "reply")])
        erasures.clean(session, [answer.id])
        (left,) = heard.rival_days(session, "anhe", since=FIRST, until=LAST, grave=2)
        assert left.posts == 1
        assert heard.echo_hours(session, ["forum#8", "forum#9"], since=NOW - timedelta(1), until=NOW) == {}
        heard.keep_echoes(session, [Echo(post(11), "forum#9", "reply")])
        erasures.clean(session, [complaint.id])
        assert heard.rival_days(session, "anhe", since=FIRST, until=LAST, grave=2) == []
        assert heard.echo_hours(session, ["forum#9"], since=NOW - timedelta(1), until=NOW) == {}
        assert heard.marks(session, [post(12, thread_id="9", repost_of="forum/9")]) == set()
