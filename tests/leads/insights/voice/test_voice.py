"""Voice: counts by name and mood, what they are about, and nothing of few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.insights.few import LEAST
from leads.insights.voice.series import WEEKS, Window, rates, series
from leads.insights.voice.voice import VoiceTable, behind, of_mentions
from leads.models import Mention
from leads.records.heard import RivalDay
from nlp.sentiment import judge
from tests.support.builders import NOW, clinic, mention

ANHE = clinic(doctors=("林知远医生", "张伟医生"), competitors=("康贝齿科", "华雅口腔", "新开的一家"))
WINDOW = Window(today=NOW.date())


def said(text: str, count: int, *, days: int = 3, first: int = 0, source: str = "forum") -> list[Mention]:
    """So many mentions that say this."""
    made = [mention(first + number, hours=24 * days + number / 10, source=source) for number in range(count)]
    return [replace(each, post=replace(each.post, text=text), sentiment=judge(text)) for each in made]


def rival(term: str, posts: int, polarity: str = "neutral", graves: int | None = 0) -> RivalDay:
    return RivalDay(term=term, day=NOW.date() - timedelta(9), polarity=polarity, posts=posts, graves=graves)


def table(own: Sequence[Mention] = (), rivals: Sequence[RivalDay] = ()) -> VoiceTable:
    return of_mentions(ANHE, own, rivals, WINDOW)


def test_the_clinic_its_doctors_and_its_competitors_each_have_a_row() -> None:
    own = said("安和口腔林知远医生很耐心", 12) + said("安和口腔太贵", 7, first=100)
    found = table(own, [rival("康贝齿科", 8), rival("康贝齿科", 6, "complaint", 6), rival("不再比的", 50)])
    assert [(each.whose, each.name, each.total) for each in found.names] == [
        ("own", "安和口腔", 19), ("doctor", "林知远医生", 12), ("rival", "康贝齿科", 14),
    ]  # fmt: skip
    assert [dict(each.moods) for each in found.names] == [
        {"praise": 12, "complaint": 7}, {"praise": 12}, {"neutral": 8, "complaint": 6},
    ]  # fmt: skip
    assert [each.grave for each in found.names] == [0, 0, 6]
    assert found.few == ("张伟医生", "华雅口腔", "新开的一家")
    assert [each.name for each in found.shared] == ["安和口腔", "康贝齿科"]


def test_what_it_is_about_comes_with_the_words() -> None:
    own = said("安和口腔前台态度差", 6) + said("安和口腔太贵", 5, first=50) + said("很耐心", 4, first=90)
    (service, price) = table(own).aspects
    assert (service.name, service.complaint, service.complaint_words) == ("服务", 6, ("态度差",))
    assert (service.praise, service.praise_words) == (0, ())
    assert (price.name, price.complaint_words) == ("价格", ("太贵",))


def test_how_grave_is_not_told_of_few() -> None:
    own = said("安和口腔太贵", 9) + said("安和口腔误诊", 3, first=50)
    assert table(own).names[0].grave is None
    assert table(said("安和口腔误诊", 9) + said("安和口腔太贵", 2, first=50)).names[0].grave is None
    assert table(said("安和口腔误诊", 9) + said("安和口腔太贵", 5, first=50)).names[0].grave == 9
    assert table((), [rival("康贝齿科", 9, "complaint", None)]).names[0].grave is None


def test_sources_of_few_are_told_together() -> None:
    own = (
        said("安和口腔", 9)
        + said("安和口腔", 3, source="tieba", first=50)
        + said("安和口腔", 3, source="weibo", first=60)
    )
    found = table(own)
    assert (dict(found.sources), found.other_sources) == ({"forum": 9}, 6)


@pytest.mark.parametrize(("days", "counts"), [(0, True), (7 * WEEKS - 1, True), (7 * WEEKS + 1, False)])
def test_only_the_window_counts(days: int, *, counts: bool) -> None:
    own = [each for each in said("安和口腔", 6, days=days) if each]
    assert bool(table(own).names) is counts


def test_the_mentions_behind_a_figure_are_those_it_counts() -> None:
    own = (
        said("安和口腔林知远医生很耐心", 6, days=40)
        + said("安和口腔太贵", 7, first=100)
        + said("安和口腔误诊", 5, first=200)
    )
    assert len(behind(ANHE, own, polarity="complaint")) == 12
    assert len(behind(ANHE, own, polarity="complaint", grave=True)) == 5
    assert len(behind(ANHE, own, doctor="林知远医生")) == 6
    assert len(behind(ANHE, own, aspect="price")) == 7
    block = table(own).names[0].weeks[0]
    days = (WINDOW.start(block.first), WINDOW.start(block.after))
    assert len(behind(ANHE, own, days=days)) == block.count


@given(days=st.lists(st.tuples(st.integers(-5, 7 * WEEKS + 5), st.integers(1, 4))))
def test_a_line_over_the_weeks_tells_nothing_of_few_and_loses_nothing(days: list[tuple[int, int]]) -> None:
    dated = [(WINDOW.since + timedelta(days=day), count) for day, count in days]
    inside = sum(count for day, count in days if 0 <= day < 7 * WEEKS)
    told = series(dated, WINDOW)
    assert all(block.count >= LEAST for block in told)
    assert sum(block.count for block in told) == (inside if inside >= LEAST else 0)
    assert sum(rates(told)) == pytest.approx(sum(block.count for block in told))


@given(
    moods=st.lists(st.tuples(st.sampled_from(["praise", "neutral", "complaint"]), st.integers(0, 12))),
    graves=st.integers(0, 12),
)
def test_no_figure_of_a_row_and_no_difference_is_of_few(moods: list[tuple[str, int]], graves: int) -> None:
    days = [rival("康贝齿科", posts, mood, min(posts, graves)) for mood, posts in moods]
    for row in table((), days).names:
        rest = row.total - sum(row.moods.values())
        figures = [row.total, *row.moods.values(), row.rest, rest]
        bad = row.moods.get("complaint", 0)
        figures += [] if row.grave is None else [row.grave, bad - row.grave]
        assert all(figure == 0 or figure >= LEAST for figure in figures), (row, rest)


def test_a_window_is_26_weeks_that_end_today() -> None:
    window = Window(today=date(2026, 11, 20))
    assert (window.until - window.since).days == 7 * WEEKS
    assert window.week(date(2026, 11, 20)) == WEEKS - 1
    assert window.week(date(2026, 11, 21)) is None
