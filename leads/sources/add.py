"""`tingzhen sources add`: look at a site, say what was found, append a checked table to the sources file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from crawler.parsing.user_agent import user_agent
from crawler.probe import look
from crawler.probe.visitor import FetchError, Visitor
from crawler.sources.engines import ENGINES
from crawler.sources.load import SourceError, load_sources
from crawler.sources.permission import is_loopback_host
from crawler.system_errors import os_reason
from leads.config import Settings
from leads.errors import ConfigError, InputError, StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What was found, and the table that was written ("" when none was, and why)."""

    found: look.Found
    name: str
    file: Path
    table: str
    why_not: str = ""


def add(
    settings: Settings, url: str, *, name: str, file: Path | None, enable: bool, allow_private: bool
) -> Added:
    """Looks at `url` and appends its table to `file` (default: the configured sources file).

    Raises:
        InputError: the site cannot be looked at, or robots.txt forbids what `enable` asks for.
        ConfigError: there is no file to write to, it is broken, or has a source of this name.
    """
    target = _target(settings, file)
    known = _known(target)
    if not name:
        _refuse_known(target, known, url)
    visitor = Visitor(
        agent=user_agent(settings.crawl.contact),
        allow_private=allow_private,
        delay=0.0 if allow_private and is_loopback_host(urlsplit(url).hostname or "") else 1.0,
    )
    try:
        found = look.look(url, visitor)
    except FetchError as error:
        raise InputError(f"看不了 {_shown(url)}：{error}。") from error
    name = name or _name(found.url)
    if name in known:
        raise ConfigError(f"{target} 里已经有叫 {name!r} 的来源：请用 --name 换一个名字。")
    why_not = _why_not(found)
    if enable and not found.allowed:
        raise InputError(
            f"{found.robots}：不能启用。有站方书面同意时，先不加 --enable，再自己写上 permission。"
        )
    if why_not:
        return Added(found=found, name=name, file=target, table="", why_not=why_not)
    table = look.table(found, name, enabled=enable, private=allow_private)
    _append(target, table)
    return Added(found=found, name=name, file=target, table=table)


def _why_not(found: look.Found) -> str:
    if not found.engine:
        return "认不出是什么程序的网站：支持 " + "、".join(ENGINES)
    if found.engine not in ENGINES:
        return f"{found.engine} 网站还没有自己的抓取器" + ("；可以用它的 feed" if found.feeds else "")
    if found.engine in ("weibo", "tieba"):
        return "网页只在站方同意时才抓：见 docs/sources.md；微博请用官方接口（weibo_api）"
    if found.engine == "discuz" and not found.boards:
        return "没有看到版块" if found.allowed else f"{found.robots}，没有看版块"
    return ""


def _target(settings: Settings, file: Path | None) -> Path:
    target = file or (Path(settings.crawl.sources) if settings.crawl.sources else None)
    if target is None:
        raise ConfigError("没有来源文件可写：请在 tingzhen.toml 里写 [crawl] sources，或用 --file 指定。")
    return target


def _known(target: Path) -> dict[str, str]:
    """Host and port of each source in the file, by name."""
    if not target.exists():
        return {}
    try:
        return {source.name: _site(source.url) for source in load_sources(target)}
    except SourceError as error:
        raise ConfigError(str(error)) from error


def _refuse_known(target: Path, known: Mapping[str, str], url: str) -> None:
    """The same site a second time is mostly a mistake; with a name of its own it is meant."""
    there = next((name for name, site in known.items() if site == _site(url)), "")
    if there:
        raise ConfigError(
            f"{target} 里已经有这个站点，叫 {there!r}：请改那张表；要另写一张，请用 --name 给它起名。"
        )


def _site(url: str) -> str:
    return urlsplit(url).netloc.lower().removeprefix("www.")


def _name(url: str) -> str:
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:40].strip("-") or "site"


def _append(target: Path, table: str) -> None:
    """The old text and the table in a new file, read back, then put in place: all or nothing."""
    try:
        before = target.read_text(encoding="utf-8") if target.exists() else ""
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=target.parent, suffix=".toml", delete=False
        ) as new:
            new.write(before + gap + table)
        try:
            load_sources(new.name)
            if target.exists():
                Path(new.name).chmod(target.stat().st_mode)
            Path(new.name).replace(target)
        finally:
            Path(new.name).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{target} 写不了（{os_reason(error)}）：请检查权限和磁盘空间。") from error
    except SourceError as error:
        raise ConfigError(f"这个站点的表没有写进 {target}：{error}") from error


def _shown(url: str) -> str:
    """Without what may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
