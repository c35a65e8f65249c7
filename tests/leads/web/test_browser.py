"""The lead page in a real browser: at a desk and on a telephone, with and without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.support.browsing import DESK, PHONE, SIZES, fits, opened, shoot

pytestmark = pytest.mark.browser


@SIZES
def test_a_search_by_form(browser: Browser, address: str, folder: Path, size: ViewportSize) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/leads")
        assert page.title() == "线索 · 听诊"
        before = page.locator("li.lead").count()
        shoot(page, f"leads-{size['width']}")
        page.get_by_label("搜索词").fill("7号 OR 12号")
        if size == PHONE:
            page.get_by_role("link", name="筛选").click()
        page.get_by_label("诊所附近").select_option("all")
        page.get_by_label("排序").select_option("newest")
        page.get_by_role("button", name="应用筛选" if size == PHONE else "搜索").click()
        page.wait_for_url("**q=7*")
        texts = page.locator("li.lead .text").all_inner_texts()
        assert len(texts) == 2 < before
        assert texts[0].startswith("7号")
        assert page.get_by_label("搜索词").input_value() == "7号 OR 12号"
        assert page.get_by_label("排序").input_value() == "newest"
        shoot(page, f"search-{size['width']}")


@SIZES
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/leads?near=all&since=1d",
        "/leads?q=(",
        "/mentions",
        "/nowhere",
        "/leads?near=all&q=%E6%B2%A1%E6%9C%89",
    ],
)
def test_every_page_fits_its_window(
    browser: Browser, address: str, folder: Path, size: ViewportSize, path: str
) -> None:
    with opened(browser, size, folder=folder, complain=False) as page:
        page.goto(address + path)
        shoot(page, f"page-{size['width']}-{''.join(filter(str.isalnum, path)) or 'leads'}")
        assert fits(page)


@SIZES
def test_it_works_without_javascript(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, scripts=False, folder=folder) as page:
        page.goto(address + "/leads?near=all&sort=newest")
        first = page.locator("li.lead").first.get_attribute("id")
        page.get_by_role("link", name="下一页").click()
        page.wait_for_url("**cursor=*")
        assert page.locator("li.lead").first.get_attribute("id") != first
        page.get_by_label("搜索词").fill("3号")
        page.get_by_role("button", name="搜索").click()
        page.wait_for_url("**q=3*")
        assert page.locator("li.lead").count() == 1


def test_scripts_in_posts_do_not_run(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, DESK, folder=folder) as page:
        for path in ("/leads?near=all&since=1d", "/mentions"):
            page.on("dialog", lambda dialog: pytest.fail(f"a post opened a dialog: {dialog.message}"))
            page.goto(address + path)
            assert page.title() != "taken"
            assert page.get_by_text("<script>").first.is_visible()


def test_mentions_can_be_reached_and_filtered(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, PHONE, folder=folder) as page:
        page.goto(address + "/leads")
        page.get_by_role("link", name="提及").click()
        assert page.locator("li.lead").count() == 3
        page.get_by_text("筛选和排序").click()
        page.get_by_label("诊所").select_option("qingmu")
        page.get_by_role("button", name="查看").click()
        page.wait_for_url("**clinic=qingmu*")
        assert page.locator("li.lead").count() == 1


def test_on_a_telephone_the_filters_are_a_panel(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, PHONE, folder=folder) as page:
        page.goto(address + "/leads")
        assert not page.get_by_label("区划").is_visible()
        page.get_by_role("link", name="筛选").click()
        shoot(page, "leads-panel")
        page.get_by_label("区划").fill("锦江区")
        page.get_by_role("button", name="应用筛选").click()
        page.wait_for_url("**area=*")
        assert not page.get_by_label("区划").is_visible()
        assert page.get_by_label("诊所附近").input_value() == "all"  # the area takes its place
        assert "锦江区" in page.locator("li.lead .place").first.inner_text()


def test_everything_can_be_reached_by_keyboard(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, DESK, folder=folder) as page:
        page.goto(address + "/leads")
        page.get_by_label("搜索词").focus()
        page.keyboard.type("5号")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=5*")
        seen: set[str] = set()
        for _ in range(90):
            page.keyboard.press("Tab")
            seen.add(
                page.evaluate(
                    "document.activeElement.getAttribute('name') || document.activeElement.innerText"
                )
            )
        assert {
            "q",
            "near",
            "radius",
            "precision",
            "specialty",
            "symptom",
            "since",
            "area",
            "min_need",
            "sort",
        } <= seen


def test_every_field_has_a_name_for_those_who_cannot_see_it(
    browser: Browser, address: str, folder: Path
) -> None:
    with opened(browser, DESK, folder=folder) as page:
        page.goto(address + "/leads")
        for field in page.locator("input:not([type=hidden]), select").all():
            assert field.evaluate("element => element.labels.length") == 1
