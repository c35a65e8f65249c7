"""The packed extension in a real Chromium: set up, opened over a post, one press, and the desk has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from leads.records import open_records
from leads.records.captures import of_today
from leads.web.app import create_app
from tests.support.browsing import served, shoot
from tests.support.extension import shown_at, with_extension
from tests.support.paths import ROOT
from tests.support.programs import token
from tests.support.seeds import seed, settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WEIBO = "https://weibo.com/1234567890/z0JH2lOMb"
POST = "智齿发炎疼了三天，半边脸都肿了，成都武侯区哪家牙科好？急，电话13812345678，@岚澈霁阮 帮看看"


def weibo_page() -> str:
    page = (ROOT / "tests/fixtures/pages/seen/weibo.html").read_text(encoding="utf-8")
    for gap, words in (
        ("name a", "岚澈霁阮"),
        ("text a", POST),
        ("name b", "喵啾葵夙"),
        ("text b", "我也是"),
    ):
        page = page.replace("{{" + gap + "}}", words)
    return page.replace("{{number 10}}", "9876543210")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("desk")
    seed(folder)
    with served(folder) as url:
        yield folder, url


def popup_over(context: BrowserContext, home: str, address: str) -> Page:
    """The popup as it opens over the tab at this address: here in a tab of its own, as no program can press
    the button in the browser's bar."""
    popup = context.new_page()
    popup.goto(f"{home}/options.html")
    number = popup.evaluate(
        "async (url) => (await chrome.tabs.query({})).find((tab) => tab.url === url).id", address
    )
    popup.add_init_script(f"chrome.tabs.query = async () => [{{ id: {number} }}]")
    popup.goto(f"{home}/popup.html")
    return popup


def test_one_press_keeps_the_post_on_the_screen_and_asks_nobody_else(
    browser: Browser, desk: tuple[Path, str], tmp_path: Path
) -> None:
    folder, url = desk
    secret = token(create_app(settings(folder)), "marketer", scopes=["capture"])
    with with_extension(browser, tmp_path) as (context, home):
        shown_at(context, WEIBO, weibo_page())
        asked: list[Request] = []
        context.on("request", lambda request: asked.append(request))

        options = context.new_page()
        options.goto(f"{home}/options.html")
        options.get_by_label("听诊的网址").fill(url)
        options.get_by_label("令牌").fill(secret)
        options.get_by_role("button", name="保存").click()
        expect(options.get_by_text("已保存。")).to_be_visible()

        popup = popup_over(context, home, WEIBO)
        rows = popup.locator("#found li")
        expect(rows).to_have_count(2)
        shoot(popup, "extension_popup")
        assert [each for each in asked if each.url.startswith("http")] == []
        rows.first.get_by_role("button", name="保存").click()
        expect(rows.first.get_by_text("已保存，是一条线索。")).to_be_visible()
        rows.nth(1).get_by_role("button", name="保存").click()
        expect(rows.nth(1).get_by_text("没有保存")).to_be_visible()
        shoot(popup, "extension_saved")

        sent = [each for each in asked if each.url.startswith("http")]
        assert {(each.method, each.url) for each in sent} == {("POST", f"{url}/api/v1/captures")}
        assert len(sent) == 2
        for each in sent:
            assert "cookie" not in each.headers
            body = str(each.post_data_json)
            assert not any(
                word in body for word in ("岚澈霁阮", "喵啾葵夙", "9876543210", "1234567890", "13812345678")
            )
    with open_records(settings(folder)) as records, records.reading() as session:
        now = create_app(settings(folder)).state.desk.clock()
        assert of_today(session, "marketer-", now=now) == 2


def test_without_settings_it_says_what_to_do(browser: Browser, tmp_path: Path) -> None:
    with with_extension(browser, tmp_path) as (context, home):
        shown_at(context, WEIBO, weibo_page())
        popup = popup_over(context, home, WEIBO)
        expect(popup.get_by_text("先点“设置”，填好听诊的网址和令牌。")).to_be_visible()
