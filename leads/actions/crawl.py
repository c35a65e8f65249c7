"""`tingzhen crawl`: the named sources, an engine at a time, each in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from socket import gethostname

from crawler.coverage.runs import Run
from crawler.sources.source import Source
from leads.actions.crawl_process import Event, spawn
from leads.actions.shared_intake import SharedIntake
from leads.config import Settings
from leads.errors import ConfigError
from leads.sources.agreement import agree
from leads.storage import author_secret, coverage, data_dir, sources


def crawl(
    settings: Settings,
    names: Sequence[str],
    *,
    progress: Callable[[Event], None],
    recheck: bool = False,
    stop: threading.Event | None = None,
    intake: SharedIntake | None = None,
) -> list[Run]:
    """Crawl the named sources, or every enabled one, an engine at a time, each in a process of its own. Their
    posts go to `intake`, where other crawls run beside this one; without, to one of their own.
    `recheck` looks for nothing new: stored posts are visited again, and those gone at their source deleted.

    Raises:
        ConfigError: no such source, or none is enabled; another machine has a newer sources.toml.
        BusyError, Stopped, StorageError: see `leads.actions.crawl_process.spawn`.
    """
    chosen = _choose(sources(settings), names)
    folder = data_dir(settings)
    author_secret(settings)
    with coverage(settings) as opened:
        agree(opened, settings.sources_file, gethostname())
    shared = intake or SharedIntake(settings)
    with shared.in_use():
        for engine in dict.fromkeys(source.engine for source in chosen):
            ours = [source for source in chosen if source.engine == engine]
            spawn(settings, folder, ours, progress, intake=shared, recheck=recheck, stop=stop)
    with coverage(settings) as opened:
        return [run for source in chosen for run in opened.runs(source=source.name, limit=1)]


def _choose(known: Sequence[Source], names: Sequence[str]) -> list[Source]:
    by_name = {source.name: source for source in known}
    for name in names:
        if name not in by_name:
            raise ConfigError(f"没有叫 {name!r} 的来源：可用 {'、'.join(by_name) or '（一个都没有）'}。")
        if not by_name[name].enabled:
            raise ConfigError(
                f"来源 {name!r} 停用着，没有抓取：先看看它的设置，再在 sources.toml 里把 enabled 改成 true。"
            )
    chosen = [by_name[name] for name in names] or [source for source in known if source.enabled]
    if not chosen:
        raise ConfigError("没有启用的来源：请在 sources.toml 里写一个，或把 enabled 改成 true。")
    return chosen
