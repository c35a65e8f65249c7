"""Every page in a real browser, at a desk and on a telephone: axe-core finds nothing serious."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy import select

from leads.alerts.channels.form import read_form
from leads.config import AlertSettings
from leads.models import Role
from leads.records import cases, channels, digests, open_records, rules, searches
from leads.records.tables.people import User
from tests.support.browsing import DESK, PHONE, fits, opened, shoot
from tests.support.builders import lead, mention
from tests.support.outbox_people import alert
from tests.support.seeds import login_cookie, settings
from tests.support.service_answers import SAMPLES

pytestmark = pytest.mark.browser

LEAD, MENTION = quote(lead(100).id, safe=""), quote(mention(2).id, safe="")
EVERYBODY = (
    "/",
    "/leads?q=(",
    "/leads/" + LEAD,
    "/cases?assignee=",
    "/cases?view=board&who=all",
    "/funnel",
    "/ten",
    "/ten/effect",
    "/mentions",
    "/mentions/" + MENTION,
    "/map",
    "/topics?span=month",
    "/trends",
    "/similar",
    "/questions",
    "/needs",
    "/groups?city=all",
    "/voice",
    "/voice/posts?clinic=anhe",
    "/voice/accounts",
    "/voice/own",
    "/voice/spread/" + MENTION,
    "/match",
    "/doctors",
    "/questions/outline",
    "/alerts",
    "/digests",
    "/searches",
    "/account",
    "/api/v1/docs",
    "/nowhere",
)
STAFF = (
    "/rules",
    "/rules/new?kind=lead",
    "/rules/new?kind=lead&near=all&q=%E7%89%99%E7%96%BC",
    "/rules/new?kind=mention&clinic=anhe",
    "/clinics",
    "/clinics/new",
    "/clinics/anhe",
    "/clinics/anhe/remove",
    "/coverage",
    "/coverage/city",
    "/coverage/city/edit",
    "/coverage/city/remove",
    "/sources/new",
    "/imports",
    "/snippets",
    "/snippets/new",
)
ADMIN = ("/users", "/erasures", "/first-steps", "/audit")
DOCTOR = ("anhe",)


@pytest.fixture(scope="module", autouse=True)
def filled(folder: Path, address: str) -> None:
    """Something on every page: a case, a rule somebody subscribed to, alerts, a saved search, a plan."""
    now = datetime.now(UTC)
    source = '[city]\nengine = "discuz"\nurl = "https://bbs.example.org/"\nboards = ["36"]\nenabled = false\n'
    (folder / "sources.toml").write_text(source, encoding="utf-8")
    login_cookie(folder)
    with open_records(settings(folder)) as records, records.transaction() as session:
        user = session.scalars(select(User).where(User.login == "admin-")).one()
        mail = AlertSettings(smtp="smtp://127.0.0.1")
        channel = channels.add(
            session,
            user_id=user.id,
            name="前台企业微信群",
            kind="wecombot",
            who=user.login,
            now=now,
            address=read_form("wecombot", SAMPLES["wecombot"], mail),
        )
        rule = rules.add(session, name="附近的新线索", kind="lead", query="", who=user.login, now=now)
        subscription = rules.subscribe(session, rule.id, user.id, channel.id)
        for number, state in enumerate(("sent", "waiting", "dead", "cancelled", "merged")):
            at = now - timedelta(minutes=number)
            alert(session, number, subscription, at=at, state=state)
        searches.add(session, user_id=user.id, name="附近牙疼", query="near=all&q=牙疼", now=now)
        digests.add(session, user, digests.PlanForm(period="daily", channel_id=channel.id), now=now)
        wanted = cases.CaseChange(version=0, status="seen", assignee=user.login)
        cases.change(session, {lead(100).id: wanted}, who=user.login, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at a window, and the pages that look different for this role."""

    role: Role
    clinics: tuple[str, ...] = ()
    size: ViewportSize
    paths: tuple[str, ...]


PEOPLE = [
    pytest.param(Person(role=role, clinics=clinics, size=size, paths=paths), id=f"{role}-{size['width']}")  # type: ignore[arg-type]  # one of the roles
    for role, clinics, paths in (
        ("admin", (), EVERYBODY + STAFF + ADMIN),
        ("marketer", (), ("/", "/leads", "/leads/" + LEAD, "/coverage")),
        (
            "doctor",
            DOCTOR,
            ("/", "/leads", "/leads/" + LEAD, "/cases", "/mentions", "/map", "/alerts", "/account"),
        ),
    )
    for size in (DESK, PHONE)
]


@pytest.mark.parametrize("person", PEOPLE)
def test_nothing_serious_is_found(browser: Browser, address: str, folder: Path, person: Person) -> None:
    found: list[str] = []
    with opened(
        browser, person.size, folder=folder, role=person.role, clinic_ids=person.clinics, complain=False
    ) as page:
        for path in person.paths:
            page.goto(address + path)
            shoot(page, f"all-{person.role}-{person.size['width']}-{path.strip('/').replace('/', '_')[:40]}")
            found += [f"{path} {each}" for each in _grave(page)]
            if not fits(page):
                found.append(f"{path} is wider than its window")
    assert found == []


def test_what_is_written_can_be_read_at_night(browser: Browser, address: str, folder: Path) -> None:
    """Of all that axe looks for only contrast depends on the theme."""
    found: list[str] = []
    with opened(browser, DESK, folder=folder, complain=False, dark=True) as page:
        for path in EVERYBODY + STAFF + ADMIN:
            page.goto(address + path)
            shoot(page, f"dark-{path.strip('/').replace('/', '_')[:40]}")
            found += [f"{path} {each}" for each in _grave(page, {"runOnly": ["color-contrast"]}, least=0)]
    assert found == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_serious_is_found_before_the_login(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, complain=False) as page:
        for path in ("/login", "/welcome/nothing", "/a/nothing"):
            page.goto(address + path)
            assert _grave(page) == [], path


def _grave(page: Page, options: dict[str, Any] | None = None, *, least: int = 8) -> list[str]:
    """What axe calls serious or critical, with the elements; it must have looked at something."""
    answer: dict[str, Any] = Axe().run(page, options=options).response
    assert len(answer["passes"]) > least
    return [
        f"{each['id']}: {'; '.join(node['html'][:120] for node in each['nodes'][:3])}"
        for each in answer["violations"]
        if each["impact"] in ("serious", "critical")
    ]
