"""The browser, for pages that only scripts fill: Chromium by scrapy-playwright, on a short leash.

It says who it is, loads no pictures, fonts or media, sends nothing but GET, reaches no host but the source's
own (and those its table names), forgets cookies after each page, and is stopped when a page takes too long
or too much.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler
from scrapy_playwright.page import PageMethod

if TYPE_CHECKING:  # playwright comes with the extra "browser"
    from playwright.async_api import Page
    from playwright.async_api import Request as PageRequest

EXECUTABLES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
PAGES = 2  # tabs open at once; each request takes one over from the one before
USES = 50  # requests a tab serves before a fresh one: what leaks in it is gone then
HEAP_MB = 256  # of one page's scripts; a page that wants more crashes, alone
NAVIGATION_MS = 30_000
NOT_LOADED = frozenset(
    ("image", "media", "font", "texttrack", "manifest", "ping", "eventsource", "websocket")
)
_CODE = frozenset(("script", "stylesheet"))


class BrowserMissing(Exception):  # noqa: N818  # what is missing, not what went wrong
    """There is no browser here; the message says what to install (zh-CN)."""


class PageTooSlow(Exception):  # noqa: N818  # a page that never comes to rest
    """A page did not come to rest in time (TINGZHEN_PAGE_SECONDS), or is too large."""


def executable() -> str:
    """Path of the system's Chromium or Chrome. Raises BrowserMissing."""
    if not find_spec("scrapy_playwright"):
        raise BrowserMissing("render = true 要用浏览器：请先 pip install 'tingzhen[browser]'")
    found = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if found is None:
        raise BrowserMissing("render = true 要用浏览器：请安装 chromium（Debian：apt install chromium）")
    return found


def launch_options(hosts: Iterable[str]) -> dict[str, object]:
    """How Chromium is started: with no other host than `hosts` resolvable, whatever a page or a redirect
    asks for, addresses included."""
    rules = ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in sorted(set(hosts)))])
    flags = [
        f"--host-resolver-rules={rules}",
        f"--js-flags=--max-old-space-size={HEAP_MB}",
        "--renderer-process-limit=2",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--mute-audio",
        "--blink-settings=imagesEnabled=false",
    ]
    # Chromium's sandbox does not work for root; in a container root is common.
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": executable(), "headless": True, "args": flags + alone}


def browser_settings(
    hosts: Iterable[str], blocks: Callable[[PageRequest], Awaitable[bool]]
) -> dict[str, object]:
    """Scrapy settings of a crawl with a browser; `blocks` says which requests of a page are not made."""
    handler = f"{__name__}.BrowserHandler"
    return {
        "DOWNLOAD_HANDLERS": {
            **dict.fromkeys(("data", "file", "ftp", "s3")),
            "http": handler,
            "https": handler,
        },
        "PLAYWRIGHT_LAUNCH_OPTIONS": launch_options(hosts),
        "PLAYWRIGHT_ABORT_REQUEST": blocks,
        "PLAYWRIGHT_MAX_CONTEXTS": 1,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": PAGES,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": NAVIGATION_MS,
    }


def browser_meta(agent: str, css: str, seconds: float) -> dict[str, object]:
    """`Request.meta` of a page that scripts fill: loaded, then watched for `css` for some seconds."""
    context = {"user_agent": agent, "accept_downloads": False, "service_workers": "block"}
    return {
        "playwright": True,
        "playwright_include_page": True,
        "playwright_context_kwargs": context,
        "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
        "playwright_page_methods": [PageMethod(_appears, css, seconds * 1000)],
    }


async def _appears(page: Page, css: str, milliseconds: float) -> None:
    """Waits for `css`; a page without it is read as it is, since it may say why."""
    from playwright.async_api import TimeoutError as TooLong

    try:
        await page.wait_for_selector(css, timeout=milliseconds, state="attached")
    except TooLong:
        return


class Rules(Protocol):
    """What a gate asks: may this address be fetched, as far as robots.txt has been read?"""

    def __call__(self, url: str) -> bool: ...


class Manners(Protocol):
    """What else a gate asks, of each request that may be made: waits for its turn, and counts it. False when
    the host is left alone. `code` marks scripts and styles, which come in one go with their page."""

    async def __call__(self, host: str, *, code: bool) -> bool: ...


class Gate:
    """Which requests of a page are made, and when: the page itself and all that its scripts ask for. `home`
    and `code` are the hosts of data and of scripts."""

    def __init__(self, home: frozenset[str], code: frozenset[str], allows: Rules, admit: Manners) -> None:
        self.home, self.code, self.allows, self.admit = home, code, allows, admit

    async def __call__(self, request: PageRequest) -> bool:
        """True aborts. Takes playwright's request."""
        if self.refuses(request):
            return True
        host = urlsplit(request.url).hostname or ""
        return not await self.admit(host, code=request.resource_type in _CODE)

    def refuses(self, request: PageRequest) -> bool:
        """Whether the request is none of those that may be made at all."""
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https") or request.method != "GET":
            return True
        if request.resource_type in NOT_LOADED:
            return True
        host = parts.hostname or ""
        if host in self.home:
            return not self.allows(request.url)
        return not (host in self.code and request.resource_type in _CODE)


class BrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # scrapy-playwright has no types
    """scrapy-playwright's handler with tabs that are used again, and an end to every page."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._turns = asyncio.Semaphore(PAGES)
        self._idle: list[tuple[Page, int]] = []  # tab, requests it has served
        self._most = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._limit = crawler.settings.getfloat("TINGZHEN_PAGE_SECONDS")

    async def download_request(self, request: Request) -> Response:
        if not request.meta.get("playwright"):
            return await super().download_request(request)  # type: ignore[no-any-return]  # no types there
        async with self._turns:
            page, served = self._idle.pop() if self._idle else (None, 0)
            request.meta["playwright_page"] = page
            try:
                response: Response = await _within(self._limit, super().download_request(request))
                if len(response.body) > self._most:
                    raise PageTooSlow(f"页面有 {len(response.body)} 字节，超过上限")
            except BaseException:
                await self._discard(request.meta.pop("playwright_page", None))
                raise
            await self._keep(request.meta.pop("playwright_page", None), served + 1)
            return response

    async def _keep(self, page: Page | None, served: int) -> None:
        if page is None or page.is_closed() or served >= USES:
            await self._discard(page)
            return
        await page.goto("about:blank")  # or its scripts would go on asking
        await page.context.clear_cookies()
        self._idle.append((page, served))

    async def _discard(self, page: Page | None) -> None:
        if page is not None and not page.is_closed():
            # A page that hangs may not even let itself be closed; its time is not ours.
            await asyncio.wait({asyncio.ensure_future(page.close())}, timeout=5)


async def _within(seconds: float, work: Awaitable[Response]) -> Response:
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        raise PageTooSlow(f"页面 {seconds:g} 秒内没有停下来")
    return task.result()
