"""The page of a lead in a real browser: open, change, dismiss, note, judge, and help with a reply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from leads.index.sqlite import SqliteIndex
from tests.leads.builders import region, symptom
from tests.leads.web.browsing import DESK, PHONE, SIZES, fits, opened, served, shoot
from tests.leads.web.seeds import fresh, seed

pytestmark = pytest.mark.browser

LONG = "左边后槽牙疼三天了，昨晚一夜没睡，坐标成都武侯，求推荐靠谱的牙医，大概要多少钱？\n以前补过一次，不发烧。"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The usual leads, and one to look at closely, with its thread and a duplicate."""
    made = tmp_path_factory.mktemp("lead")
    seed(made)
    place = region("武侯区")
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert(
            [
                fresh(200, LONG, hours=3, place=place, thread_id="t7", floor=1, url="https://forum.example/t7"),
                fresh(201, LONG + "！", hours=2, place=place),
                fresh(202, "同问，武侯哪家医院看牙疼", hours=1, place=place, thread_id="t7", floor=4),
            ]
        )
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(folder) as url:
        yield url


def at_lead(page: Page, address: str, number: int = 200) -> None:
    page.goto(f"{address}/leads/forum/{number}")


@SIZES
def test_everything_fits(browser: Browser, address: str, folder: Path, size: ViewportSize) -> None:
    with opened(browser, size, folder=folder) as page:
        for path in ("/leads/forum/200", "/leads/forum/102", "/leads/forum/103", "/leads/forum/100", "/cases"):
            page.goto(address + path)
            shoot(page, f"case-{size['width']}-{path.replace('/', '-')}")
            assert fits(page), path
        for path in ("/snippets", "/snippets/new?starter=toothache"):
            page.goto(address + path)
            shoot(page, f"case-{size['width']}-{path.replace('/', '-').replace('?', '-')}")
            assert fits(page), path
