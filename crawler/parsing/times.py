"""Times as Chinese sites write them → aware datetimes in UTC.

`now` is the moment the text was on the screen, so a stored page read a year later still gives the right
day. Without a zone a time is Beijing time. A day without a clock is that day's midnight in Beijing and a
month is its first day's: the earliest moment it can mean, so nothing ever looks fresher than it is.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

# A fixed offset, not ZoneInfo("Asia/Shanghai"): China has had no summer time since 1991, and a slim
# container has no zone files.
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
CLOCK_SLACK = timedelta(minutes=15)  # a site\'s clock may run ahead of ours by this much

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_UNITS = {
    "秒": timedelta(seconds=1),
    "分": timedelta(minutes=1),
    "小时": timedelta(hours=1),
    "天": timedelta(days=1),
    "日": timedelta(days=1),
    "周": timedelta(weeks=1),
    "星期": timedelta(weeks=1),
    "月": timedelta(days=30),
    "年": timedelta(days=365),
}
_NUMERALS = {"半": 0.5, "两": 2, **{numeral: n for n, numeral in enumerate("一二三四五六七八九十", start=1)}}
_DAYS_BACK = {"今": 0, "昨": 1, "前": 2}

_CLOCK = (
    r"(?P<hour>\d{1,2})[:时点](?P<minute>\d{1,2})(?:[:分](?P<second>\d{1,2})?(?:[.,]\d+)?秒?|分)?"
    r"(?: ?(?P<late>am|pm))?"
)
_HALF = r"(?P<half>上午|下午|晚上|凌晨|am|pm)?"
_LABEL = re.compile(r"^(?:最后)?(?:发表|发布|回复|编辑|更新|提问|创建)(?:于|时间)?\s*:?\s*")
_TAIL = re.compile(r"\s*(?:转赞人数超过.*|来自.*|\(已编辑\)|已编辑|发布|发表)$")

_Form = tuple[re.Pattern[str], Callable[[re.Match[str], datetime], datetime]]


class TimeError(ValueError):
    """A text that is not a time we know; the message (zh-CN) quotes it."""


def parse_time(text: str, *, now: datetime, zone: tzinfo = BEIJING) -> datetime:
    """The moment `text` means, aware and in UTC.

    Takes ISO 8601, RFC 822, Weibo's `Sat Aug 20 18:29:52 +0800 2022`, epoch seconds (10 digits),
    milliseconds (13) or microseconds (16), `2022年09月18日 23:57`, `2022-9-18`, `2020-05` (a month),
    `05月11日 10:14`, `06-27` (a day later than today is last year's), `11:24` (today; yesterday's when it
    has not come yet), `今天17:25`, `昨天 12:03`, `前天`, `3天前`, `半小时前`, `5分钟前`, `刚刚`; `&nbsp;`
    and full-width digits anywhere. `zone` holds where the text names none.

    Raises:
        TimeError: no such form, no such day, or a year outside 1980 to 2200.
        ValueError: `now` is naive.
    """
    if now.tzinfo is None:
        raise ValueError("parse_time: now must be aware")
    cleaned = _clean(text)
    local = now.astimezone(zone)
    for pattern, read in _FORMS:
        match = pattern.fullmatch(cleaned)
        if match is None:
            continue
        try:
            moment = read(match, local)
        except (ValueError, OverflowError, LookupError, TypeError) as error:
            # LookupError: no such month name; TypeError: parsedate_to_datetime on a malformed header.
            raise TimeError(f"没有这样的时间：{text[:60]!r}") from error
        if not 1980 <= moment.year <= 2200:
            raise TimeError(f"时间的年份不合理：{text[:60]!r}")
        return moment.astimezone(UTC)
    raise TimeError(f"看不懂的时间：{text[:60]!r}")


def _clean(text: str) -> str:
    text = text[:200]
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = " ".join(text.split()).lower()
    return _TAIL.sub("", _LABEL.sub("", text))


def _clock(match: re.Match[str], day: date, local: datetime) -> datetime:
    """`day` at the clock `match` holds, midnight without one, in the zone of `local`."""
    groups = match.groupdict()
    hour, minute, second = (int(groups.get(name) or 0) for name in ("hour", "minute", "second"))
    half = groups.get("half") or groups.get("late")
    if half in ("下午", "晚上", "pm") and hour < 12:
        hour += 12
    elif half in ("上午", "凌晨", "am") and hour == 12:
        hour = 0
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=local.tzinfo)


def _full(match: re.Match[str], local: datetime) -> datetime:
    day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    moment = _clock(match, day, local)
    offset = match["zone"]
    return moment.replace(tzinfo=_offset(offset)) if offset else moment


def _offset(text: str) -> tzinfo:
    if text in ("z", "utc", "gmt"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if text[0] == "-" else shift)


def _month(match: re.Match[str], local: datetime) -> datetime:
    return datetime(int(match["year"]), int(match["month"]), 1, tzinfo=local.tzinfo)


def _month_day(match: re.Match[str], local: datetime) -> datetime:
    month, day = int(match["month"]), int(match["day"])
    today = local.date()
    if (month, day) == (2, 29):  # no such day in most years: the latest one there was
        year = next(y for y in range(today.year, today.year - 9, -1) if _is_past_leap_day(y, today))
    else:
        year = today.year - (date(today.year, month, day) > today)
    return _clock(match, date(year, month, day), local)


def _is_past_leap_day(year: int, today: date) -> bool:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return leap and date(year, 2, 29) <= today


def _day_word(match: re.Match[str], local: datetime) -> datetime:
    return _clock(match, local.date() - timedelta(days=_DAYS_BACK[match["word"]]), local)


def _today(match: re.Match[str], local: datetime) -> datetime:
    moment = _clock(match, local.date(), local)
    # Ten minutes' grace: the site's clock may run a little ahead of ours.
    return moment - timedelta(days=1) if moment > local + timedelta(minutes=10) else moment


def _ago(match: re.Match[str], local: datetime) -> datetime:
    count = match["count"]
    number = _NUMERALS[count] if count in _NUMERALS else int(count)
    return local - number * _UNITS[match["unit"]]


def _weibo(match: re.Match[str], local: datetime) -> datetime:
    day = date(int(match["year"]), _MONTHS[match["month"]], int(match["day"]))
    return _clock(match, day, local).replace(tzinfo=_offset(match["zone"]))


def _rfc822(match: re.Match[str], local: datetime) -> datetime:
    moment = parsedate_to_datetime(match[0])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # "-0000": UTC by RFC 5322


def _epoch(match: re.Match[str], local: datetime) -> datetime:
    digits = match["digits"]
    return datetime.fromtimestamp(int(digits[:10]), UTC)


def _compact(match: re.Match[str], local: datetime) -> datetime:
    digits = match[0].ljust(14, "0")
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=local.tzinfo)


def _now(match: re.Match[str], local: datetime) -> datetime:
    return local


def _form(pattern: str, read: Callable[[re.Match[str], datetime], datetime]) -> _Form:
    return re.compile(pattern), read


# Tried in this order; the commonest in files and on pages come first.
_FORMS: tuple[_Form, ...] = (
    _form(
        r"(?P<year>\d{4})[-/.年] ?(?P<month>\d{1,2})[-/.月] ?(?P<day>\d{1,2})日?"
        rf"(?:(?: ?t ?| )?{_HALF} ?{_CLOCK} ?(?P<zone>z|utc|gmt|[+-]\d\d(?::?\d\d)?)?)?",
        _full,
    ),
    _form(r"(?P<digits>\d{10}(?:\d{3}|\d{6})?)(?:\.\d+)?", _epoch),
    _form(rf"(?P<month>\d{{1,2}})[-/月](?P<day>\d{{1,2}})日?(?: ?{_HALF} ?{_CLOCK})?", _month_day),
    _form(r"刚刚|刚才|just now", _now),
    _form(
        r"(?:大?约)? ?(?P<count>\d{1,9}|[半一两二三四五六七八九十]) ?个?"
        r"(?:(?P<unit>秒|分|小时|天|日|周|星期|月|年)钟?)以?前",
        _ago,
    ),
    _form(rf"(?P<word>[今昨前])[天日](?: ?{_HALF} ?{_CLOCK})?", _day_word),
    _form(rf"{_HALF} ?{_CLOCK}", _today),
    _form(
        r"[a-z]{3} (?P<month>[a-z]{3}) (?P<day>\d{1,2}) (?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d) "
        r"(?P<zone>[+-]\d{4}) (?P<year>\d{4})",
        _weibo,
    ),
    _form(r"(?P<year>\d{4})[-/.年] ?(?P<month>\d{1,2})月?", _month),
    _form(r"(?:[a-z]{3,9}, ?)?\d{1,2} [a-z]{3} \d{4} \d{1,2}:\d\d(?::\d\d)?(?: .{1,12})?", _rfc822),
    _form(r"\d{8}|\d{14}", _compact),
)
