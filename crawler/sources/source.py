"""What to read: `sources.toml`, one table a source, checked and turned into `Source` records.

A second site on a known engine is a table, not a class. Every complaint names file, table and key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawler.sources import engine_options, weibo_options
from crawler.sources.permission import GROUNDS, Permission, is_loopback_host, is_private_address, to_ground
from crawler.sources.quiet_hours import QuietHours
from crawler.sources.table import SourceError as SourceError  # importers of sources expect it here
from crawler.sources.table import Table

PACKAGED = Path(__file__).with_name("sources.toml")
ENGINES = (
    *("discuz", "weibo_api", "weibo", "tieba"),
    *("feed", "discourse", "flarum", "nodebb", "health_qa", "rendered"),
)
OFF_BY_DEFAULT = ("health_qa",)  # runs only where the table says `enabled = true`
# What an engine's own keys are read with; the result is `Source.options`. Keys of other engines are refused.
OPTIONS: dict[str, Callable[[Table], object]] = {
    "weibo_api": weibo_options.read_api_options,
    "weibo": weibo_options.read_pages_options,
    "feed": engine_options.feed_options,
    "health_qa": engine_options.health_options,
    "rendered": engine_options.render_options,
}
ROUTES = ("auto", "archiver", "desktop", "rss")
LINKS = ("plain", "rewritten", "discuz7")
DELAY_FLOOR = 1.0  # seconds between two requests to somebody else's host; nothing may go below
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_CRON_FIELDS = 5
_SPAN = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board of a forum: its id on the site, its name, and the place it is about ("" = the source's)."""

    id: str
    name: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One table of sources.toml. `name` is `Post.source` for everything read from it."""

    name: str
    engine: str
    url: str  # the site's root, ending in "/"
    boards: tuple[Board, ...] = ()
    words: tuple[str, ...] = ()  # search words, for engines that search
    region: str = ""  # the place the whole site is about
    every: timedelta = timedelta(hours=1)
    cron: str = ""  # five fields of crontab, on the source's clock; takes the place of `every`
    permission: Permission = field(default_factory=lambda: Permission(ground="robots"))
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    expect: int = 0  # fewest threads or posts a run must list; fewer is "silent"
    days: int = 30  # how far back the first run goes
    max_pages: int = 20  # list pages a board and run; more is "truncated"
    max_thread_pages: int = 50  # pages a thread and run; more is "truncated"
    pages_per_day: int = 2000
    delay: float = DELAY_FLOOR  # seconds between two requests
    quiet: QuietHours | None = None  # hours in which nothing is asked, on the source's clock
    route: str = "auto"
    links: str = "plain"
    enabled: bool = True
    options: object = None  # what `OPTIONS[engine]` made of the engine's own keys
    allow_private: bool = False  # the host may be in a private network (an own forum, the sample forum)

    @property
    def host(self) -> str:
        """Host name of the site, without port."""
        return urlsplit(self.url).hostname or ""

    def board(self, board_id: str) -> Board | None:
        return next((board for board in self.boards if board.id == board_id), None)


def load_sources(path: Path | str = PACKAGED) -> tuple[Source, ...]:
    """All sources of a file, the disabled ones too.

    Raises:
        SourceError: the file is missing, is no TOML, or a table has a wrong key or value.
    """
    path = Path(path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"读不到来源文件 {path}：{error.strerror}。请检查路径或 TINGZHEN_SOURCES"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} 不是有效的 UTF-8 TOML：{error}") from error
    return tuple(_source(Table(path.name, name, table)) for name, table in tables.items())


def _source(table: Table) -> Source:
    if not _NAME.fullmatch(table.name):
        raise table.error("名称只能用小写字母、数字、- 和 _，最长 40 个字符")
    url, private = _url(table), table.take("allow_private", bool, False)
    host = urlsplit(url).hostname or ""
    if is_private_address(host) and not private:
        raise table.error(f"url 的主机 {host} 在内网；确是自己的站点时写 allow_private = true")
    engine = table.choice("engine", "", ENGINES)
    source = Source(
        name=table.name,
        engine=engine,
        url=url,
        boards=_boards(table),
        words=tuple(_texts(table, "words")),
        region=table.take("region", str, ""),
        every=_every(table),
        cron=_cron(table),
        permission=_permission(table),
        zone=_zone(table),
        expect=table.count("expect", 0, least=0),
        days=table.count("days", 30),
        max_pages=table.count("max_pages", 20),
        max_thread_pages=table.count("max_thread_pages", 50),
        pages_per_day=table.count("pages_per_day", 2000),
        delay=_delay(table, host, private=private),
        quiet=_quiet(table),
        route=table.choice("route", "auto", ROUTES),
        links=table.choice("links", "plain", LINKS),
        enabled=table.take("enabled", bool, engine not in OFF_BY_DEFAULT),
        allow_private=private,
        options=OPTIONS[engine](table) if engine in OPTIONS else None,
    )
    table.done()
    wrong = CHECKS[engine](source) if engine in CHECKS else ""
    if wrong:
        raise table.error(wrong)
    return source


def _check_discuz(source: Source) -> str:
    if not source.boards:
        return '缺少 boards，例如 boards = [{ id = "36", name = "健康求助" }]'
    wrong = next((board.id for board in source.boards if not board.id.isdigit()), "")
    return f"boards 的 id 应是数字文字，而不是 {wrong!r}" if wrong else ""


def _check_words(source: Source) -> str:
    return "" if source.words else '缺少 words，例如 words = ["牙疼 成都"]'


def _check_tieba(source: Source) -> str:
    return "" if source.boards else '缺少 boards，例如 boards = [{ id = "成都" }]（吧名，不带“吧”字）'


def _check_health(source: Source) -> str:
    missing = engine_options.listed_by_board(source.options) and not source.boards
    return (
        '缺少 boards（科室在网址里的名字），例如 boards = [{ id = "kqk", name = "口腔科" }]'
        if missing
        else ""
    )


# What is wrong with a source as a whole, as a sentence; "" for nothing.
CHECKS: dict[str, Callable[[Source], str]] = {
    "discuz": _check_discuz,
    "weibo_api": weibo_options.check_api,
    "weibo": _check_words,
    "tieba": _check_tieba,
    "health_qa": _check_health,
}


def _url(table: Table) -> str:
    url = table.take("url", str, "")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise table.error(f"url 应是论坛首页的 http(s) 地址，而不是 {url!r}")
    return url if url.endswith("/") else url + "/"


def _delay(table: Table, host: str, *, private: bool) -> float:
    value = table.take("delay", float, DELAY_FLOOR)
    floor = 0.0 if private and is_loopback_host(host) else DELAY_FLOOR
    if not floor <= value <= 3600:
        raise table.error(f"delay 应在 {floor:g} 到 3600 秒之间，而不是 {value:g}（下限不能关闭）")
    return value


def _quiet(table: Table) -> QuietHours | None:
    text = table.take("quiet", str, "")
    try:
        return QuietHours.parse(text) if text else None
    except ValueError as error:
        raise table.error(f'quiet 应写作 "23:00-07:00"，而不是 {text!r}') from error


def _every(table: Table) -> timedelta:
    text = table.take("every", str, "1h")
    match = _SPAN.fullmatch(text)
    span = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match and len(match[1]) < 7 else timedelta()
    if span < timedelta(minutes=1):
        raise table.error(f'every 应写作 "30m"、"2h" 或 "1d"，至少一分钟，而不是 {text!r}')
    return span


def _cron(table: Table) -> str:
    text = table.take("cron", str, "")
    if text and len(text.split()) != _CRON_FIELDS:
        raise table.error(f'cron 应是 crontab 的五段，如 "0 8,20 * * *"，而不是 {text!r}')
    return " ".join(text.split())


def _zone(table: Table) -> ZoneInfo:
    name = table.take("zone", str, "Asia/Shanghai")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise table.error(f"zone 没有这个时区：{name!r}，例如 Asia/Shanghai") from error


def _texts(table: Table, key: str) -> list[str]:
    values = table.take(key, list, [])
    for value in values:
        if not isinstance(value, str) or not value:
            raise table.error(f"{key} 应是文字的列表，而不是 {value!r}")
    return values


def _boards(table: Table) -> tuple[Board, ...]:
    boards = [_board(table, value) for value in table.take("boards", list, [])]
    ids = [board.id for board in boards]
    for board_id in ids:
        if ids.count(board_id) > 1:
            raise table.error(f"boards 里 {board_id} 出现了两次")
    return tuple(boards)


def _board(table: Table, value: object) -> Board:
    values = {"id": value} if isinstance(value, str) else value
    if not isinstance(values, Mapping) or set(values) - {"id", "name", "region"}:
        raise table.error(f'boards 的一项应是 "36" 或 {{ id = "36", name = "…" }}，而不是 {value!r}')
    if not all(isinstance(part, str) for part in values.values()) or not values.get("id"):
        raise table.error(f"boards 的 id 应是文字，而不是 {values.get('id')!r}")
    return Board(**values)


def _permission(table: Table) -> Permission:
    values = table.take("permission", dict, {"ground": "robots"})
    inner = Table(table.file, f"{table.name}.permission", values)
    ground = inner.choice("ground", "", GROUNDS)
    permission = Permission(
        ground=to_ground(ground),
        who=inner.take("who", str, ""),
        when=_date(inner, "when"),
        until=_date(inner, "until"),
        note=inner.take("note", str, ""),
    )
    inner.done()
    if permission.missing():
        raise inner.error(f'ground = "consent" 还需要 {"、".join(permission.missing())}')
    return permission


def _date(table: Table, key: str) -> date | None:
    value = table.values.pop(key, None)
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise table.error(f"{key} 应是日期，例如 2026-11-22，而不是 {value!r}")
