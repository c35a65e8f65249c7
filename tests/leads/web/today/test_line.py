"""Two weeks as a line, from counts alone."""

from __future__ import annotations

from datetime import UTC, date, datetime

from leads.web.leads.search_form import LeadForm
from leads.web.today.line import DAYS, first_moment, line

NOW = datetime(2026, 11, 29, 17, 0, tzinfo=UTC)  # an hour into the 30th in Beijing
NEAR = LeadForm(near="anhe", status=["new"], since="7d")


def test_the_last_day_is_today_in_beijing_and_the_first_thirteen_days_before() -> None:
    drawn = line({}, NEAR, NOW)
    assert [each.day for each in drawn.points][:: DAYS - 1] == [date(2026, 11, 17), date(2026, 11, 30)]
    assert first_moment(NOW) == datetime(2026, 11, 16, 16, 0, tzinfo=UTC)


def test_the_busiest_day_stands_highest_and_a_day_without_leads_at_the_foot() -> None:
    drawn = line({"2026-11-30": 4, "2026-11-29": 8, "2026-11-20": 2}, NEAR, NOW)
    heights = {each.day.day: each.y for each in drawn.points}
    assert heights[29] < heights[30] < heights[20] < heights[18]
    assert (drawn.most, drawn.total) == (8, 14)
    assert all(0 < each.x < drawn.width and 0 < each.y < drawn.height for each in drawn.points)
    assert drawn.path.count(" ") == DAYS - 1


def test_a_day_opens_the_leads_of_that_day_whatever_their_status() -> None:
    assert line({}, NEAR, NOW).points[-1].url == "/leads?near=anhe&since=2026-11-30&until=2026-12-01"


def test_two_weeks_without_a_lead_are_a_flat_line() -> None:
    assert len({each.y for each in line({}, NEAR, NOW).points}) == 1
