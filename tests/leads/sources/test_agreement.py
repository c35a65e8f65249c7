"""Several machines crawl by one sources.toml: the one edited last."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crawler.coverage.store import Coverage
from leads.errors import ConfigError
from leads.sources.agreement import agree


@pytest.fixture
def shared(postgres: str) -> Iterator[Coverage]:
    with closing(Coverage(postgres)) as opened:
        yield opened


def file(folder: Path, machine: str, text: str, edited: int) -> Path:
    path = folder / machine / "sources.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (edited, edited))
    return path


def test_a_machine_with_an_older_file_does_not_crawl(tmp_path: Path, shared: Coverage) -> None:
    one, two = file(tmp_path, "one", "a", 1000), file(tmp_path, "two", "b", 2000)
    agree(shared, one, "one")
    agree(shared, two, "two")
    with pytest.raises(ConfigError, match=r"sources\.toml 比 two 上的旧"):
        agree(shared, one, "one")
    agree(shared, file(tmp_path, "one", "b", 1500), "one")  # copied: when, is no matter


def test_a_machine_alone_is_asked_nothing(tmp_path: Path) -> None:
    with closing(Coverage(tmp_path / "coverage.sqlite")) as alone:
        for edited in (2000, 1000):
            agree(alone, file(tmp_path, "one", str(edited), edited), "one")
