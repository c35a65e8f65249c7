"""The map in a real browser: drawn by Leaflet under our policy, and without scripts all the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from leads.index.sqlite.index import SqliteIndex
from tests.support.browsing import DESK, PHONE, SIZES, fits, opened, shoot
from tests.support.builders import point, region
from tests.support.seeds import fresh, seed

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The usual data, and two hundred leads around the clinic with a point of their own."""
    made = tmp_path_factory.mktemp("map")
    seed(made)
    dice = random.Random(7)
    scattered = [
        fresh(
            1000 + n,
            f"{n}号，智齿发炎，求推荐{n}",
            hours=1 + n / 10,
            place=point(dice.gauss(30.645, 0.02), dice.gauss(104.05, 0.025)),
        )
        for n in range(200)
    ]
    named = [
        fresh(2000 + n, f"第{n}次牙龈肿{n}", hours=3 + n, place=region(("武侯区", "锦江区")[n % 2]))
        for n in range(30)
    ]
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert(scattered + named)
    return made


@SIZES
def test_the_map_is_drawn_and_goes_nearer(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/map")
        page.wait_for_selector("#map[data-ready=yes] .bubble a")
        shoot(page, f"map-{size['width']}")
        assert fits(page)
        shown = page.locator("#map").get_attribute("data-shown")
        before = page.locator("#map .bubble a").all_text_contents()
        assert any(text.isdigit() and int(text) >= 5 for text in before)
        box = page.locator("#map").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        for _ in range(4):
            page.mouse.wheel(0, -400)
        page.wait_for_function("shown => document.getElementById('map').dataset.shown !== shown", arg=shown)
        shoot(page, f"map-near-{size['width']}")
        counts = [int(text) for text in page.locator("#map .bubble a").all_text_contents() if text.isdigit()]
        assert counts
        assert min(counts) >= 5


@SIZES
def test_without_scripts_it_is_a_drawing_with_a_table(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, scripts=False, folder=folder) as page:
        page.goto(address + "/map")
        assert page.locator("#map .bubble").count() > 3
        shoot(page, f"map-plain-{size['width']}")
        assert fits(page)
        page.get_by_role("link", name="城市").click()
        page.wait_for_url("**zoom=8*")
        assert page.locator("#map .bubble").count() >= 1
        assert page.locator("#map-list .spots li").count() == page.locator("#map .bubble").count()
        page.locator("#map .bubble").first.press("Enter")  # Playwright takes links in a drawing for invisible
        page.wait_for_url("**cell=*")
        assert page.locator("#map-list .spots a[href^='/leads/']").count() >= 5


@SIZES
def test_a_bubble_opens_its_leads_beside_the_map(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/map?near=anhe")
        bubble = page.locator("#map[data-ready=yes] .bubble a").last
        count = int(bubble.inner_text())
        bubble.press("Enter")
        page.get_by_text(f"一带 {count} 条").wait_for()
        shoot(page, f"map-open-{size['width']}")
        assert page.locator("#map-list .spots a").count() == min(count, 50)
        page.get_by_role("link", name="所有地方").click()
        page.get_by_role("heading", name="线索在哪些地方").wait_for()
        assert page.locator("#map .bubble a").count() > 3  # the same map all the time


def test_everywhere_is_shown_city_by_city(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, DESK, folder=folder) as page:
        page.goto(address + "/map?near=all&zoom=8")
        page.wait_for_selector("#map[data-ready=yes] .bubble a")
        shoot(page, "map-all-1280")


def test_a_place_is_picked_on_the_map(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, DESK, folder=folder) as page:
        page.goto(address + "/clinics/new")
        page.wait_for_selector("#picker[data-ready=yes]")
        page.get_by_label("名称").fill("新开的口腔")
        page.locator("#picker").click(position={"x": 200, "y": 150})
        page.get_by_text("已选").wait_for()
        shoot(page, "clinic-new-1280")
        assert page.get_by_text("成都市").first.is_visible()
        page.get_by_role("button", name="保存").click()
        page.wait_for_url("**done=added*")
        assert page.get_by_role("heading", name="新开的口腔").is_visible()
        shoot(page, "clinics-1280")


def test_a_pasted_coordinate_is_read_at_once(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, PHONE, folder=folder) as page:
        page.goto(address + "/clinics/anhe")
        page.wait_for_selector("#picker[data-ready=yes]")
        page.get_by_label("地图链接或坐标").fill("104.1170,30.5982")
        page.get_by_label("地图链接或坐标").blur()
        page.get_by_text("经度,纬度").wait_for()
        assert "锦江区" in page.locator("#place").inner_text()
        assert fits(page)
        shoot(page, "clinic-390")
