"""The phpbb spider against a local forum: real processes, real HTTP."""

from __future__ import annotations

from tests.site.page_cases import PageCases


class TestPhpBB(PageCases):
    engine = "phpbb"
    last_page = "/viewtopic.php?t=11&start=42"
    address = "viewtopic.php?t=11"
