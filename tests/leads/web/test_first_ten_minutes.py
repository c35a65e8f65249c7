"""From nothing to the first lead in a browser, without a text editor: the pages on the way are counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from crawler.sample.forum import Served, serve_forum
from leads.actions.schedule import Crawls
from leads.config import CrawlSettings, Settings
from leads.records import open_records, users
from leads.web.app import create_app
from tests.support.browsing import DESK, PHONE, fits, opened, shoot
from tests.support.serving import running

pytestmark = pytest.mark.browser

CLINIC = "https://www.amap.com/regeo?lng=104.0560&lat=30.6360"  # in Chengdu's Wuhou, as the sample forum
MOST = 6  # pages from the first one after the login to the first lead


@pytest.fixture
def forum() -> Iterator[Served]:
    with serve_forum() as served:
        yield served


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, crawl=CrawlSettings(private_addresses=True))


@pytest.fixture
def desk(settings: Settings) -> Iterator[str]:
    """The desk with what crawls beside it; gives its address."""
    app = create_app(settings)
    with open_records(settings) as records:
        crawls = Crawls(settings, records)
        thread = threading.Thread(target=crawls.work, daemon=True)
        thread.start()
        with running(app) as port:
            yield f"http://127.0.0.1:{port}"
        crawls.stop()
        thread.join(timeout=120)


def welcome(settings: Settings, desk: str) -> str:
    """The one-time link that `tingzhen serve` prints."""
    with open_records(settings) as records, records.transaction() as session:
        admin = users.first_admin(session, now=datetime.now(UTC))
        return f"{desk}/welcome/{users.make_link(session, admin, now=datetime.now(UTC))}"


def come_in(page: Page, link: str) -> list[str]:
    """Sets the password; the paths of all pages from then on, as they are opened."""
    page.goto(link)
    for field in page.locator("input[type=password]").all():
        field.fill("a long enough sentence of mine")
    seen: list[str] = []
    page.on(
        "framenavigated",
        lambda frame: seen.append(urlsplit(frame.url).path) if frame == page.main_frame else None,
    )
    page.locator("main button[type=submit]").click()
    page.locator("#first-steps").wait_for()
    return seen


def add_clinic(page: Page) -> None:
    page.get_by_role("link", name="添加诊所").click()
    page.get_by_label("名称").fill("新城口腔")
    page.get_by_label("地图链接或坐标").fill(CLINIC)
    page.get_by_role("button", name="保存").click()


def add_source(page: Page, forum: Served, name: str) -> None:
    page.get_by_label("网址", exact=True).fill(forum.url)
    page.get_by_label("这是我们自己内网里的网站").check()
    shoot(page, f"source-new-{name}")
    page.get_by_role("button", name="看一看").click()
    page.get_by_text("robots.txt 允许").wait_for()
    assert fits(page)
    shoot(page, f"source-found-{name}")
    page.get_by_role("button", name="保存并马上采集").click()


def open_first_lead(page: Page, name: str, *, scripts: bool) -> None:
    """The page shows it by itself; without scripts one reloads."""
    first = page.locator(".newest a").first
    while not scripts and not first.is_visible():
        page.wait_for_timeout(1000)
        page.reload()
    first.wait_for()
    assert fits(page)
    shoot(page, f"source-progress-{name}")
    first.click()
    page.wait_for_url("**/leads/**")


@pytest.mark.parametrize(
    ("size", "scripts"), [(DESK, True), (PHONE, True), (DESK, False)], ids=["desk", "phone", "no-scripts"]
)
def test_from_nothing_to_the_first_lead(
    browser: Browser, desk: str, forum: Served, settings: Settings, size: ViewportSize, scripts: bool
) -> None:
    name = f"{size['width']}-{scripts}"
    with opened(browser, size, scripts=scripts) as page:
        seen = come_in(page, welcome(settings, desk))
        shoot(page, f"first-steps-{name}")
        add_clinic(page)
        add_source(page, forum, name)
        open_first_lead(page, name, scripts=scripts)
        pages = [path for path, before in zip(seen, ["", *seen], strict=False) if path != before]
        assert len(pages) <= MOST, pages
