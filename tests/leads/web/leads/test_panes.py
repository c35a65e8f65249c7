"""Two panes, a list and the lead beside it, worked by keys; who else is there; the list on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from leads.web.leads.presence import LASTS, MOST, Presence
from tests.support.browsing import PHONE, fits, opened, served, shoot
from tests.support.builders import NOW
from tests.support.seeds import seed

WIDE = ViewportSize(width=1440, height=900)
NEW = "/leads?near=all&status=new&sort=newest"


def test_people_are_forgotten_after_a_minute_and_do_not_see_themselves() -> None:
    here = Presence()
    here.came("forum/1", "lin", "林", NOW)
    here.came("forum/1", "chen", "陈", NOW + timedelta(seconds=30))
    later = NOW + timedelta(seconds=31)
    assert here.others(["forum/1", "forum/2"], "chen", later) == {"forum/1": "林"}
    assert here.others(["forum/1"], "wu", later) == {"forum/1": "林、陈"}
    assert here.others(["forum/1"], "wu", NOW + LASTS) == {"forum/1": "陈"}
    here.left("forum/1", "chen")
    here.left("forum/1", "chen")
    assert here.others(["forum/1"], "wu", later) == {"forum/1": "林"}


def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    here = Presence()
    for number in range(MOST + 1):
        here.came(f"forum/{number}", "lin", "林", NOW)
    assert here.others(["forum/0", "forum/1"], "wu", NOW) == {"forum/1": "林"}


# --- in a browser --------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("panes")
    seed(made)
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(folder) as url:
        yield url


def ids(page: Page) -> list[str]:
    found: list[str] = page.locator("li.lead").evaluate_all("rows => rows.map(row => row.id)")
    return found


def beside(page: Page, lead_id: str) -> None:
    """The lead is shown beside the list, and its row says so."""
    page.locator(f"#pane .detail[data-lead='{lead_id}']").wait_for()
    assert page.locator("li.lead[aria-current]").get_attribute("id") == lead_id


@pytest.mark.browser
def test_a_morning_by_keys(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, WIDE, folder=folder) as page:
        page.goto(address + NEW)
        first, second, third, fourth, *_ = ids(page)
        beside(page, first)
        assert fits(page)
        seen = "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
        assert page.locator("li.lead").evaluate_all(seen) >= 9
        for key in "jj":
            page.keyboard.press(key)
        beside(page, second)
        page.keyboard.press("k")
        beside(page, first)
        page.keyboard.press("e")  # seen, and on
        beside(page, second)
        expect(page.locator(f"li.lead[id='{first}']")).to_have_count(0)
        page.keyboard.press("u")
        expect(page.locator(f"li.lead[id='{first}']")).to_have_count(1)
        assert page.evaluate("document.activeElement.id") == second
        page.keyboard.press("a")
        page.keyboard.press("1")
        row = page.locator(f"li.lead[id='{second}']")
        expect(row.locator(".assignee")).to_have_text("测试admin")
        expect(page.locator("#case-form [name=assignee]")).to_have_value("admin-")
        page.keyboard.press("s")
        shoot(page, "panes-snooze")
        page.keyboard.press("2")
        expect(row).to_have_count(0)  # of the list of new ones until then
        expect(page.locator("#said")).to_contain_text("已更新 1 条线索。")
        beside(page, third)
        shoot(page, "panes")
        page.locator("#pane").get_by_role("button", name="标为已看").click()
        expect(page.locator(f"li.lead[id='{third}']")).to_have_count(0)  # the list follows
        page.locator(f"li.lead[id='{fourth}'] a.open").click()
        beside(page, fourth)
        page.keyboard.press("?")
        assert page.get_by_role("dialog", name="快捷键").is_visible()


@pytest.mark.browser
def test_two_people_see_who_has_a_lead_open(browser: Browser, address: str, folder: Path) -> None:
    with (
        opened(browser, WIDE, folder=folder) as one,
        opened(browser, WIDE, folder=folder, role="marketer") as other,
    ):
        one.goto(address + "/leads?near=all&sort=newest")
        lead_id = ids(one)[7]
        one.locator(f"li.lead[id='{lead_id}'] a.open").click()
        beside(one, lead_id)
        other.goto(address + "/leads?near=all&sort=newest")
        expect(other.locator(f"li.lead[id='{lead_id}'] .here")).to_have_text("测试admin正在看")
        other.goto(f"{address}/leads/{lead_id}")
        expect(other.locator(".detail > .here")).to_have_text("测试admin正在看这条")
        shoot(other, "presence")


@pytest.mark.browser
def test_on_a_phone_the_first_lead_is_near_the_top_and_everything_can_be_pressed(
    browser: Browser, address: str, folder: Path
) -> None:
    with opened(browser, PHONE, folder=folder) as page:
        for path in ("/leads", "/leads?near=anhe&since=30d&status=new&symptom=牙痛&source=forum"):
            page.goto(address + path)
            shoot(page, f"phone-{path.partition('?')[2][:9]}")
            if page.locator("li.lead").count():
                top = page.locator("li.lead").first.evaluate("row => row.getBoundingClientRect().top")
                assert top < 300
            small = page.locator("main :is(a, button, select, summary, .pick)").evaluate_all(
                """parts => parts.map(part => [part.getBoundingClientRect(), part.textContent])
                    .filter(([place]) => place.width && place.height && Math.ceil(place.height) < 44)
                    .map(([place, words]) => [words.trim(), place.height])"""
            )
            assert small == []
        page.get_by_role("link", name="筛选").click()
        page.get_by_label("时间").select_option("7d")
        page.get_by_role("checkbox", name="未分配").check()
        page.get_by_role("button", name="应用筛选").click()
        page.wait_for_url(lambda url: "since=7d" in url and "assignee=" in url)
        assert fits(page)
