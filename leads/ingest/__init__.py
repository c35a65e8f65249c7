"""Posts in, leads and mentions out."""

from leads.ingest.scrapy_pipeline import LeadsPipeline as LeadsPipeline
