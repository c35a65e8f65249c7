"""Posts in, leads and mentions out."""

from __future__ import annotations


def __getattr__(name: str) -> object:
    """`leads.ingest.LeadsPipeline`, as settings of crawls have named it from the first version on."""
    if name != "LeadsPipeline":
        raise AttributeError(name)
    from leads.ingest.scrapy_pipeline import LeadsPipeline  # late: Scrapy, which the desk does not need

    return LeadsPipeline
