"""提醒我: one form for channel and frequency, from a search, a rule or nothing at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ViewportSize, expect

from leads.records import rules, users
from leads.records.tables.alerts import Channel, Subscription
from leads.web.desk import Desk
from tests.support.browsing import PHONE, fits, opened, shoot
from tests.support.seeds import ClientOf

SIZES = pytest.mark.parametrize("size", [ViewportSize(width=1440, height=900), PHONE], ids=["large", "phone"])


@pytest.fixture(scope="module")
def desk(app: FastAPI) -> Desk:
    found: Desk = app.state.desk
    return found


def channel(desk: Desk, login: str, name: str = "前台群") -> int:
    with desk.records.transaction() as session:
        user = users.by_login(session, login)
        assert user is not None
        made = Channel(user_id=user.id, name=name, kind="webhook", address="{}", created_at=datetime.now(UTC))
        session.add(made)
        session.flush()
        return made.id


def heard_by(desk: Desk, number: int) -> list[tuple[str, Subscription]]:
    """(a rule's query, the subscription) by this channel."""
    with desk.records.reading() as session:
        found = rules.subscriptions(session, channel_id=number)
        known = {each.id: each.query for each in rules.all(session)}
        return [(known[each.rule_id], each) for each in found]


def test_without_a_channel_the_form_says_where_to_make_one(client_of: ClientOf) -> None:
    page = client_of("marketer").get("/remind?query=near%3Dall").text
    assert 'href="/alerts/channels/new"' in page
    assert 'name="frequency"' not in page


def test_a_search_becomes_a_rule_with_a_channel_and_a_frequency_in_one_go(
    client_of: ClientOf, desk: Desk
) -> None:
    client = client_of("marketer")
    number = channel(desk, "marketer-")
    data = {"query": "q=智齿&near=qingmu&status=new&since=7d", "name": "智齿", "channel": str(number)}
    answer = client.post("/remind", data={**data, "frequency": "daily", "at_time": "07:30"})
    assert (answer.status_code, "好了" in answer.text) == (200, True)
    ((query, made),) = heard_by(desk, number)
    assert query == "q=%E6%99%BA%E9%BD%BF&near=qingmu"  # a rule is asked about what is new
    assert (made.frequency, made.at_time) == ("daily", "07:30")
    client.post("/remind", data={**data, "frequency": "now"})
    ((_, changed),) = heard_by(desk, number)  # the same search is the same rule: asked for again, it changes
    assert (changed.id, changed.frequency) == (made.id, "now")


def test_a_doctor_hears_of_a_rule_there_is_and_makes_none_about_leads(
    client_of: ClientOf, desk: Desk
) -> None:
    doctor = client_of("doctor", ("anhe",))
    number = channel(desk, "doctor-anhe")
    with desk.records.transaction() as session:
        rule = rules.add(
            session, name="提到我们", kind="mention", query="", who="boss", now=datetime.now(UTC)
        )
    assert doctor.post("/remind", data={"rule": str(rule.id), "channel": str(number)}).status_code == 200
    assert [query for query, _ in heard_by(desk, number)] == [""]
    assert doctor.post("/remind", data={"query": "near=anhe", "channel": str(number)}).status_code == 403


def test_a_doctor_makes_an_alert_of_what_is_said_of_the_own_clinics_and_of_no_other(
    client_of: ClientOf, desk: Desk
) -> None:
    doctor = client_of("doctor", ("anhe",))
    number = channel(desk, "doctor-anhe", "林医生的手机")
    usual = unescape(doctor.get("/remind").text)
    assert "提醒我：有人说到安和口腔" in usual
    listed = unescape(doctor.get("/mentions?severity=high&state=all").text)
    (link,) = re.findall(r'data-remind href="([^"]+)"', listed)
    assert "kind=mention" in link
    assert doctor.get(link).status_code == 200
    asked = {
        "kind": "mention",
        "query": "clinic=anhe&severity=high",
        "name": "严重的",
        "channel": str(number),
    }
    assert "好了" in doctor.post("/remind", data=asked).text
    ((query, _),) = heard_by(desk, number)
    assert query == "clinic=anhe&severity=high"
    for refused in ("clinic=qingmu", "clinic=anhe&clinic=qingmu", "severity=high", ""):
        assert doctor.post("/remind", data=asked | {"query": refused}).status_code == 403


def test_anothers_channel_a_broken_search_and_a_lost_rule_are_refused(
    client_of: ClientOf, desk: Desk
) -> None:
    client_of("admin")
    foreign, client = channel(desk, "admin-", "别人的"), client_of("marketer")
    assert client.post("/remind", data={"query": "near=all", "channel": str(foreign)}).status_code == 400
    own = str(channel(desk, "marketer-"))
    assert client.post("/remind", data={"query": "q=(", "channel": own}).status_code == 400
    odd = {"query": "near=all", "channel": own, "frequency": "never"}
    assert client.post("/remind", data=odd).status_code == 400
    assert client.get("/remind?rule=99999").status_code == 404


def test_a_new_rule_of_leads_starts_with_what_the_clinics_list_opens_with(client: TestClient) -> None:
    assert '<option value="anhe" selected>' in client.get("/rules/new?kind=lead").text
    said = unescape(client.get("/remind").text)
    assert re.findall(r'name="query" value="([^"]*)"', said) in (["near=anhe"], [])


@SIZES
def test_the_dialog_stands_over_the_page_and_says_what_was_done(
    browser: Browser, address: str, folder: Path, desk: Desk, size: ViewportSize
) -> None:
    with opened(browser, size, folder=folder, role="marketer") as page:
        channel(desk, "marketer-", f"群{size['width']}")
        page.goto(address + "/rules")
        with desk.records.transaction() as session:
            rules.add(
                session,
                name=f"附近{size['width']}",
                kind="lead",
                query="near=anhe",
                who="x",
                now=datetime.now(UTC),
            )
        page.reload()
        page.get_by_role("link", name=f"提醒我 附近{size['width']}").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("从哪里告诉我").select_option(label=f"群{size['width']}")
        dialog.get_by_label("多久一次").select_option("hourly")
        assert fits(page)
        shoot(page, f"remind-{size['width']}")
        dialog.get_by_role("button", name="提醒我").click()
        expect(dialog.get_by_role("status")).to_contain_text(f"群{size['width']}")
        dialog.get_by_role("button", name="关闭").click()
        assert page.url == address + "/rules"
