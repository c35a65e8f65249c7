"""What every crawl loads, for the process that crawls are forked from (tests.site.forks).

`crawler.settings` is not among it, because it reads the environment, which is each crawl's own; nor is a
reactor, which each crawl installs.
"""

from __future__ import annotations

import sys
from collections import deque

import scrapy.cmdline
import scrapy.core.downloader.handlers.http11
import scrapy.extensions.closespider
import scrapy.extensions.corestats
import scrapy.extensions.feedexport
import scrapy.extensions.logcount
import scrapy.extensions.logstats
import scrapy.extensions.memusage
import scrapy.extensions.remote_control
import scrapy.extensions.spiderstate
import scrapy.pqueues
import scrapy.squeues
import scrapy.statscollectors  # noqa: F401
from scrapy.utils.misc import walk_modules_iter

PACKAGES = (
    "crawler.spiders", "crawler.extensions", "crawler.pipelines",
    "scrapy.commands", "scrapy.downloadermiddlewares", "scrapy.spidermiddlewares",
)  # fmt: skip

for package in PACKAGES:
    deque(walk_modules_iter(package), maxlen=0)

EACH_ITS_OWN = {"crawler.settings", "twisted.internet.reactor"}
assert not EACH_ITS_OWN & set(sys.modules)
