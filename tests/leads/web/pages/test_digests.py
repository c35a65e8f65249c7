"""The page of the reports: planned, previewed, read again; each person's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ViewportSize

from leads.alerts.messages.digest import Digests
from leads.records import users
from leads.records.tables.alerts import Channel
from leads.web.desk import Desk
from tests.support.browsing import DESK, SIZES, executable, fits, opened, shoot
from tests.support.seeds import ClientOf


@pytest.fixture(scope="module")
def desk(app: FastAPI) -> Desk:
    found: Desk = app.state.desk
    return found


def channel(desk: Desk, login: str) -> int:
    """A channel of this person's."""
    with desk.records.transaction() as session:
        user = users.by_login(session, login)
        assert user is not None
        made = Channel(
            user_id=user.id, name="前台群", kind="webhook", address="{}", created_at=datetime.now(UTC)
        )
        session.add(made)
        session.flush()
        return made.id


def plan(client: TestClient, number: int, **fields: str) -> int:
    """Plans a report; its number."""
    data = {"channel_id": str(number), "period": "daily", "at_time": "08:00", **fields}
    answer = client.post("/digests", data=data)
    assert answer.status_code == 200, answer.text
    return int(re.findall(r"/digests/plans/(\d+)/remove", answer.text)[-1])


def test_without_a_channel_the_page_says_where_to_make_one(client_of: ClientOf) -> None:
    assert 'href="/alerts"' in client_of("marketer").get("/digests").text


def test_a_plan_is_made_previewed_and_taken_back(client: TestClient, desk: Desk) -> None:
    number = plan(client, channel(desk, "admin-"))
    preview = client.get(f"/digests/plans/{number}/preview")
    assert preview.status_code == 200
    assert "预览" in preview.text
    assert "牙痛" in preview.text
    assert "每天的新线索" in preview.text
    assert client.post(f"/digests/plans/{number}/remove").status_code == 200
    assert client.get(f"/digests/plans/{number}/preview").status_code == 404


def test_a_report_counts_what_the_lists_it_links_to_show(
    client: TestClient, client_of: ClientOf, desk: Desk
) -> None:
    for reader, login, names in (
        (client, "admin-", ["安和口腔", "青木中医"]),
        (client_of("doctor", ("qingmu",)), "doctor-qingmu", ["青木中医"]),
    ):
        number = plan(reader, channel(desk, login), period="weekly")
        said = unescape(reader.get(f"/digests/plans/{number}/preview").text)
        listed = re.findall(r'<a href="/leads\?([^"]+)">([^<]+) (\d+) 条</a>', said)
        assert [name for _, name, _ in listed if "附近" not in name] == names
        assert "可能在附近" in [name for _, name, _ in listed]  # beside the list it stands apart from
        for query, _, count in listed:
            found = re.search(r"共 <strong>(\d+)</strong>", reader.get("/leads?" + query).text)
            assert found is not None
            assert found[1] == count != "0"
        ((query, count),) = re.findall(r'<a href="/leads\?([^"]+)">(\d+) 条不知道在哪里</a>', said)
        html = reader.get("/leads?" + query).text
        assert f"共 <strong>{count}</strong>" in html
        assert re.findall(r'<li class="lead[^"]*" id="([^"]+)"', html) == ["forum/104"]


def test_what_was_sent_can_be_read_again_with_its_plot_by_its_reader_only(
    client: TestClient, client_of: ClientOf, desk: Desk
) -> None:
    plan(client, channel(desk, "admin-"))
    made = Digests(desk.settings, desk.records, desk.index)
    now = datetime.now(UTC)
    assert sum(made.make_due(now + timedelta(hours=hours)) for hours in range(25)) == 1
    (link,) = set(re.findall(r'href="(/digests/[0-9a-f]{40})"', client.get("/digests").text))
    page = client.get(link)
    assert "早报" in page.text
    picture = client.get(link + "/days.png")
    assert picture.headers["Content-Type"] == "image/png"
    other = client_of("marketer")
    assert (other.get(link).status_code, other.get(link + "/days.png").status_code) == (404, 404)


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"at_time": "8点"}, "08:00"), ({"period": "yearly"}, "周期"), ({"monthday": "31"}, "28")],
)
def test_what_cannot_be_understood_is_said_beside_the_form(
    client: TestClient, desk: Desk, fields: dict[str, str], said: str
) -> None:
    data = {"channel_id": str(channel(desk, "admin-")), **fields}
    answer = client.post("/digests", data=data)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'name="at_time"' in answer.text


def test_somebody_elses_channel_or_plan_is_nobodys(
    client: TestClient, client_of: ClientOf, desk: Desk
) -> None:
    marketer = client_of("marketer")
    marketer.get("/digests")
    theirs = channel(desk, "marketer-")
    assert client.post("/digests", data={"channel_id": str(theirs)}).status_code == 400
    number = plan(marketer, theirs)
    assert client.post(f"/digests/plans/{number}/remove").status_code == 404


def test_every_part_leads_to_what_is_behind_it(client: TestClient, desk: Desk) -> None:
    number = plan(client, channel(desk, "admin-"), period="monthly")
    said = client.get(f"/digests/plans/{number}/preview").text
    assert 'href="/topics?city=510100&amp;span=month"' in said
    ((address, count),) = re.findall(
        r'<a href="(/leads\?area=510100&amp;symptom=toothache[^"]+)">牙痛</a></th><td>(\d+)</td>', said
    )
    listed = client.get(unescape(address)).text
    assert f"共 <strong>{count}</strong>" in listed
    for name in re.findall(r'href="(/(?:topics|questions|funnel|coverage)[^"]*)"', said):
        assert client.get(unescape(name)).status_code == 200


@pytest.mark.browser
def test_a_report_is_printed_as_a_pdf_by_the_browser_that_is_there(client: TestClient, desk: Desk) -> None:
    executable()
    number = plan(client, channel(desk, "admin-"), period="weekly")
    answer = client.get(f"/digests/plans/{number}/preview.pdf")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert b"/URI (http://127.0.0.1:8000/leads?" in answer.content


def test_without_a_browser_one_sentence_says_how_to_print(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = plan(client, channel(desk, "admin-"))
    monkeypatch.setenv("PATH", "")
    answer = client.get(f"/digests/plans/{number}/preview.pdf")
    assert answer.status_code == 501
    assert "这台机器没有 Chromium，做不了 PDF" in answer.text


@pytest.mark.browser
@SIZES
def test_the_pages_fit_and_look_well(
    browser: Browser, address: str, folder: Path, client: TestClient, desk: Desk, size: ViewportSize
) -> None:
    number = plan(client, channel(desk, "admin-"), period="quarterly")
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/digests")
        assert fits(page)
        shoot(page, f"digests-{size['width']}")
        page.goto(f"{address}/digests/plans/{number}/preview")
        page.locator("figure[data-plot=stacked] canvas").wait_for()
        assert fits(page)
        shoot(page, f"digest-{size['width']}")


@pytest.mark.browser
def test_a_plan_is_made_in_the_browser(browser: Browser, address: str, folder: Path, desk: Desk) -> None:
    channel(desk, "admin-")
    with opened(browser, DESK, folder=folder) as page:
        page.goto(address + "/digests")
        page.get_by_label("种类").select_option("monthly")
        page.get_by_label("几点").fill("07:30")
        page.get_by_label("几号").fill("5")
        page.get_by_role("button", name="加上").click()
        page.wait_for_url("**/digests")
        assert page.get_by_text("每月 5 日 07:30").is_visible()
