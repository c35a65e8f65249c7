"""What Scrapy makes of crawler/settings.py."""

from __future__ import annotations

import subprocess
import sys

from crawler.sources.engines import ENGINES
from tests.support.paths import ROOT

EXTRAS = ("scrapy_playwright", "playwright", "elasticsearch", "psycopg", "mcp")
LIST = f"""
import sys
sys.modules.update(dict.fromkeys({EXTRAS}))  # None: as if it were not installed
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
print(*SpiderLoader.from_settings(get_project_settings()).list())
"""


def test_every_engine_is_found_without_any_of_the_extras() -> None:
    """Scrapy imports all that lies in the spiders' folder, whichever of them is to run."""
    ran = subprocess.run([sys.executable, "-c", LIST], cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - our own
    assert ran.returncode == 0, ran.stderr
    assert set(ran.stdout.split()) == set(ENGINES)
