"""Adding a source, on the page and by `tingzhen sources add`: look at a site, say what was found, write a
checked table into the sources file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from crawler.parsing.user_agent import user_agent
from crawler.probe import look
from crawler.probe.visitor import FetchError, Visitor
from crawler.sources.engines import ENGINES
from crawler.sources.permission import is_loopback_host
from leads.config import Settings
from leads.errors import ConfigError, InputError
from leads.sources.file import SourcesFile, Value

CONSENT_ONLY = ("weibo", "tieba")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
PATIENCE = 45.0  # seconds for all pages of one look; a person waits for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at a site gave: a free name for it, and why it cannot become a source ("" when it can)."""

    found: look.Found
    name: str
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody decided about a site that was looked at. `boards` and `feeds` are those that are read,
    by number and address; None takes all. `values` are further keys of the table."""

    name: str
    enabled: bool
    private: bool = False
    boards: Sequence[str] | None = None
    feeds: Sequence[str] | None = None
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What was found, and the table that was written ("" when none was, and why)."""

    found: look.Found
    name: str
    file: Path
    table: str
    enabled: bool = False
    why_not: str = ""


def add(
    settings: Settings, url: str, *, name: str, file: Path | None, enable: bool, allow_private: bool
) -> Added:
    """Looks at `url` and appends its table to `file` (default: the sources file).

    Raises:
        InputError: the site cannot be looked at, or robots.txt forbids what `enable` asks for.
        ConfigError: the file is broken, or has a source of this name.
    """
    target = SourcesFile(file or settings.sources_file)
    known = _known(target)
    if not name:
        _refuse_known(target.path, known, url)
    if name in known:
        raise ConfigError(f"{target.path} 里已经有叫 {name!r} 的来源：请用 --name 换一个名字。")
    looked = look_at(settings, url, target=target, private=allow_private)
    found, name = looked.found, name or looked.name
    if enable and not found.allowed:
        raise InputError(
            f"{found.robots}：不能启用。有站方书面同意时，先不加 --enable，再自己写上 permission。"
        )
    if looked.why_not:
        return Added(found=found, name=name, file=target.path, table="", why_not=looked.why_not)
    table = write(target, found, Choice(name=name, enabled=enable, private=allow_private, values={}))
    return Added(found=found, name=name, file=target.path, table=table, enabled=enable)


def look_at(
    settings: Settings,
    url: str,
    *,
    target: SourcesFile,
    private: bool = False,
    contact: str = "",
    consent: bool = False,
) -> Looked:
    """A handful of polite requests to the site of `url`; `contact` is whom its owner can write to, with the
    owner's `consent` robots.txt is told and does not decide.

    Raises:
        InputError: the site cannot be looked at.
        ConfigError: `target` is broken.
    """
    visitor = Visitor(
        agent=user_agent(contact or settings.crawl.contact),
        allow_private=private,
        delay=0.0 if private and is_loopback_host(_parts(url).hostname or "") else 1.0,
        patience=PATIENCE,
    )
    try:
        found = look.look(url, visitor, consent=consent)
    except FetchError as error:
        raise InputError(f"看不了 {_shown(url)}：{error}。") from error
    found = _feed_instead(found, consent=consent) or found
    return Looked(found=found, name=_free_name(found.url, _known(target)), why_not=_why_not(found))


def _feed_instead(found: look.Found, *, consent: bool) -> look.Found | None:
    """The site's feeds, where its pages cannot be read; those on other hosts would be other sources."""
    if found.engine in ENGINES or not (found.allowed or consent):
        return None
    parts = urlsplit(found.url)
    root = f"{parts.scheme}://{parts.netloc}/"
    feeds = [address for address in found.feeds if address.startswith(root)]
    note = "没有读这种网站的办法，改读它的订阅源（feed）"
    return replace(found, url=root, engine="feed", feeds=feeds, notes=[*found.notes, note]) if feeds else None


def write(target: SourcesFile, found: look.Found, choice: Choice) -> str:
    """Appends the table of what was found and decided; gives its text.

    Raises:
        InputError: none of the boards or feeds was chosen, or the name is none.
        ConfigError: the file or the table is wrong, or there is a source of this name.
        StorageError: the file cannot be written.
    """
    chosen = replace(
        found,
        boards=[each for each in found.boards if choice.boards is None or each[0] in choice.boards],
        feeds=[each for each in found.feeds if choice.feeds is None or each in choice.feeds],
    )
    if (found.boards and not chosen.boards) or (found.engine == "feed" and not chosen.feeds):
        raise InputError("一个版块也没有选：请至少选一个。")
    if not _NAME.fullmatch(choice.name):
        raise InputError("名字不可用：只能用小写字母、数字、- 和 _，最长 40 个字符。")
    table = look.table(chosen, choice.name, enabled=choice.enabled, private=choice.private)
    target.add(choice.name, table, choice.values)
    return table


def _why_not(found: look.Found) -> str:
    """Why what was found cannot become a source, as a sentence without its full stop; "" when it can."""
    if not found.engine:
        return "认不出是什么程序的网站：支持 " + "、".join(ENGINES)
    if found.engine not in ENGINES:
        return f"{found.engine} 网站还没有自己的抓取器"
    if found.engine in CONSENT_ONLY:
        return "网页只在站方同意时才抓：见 docs/sources.md；微博请用官方接口（weibo_api）"
    if ENGINES[found.engine].needs.startswith("boards") and not found.boards:
        return "没有看到版块" if found.allowed else f"{found.robots}，没有看版块"
    return ""


def _known(target: SourcesFile) -> dict[str, str]:
    """Host and port of each source in the file, by name."""
    return {source.name: _site(source.url) for source in target.sources()}


def _refuse_known(target: Path, known: Mapping[str, str], url: str) -> None:
    """The same site a second time is mostly a mistake; with a name of its own it is meant."""
    there = next((name for name, site in known.items() if site == _site(url)), "")
    if there:
        raise ConfigError(
            f"{target} 里已经有这个站点，叫 {there!r}：请改那张表；要另写一张，请用 --name 给它起名。"
        )


def _site(url: str) -> str:
    return _parts(url).netloc.lower().removeprefix("www.")


def _parts(url: str) -> SplitResult:
    """Empty ones for what is no address: the look says so."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _free_name(url: str, known: Mapping[str, str]) -> str:
    """After the host; a number keeps two ports of one host apart."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    name = re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:36].strip("-") or "site"
    taken = (f"{name}-{number}" for number in range(2, len(known) + 3))
    return next(each for each in (name, *taken) if each not in known)


def _shown(url: str) -> str:
    """Without what may be a secret."""
    parts = _parts(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if parts.scheme else url[:100]
