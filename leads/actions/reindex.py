"""`tingzhen reindex`: rebuild the Elasticsearch index, or move everything from one index to another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from leads.config import Settings, with_index
from leads.errors import ConfigError, StorageError
from leads.index import open_backend
from leads.index.copying import Copied, Copier, Progress

if TYPE_CHECKING:
    from leads.index.elastic.rebuild import Rebuild


def move(settings: Settings, source: str, progress: Callable[[Progress], None]) -> Copied:
    """Make the configured index the copy of the one at `source` ("sqlite" or an address).

    Raises:
        ConfigError: both are the same.
        StorageError: one of them fails; running again goes on where it stopped.
    """
    if source == settings.index:
        raise ConfigError(f"--from {_bare(source)} 就是现在用的索引：请先在配置里把 index 改成要搬去的那个。")
    origin = with_index(settings, source)
    with open_backend(origin) as old, open_backend(settings) as new:
        if not any(old.counts().values()) and any(new.counts().values()):
            raise StorageError(
                f"来源 {_bare(source)} 是空的，现在用的索引却有内容：没有动它。请检查 --from 和 data_dir。"
            )
        copied = Copier(old, new, progress).run()
        new.adopt(old.stamp())  # the crawl's cursors are the copy's, too
        return copied


def rebuild(settings: Settings, progress: Callable[[Progress], None]) -> Copied:
    """The next version of the configured Elasticsearch index.

    Raises:
        ConfigError: the embedded index is configured, which needs none of this.
        StorageError: the cluster fails; running again goes on where it stopped.
    """
    with closing(_rebuild(settings)) as work:
        return work.run(progress)


def drop_old(settings: Settings) -> list[str]:
    """Delete the versions of the Elasticsearch index that are no longer used; their names."""
    with closing(_rebuild(settings)) as work:
        return work.drop_old()


def _rebuild(settings: Settings) -> Rebuild:
    if settings.index == "sqlite":
        raise ConfigError(
            "现在用的是内置索引，不用重建：要从 Elasticsearch 搬回来请写 --from https://主机:9200。"
        )
    # Elasticsearch is an extra: the other commands run without it.
    from leads.index.elastic.client import Servers
    from leads.index.elastic.rebuild import Rebuild

    return Rebuild(Servers(address=settings.index, **settings.elastic.model_dump()), settings.data_dir)


def _bare(address: str) -> str:
    """Without user and password."""
    return "//".join(part.rpartition("@")[2] for part in address.split("//"))
