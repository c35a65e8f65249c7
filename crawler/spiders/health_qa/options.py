"""The keys of sources.toml that only `health_qa` knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from crawler.sources.source import EngineOptions, Source, among
from crawler.spiders.health_qa.sites import health_site, health_sites


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthQaOptions(EngineOptions):
    site: Annotated[str, Field(validate_default=True), among(health_sites())] = ""  # a table of the sites

    def wrong(self, source: Source) -> str:
        """Where the site's lists are by section, a table has to name some."""
        if "{board}" in health_site(self.site).list and not source.boards:
            return '缺少 boards（科室在网址里的名字），例如 boards = [{ id = "kqk", name = "口腔科" }]'
        return ""
