"""The phpwind spider against a local forum: real processes, real HTTP."""

from __future__ import annotations

from tests.site.page_cases import PageCases


class TestPhpwind(PageCases):
    engine = "phpwind"
    last_page = "/read.php?tid=11&page=7"
    address = "read.php?tid=11"
