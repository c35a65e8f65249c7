"""A crawl's limit of memory is its own, however large the process it was begun by."""

from __future__ import annotations

import subprocess
import sys

from tests.support.paths import ROOT

HELD = 400 * 1024 * 1024  # bytes; a crawl of nothing has less
ASK = """
from scrapy.extensions.memusage import MemoryUsage
from scrapy.utils.test import get_crawler
from crawler.extensions import MemoryNow
crawler = get_crawler(settings_dict={"MEMUSAGE_ENABLED": True})
print(MemoryNow(crawler).get_virtual_size(), MemoryUsage(crawler).get_virtual_size())
"""


def test_what_a_large_parent_had_does_not_count() -> None:
    held = b"x" * HELD
    asked = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    now, most = map(int, asked.stdout.split())
    assert 20 * 1024 * 1024 < now < HELD <= len(held)
    assert now <= most
