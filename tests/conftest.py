"""The order of the files: those that take long begin first, so that none is left alone at the end."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stable: within a file, and among the other files, the order stays."""
    rank = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(LONG)))
