"""今天 as each role sees it: every figure is the length of the list it opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ViewportSize

from crawler.coverage.runs import Outcome, Totals
from crawler.coverage.store import Coverage
from leads.config import CrawlSettings
from leads.index.sqlite.index import SqliteIndex
from leads.models import BEIJING, Role
from leads.records import cases, open_records, users, visits
from leads.records.cases import CaseChange
from leads.records.clinics import adopt_file
from leads.web.app import create_app
from nlp.models import Sentiment
from tests.support.browsing import PHONE, fits, opened, served, shoot
from tests.support.builders import mention, region
from tests.support.coming import comes
from tests.support.seeds import ClientOf, fresh, seed, settings

LARGE = ViewportSize(width=1440, height=900)
SOURCES = '[own]\nengine = "discuz"\nurl = "https://own.example/"\nboards = ["36"]\n\n' + (
    '[quiet]\nengine = "discuz"\nurl = "https://quiet.example/"\nboards = ["1"]\n'
)
WHOM: list[tuple[Role, tuple[str, ...]]] = [("admin", ()), ("marketer", ()), ("doctor", ("anhe",))]
ROLES = pytest.mark.parametrize(("role", "clinic_ids"), WHOM, ids=[role for role, _ in WHOM])
FIGURE = re.compile(
    r'id="figure-(\w+)">\s*<a href="([^"]+)">.*?<strong>(\d+)</strong></a>\s*<small>(.*?)</small>', re.S
)


def ran(folder: Path, source: str, outcome: Outcome, hours: float) -> None:
    at = datetime.now(UTC) - timedelta(hours=hours)
    with closing(Coverage(folder / "coverage.sqlite")) as coverage:
        run = coverage.start_run(source, {}, at)
        coverage.save_run(run, Totals(pages=1), robots="", first=None, last=None)
        coverage.finish_run(run, outcome, "要求验证码" if outcome == "blocked" else "", at)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("today")
    seed(made)
    (made / "sources.toml").write_text(SOURCES, encoding="utf-8")
    ran(made, "own", "ok", 30)
    ran(made, "own", "blocked", 2)
    ran(made, "quiet", "ok", 2)
    now = datetime.now(UTC)
    grave = [
        replace(
            mention(number),
            sentiment=Sentiment(polarity="complaint", severity=severity, cues=()),
            post=replace(mention(number).post, published_at=now - timedelta(hours=hours)),
        )
        for number, hours, severity in ((11, 5, 2), (12, 6, 0), (13, 30, 3), (14, 40, 1))
    ]
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert_mentions(grave)
    with open_records(settings(made)) as records, records.transaction() as session:
        adopt_file(session, settings(made))
        users.add_user(session, login="wang", name="王", role="marketer", now=now)
        yesterday = now.astimezone(BEIJING).date() - timedelta(days=1)
        for number, days in ((1, 0), (2, 3)):
            late = CaseChange(
                status="talking", assignee="wang", clinic_id="anhe", due_on=yesterday - timedelta(days=days)
            )
            cases.change(session, {f"forum/{number}": late}, who="wang", now=now)
    return made


@pytest.fixture(scope="module")
def app(folder: Path) -> FastAPI:
    crawl = CrawlSettings(sources=str(folder / "sources.toml"), contact="op@example.org")
    return create_app(settings(folder).model_copy(update={"crawl": crawl}))


def figures(html: str) -> dict[str, tuple[str, int, str]]:
    """Key → address, count, what is said of the day before."""
    return {key: (unescape(url), int(count), said) for key, url, count, said in FIGURE.findall(html)}


def listed(client: TestClient, address: str) -> int:
    """How many the page at this address says it lists."""
    answer = client.get(address)
    assert answer.status_code == 200
    found = re.search(r"<strong>(\d+)</strong> (?:条|个|件)", answer.text)
    assert found is not None, address
    return int(found[1])


ORDER = {
    "admin": ["sources", "leads", "complaints", "overdue"],
    "marketer": ["leads", "complaints", "overdue", "sources"],
    "doctor": ["complaints", "mentions", "leads", "overdue"],
}


@ROLES
def test_every_figure_is_the_length_of_its_list(
    client_of: ClientOf, role: Role, clinic_ids: tuple[str, ...]
) -> None:
    client = client_of(role, clinic_ids)
    found = figures(client.get("/").text)
    assert list(found) == ORDER[role]
    for address, count, _ in found.values():
        assert listed(client, address) == count > 0, address


def test_the_day_before_is_told_beside_each(client: TestClient) -> None:
    found = figures(client.get("/").text)
    assert {key: (count, said.partition(" ·")[0]) for key, (_, count, said) in found.items()} == {
        "sources": (1, "前一天 0"),
        "leads": (found["leads"][1], found["leads"][2]),
        "complaints": (3, "前一天 2"),
        "overdue": (2, "新增 1"),
    }
    assert re.fullmatch(r"前一天 \d+", found["leads"][2])


def test_grave_complaints_are_told_apart_and_open_their_own_list(client: TestClient) -> None:
    said = figures(client.get("/").text)["complaints"][2]
    parts = re.findall(r'<a href="([^"]+)">([^<]+) (\d+)</a>', said)
    assert [(name, count) for _, name, count in parts] == [("紧急", "1"), ("较重以上", "2")]
    for address, _, count in parts:
        assert listed(client, unescape(address)) == int(count)


@ROLES
def test_a_day_of_the_line_opens_the_leads_of_that_day(
    client_of: ClientOf, role: Role, clinic_ids: tuple[str, ...]
) -> None:
    client = client_of(role, clinic_ids)
    html = client.get("/").text
    rows = re.findall(r'<tr><td><a href="([^"]+)">[^<]+</a></td><td>(\d+)</td></tr>', html)
    assert len(rows) == 14
    assert sum(int(count) for _, count in rows) > 0
    for address, count in rows[:4]:
        if count != "0":
            assert listed(client, unescape(address)) == int(count)


def test_the_hottest_five_are_the_first_of_the_list_behind_them(client: TestClient) -> None:
    html = client.get("/").text
    (more,) = re.findall(r'id="hot">.*?</h2><a href="([^"]+)">看全部', html)
    shown = re.findall(r'<li><a href="/leads/([^?"]+)\?listed', html)
    assert len(shown) == 5
    rows = re.findall(r'<a class="open" href="/leads/([^?"]+)\?', client.get(unescape(more)).text)
    assert shown == rows[:5]


def test_a_doctor_sees_own_mentions_first_and_no_collection(client_of: ClientOf) -> None:
    html = client_of("doctor", ("qingmu",)).get("/").text
    assert html.index('id="heard"') < html.index('id="hot"')
    assert 'id="sources"' not in html
    assert "<span>安和口腔</span>" not in html
    assert 'name="clinic"' not in html


def test_an_operator_sees_the_troubled_sources_with_the_reason_first(client: TestClient) -> None:
    html = client.get("/").text
    assert html.index('id="sources"') < html.index('id="hot"')
    assert "要求验证码" in html


def test_a_doctor_without_a_clinic_is_told_whom_to_ask(client_of: ClientOf) -> None:
    answer = client_of("doctor").get("/")
    assert answer.status_code == 200
    assert "还没有给你分配诊所" in answer.text


def test_another_clinic_is_chosen_and_unknown_ones_are_passed_over(client: TestClient) -> None:
    assert 'value="qingmu" selected' in client.get("/?clinic=qingmu").text
    assert 'value="anhe" selected' in client.get("/?clinic=nobody").text
    assert all("qingmu" in url for url, _, _ in [figures(client.get("/?clinic=qingmu").text)["leads"]])


@pytest.mark.parametrize("query", ["q=牙疼&near=all", "near=", "status=new&status=seen", "done=3&undo=back"])
def test_an_old_bookmark_of_the_list_still_opens_it(client: TestClient, query: str) -> None:
    answer = client.get(f"/?{query}", follow_redirects=False)
    assert answer.status_code == 302
    assert unescape(answer.headers["Location"]).startswith("/leads?")
    assert client.get(f"/?{query}").text.count('id="filters"') == 1


def test_what_came_since_the_last_visit_is_told_the_next_time(
    client_of: ClientOf, moved: Callable[[timedelta], None], app: FastAPI
) -> None:
    client = client_of("doctor", ("anhe", "qingmu"))
    moved(timedelta(hours=-7))
    assert "第一次来" in client.get("/").text
    moved(timedelta(0))
    assert "没有新的" in client.get("/").text  # published meanwhile, but found before
    bad = replace(mention(71), sentiment=Sentiment(polarity="complaint", severity=2, cues=()))
    comes(
        app.state.desk,
        fresh(70, "牙疼，三周前发的", hours=24 * 21, place=region("武侯区")),
        fresh(72, "牙疼，远得很", hours=1, place=region("朝阳区")),
        bad,
        mention(73, "qingmu"),
    )
    html = client.get("/").text
    said = re.findall(r'<a href="([^"]+)"><strong>(\d+)</strong> (条\w+)</a>', html)
    assert [(name, count) for _, count, name in said] == [("条新线索", "1"), ("条提及", "1"), ("条投诉", "1")]
    for address, count, _ in said:
        page = client.get(unescape(address)).text
        assert f"共 <strong>{count}</strong> 条" in page
    assert "三周前发的" in client.get(unescape(said[0][0])).text
    assert re.findall(r'<a href="([^"]+)"><strong>(\d+)</strong> (条\w+)</a>', client.get("/").text) == said


@pytest.fixture
def moved(app: FastAPI) -> Callable[[timedelta], None]:
    """Moves the desk's clock."""

    def move(span: timedelta) -> None:
        app.state.desk = replace(app.state.desk, clock=lambda: datetime.now(UTC) + span)

    return move


