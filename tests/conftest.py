"""What holds for the whole run: shared servers, and the order of the files."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgres_server import database, server
from tests.support.shared import close_folder, open_folder

SERVERS = pytest.StashKey[Path]()

# How fast the machine is, is nothing that a property depends on.
settings.register_profile("tingzhen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tingzhen")

# Files of few tests that take long; xdist, left to itself, would begin with the files of many tests.
LONG = (
    "tests/test_serve.py",
    "tests/leads/actions/test_schedule.py",
    "tests/crawler/spiders/test_resume.py",
    "tests/leads/alerts/outbox/test_worker.py",
    "tests/leads/alerts/triggers/test_causes.py",
    "tests/leads/index/test_same_answer.py",
    "tests/crawler/spiders/test_manners.py",
    "tests/crawler/spiders/test_bad_input.py",
    "tests/crawler/spiders/rendered/test_rendered.py",
    "tests/leads/actions/test_crawl_process.py",
    "tests/leads/web/test_any_url.py",
    "tests/test_end_to_end.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """In the process that leads the run, before its workers start."""
    if not hasattr(config, "workerinput"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: as by Ctrl-C
        config.stash[SERVERS] = open_folder()
        # Some hundred processes read the same sources: each would compile them again.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The workers are gone; after an interruption, too."""
    if SERVERS in config.stash:
        close_folder(config.stash[SERVERS])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stable: within a file, and among the other files, the order stays."""
    rank = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(LONG)))


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of the PostgreSQL server that all processes of the run use."""
    return server()


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """The address of an empty database of its own, for `Settings(records=…)`."""
    with database(postgres_server) as address:
        yield address
