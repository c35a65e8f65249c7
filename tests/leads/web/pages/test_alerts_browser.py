"""The alerts page in a real browser, on a desk and on a telephone, with and without scripts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize
from sqlalchemy import select

from leads.alerts.channels.form import read_form
from leads.alerts.outbox.acknowledge import Links
from leads.config import AlertSettings
from leads.records import channels, open_records, rules
from leads.records.tables.people import User
from tests.support.browsing import SIZES, fits, opened, shoot
from tests.support.outbox_people import alert
from tests.support.seeds import login_cookie, settings
from tests.support.service_answers import SAMPLES

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def link(folder: Path, address: str) -> str:
    """An admin with three channels, two subscriptions and alerts in every state; the link of one message."""
    login_cookie(folder)
    now = datetime.now(UTC)
    mail = AlertSettings(smtp="smtp://127.0.0.1")
    with open_records(settings(folder)) as records, records.transaction() as session:
        user = session.scalars(select(User).where(User.login == "admin-")).one()
        made = [
            channels.add(
                session,
                user_id=user.id,
                name=name,
                kind=kind,
                who="admin-",
                now=now,
                address=read_form(kind, SAMPLES[kind], mail),
            )
            for kind, name in (("wecombot", "前台企业微信群"), ("mail", "院长邮箱"), ("bark", "林医生的手机"))
        ]
        made[0].state = "ok"
        made[2].state, made[2].problem = "revoked", "Bark 找不到这台手机（400）：请在 App 里重新复制地址。"
        bad = rules.add(session, name="差评马上知道", kind="mention", query="", who="admin-", now=now)
        new = rules.add(session, name="附近的新线索", kind="lead", query="", who="admin-", now=now)
        first = rules.subscribe(
            session, bad.id, user.id, made[0].id, quiet_from="22:00", quiet_to="07:30", break_through="high"
        )
        rules.subscribe(session, new.id, user.id, made[1].id, frequency="daily", weekdays=[0, 1, 2, 3, 4])
        states = ["sent", "waiting", "dead", "cancelled", "merged", "sent"]
        rows = [
            alert(session, number, first, at=now - timedelta(minutes=number), state=state)
            for number, state in enumerate(states)
        ]  # type: ignore[arg-type]  # one of the states
        for row in rows:
            row.payload = {"title": "安和口腔：有人说「拔牙弄伤了，要去投诉」", "severity": "high"}
        rows[0].sent_at, rows[0].acknowledged = now, "seen"
        rows[1].attempts, rows[1].next_at = 3, now + timedelta(minutes=4)
        rows[1].reason = "发得太频繁，服务要求稍后再发（45009）。"
        rows[2].reason = "企业微信不认这个 Webhook 地址（93000）：可能填错了，或机器人已被移除。"
        rows[3].reason = "订阅已取消。"
        rows[4].merged_into = rows[5].id
    return address + Links(folder).path(rows[5].id, now=now)


@SIZES
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_the_page_fits_and_shows_no_secret(
    browser: Browser, address: str, folder: Path, size: ViewportSize, scripts: bool, link: str
) -> None:
    with opened(browser, size, folder=folder, scripts=scripts) as page:
        page.goto(address + "/alerts")
        assert fits(page)
        text = page.content()
        assert "前台企业微信群" in text
        assert not [each for fields in SAMPLES.values() for each in fields.values() if each in text]
        shoot(page, f"alerts-{size['width']}")
        page.locator("summary", has_text="改时间和条数").first.click()
        page.locator("summary", has_text="添加订阅").click()
        page.locator("summary", has_text="移除").first.click()
        assert fits(page)
        shoot(page, f"alerts-open-{size['width']}")


@SIZES
def test_a_channel_is_added_by_hand(
    browser: Browser, address: str, folder: Path, size: ViewportSize, link: str
) -> None:
    with opened(browser, size, folder=folder, complain=False) as page:
        page.goto(address + "/alerts")
        page.get_by_role("link", name="添加通道").click()
        shoot(page, f"alerts-kinds-{size['width']}")
        page.get_by_label("钉钉群机器人").check()
        hook = page.locator('[name="dingtalk.address"]')
        page.get_by_label("名字").fill(f"钉钉{size['width']}")
        page.get_by_label("先发一条测试消息").uncheck()
        hook.fill("wecom://abc")
        page.get_by_role("button", name="保存").click()
        assert "Pushplus" in page.get_by_role("alert").inner_text()
        shoot(page, f"alerts-form-{size['width']}")
        assert fits(page)
        hook.fill(SAMPLES["dingtalk"]["address"])
        page.get_by_role("button", name="保存").click()
        assert page.get_by_label(f"钉钉{size['width']}", exact=True).is_visible()


@SIZES
def test_the_link_of_a_message_on_a_telephone(
    browser: Browser, size: ViewportSize, link: str, address: str
) -> None:
    with opened(browser, size) as page:
        page.goto(link)
        assert fits(page)
        shoot(page, f"ack-{size['width']}")
        if size["width"] < 500:
            page.get_by_role("button", name="已看", exact=True).first.click()
            assert page.get_by_role("status").first.inner_text() == "已标为「已看」"
