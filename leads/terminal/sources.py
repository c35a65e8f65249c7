"""Sources and coverage on a terminal, for `leads.cli.sources`: lines for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from crawler.sources.source import Source
from leads.sources import states as coverage_view
from leads.sources.add import Added
from leads.sources.states import GROUNDS, SourceState
from leads.terminal.tables import print_json


def coverage(states: Sequence[SourceState], *, now: datetime, as_json: bool) -> None:
    if as_json:
        print_json([coverage_view.record(state) for state in states])
        return
    print("\n\n".join(coverage_view.text(state, now) for state in states))


def listing(sources: Sequence[Source], *, as_json: bool) -> None:
    """Every source of the file, the disabled ones too."""
    if as_json:
        print_json(
            [
                {
                    "source": source.name,
                    "engine": source.engine,
                    "url": source.url,
                    "enabled": source.enabled,
                    "ground": source.permission.ground,
                    "every_seconds": int(source.every.total_seconds()),
                    "quiet": str(source.quiet or ""),
                }
                for source in sources
            ]
        )
        return
    for source in sources:
        state = "启用" if source.enabled else "停用"
        print(f"{state}  {source.name}  {source.engine}  {source.url}  {GROUNDS[source.permission.ground]}")


def added(done: Added, *, as_json: bool) -> None:
    """What a look at a site gave, and where its table went."""
    found = done.found
    if as_json:
        print_json([_added_record(done)])
        return
    rows = (
        ("网站", found.title or found.url),
        ("robots", found.robots),
        ("程序", " ".join((found.engine, found.version)).strip() or "认不出"),
        ("编码", found.charset),
        ("链接", found.links),
        ("存档页", "有" if found.archiver else ""),
        ("版块", "、".join(f"{name or '？'}({number})" for number, name in found.boards)),
        ("feed", "、".join(found.feeds)),
        *(("注意", note) for note in found.notes),
    )
    for label, value in rows:
        if value:
            print(f"{label}：{value}")
    if done.table:
        print(f"已写进 {done.file}，名字是 {done.name}。{_next_step(done)}")
    else:
        print(f"没有写：{done.why_not}。", file=sys.stderr)


def _next_step(done: Added) -> str:
    if done.enabled:
        return f"它是启用的：运行 tingzhen serve 会按时采集，tingzhen crawl {done.name} 马上采集一次。"
    return "它还停用着：请看一遍，删掉不要的版块，再在“采集”页启用，或在文件里把 enabled 改成 true。"


def _added_record(done: Added) -> dict[str, object]:
    found = done.found
    return {
        "url": found.url,
        "robots": found.robots,
        "allowed": found.allowed,
        "engine": found.engine,
        "version": found.version,
        "charset": found.charset,
        "links": found.links,
        "archiver": found.archiver,
        "boards": [{"id": number, "name": name} for number, name in found.boards],
        "feeds": found.feeds,
        "notes": found.notes,
        "source": done.name if done.table else "",
        "file": str(done.file) if done.table else "",
        "enabled": done.enabled,
        "why_not": done.why_not,
    }
