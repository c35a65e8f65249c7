"""Every written form of a time, against a fixed `now`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.parsing.times import BEIJING, TimeError, parse_time

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)  # 14:30 in Beijing, a Sunday

moments = st.datetimes(datetime(1995, 1, 1), datetime(2100, 1, 1), timezones=st.just(BEIJING)).map(  # noqa: DTZ001  # hypothesis wants naive bounds
    lambda moment: moment.replace(microsecond=0)
)


@pytest.mark.parametrize(
    ("text", "beijing"),
    [
        # relative
        ("刚刚", "2026-11-22 14:30:00"),
        ("20秒前", "2026-11-22 14:29:40"),
        ("20 秒钟前", "2026-11-22 14:29:40"),
        ("5分钟前", "2026-11-22 14:25:00"),
        ("12&nbsp;分钟前", "2026-11-22 14:18:00"),
        ("12\u00a0分钟前", "2026-11-22 14:18:00"),
        ("半小时前", "2026-11-22 14:00:00"),
        ("1小时前", "2026-11-22 13:30:00"),
        ("15小时前", "2026-11-21 23:30:00"),
        ("回复于4小时前", "2026-11-22 10:30:00"),
        ("3天前", "2026-11-19 14:30:00"),
        ("三天前", "2026-11-19 14:30:00"),
        ("两周前", "2026-11-08 14:30:00"),
        ("1个月前", "2026-10-23 14:30:00"),
        # days by name
        ("今天17:25", "2026-11-22 17:25:00"),
        ("昨天 12:03", "2026-11-21 12:03:00"),
        ("昨天&nbsp;12:03", "2026-11-21 12:03:00"),
        ("昨天", "2026-11-21 00:00:00"),
        ("前天 08:00", "2026-11-20 08:00:00"),
        ("前天", "2026-11-20 00:00:00"),
        ("11:24", "2026-11-22 11:24:00"),
        ("14:35", "2026-11-22 14:35:00"),
        ("23:59", "2026-11-21 23:59:00"),
        # a day without a year
        ("06-27", "2026-06-27 00:00:00"),
        ("7-6", "2026-07-06 00:00:00"),
        ("11-22", "2026-11-22 00:00:00"),
        ("11-23", "2025-11-23 00:00:00"),
        ("05月11日 10:14", "2026-05-11 10:14:00"),
        ("12月31日 10:14", "2025-12-31 10:14:00"),
        ("2-29", "2024-02-29 00:00:00"),
        # absolute
        ("2019-12-27", "2019-12-27 00:00:00"),
        ("2020-05", "2020-05-01 00:00:00"),
        ("2020年5月", "2020-05-01 00:00:00"),
        ("2022-09-18 23:57", "2022-09-18 23:57:00"),
        ("2022年09月18日 23:57", "2022-09-18 23:57:00"),
        ("2022年9月18日23时57分05秒", "2022-09-18 23:57:05"),
        ("2022/9/18 23:57:08", "2022-09-18 23:57:08"),
        ("发表于 2025-11-2 10:00:05", "2025-11-02 10:00:05"),
        ("发布于 2025-1-2", "2025-01-02 00:00:00"),
        ("２０２２－０９－１８　２３：５７", "2022-09-18 23:57:00"),
        ("2012-3-4 05:06 PM", "2012-03-04 17:06:00"),
        ("2012-3-4 下午 5:06", "2012-03-04 17:06:00"),
        ("20220918", "2022-09-18 00:00:00"),
        ("20220918235708", "2022-09-18 23:57:08"),
        # with a zone of their own
        ("Sat Aug 20 18:29:52 +0800 2022", "2022-08-20 18:29:52"),
        ("Fri Sep 16 02:55:41 +0000 2011", "2011-09-16 10:55:41"),
        ("Sun, 22 Nov 2026 06:45:44 GMT", "2026-11-22 14:45:44"),
        ("22 Nov 2026 06:45:44 -0000", "2026-11-22 14:45:44"),
        ("2026-11-22T06:45:44Z", "2026-11-22 14:45:44"),
        ("2026-11-22T14:45:44.123+08:00", "2026-11-22 14:45:44"),
        ("2026-11-22T14:45:44", "2026-11-22 14:45:44"),
        ("2026-11-22 01:45:44 -05:00", "2026-11-22 14:45:44"),
        # epochs
        ("1666866139", "2022-10-27 18:22:19"),
        ("1666866139.0", "2022-10-27 18:22:19"),
        ("1725281294000", "2024-09-02 20:48:14"),
        ("1725281294000123", "2024-09-02 20:48:14"),
    ],
)
def test_forms(text: str, beijing: str) -> None:
    expected = datetime.fromisoformat(beijing).replace(tzinfo=BEIJING)
    parsed = parse_time(text, now=NOW)
    assert parsed == expected
    assert parsed.utcoffset() == timedelta(0)


NO_TIMES = (
    "",
    " ",
    "999999999年前",
    "不久",
    "今天的天气",
    "12",
    "45000",
    "4.82E+15",
    "-1666866139",
    "1234567890123456789",
)
NO_DAYS = (
    "13-40",
    "2-30",
    "2025-02-29",
    "2026-13",
    "1-1-1",
    "99999999",
    "0000-00-00",
    "1066-10-14",
    "9999-01-01",
)
NO_CLOCKS = (
    "24:61",
    "2026-11-22 25:00",
    "2022-09-18 23:57 +99:99",
    "Sat Foo 20 18:29:52 +0800 2022",
    "999999999年前",
)


@pytest.mark.parametrize("text", [*NO_TIMES, *NO_DAYS, *NO_CLOCKS])
def test_what_is_no_time_is_an_error_that_quotes_it(text: str) -> None:
    with pytest.raises(TimeError) as error:
        parse_time(text, now=NOW)
    assert repr(text[:60]) in str(error.value)


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        parse_time("刚刚", now=datetime(2026, 11, 22))  # noqa: DTZ001  # that is the point


def test_the_day_is_that_of_the_zone_not_of_utc() -> None:
    late = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)  # already the 23rd in Beijing
    assert parse_time("昨天 12:00", now=late) == datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    assert parse_time("11-23", now=late) == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


def test_another_zone_holds_where_none_is_named() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert parse_time("2026-11-22 09:00", now=NOW, zone=tokyo) == datetime(2026, 11, 22, tzinfo=UTC)
    assert parse_time("2026-11-22T09:00Z", now=NOW, zone=tokyo) == datetime(2026, 11, 22, 9, tzinfo=UTC)


@given(moments)
def test_full_forms_come_back(moment: datetime) -> None:
    for form in ("%Y-%m-%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y/%m/%dT%H:%M:%S+08:00", "%Y%m%d%H%M%S"):
        assert parse_time(moment.strftime(form), now=NOW) == moment
    assert parse_time(str(int(moment.timestamp())).zfill(10), now=NOW) == moment


@given(moments)
def test_a_month_and_day_is_within_the_last_year(now: datetime) -> None:
    parsed = parse_time("06-27", now=now)
    assert timedelta(0) <= now - parsed < timedelta(days=366)


@given(moments, st.integers(0, 23), st.integers(0, 59))
def test_a_clock_alone_is_within_the_last_day(now: datetime, hour: int, minute: int) -> None:
    age = now - parse_time(f"{hour}:{minute:02d}", now=now)
    assert -timedelta(minutes=10) <= age < timedelta(days=1)


@given(st.text(max_size=60))
def test_any_text_is_a_time_or_an_error(text: str) -> None:
    try:
        parsed = parse_time(text, now=NOW)
    except TimeError:
        return
    assert parsed.utcoffset() == timedelta(0)


@given(st.text(alphabet="0123456789-/:年月日时分秒前天昨今 +TZ.半小刚", max_size=24))
def test_any_near_time_is_a_time_or_an_error(text: str) -> None:
    try:
        assert parse_time(text, now=NOW).year >= 1979
    except TimeError:
        return
