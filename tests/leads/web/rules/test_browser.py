"""Rules and collection in a real browser: looked at before saving, at a desk and on a telephone."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from crawler.coverage.runs import Totals
from crawler.coverage.store import Coverage
from tests.support.browsing import DESK, SIZES, fits, opened, shoot
from tests.support.seeds import seed

pytestmark = pytest.mark.browser
SOURCES = "".join(
    f'[{name}]\nengine = "feed"\nurl = "https://{name}.example.org/"\nfeeds = ["rss"]\nenabled = false\n'
    for name in ("city", "tieba")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The usual data, and what two sources came to."""
    made = tmp_path_factory.mktemp("rules")
    seed(made)
    (made / "sources.toml").write_text(SOURCES, encoding="utf-8")
    now = datetime.now(UTC)
    with closing(Coverage(made / "coverage.sqlite")) as coverage:
        for source, hours, outcome, reason in (
            ("city", 30, "ok", ""),
            ("city", 2, "blocked", "第 3 页要求验证码，已停下，主机暂停 1 小时"),
            ("tieba", 5, "silent", "搜索结果是空的，平时至少 5 条"),
        ):
            at = now - timedelta(hours=hours)
            run = coverage.start_run(source, {}, at)
            totals = Totals(pages=12, posts_new=23, posts_known=108)
            coverage.save_run(run, totals, robots="", first=None, last=None)
            coverage.finish_run(run, outcome, reason, at + timedelta(minutes=7))  # type: ignore[arg-type]  # a Literal
            coverage.note(run, "blocked", "36 版第 3 页", "要求验证码", at)
    return made


@SIZES
def test_a_rule_is_seen_before_it_is_saved(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    name = f"附近牙疼 {size['width']}"
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/rules")
        page.locator("a.card", has_text="附近的新线索").click()
        shoot(page, f"rule-empty-{size['width']}")
        page.get_by_label("名称").fill(name)
        page.get_by_label("词", exact=True).fill("牙疼 NOT 广告")
        page.get_by_role("button", name="预览").click()
        page.wait_for_url("**q=*")
        assert page.locator("svg.days rect").count() == 30
        assert page.locator(".samples li").count() > 3
        assert fits(page)
        shoot(page, f"rule-preview-{size['width']}")
        page.get_by_role("button", name="保存规则").click()
        page.wait_for_url("**done=added*")
        assert page.get_by_role("heading", name=name).is_visible()
        assert fits(page)
        shoot(page, f"rules-{size['width']}")


def test_a_rule_is_removed_after_a_second_look(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, DESK, scripts=False, folder=folder) as page:
        page.goto(address + "/rules/new?kind=blocked&name=被拒&source=")
        page.get_by_role("button", name="保存规则").click()
        page.wait_for_url("**done=added*")
        card = page.locator("section.rule", has=page.get_by_role("heading", name="被拒"))
        assert not card.get_by_role("button", name="删除规则").is_visible()
        card.get_by_text("删除…").click()
        card.get_by_role("button", name="删除规则").click()
        page.wait_for_url("**done=removed*")
        assert page.get_by_role("heading", name="被拒").count() == 0


@SIZES
def test_collection_fits_and_is_paused(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/coverage")
        assert fits(page)
        shoot(page, f"coverage-{size['width']}")
        first = page.locator("section.source").first
        first.get_by_role("link").first.click()
        page.wait_for_url("**/coverage/*")
        assert fits(page)
        shoot(page, f"source-{size['width']}")
        page.get_by_role("button", name="暂停").click()
        page.wait_for_url("**done=paused*")
        assert page.get_by_text("已暂停").first.is_visible()
        page.get_by_role("button", name="恢复").click()
        page.wait_for_url("**done=resumed*")
