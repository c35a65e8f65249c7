"""How the tests are shared out when several processes run them (pytest-xdist, `--dist loadgroup`)."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay together, for its fixtures' sake; those of the index share one search server."""
    for item in items:
        shared = "tests/leads/index" in item.path.as_posix()
        item.add_marker(pytest.mark.xdist_group("index" if shared else item.path.as_posix()))
