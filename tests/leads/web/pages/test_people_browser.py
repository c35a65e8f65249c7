"""Login, one-time link, users and the own account in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from leads.records import open_records, users
from tests.support.browsing import DESK, PHONE, SIZES, fits, opened, shoot
from tests.support.seeds import settings

pytestmark = pytest.mark.browser
WORDS = "vier zufällige Wörter"


def invited(folder: Path, login: str) -> str:
    """The path of a one-time link for a new or known admin."""
    now = datetime.now(UTC)
    with open_records(settings(folder)) as records, records.transaction() as session:
        user = users.by_login(session, login) or users.add_user(
            session, login=login, name="林知远", role="admin", now=now
        )
        return f"/welcome/{users.make_link(session, user, now=now)}"


@SIZES
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_a_link_then_out_then_in_with_the_password(
    browser: Browser, address: str, folder: Path, size: ViewportSize, scripts: bool
) -> None:
    with opened(browser, size, scripts=scripts, complain=False) as page:
        page.goto(address + invited(folder, "lin"))
        assert fits(page)
        shoot(page, f"welcome-{size['width']}")
        page.get_by_label("新密码").fill(WORDS)
        page.get_by_role("button", name="保存并进入").click()
        page.wait_for_url(lambda url: "/welcome/" not in url)  # the first admin begins elsewhere than others
        if size == PHONE:
            page.locator(".dock summary").click()
        page.get_by_role("button", name="退出").click()
        page.wait_for_url("**/login")
        page.goto(address + "/mentions?clinic=anhe")
        page.get_by_label("用户名").fill("lin")
        page.get_by_label("密码").fill("wrong password")
        page.get_by_role("button", name="登录").click()
        assert page.get_by_role("alert").inner_text() == "用户名或密码不对。"
        assert fits(page)
        shoot(page, f"login-{size['width']}")
        page.get_by_label("密码").fill(WORDS)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url("**/mentions?clinic=anhe")


@SIZES
def test_a_user_is_added_and_the_pages_fit(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/users")
        page.get_by_text("添加用户", exact=True).click()
        assert fits(page)
        page.get_by_label("用户名").fill(f"zhou{size['width']}")
        page.get_by_label("姓名").first.fill("周医生")
        page.get_by_label("角色").first.select_option("doctor")
        page.get_by_label("青木中医").first.check()
        shoot(page, f"users-add-{size['width']}")
        page.get_by_role("button", name="添加，并给一次性链接").click()
        link = page.get_by_label("一次性链接", exact=True).get_by_role("textbox").input_value()
        assert re.fullmatch(re.escape(address) + r"/welcome/[\w-]{43}", link)
        assert fits(page)
        page.get_by_label(f"改 zhou{size['width']} 的权限").click()
        shoot(page, f"users-{size['width']}")
        assert fits(page)
        page.goto(address + "/audit")
        shoot(page, f"audit-{size['width']}")
        assert fits(page)


@SIZES
def test_a_token_is_made_and_revoked(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/account")
        page.get_by_label("名字").fill("每周报表")
        page.get_by_label("查看线索和跟进").check()
        page.get_by_role("button", name="新建令牌").click()
        assert page.get_by_label("令牌", exact=True).input_value().startswith("tz_")
        assert fits(page)
        shoot(page, f"account-{size['width']}")
        page.get_by_role("button", name="作废令牌 每周报表").click()
        page.wait_for_url("**done=revoked")
        assert page.get_by_role("status").inner_text() == "令牌已作废。"


def test_the_copy_button_is_there_for_who_can_copy(browser: Browser, address: str, folder: Path) -> None:
    with opened(browser, DESK, folder=folder) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(address + "/account")
        page.get_by_label("名字").fill("报表")
        page.get_by_label("查看提及").check()
        page.get_by_role("button", name="新建令牌").click()
        page.get_by_role("button", name="复制").click()
        page.get_by_role("button", name="已复制").wait_for()
        shown = page.get_by_label("令牌", exact=True).input_value()
        assert page.evaluate("navigator.clipboard.readText()") == shown
