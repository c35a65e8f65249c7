"""The page of a lead in a real browser: open, change, dismiss, note, judge, and help with a reply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from leads.index.sqlite.index import SqliteIndex
from tests.support.browsing import DESK, PHONE, SIZES, fits, opened, served, shoot
from tests.support.builders import region
from tests.support.seeds import fresh, seed

pytestmark = pytest.mark.browser

LONG = (
    "左边后槽牙疼三天了，昨晚一夜没睡，坐标成都武侯，求推荐靠谱的牙医，大概要多少钱？\n以前补过一次，不发烧。"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The usual leads, and one to look at closely, with its thread and a duplicate."""
    made = tmp_path_factory.mktemp("lead")
    seed(made)
    place = region("武侯区")
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert(
            [
                fresh(
                    200, LONG, hours=3, place=place, thread_id="t7", floor=1, url="https://forum.example/t7"
                ),
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
        for path in (
            "/leads/forum/200",
            "/leads/forum/102",
            "/leads/forum/103",
            "/leads/forum/100",
            "/cases",
        ):
            page.goto(address + path)
            shoot(page, f"case-{size['width']}-{path.replace('/', '-')}")
            assert fits(page), path
        for path in ("/snippets", "/snippets/new?starter=toothache"):
            page.goto(address + path)
            shoot(page, f"case-{size['width']}-{path.replace('/', '-').replace('?', '-')}")
            assert fits(page), path


@SIZES
def test_a_lead_is_opened_taken_up_and_dismissed(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    number = 10 if size is DESK else 11
    with opened(browser, size, folder=folder) as page:
        page.goto(f"{address}/leads?near=all&q={number}号")
        at_lead(page, address, number)
        page.get_by_role("button", name="标为已看").click()
        expect(page.get_by_role("status").first).to_have_text("已保存。")
        page.get_by_label("状态").select_option("booked")
        page.get_by_label("负责人").select_option(label="测试admin（我）")
        page.get_by_label("跟进日期").fill("2026-12-01")
        page.get_by_label("金额").fill("1200")
        page.get_by_role("button", name="保存", exact=True).click()
        expect(page.locator("#story")).to_contain_text("状态：已看 → 已预约")
        assert not page.get_by_label("排除理由").is_visible()
        page.get_by_label("状态").select_option("dismissed")
        page.get_by_role("button", name="保存", exact=True).click()  # the browser asks for a reason
        page.get_by_label("排除理由").fill("太远")
        page.get_by_role("button", name="保存", exact=True).click()
        expect(page.locator("#story")).to_contain_text("排除理由：（无） → 太远")
        assert fits(page)
    with SqliteIndex(folder / "leads.sqlite") as index:
        found = index.get(f"forum/{number}")
    assert found is not None
    assert (found.status, found.assignee) == ("dismissed", "admin-")


def test_without_scripts_everything_can_be_done(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, PHONE, folder=folder, scripts=False) as page:
        at_lead(page, address, 12)
        page.get_by_role("button", name="标为已看").click()
        page.get_by_label("备注").fill("电话里说周三来")
        page.get_by_role("button", name="记下备注").click()
        expect(page.locator(".story")).to_contain_text("电话里说周三来")
        page.get_by_role("button", name="广告").click()
        expect(page.locator(".said")).to_contain_text("不是线索，是广告")
        expect(page.locator(".said")).to_contain_text("模型当时认为：求诊")
        page.get_by_role("button", name="撤回").click()
        assert page.locator(".said").count() == 0
        page.get_by_label("话术").select_option("starter:ask-first")
        page.get_by_role("button", name="填入").click()
        written = page.get_by_label("回复内容").input_value()
        assert "想帮您判断该看什么科，请问：牙痛多久了" in written
        page.get_by_label("回复内容").fill("我们保 证治好")
        page.get_by_role("button", name="检查").click()
        expect(page.locator("mark.bad")).to_have_text("保 证")
        expect(page.locator(".findings")).to_contain_text("第十六条")
        assert page.get_by_label("回复内容").input_value() == "我们保 证治好"
        shoot(page, "case-noscript-390")


def test_a_reply_is_checked_while_it_is_written_and_copied(
    browser: Browser, address: str, folder: Path
) -> None:
    with opened(browser, DESK, folder=folder) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        at_lead(page, address)
        page.get_by_label("回复内容").fill("😀治愈率98％，<b>根治</b>")
        expect(page.locator("mark.bad")).to_have_text(["治愈率", "根治"])
        expect(page.locator(".findings")).to_contain_text("法律 《中华人民共和国广告法》第十六条")
        page.locator("#reply").scroll_into_view_if_needed()
        shoot(page, "case-findings")
        page.get_by_label("回复内容").fill("最好尽快就医")
        expect(page.locator("#checked")).to_contain_text("没有发现")
        page.get_by_role("button", name="复制").click()
        expect(page.locator("#copied")).to_contain_text("已复制")
        assert page.evaluate("navigator.clipboard.readText()") == "最好尽快就医"


def test_two_people_at_once_get_both_versions_to_choose_from(
    browser: Browser, address: str, folder: Path
) -> None:
    with (
        opened(browser, DESK, folder=folder) as one,
        opened(browser, PHONE, folder=folder, role="marketer", complain=False) as other,
    ):
        at_lead(one, address, 13)
        at_lead(other, address, 13)
        one.get_by_label("状态").select_option("talking")
        one.get_by_role("button", name="保存", exact=True).click()
        expect(one.locator("#story")).to_contain_text("新线索 → 沟通中")
        other.get_by_label("状态").select_option("replied")
        other.get_by_role("button", name="保存", exact=True).click()
        expect(other.get_by_role("alert")).to_contain_text("测试admin 在")
        shoot(other, "case-conflict-390")
        assert fits(other)
        other.get_by_label("我的：已回复").check()
        other.get_by_role("button", name="按选的保存").click()
        expect(other.locator("#story")).to_contain_text("状态：沟通中 → 已回复")
