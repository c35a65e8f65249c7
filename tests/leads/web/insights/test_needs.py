"""The page 没人回答."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ViewportSize

from leads.index.sqlite.index import SqliteIndex
from leads.insights.needs import Need
from leads.web.app import create_app
from leads.web.insights.needs import spots_of
from tests.support.browsing import SIZES, fits, opened, served, shoot
from tests.support.builders import region
from tests.support.seeds import BASE, fresh, login_cookie, settings


def unanswered_in_wuhou(folder: Path) -> None:
    waiting = [
        fresh(n, f"{n}号牙疼第{n}天", hours=40 + n, place=region("武侯区"), replies=0) for n in range(7)
    ]
    answered = [
        fresh(n, f"{n}号牙疼第{n}天", hours=40 + n, place=region("锦江区"), replies=2) for n in range(20, 40)
    ]
    with SqliteIndex(folder / "leads.sqlite") as index:
        index.upsert(waiting + answered)


def test_a_need_leads_to_its_posts(tmp_path: Path) -> None:
    unanswered_in_wuhou(tmp_path)
    cookie = login_cookie(tmp_path, "marketer")
    with TestClient(create_app(settings(tmp_path)), base_url=BASE, cookies=cookie) as client:
        page = unescape(client.get("/needs").text)
        assert "武侯区" in page
        assert "几乎都没人回答" in page
        assert "/leads?area=510107&symptom=toothache&since=" in page
        assert "锦江区" not in page
        assert "没有特别缺回答的需求" in client.get("/needs?span=today").text


def need(district: str, name: str, unanswered: int) -> Need:
    return Need(
        district=district,
        symptom=name,
        name=name,
        unanswered=unanswered,
        asked=unanswered,
        usual=0.3,
        strength=2.0,
    )


def test_a_district_is_one_bubble_with_its_most_striking_need() -> None:
    found = spots_of([need("510107", "牙痛", 6), need("510104", "咳嗽", 5), need("510107", "发烧", 9)])
    assert [(each.name, each.count, each.needs) for each in found] == [
        ("武侯区", 6, "牙痛 6 条没人回答，发烧 9 条没人回答"),
        ("锦江区", 5, "咳嗽 5 条没人回答"),
    ]


def test_the_map_tells_nothing_the_list_does_not() -> None:
    """No district without a seat of its own, and no sum over needs: one under five could be had of it."""
    assert spots_of([need("", "牙痛", 6), need("999999", "牙痛", 6)]) == []
    (spot,) = spots_of([need("510107", "牙痛", 6), need("510107", "发烧", 5)])
    assert spot.count == 6


@pytest.mark.browser
@SIZES
def test_a_bubble_leads_to_the_rows_of_its_district(
    browser: Browser, tmp_path: Path, size: ViewportSize
) -> None:
    unanswered_in_wuhou(tmp_path)
    with served(tmp_path) as address, opened(browser, size, folder=tmp_path) as page:
        page.goto(address + "/needs?city=510100")
        page.wait_for_selector("#needs-map[data-ready=yes] .bubble a")
        assert page.locator("#needs-map .bubble a").all_text_contents() == ["7"]
        assert fits(page)
        shoot(page, f"needs-{size['width']}")
        page.locator("#needs-map .bubble a").click()
        assert page.url.endswith("#at-510107")
        assert "武侯区" in (page.locator("#at-510107").text_content() or "")