def test_a_visit_lasts_until_half_an_hour_went_by(folder: Path) -> None:
    start = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)
    with open_records(settings(folder)) as records, records.transaction() as session:
        user = users.by_login(session, "wang")
        assert user is not None
        assert visits.before(session, user.id, now=start) is None
        visits.look(session, user.id, now=start)
        again = start + timedelta(minutes=20)
        assert visits.before(session, user.id, now=again) is None
        visits.look(session, user.id, now=again)
        tomorrow = start + timedelta(days=1)
        assert visits.before(session, user.id, now=tomorrow) == again
        visits.look(session, user.id, now=tomorrow)
        assert visits.before(session, user.id, now=tomorrow + timedelta(minutes=5)) == again
        assert not visits.stale(session, user.id, now=tomorrow + timedelta(seconds=30))


@ROLES
@pytest.mark.parametrize("size", [LARGE, PHONE], ids=["large", "phone"])
def test_one_look_is_enough(
    browser: Browser, folder: Path, size: ViewportSize, role: Role, clinic_ids: tuple[str, ...]
) -> None:
    with (
        served(folder) as address,
        opened(browser, size, folder=folder, role=role, clinic_ids=clinic_ids) as page,
    ):
        page.goto(address)
        assert fits(page)
        shoot(page, f"today-{role}-{size['width']}")
        if size is LARGE:
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        first = page.locator(".figure a").first
        page.goto(address + str(first.get_attribute("href")))
        assert page.locator("h1").count() == 1
