"""The lead page as it is used all day: keys, changes without a reload, filters, downloads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

from tests.support.browsing import DESK, PHONE, SIZES, fits, opened, shoot

pytestmark = pytest.mark.browser
LAPTOP = ViewportSize(width=1100, height=800)
ALL = "/leads?near=all&sort=newest"


@pytest.fixture
def desk(browser: Browser, address: str, folder: Path) -> Iterator[Page]:
    with opened(browser, DESK, folder=folder) as page:
        page.goto(address + ALL)
        yield page


def current(page: Page) -> int:
    """Which row has the focus, from 0; -1 for none."""
    place: int = page.evaluate("[...document.querySelectorAll('li.lead')].indexOf(document.activeElement)")
    return place


def test_rows_are_walked_by_keys(desk: Page) -> None:
    places = []
    for key in ("j", "j", "j", "k"):
        desk.keyboard.press(key)
        places.append(current(desk))
    assert places == [0, 1, 2, 1]
    outline = desk.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2
    for _ in range(40):
        desk.keyboard.press("j")
    assert current(desk) == desk.locator("li.lead").count() - 1
    assert desk.locator("li.lead").last.is_visible()


def test_a_status_by_keys_alone(desk: Page) -> None:
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    row = desk.locator("li.lead").nth(1)
    desk.keyboard.press("c")
    assert desk.get_by_role("dialog").is_visible()
    shoot(desk, "leads-status-menu")
    desk.keyboard.press("3")
    row.get_by_text("已回复").wait_for()
    assert current(desk) == 1  # one goes on where one was
    desk.locator("#said[role=status]").get_by_text("已更新 1 条线索").wait_for()
    desk.keyboard.press("c")
    desk.keyboard.press("4")  # the version was renewed: no conflict with oneself
    row.get_by_text("沟通中").wait_for()
    desk.reload()
    assert row.get_by_text("沟通中").is_visible()


def test_some_are_chosen_and_dismissed_with_a_reason(desk: Page) -> None:
    for key in ("j", "j", "j", "x", "j", "x"):
        desk.keyboard.press(key)
    assert desk.get_by_text("选中 2 条").is_visible()
    shoot(desk, "leads-chosen")
    desk.keyboard.press("c")
    desk.get_by_role("button", name="已排除").click()
    desk.get_by_role("button", name="太远").click()
    desk.get_by_text("已更新 2 条线索").wait_for()
    for place in (2, 3):
        assert desk.locator("li.lead").nth(place).get_by_text("已排除").is_visible()
    assert not desk.locator("#bulk").is_visible()


def test_a_bulk_change_by_mouse_with_an_assignee(desk: Page) -> None:
    for place in (5, 6):
        desk.locator("li.lead .pick input").nth(place).check()
    bulk = desk.locator("#bulk")
    bulk.get_by_label("改状态").select_option("dismissed")
    assert bulk.get_by_label("排除理由").is_visible()
    bulk.get_by_label("改状态").select_option("seen")
    assert not bulk.get_by_label("排除理由").is_visible()
    bulk.get_by_label("负责人").select_option("admin-")
    bulk.get_by_role("button", name="更新").click()
    desk.get_by_text("已更新 2 条线索").wait_for()
    assert desk.locator("li.lead").nth(6).get_by_text("测试admin").is_visible()


def in_window(page: Page, words: str) -> bool:
    """The message with these words stands inside of what the window shows, and nothing covers it."""
    found = page.locator("#said")
    found.get_by_text(words).wait_for()
    seen: bool = found.evaluate(
        """(message) => {
            const place = message.getBoundingClientRect();
            const there = document.elementFromPoint(place.x + place.width / 2, place.y + place.height / 2);
            return place.top >= 0 && place.bottom <= innerHeight && message.contains(there);
        }"""
    )
    return seen


@SIZES
def test_two_people_change_the_same_three_and_the_late_one_is_told(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    place = 17 if size is DESK else 21
    with (
        opened(browser, size, folder=folder, complain=False) as late,
        opened(browser, DESK, folder=folder, role="marketer") as first,
    ):
        for page in (first, late):
            page.goto(address + ALL)
            for number in range(place, place + 3):
                page.locator("li.lead .pick input").nth(number).check()
        for page, status in ((first, "talking"), (late, "seen")):
            page.locator("#bulk").get_by_label("改状态").select_option(status)
            page.evaluate("scrollTo(0, 0)")  # wherever one stands in the list
            page.locator("#bulk").get_by_role("button", name="更新").click()
            page.locator("#said p").get_by_text("条").wait_for()
        assert in_window(first, "已更新 3 条线索。")
        assert in_window(late, "一条也没有改。测试marketer 在")
        shoot(late, f"leads-refused-{size['width']}")
        assert late.locator("#said").get_attribute("role") == "alert"
        # The rows show what is there now, and are still chosen.
        assert late.locator("li.lead .status.talking").count() >= 3
        assert late.locator("li.lead .pick input:checked").count() == 3
        late.clock.install()
        late.clock.fast_forward(60_000)
        assert late.locator("#said").get_by_text("刚改过").is_visible()  # it waits to be closed
        late.locator("#said").get_by_role("link", name="看它现在的状态").click()
        late.wait_for_url("**/leads/forum*")
        assert late.locator("#case-title").get_by_text("沟通中").is_visible()


def test_a_refusal_is_closed(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, DESK, folder=folder, complain=False) as page:
        page.goto(address + ALL)
        page.locator("li.lead .pick input").first.check()
        page.locator("#bulk").get_by_role("button", name="更新").click()
        page.locator("#said").get_by_text("没有选要改什么").wait_for()
        page.get_by_role("link", name="关闭这条消息").click()
        assert page.locator("#said p").count() == 0
        assert page.locator("li.lead .pick input").first.is_checked()


def test_a_dismissed_row_leaves_a_list_of_new_ones_and_comes_back(
    browser: Browser, address: str, folder: Path
) -> None:
    with opened(browser, DESK, folder=folder) as page:
        page.clock.install(time=0)
        page.goto(address + "/leads?near=all&status=new&sort=newest")
        page.clock.pause_at(60_000)  # the page's time goes on when we say so
        before = int(page.locator(".count strong").inner_text())
        lead_id = page.locator("li.lead").nth(2).get_attribute("id")
        gone = page.locator(f"li.lead[id='{lead_id}']")
        for key in ("j", "j", "j", "c"):
            page.keyboard.press(key)
        page.get_by_role("button", name="已排除").click()
        page.get_by_role("button", name="太远").click()
        gone.wait_for(state="detached")
        assert page.locator(".count strong").inner_text() == str(before - 1)
        assert page.get_by_role("checkbox", name="新线索").is_checked()
        assert page.locator(".choice", has_text="新线索").locator("small").inner_text() == str(before - 1)
        assert current(page) == 2  # on the one that took its place
        page.clock.run_for(7_900)
        page.locator("#said").get_by_role("button", name="撤销").click()
        gone.wait_for()
        assert page.locator(".count strong").inner_text() == str(before)
        assert page.locator("#said").get_by_text("已撤销 1 条线索的改动。").is_visible()
        page.clock.run_for(8_100)
        assert page.locator("#said p").is_visible()  # the mouse is still on it
        page.mouse.move(0, 0)
        page.clock.run_for(8_100)
        assert page.locator("#said p").count() == 0


def test_without_scripts_a_change_is_refused_told_and_taken_back(
    browser: Browser, address: str, folder: Path
) -> None:
    with opened(browser, PHONE, scripts=False, folder=folder, complain=False) as page:
        page.goto(address + ALL)
        page.locator("li.lead .pick input").nth(13).check()
        page.locator("#bulk").get_by_label("改状态").select_option("dismissed")
        page.locator("#bulk").get_by_role("button", name="更新").click()
        page.get_by_role("alert").get_by_text("要说明理由").wait_for()
        assert page.locator("li.lead .pick input").nth(13).is_checked()
        page.locator("#bulk").get_by_label("改状态").select_option("booked")
        page.locator("#bulk").get_by_role("button", name="更新").click()
        page.locator("li.lead").nth(13).get_by_text("已预约").wait_for()
        assert in_window(page, "已更新 1 条线索。")
        page.get_by_role("button", name="撤销").click()
        assert page.locator("li.lead").nth(13).get_by_text("新线索").is_visible()


def test_without_scripts_many_are_changed_by_the_form(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, DESK, scripts=False, folder=folder) as page:
        page.goto(address + ALL)
        page.locator("li.lead .pick input").nth(10).check()
        page.locator("#bulk").get_by_label("改状态").select_option("booked")
        page.locator("#bulk").get_by_role("button", name="更新").click()
        assert page.get_by_text("已更新 1 条线索").is_visible()
        assert page.locator("li.lead").nth(10).get_by_text("已预约").is_visible()
        assert "near=all" in page.url


@pytest.mark.parametrize("key", ["o", "Enter"])
def test_a_lead_is_opened_by_keys(browser: Browser, address: str, folder: Path, key: str) -> None:
    with opened(browser, DESK, folder=folder) as page:
        page.goto(address + ALL)
        page.keyboard.press("j")
        lead_id = page.locator("li.lead").first.get_attribute("id")
        assert lead_id
        page.keyboard.press(key)
        page.wait_for_url("**/leads/" + lead_id.replace("/", "%2F") + "*")


def test_the_list_is_walked_from_a_lead_and_found_again(desk: Page) -> None:
    desk.set_viewport_size(LAPTOP)  # no room for two panes: a lead has its own page
    desk.get_by_role("checkbox", name="新线索").check()
    desk.wait_for_url("**status=new*")
    lead_id, following = (desk.locator("li.lead").nth(place).get_attribute("id") for place in (4, 5))
    desk.locator("li.lead").nth(4).get_by_role("link", name="详情").click()
    desk.get_by_role("button", name="标为已看").click()
    desk.get_by_role("status").get_by_text("已保存。").wait_for()
    desk.get_by_role("link", name="下一条").click()
    there = "/leads/" + str(following).replace("/", "%2F")
    desk.wait_for_url(lambda url: there in url)
    shoot(desk, "lead-in-list")
    desk.keyboard.press("k")  # the one before it now
    desk.wait_for_url(lambda url: "listed=" in url and there not in url)
    desk.get_by_role("link", name="← 线索").click()
    desk.wait_for_url(lambda url: "/leads?" in url and "status=new" in url)
    assert desk.get_by_role("checkbox", name="新线索").is_checked()
    assert lead_id not in [row.get_attribute("id") for row in desk.locator("li.lead").all()]


def test_search_help_and_typing(desk: Page) -> None:
    desk.keyboard.press("/")
    assert desk.evaluate("document.activeElement.id") == "q"
    desk.keyboard.type("jjxs")
    assert desk.get_by_label("搜索词").input_value() == "jjxs"
    assert current(desk) == -1
    desk.keyboard.press("Escape")
    desk.keyboard.press("?")
    dialog = desk.get_by_role("dialog", name="快捷键")
    assert dialog.is_visible()
    shoot(desk, "leads-help")
    dialog.get_by_label("不用单键快捷键").check()
    desk.keyboard.press("Escape")
    desk.keyboard.press("j")
    assert current(desk) == -1  # switched off
    desk.reload()
    desk.keyboard.press("j")
    assert current(desk) == -1
    desk.get_by_role("button", name="快捷键").click()
    dialog.get_by_label("不用单键快捷键").uncheck()
    dialog.get_by_role("button", name="知道了").click()
    desk.keyboard.press("j")
    assert current(desk) == 0


def test_a_filter_applies_at_once_and_keeps_the_focus(desk: Page) -> None:
    before = desk.locator(".count strong").inner_text()
    desk.get_by_label("时间").select_option("3d")
    desk.wait_for_url("**since=3d*")
    assert desk.locator(".count strong").inner_text() != before
    assert "radius=" not in desk.url  # empty fields stay out of the address
    assert desk.evaluate("document.activeElement.name") == "since"
    desk.get_by_role("checkbox", name="新线索").check()
    desk.wait_for_url("**status=new*")
    assert desk.get_by_role("checkbox", name="新线索").is_checked()
    desk.get_by_role("link", name="去掉 3 天内").click()
    desk.wait_for_url(lambda url: "since" not in url)
    assert "status=new" in desk.url


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_chips_taken_off_at_the_start_are_remembered(
    browser: Browser, address: str, folder: Path, scripts: bool
) -> None:
    with opened(browser, PHONE, scripts=scripts, folder=folder, role="marketer") as page:
        page.goto(address + "/leads")
        chips = page.locator(".chips li")
        assert chips.count() == 3
        page.get_by_role("button", name="去掉 7 天内").click()
        page.get_by_role("button", name="去掉 7 天内").wait_for(state="detached")
        assert chips.count() == 2
        shoot(page, "leads-start")
    with opened(browser, DESK, folder=folder, role="marketer") as another_browser:
        another_browser.goto(address + "/leads")
        assert another_browser.locator(".chips li").count() == 2
        another_browser.locator("summary", has_text="已保存").click()
        another_browser.get_by_role("button", name="恢复默认").click()
        another_browser.get_by_role("button", name="去掉 7 天内").wait_for()


def test_a_search_is_saved_opened_and_set_to_remind(desk: Page) -> None:
    desk.goto(desk.url + "&q=7号")
    desk.locator("summary", has_text="已保存").click()
    desk.get_by_label("保存当前搜索为").fill("七号")
    desk.locator("#list").get_by_role("button", name="保存").click()
    desk.get_by_text("已保存。").wait_for()
    desk.locator("summary", has_text="已保存").click()
    desk.get_by_role("link", name="七号").click()
    desk.wait_for_url("**q=7*")
    desk.goto(desk.url.partition("/leads?")[0] + "/searches")
    shoot(desk, "searches")
    desk.get_by_role("link", name="提醒我").click()
    desk.get_by_role("dialog").get_by_role("link", name="添加通道").wait_for()
    desk.get_by_role("button", name="关闭").click()
    desk.get_by_role("button", name="删除").click()
    assert desk.get_by_text("还没有保存过搜索").is_visible()


def test_an_export_is_downloaded(desk: Page, tmp_path: Path) -> None:
    desk.goto(desk.url + "&q=7号")
    desk.locator("summary", has_text="导出").click()
    with desk.expect_download() as download:
        desk.get_by_role("link", name="CSV").click()
    file = tmp_path / "leads.csv"
    download.value.save_as(file)
    (row,) = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))
    assert row["正文"].startswith("7号")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")


@SIZES
@pytest.mark.parametrize(
    "path", [ALL, "/leads?near=anhe&q=牙疼&symptom=toothache&status=new&since=30d", "/searches"]
)
def test_pages_fit_their_window(
    browser: Browser, address: str, folder: Path, size: ViewportSize, path: str
) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + path)
        assert fits(page)
        shoot(page, f"leads-{size['width']}-{len(path)}")


def test_on_a_telephone_leads_are_chosen_and_changed(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, PHONE, folder=folder) as page:
        page.goto(address + ALL)
        page.locator("li.lead .pick input").nth(15).check()
        bulk = page.locator("#bulk")
        assert bulk.is_visible()
        bulk.get_by_label("改状态").select_option("visited")
        bulk.get_by_role("button", name="更新").click()
        page.locator("li.lead").nth(15).get_by_text("已到诊").wait_for()
        assert fits(page)


@SIZES
@pytest.mark.parametrize(
    "path", ["/leads?since=30d&symptom=toothache", "/leads?near=all#facets", "/leads?q=(", "/searches"]
)
def test_axe_finds_nothing_serious(
    browser: Browser, address: str, folder: Path, size: ViewportSize, path: str
) -> None:
    with opened(browser, size, folder=folder, complain=False) as page:
        page.goto(address + path)
        found = Axe().run(page).response
        assert len(found["passes"]) > 10
        assert [(each["id"], each["impact"]) for each in found["violations"]] == []
