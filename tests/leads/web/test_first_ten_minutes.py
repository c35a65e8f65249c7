"""From nothing to the first lead and the first alert in a browser, without a text editor: pages counted."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from crawler.sample.forum import Served, serve_forum
from crawler.sample.topics import Topic, TopicPost
from leads.actions.schedule import Crawls, runner
from leads.alerts.outbox.worker import Worker
from leads.config import AlertSettings, CrawlSettings, Settings
from leads.records import open_records, users
from leads.web.app import create_app
from tests.support.browsing import DESK, PHONE, fits, opened, shoot
from tests.support.mail_server import Mails, mail_server
from tests.support.serving import running

pytestmark = pytest.mark.browser

CLINIC = "https://www.amap.com/regeo?lng=104.0560&lat=30.6360"  # in Chengdu's Wuhou, as the sample forum
MOST = 6  # pages from the first one after the login to the first lead
NEW = 99001  # a thread opened after the first collection
QUESTION = "武侯区有没有看牙的诊所推荐？智齿疼了三天，想这周去拔掉"


@pytest.fixture
def forum() -> Iterator[Served]:
    with serve_forum() as served:
        yield served


@pytest.fixture
def mails() -> Iterator[Mails]:
    with mail_server() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, mails: Mails) -> Settings:
    alerts = AlertSettings(smtp=f"smtp://127.0.0.1:{mails.port}", mail_from="tingzhen@example.com")
    return Settings(data_dir=tmp_path, crawl=CrawlSettings(private_addresses=True), alerts=alerts)


@pytest.fixture
def desk(settings: Settings) -> Iterator[str]:
    """The desk with what crawls and what sends beside it; gives its address."""
    app = create_app(settings)
    with open_records(settings) as records:
        crawls = runner(settings, records, Crawls(settings, records))
        sender = Worker(records, settings)
        sender.start()
        crawls.start()
        with running(app) as port:
            yield f"http://127.0.0.1:{port}"
        crawls.stop()
        sender.stop()


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


def set_an_alert(page: Page, name: str) -> None:
    """All on one page: the service, where to, a message to try it, and what to hear of."""
    page.get_by_label("邮件").check()
    page.get_by_label("邮箱地址").fill("lin@example.com")
    assert page.get_by_label("诊所附近有新线索就马上发到这里").is_checked()
    assert fits(page)
    shoot(page, f"channel-{name}")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("测试成功").wait_for()
    assert fits(page)
    shoot(page, f"channel-saved-{name}")


def somebody_asks(forum: Served) -> None:
    said = TopicPost(pid=NEW * 100, author="路过", at=datetime.now(UTC) - timedelta(minutes=1), text=QUESTION)
    forum.forum.topics[NEW] = Topic(tid=NEW, board="36", home="36", title="求推荐牙科", posts=(said,))


def collected(page: Page, desk: str, settings: Settings) -> None:
    """On the page of the source, once its collection is through."""
    (name,) = tomllib.loads((settings.data_dir / "sources.toml").read_text(encoding="utf-8"))
    page.goto(f"{desk}/coverage/{name}")
    while not page.get_by_text("最近一次：").is_visible():
        page.wait_for_timeout(1000)
        page.reload()


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


def told(mails: Mails) -> list[str]:
    """Subject and text of each mail that was delivered, in their order."""
    read = [message_from_bytes(mail, policy=policy.default) for _, mail in mails.got]
    bodies = [mail.get_body(("plain",)) for mail in read]
    return [
        f"{mail['Subject']}\n{body.get_content()}" for mail, body in zip(read, bodies, strict=True) if body
    ]


def counted(seen: list[str]) -> list[str]:
    """Pages one came to; one that was reloaded counts once."""
    return [path for path, before in zip(seen, ["", *seen], strict=False) if path != before]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_from_nothing_to_the_first_lead(
    browser: Browser, desk: str, forum: Served, settings: Settings, size: ViewportSize
) -> None:
    name = str(size["width"])
    with opened(browser, size) as page:
        seen = come_in(page, welcome(settings, desk))
        shoot(page, f"first-steps-{name}")
        add_clinic(page)
        add_source(page, forum, name)
        open_first_lead(page, name, scripts=True)
        assert len(counted(seen)) <= MOST, seen


def test_without_scripts_to_the_first_lead_and_by_one_page_to_the_first_alert(
    browser: Browser, desk: str, forum: Served, settings: Settings, mails: Mails
) -> None:
    with opened(browser, PHONE, scripts=False) as page:
        seen = come_in(page, welcome(settings, desk))
        add_clinic(page)
        add_source(page, forum, "plain")
        open_first_lead(page, "plain", scripts=False)
        assert len(counted(seen)) <= MOST, seen
        collected(page, desk, settings)
        page.goto(f"{desk}/first-steps")
        seen.clear()
        page.get_by_role("link", name="添加通道").click()
        set_an_alert(page, "plain")
        assert seen == ["/alerts/channels/new", "/alerts"]
        somebody_asks(forum)
        collected(page, desk, settings)
        page.get_by_role("button", name="立即采集").click()
        while not any(QUESTION in said for said in told(mails)):
            page.wait_for_timeout(500)
        assert told(mails)[0].startswith("[听诊] 通道测试")
        assert len(mails.got) == 2
        assert {to for (to,), _ in mails.got} == {"lin@example.com"}
