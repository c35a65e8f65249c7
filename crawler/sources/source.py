"""What to read: `Source`, one table of sources.toml, and how each of its keys is read from there.

The annotations hold for tables (`crawler.sources.load`); a record that code makes is taken as it is. What a
validator says follows the key's name in the sentence that the user reads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictFloat, StrictInt

from crawler.sources.engines import ENGINES
from crawler.sources.permission import Permission
from crawler.sources.quiet_hours import QuietHours

DELAY_FLOOR = 1.0  # seconds between two requests to somebody else's host; nothing may go below
_SPAN = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_Part = TypeVar("_Part")


# ── how keys are read ─────────────────────────────────────────────────────────────────────────────────────


def checked(holds: Callable[[Any], object], told: str) -> Callable[[Any], Any]:
    """For validators: a value of which this holds. `told` says what it should be, and shows it at {0}."""

    def check(value: object) -> object:
        if not holds(value):
            raise ValueError(told.format(value))
        return value

    return check


def among(names: Collection[str]) -> AfterValidator:
    """One of these, where they are no Literal."""
    return AfterValidator(checked(lambda name: name in names, "不能是 {0!r}，可选：" + "、".join(names)))


def part_of(made: type[_Part], form: str) -> Callable[[object], _Part]:
    """Reads one of a list's parts, a text or a table of texts, into `made`: the text is its first field."""
    known = tuple(made.__dataclass_fields__)  # type: ignore[attr-defined]  # a dataclass

    def read(value: object) -> _Part:
        values = {known[0]: value} if isinstance(value, str) else value
        if not isinstance(values, dict) or not set(values) <= set(known):
            raise ValueError(f"的一项应是 {form}，而不是 {value!r}")
        if not all(isinstance(each, str) for each in values.values()) or not values.get(known[0]):
            raise ValueError(f"的 {known[0]} 应是文字，而不是 {values.get(known[0])!r}")
        return made(**values)

    return read


def unlike(name: Callable[[Any], str]) -> AfterValidator:
    """A list of which no two parts have the same name."""

    def check(parts: Sequence[object]) -> Sequence[object]:
        twice = next((each for each, times in Counter(map(name, parts)).items() if times > 1), "")
        if twice:
            raise ValueError(f"里 {twice} 出现了两次")
        return parts

    return AfterValidator(check)


_text = checked(lambda each: isinstance(each, str) and each, "应是文字的列表，而不是 {0!r}")
Text = Annotated[str, BeforeValidator(_text)]
Texts = tuple[Text, ...]
Count = Annotated[StrictInt, Field(ge=1)]


def relative(path: str) -> bool:
    """Whether it is a path under the source's `url`."""
    return "://" not in path and not path.startswith("//")


_contact = checked(
    # It goes into a header, between brackets.
    lambda text: re.fullmatch(r"[!-'*-~]{0,120}", text),
    "应是一个邮箱或网址，而不是 {0!r}",
)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
        sound = whole and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is none
        sound = False
    if not sound:
        raise ValueError(f"应是论坛首页的 http(s) 地址，而不是 {text!r}")
    return text if text.endswith("/") else text + "/"


def _every(text: object) -> timedelta:
    match = _SPAN.fullmatch(str(text))
    span = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if span < timedelta(minutes=1):
        raise ValueError(f'应写作 "30m"、"2h" 或 "1d"，至少一分钟，而不是 {text!r}')
    return span


_five = checked(
    lambda text: len(text.split()) in (0, 5), '应是 crontab 的五段，如 "0 8,20 * * *"，而不是 {0!r}'
)


def _cron(text: str) -> str:
    return " ".join(_five(text).split())


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"没有这个时区：{name!r}，例如 Asia/Shanghai") from error


def _quiet(text: object) -> QuietHours | None:
    try:
        return None if text == "" else QuietHours.parse(str(text))
    except ValueError as error:
        raise ValueError(f'应写作 "23:00-07:00"，而不是 {text!r}') from error


def _permission(values: object) -> object:
    """Without a ground there is none: it is asked for by name."""
    return {"ground": "", **values} if isinstance(values, dict) else values


# ── the records ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board of a forum: its id on the site, its name, and the place it is about ("" = the source's)."""

    id: str
    name: str = ""
    region: str = ""


_BoardPart = Annotated[Board, BeforeValidator(part_of(Board, '"36" 或 { id = "36", name = "…" }'))]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """The keys of a table that only its engine knows; each engine with such keys has a subclass."""

    @classmethod
    def of(cls, source: Source) -> Self:
        """Those of `source`. Raises TypeError for a source of another engine."""
        if not isinstance(source.options, cls):
            raise TypeError(f"{source.name} is a source of {source.engine}, without {cls.__name__}")
        return source.options

    def wrong(self, source: Source) -> str:
        """What is wrong with the table as a whole, as a sentence (zh-CN); "" for nothing. What `ENGINES`
        says is needed is there."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One table of sources.toml. `name` is `Post.source` for everything read from it."""

    name: str
    engine: Annotated[str, among(ENGINES)]
    url: Annotated[str, AfterValidator(_url)]  # the site's root, ending in "/"
    boards: Annotated[tuple[_BoardPart, ...], unlike(lambda board: board.id)] = ()
    words: Texts = ()  # search words, for engines that search
    region: str = ""  # the place the whole site is about
    every: Annotated[timedelta, BeforeValidator(_every)] = timedelta(hours=1)
    # Five fields of crontab, on the source's clock; takes the place of `every`.
    cron: Annotated[str, AfterValidator(_cron)] = ""
    permission: Annotated[Permission, BeforeValidator(_permission)] = field(
        default_factory=lambda: Permission(ground="robots")
    )
    zone: Annotated[ZoneInfo, BeforeValidator(_zone)] = field(
        default_factory=lambda: ZoneInfo("Asia/Shanghai")
    )
    expect: Annotated[StrictInt, Field(ge=0)] = 0  # fewest threads or posts of a run; fewer is "silent"
    days: Count = 30  # how far back the first run goes
    max_pages: Count = 20  # list pages a board and run; more is "truncated"
    max_thread_pages: Count = 50  # pages a thread and run; more is "truncated"
    pages_per_day: Count = 2000
    delay: StrictFloat = DELAY_FLOOR  # seconds between two requests
    # Hours in which nothing is asked, on the source's clock.
    quiet: Annotated[QuietHours | None, BeforeValidator(_quiet)] = None
    route: Literal["auto", "archiver", "desktop", "rss"] = "auto"
    links: Literal["plain", "rewritten", "discuz7"] = "plain"
    # A feed of news: title and address of its entries go into the morning report, whether leads or not.
    news: StrictBool = False
    enabled: StrictBool = True
    options: EngineOptions = field(default_factory=EngineOptions)  # of the engine's own class
    # Whom the site's owner can write to, where that is another one than the installation's.
    contact: Annotated[str, AfterValidator(_contact)] = ""
    allow_private: StrictBool = False  # the host may be in a private network (an own forum, the sample forum)

    @property
    def host(self) -> str:
        """Host name of the site, without port."""
        return urlsplit(self.url).hostname or ""

    def board(self, board_id: str) -> Board | None:
        return next((board for board in self.boards if board.id == board_id), None)
