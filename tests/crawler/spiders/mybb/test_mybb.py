"""The mybb spider against a local forum: real processes, real HTTP."""

from __future__ import annotations

from tests.site.page_cases import PageCases


class TestMyBB(PageCases):
    engine = "mybb"
    last_page = "/showthread.php?tid=11&page=7"
    address = "showthread.php?tid=11"
