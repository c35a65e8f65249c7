"""Indexes of their own for tests, on either backend."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from leads.config import ElasticSettings, Settings
from leads.index import BACKENDS

NUMBERS = count(1)  # for names that no other test of this process has
_SESSION = uuid4().hex[:6]
backends = pytest.mark.parametrize(
    "backend",
    [pytest.param(name, marks=pytest.mark.elastic if name == "elastic" else ()) for name in sorted(BACKENDS)],
)


def elastic_settings(url: str, folder: Path, prefix: str = "", **more: object) -> Settings:
    """Settings for indices of their own."""
    name = prefix or f"t{_SESSION}-{next(NUMBERS)}"
    table = ElasticSettings.model_validate({"prefix": name, "replicas": 0, **more})
    return Settings(data_dir=folder, index=url, elastic=table)


def wipe(settings: Settings) -> None:
    """Remove all indices of a test."""
    from elasticsearch import Elasticsearch

    with Elasticsearch(settings.index) as client:
        names = list(client.indices.get(index=f"{settings.elastic.prefix}-*").body)
        for name in names:
            client.indices.delete(index=name)
        for kind in ("leads", "mentions"):
            client.options(ignore_status=404).indices.delete_index_template(
                name=f"{settings.elastic.prefix}-{kind}"
            )
