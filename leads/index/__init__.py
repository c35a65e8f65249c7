"""Where leads are stored and searched. `BACKENDS` names every one there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from leads.errors import StorageError
from leads.index.base import LeadIndex
from leads.index.sqlite.index import SqliteIndex

if TYPE_CHECKING:
    from leads.config import Settings


def _sqlite(settings: Settings) -> LeadIndex:
    return SqliteIndex(settings.data_dir / "leads.sqlite")


def _elastic(settings: Settings) -> LeadIndex:
    try:
        # Imported late: who keeps everything in one file needs no Elasticsearch client.
        from leads.index.elastic.client import Servers
        from leads.index.elastic.index import ElasticIndex
    except ImportError as error:
        raise StorageError(
            f'缺少 Elasticsearch 的客户端（{error.name}）：请运行 pip install "tingzhen[elastic]"。'
        ) from error
    servers = Servers(address=settings.index, **settings.elastic.model_dump())
    return ElasticIndex(servers, Path(settings.data_dir))


BACKENDS: dict[str, Callable[[Settings], LeadIndex]] = {"sqlite": _sqlite, "elastic": _elastic}


def open_backend(settings: Settings) -> LeadIndex:
    """The index the settings name; the data folder is there already.

    Raises:
        StorageError: cannot be opened.
        ConfigError: its address cannot be used.
    """
    return BACKENDS["sqlite" if settings.index == "sqlite" else "elastic"](settings)
