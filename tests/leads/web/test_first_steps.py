"""From nothing to the first alert: what is done, and where the next step is done."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from fastapi.testclient import TestClient

from leads.config import Settings
from leads.records import open_records, users
from leads.web.app import create_app
from leads.web.first_steps import Reached, steps
from tests.support.seeds import BASE, csrf, login_cookie, settings

NOW = datetime.now(UTC)

CLINIC = {"name": "新城口腔", "coordinate": "https://www.amap.com/regeo?lng=104.1170&lat=30.5982"}


def test_nothing_is_done_at_first() -> None:
    assert not any(step.done for step in steps(Reached()))


def test_each_step_is_done_by_its_own() -> None:
    for number, name in enumerate(("clinic", "source", "collected", "channel", "alert")):
        done = [step.done for step in steps(Reached(**{name: True}))]
        assert done == [each == number for each in range(5)]


def test_the_first_collection_is_watched_on_the_page_of_its_source() -> None:
    assert steps(Reached(source=True), source="city")[2].address == "/coverage/city"
    assert steps(Reached())[2].address == "/coverage"


def test_the_first_clinic_leads_on_to_the_first_source(tmp_path: Path) -> None:
    cookie = login_cookie(tmp_path)
    headers = {"X-CSRF": csrf(cookie, tmp_path)}
    app = create_app(Settings(data_dir=tmp_path))
    with TestClient(app, base_url=BASE, cookies=cookie, headers=headers) as client:
        first = client.post("/clinics", data=CLINIC)
        assert (first.url.path, "诊所已添加" in first.text) == ("/sources/new", True)
        (tmp_path / "sources.toml").write_text(
            '[city]\nengine = "feed"\nurl = "https://city.example.org/"\nfeeds = ["rss"]\n', encoding="utf-8"
        )
        second = client.post("/clinics", data=CLINIC | {"name": "新城二店"})
        assert second.url.path == "/clinics"


def test_the_list_says_what_is_done(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))  # of two clinics
    with TestClient(app, base_url=BASE, cookies=login_cookie(tmp_path)) as client:
        assert "开始使用（1/5）" in client.get("/first-steps").text


def test_the_first_admin_begins_with_the_list_and_others_with_their_desk(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    with TestClient(app, base_url=BASE) as client:
        for begins in ("/first-steps", "/"):
            with open_records(Settings(data_dir=tmp_path)) as records, records.transaction() as session:
                admin = users.first_admin(session, now=NOW)
                link = f"/welcome/{users.make_link(session, admin, now=NOW)}"
            token = re.search(r'name="csrf" value="([^"]+)"', client.get(link).text)
            assert token is not None
            password = "a long enough sentence of mine"
            page = client.post(link, data={"password": password, "csrf": token[1]})
            assert page.url.path == begins
            client.post("/logout", data={"csrf": csrf(dict(client.cookies), tmp_path)})


def test_today_shows_the_list_until_it_is_put_away(tmp_path: Path) -> None:
    cookie = login_cookie(tmp_path)
    headers = {"X-CSRF": csrf(cookie, tmp_path)}
    app = create_app(Settings(data_dir=tmp_path))
    with TestClient(app, base_url=BASE, cookies=cookie, headers=headers) as client:
        assert "开始使用（0/5）" in client.get("/").text
        assert "开始使用" not in client.post("/first-steps/put-away").text
    with TestClient(app, base_url=BASE, cookies=login_cookie(tmp_path, "marketer")) as client:
        assert "开始使用" not in client.get("/").text
