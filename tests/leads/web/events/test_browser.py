"""In a real browser: what comes in stands on the open page, without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from leads.index.sqlite.index import SqliteIndex
from leads.records import nudges, open_records
from leads.records.clinics import adopt_file
from leads.web.desk import Desk
from tests.support.browsing import PHONE, fits, opened, shoot
from tests.support.builders import region
from tests.support.coming import comes
from tests.support.seeds import fresh, settings

SIZES = pytest.mark.parametrize("size", [ViewportSize(width=1440, height=900), PHONE], ids=["large", "phone"])


@pytest.fixture
def beside(folder: Path) -> Iterator[Desk]:
    """Another process over the same folder, as a crawl is."""
    chosen = settings(folder)
    with SqliteIndex(folder / "leads.sqlite") as index, open_records(chosen) as records:
        with records.transaction() as session:
            adopt_file(session, chosen)
        yield Desk(settings=chosen, index=index, records=records)


@SIZES
def test_a_new_lead_and_a_nudge_reach_the_open_page(
    browser: Browser, address: str, folder: Path, beside: Desk, size: ViewportSize
) -> None:
    number = 800 + size["width"]
    with opened(browser, size, folder=folder, role="marketer") as page:
        with page.expect_response("**/events*"):
            page.goto(address + "/leads?near=all")
        comes(beside, *(fresh(number + n, f"{n}号牙疼", hours=1, place=region("武侯区")) for n in range(3)))
        with beside.records.transaction() as session:
            nudges.assigned(session, "forum/1", "marketer-", who="wang", now=datetime.now(UTC))
        bar = page.locator("#news")
        expect(bar).to_contain_text("3 条新线索")
        expect(page.locator("[data-unseen]").first).not_to_have_text("")
        assert fits(page)
        shoot(page, f"news-{size['width']}")
        bar.get_by_role("link").click()
        expect(page.locator("#news")).to_have_count(0)
        page.goto(address + "/nudges")
        page.get_by_role("button", name="打开线索").first.click()
        page.wait_for_url("**/leads/forum/1")
