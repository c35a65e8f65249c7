"""How a complaint spread over the hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.clinics.threads import Echo
from leads.config import Settings
from leads.insights.few import LEAST
from leads.insights.voice.spread import HOURS, find, of_hours
from leads.records import Records, heard, open_records
from tests.support.builders import NOW, post


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with open_records(Settings(data_dir=tmp_path)) as opened:
        yield opened


def test_answers_and_reposts_are_told_by_hours_since_the_post(records: Records) -> None:
    complaint = post(9, published_at=NOW)
    answers = [post(100 + n, published_at=NOW + timedelta(minutes=10 * n)) for n in range(12)]
    reposts = [post(200 + n, published_at=NOW + timedelta(hours=30)) for n in range(6)]
    with records.transaction() as session:
        heard.keep_echoes(session, [Echo(each, "forum#9", "reply") for each in answers])
        heard.keep_echoes(session, [Echo(each, "forum/9", "repost") for each in reposts])
        heard.keep_echoes(session, [Echo(post(1, published_at=NOW - timedelta(hours=2)), "forum#9", "reply")])
    found = find(records, complaint)
    assert (found.total.count, found.replies, found.reposts) == (18, 12, 6)
    assert [(each.first, each.after, each.count, each.until_then) for each in found.steps] == [
        (0, 1, 6, 6), (1, 2, 6, 12), (2, 31, 6, 18),
    ]  # fmt: skip


def test_a_floor_has_what_came_after_it_in_its_thread(records: Records) -> None:
    floor = post(5, thread_id="9", floor=3, published_at=NOW)
    with records.transaction() as session:
        heard.keep_echoes(
            session,
            [
                Echo(post(100 + n, published_at=NOW + timedelta(hours=n)), "forum#9", "reply")
                for n in range(7)
            ],
        )
    assert find(records, floor).total.count == 7


@given(
    hours=st.dictionaries(
        st.tuples(st.integers(0, HOURS - 1), st.sampled_from(["reply", "repost"])), st.integers(1, 9)
    )
)
def test_nothing_is_told_of_few(hours: dict[tuple[int, str], int]) -> None:
    found = of_hours({(NOW + timedelta(hours=hour), kind): n for (hour, kind), n in hours.items()}, NOW)
    whole = sum(hours.values())
    figures = [found.total.count, found.replies, found.reposts, *(each.count for each in found.steps)]
    assert all(figure == 0 or figure >= LEAST for figure in figures)
    assert found.total.count in (0, whole)
    assert sum(each.count for each in found.steps) == found.total.count
