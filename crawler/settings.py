"""Scrapy settings. Manners come first: what is set here is a floor, and tests hold it.

Settings of our own: TINGZHEN_SOURCES (path of your sources.toml), TINGZHEN_DATA_DIR (folder of the data),
TINGZHEN_COVERAGE (path of the coverage file), TINGZHEN_CONTACT (who answers for this crawler: an address or
a page), TINGZHEN_PROGRESS ("-", "fd:3" or a path), TINGZHEN_RECHECK_HOURS (how long a stored post may go
unseen, default 20), TINGZHEN_KEEP_DAYS (how long posts are looked for again, default 180),
TINGZHEN_PAGE_SECONDS (the longest that one page in the browser may take, default 60), TINGZHEN_LOG_LEVEL.
Each is read from the environment, too.
"""

from __future__ import annotations

import os

from crawler.parsing.user_agent import PRODUCT, user_agent
from crawler.telemetry import logs, traces

BOT_NAME = "tingzhen"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

TINGZHEN_SOURCES = os.environ.get("TINGZHEN_SOURCES", "")
TINGZHEN_DATA_DIR = os.environ.get("TINGZHEN_DATA_DIR", "data")
TINGZHEN_COVERAGE = os.environ.get("TINGZHEN_COVERAGE", "")
TINGZHEN_PROGRESS = os.environ.get("TINGZHEN_PROGRESS", "")
# A stored post is looked for again when it was not seen for so long (a daily run then catches all of them),
# as long as it may still be kept.
TINGZHEN_RECHECK_HOURS = float(os.environ.get("TINGZHEN_RECHECK_HOURS") or 20)
TINGZHEN_KEEP_DAYS = int(os.environ.get("TINGZHEN_KEEP_DAYS") or 180)
TINGZHEN_PAGE_SECONDS = float(os.environ.get("TINGZHEN_PAGE_SECONDS") or 60)
TINGZHEN_CONTACT = os.environ.get("TINGZHEN_CONTACT", "")

# Who we are, and how to reach whoever runs us.
USER_AGENT = user_agent(TINGZHEN_CONTACT)
ROBOTSTXT_USER_AGENT = PRODUCT
# crawler.middlewares.RobotsMiddleware asks instead of Scrapy's own; both are off only together.
ROBOTSTXT_OBEY = True

# One request at a time a host, at least a second apart. Jitter would go below the delay half of the time.
CONCURRENT_REQUESTS = 8
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 1.0
DOWNLOAD_DELAY_JITTER = 0.0
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0

# Nothing is kept of a visit, nobody is impersonated, nothing is read but the web.
COOKIES_ENABLED = False
HTTPPROXY_ENABLED = False
HTTPCACHE_ENABLED = False
METAREFRESH_ENABLED = False
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
REFERRER_POLICY = "no-referrer"

DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # AddressGuard is stricter
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.AddressGuard": 50,
    "crawler.middlewares.RobotsMiddleware": 100,
    "crawler.middlewares.StopMiddleware": 650,
    "crawler.spiders.weibo_api.token.TokenMiddleware": 950,  # next to the network
}
EXTENSIONS = {
    "scrapy.extensions.throttle.AutoThrottle": None,
    "crawler.extensions.PoliteThrottle": 0,
    "scrapy.extensions.memusage.MemoryUsage": None,
    "crawler.extensions.MemoryNow": 0,
    "crawler.extensions.RunRecorder": 500,
    "crawler.extensions.Lifeline": 500,
}
# The one joint to the rest; empty it to crawl without `leads` (-s ITEM_PIPELINES={}).
ITEM_PIPELINES = {"leads.ingest.scrapy_pipeline.LeadsPipeline": 300}
FEED_EXPORTERS = {
    "jsonl": "crawler.pipelines.PostLinesExporter",
    "jsonlines": "crawler.pipelines.PostLinesExporter",
    "jl": "crawler.pipelines.PostLinesExporter",
    "json": "crawler.pipelines.PostJsonExporter",
}
FEED_EXPORT_ENCODING = "utf-8"

# Limits: no page, host or run can hold us for ever.
DOWNLOAD_TIMEOUT = 30
DOWNLOAD_MAXSIZE = 8 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 4
RETRY_TIMES = 2
RETRY_HTTP_CODES = [500, 502, 503, 504, 522, 524, 408]  # never 429: that one stops the host
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
CLOSESPIDER_TIMEOUT = 6 * 3600
CLOSESPIDER_TIMEOUT_NO_ITEM = 2 * 3600  # lists alone for so long: a site that makes pages without end
# Scrapy starts so many workers for each page; our pipelines are called one after the other anyway, and
# looking for generators that return values costs as much as reading a small page.
CONCURRENT_ITEMS = 1
WARN_ON_GENERATOR_RETURN_VALUE = False
DEPTH_PRIORITY = 1  # breadth first with the queues below: pages in the order they were found
SCHEDULER_DISK_QUEUE = "scrapy.squeues.PickleFifoDiskQueue"
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"

DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_HANDLERS: dict[str, str | None] = {"data": None, "file": None, "ftp": None, "s3": None}
# A browser is opened by crawler.browser, and only for sources with render = true.
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
TWISTED_DNS_RESOLVER = "crawler.middlewares.GuardedResolver"
DNS_TIMEOUT = 15

# Where a server has started this crawl, lines have the form it names; by hand they are Scrapy's.
LOG_ENABLED = not logs.as_told("crawl")
traces.begin("crawl")
LOG_LEVEL = os.environ.get("TINGZHEN_LOG_LEVEL", "WARNING")
LOG_FORMATTER = "crawler.extensions.QuietItems"
STATS_DUMP = False
