"""漏斗: the page, its links, what a doctor sees, and the same in the API and on a terminal."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ViewportSize

from leads.index.sqlite.index import SqliteIndex
from leads.records import cases, open_records
from leads.records.cases import CaseChange
from leads.records.clinics import adopt_file
from tests.support.browsing import SIZES, fits, opened, shoot
from tests.support.commands import run
from tests.support.programs import program
from tests.support.seeds import ClientOf, fresh, settings

WALKS = {1: ("seen", "replied", "booked"), 2: ("seen", "replied"), 3: ("seen",), 4: ("dismissed",)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("funnel")
    now = datetime.now(UTC)
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert([fresh(number, f"{number}号牙疼", hours=5) for number in WALKS])
    with open_records(settings(made)) as records, records.transaction() as session:
        adopt_file(session, settings(made))
        for number, statuses in WALKS.items():
            clinic_id = "qingmu" if number == 3 else "anhe"
            cases.change(session, {f"forum/{number}": CaseChange(clinic_id=clinic_id)}, who="lin", now=now)
            for status in statuses:
                wanted = CaseChange(status=status, reason="太远" if status == "dismissed" else None)  # type: ignore[arg-type]  # one of them
                cases.change(session, {f"forum/{number}": wanted}, who="lin", now=now)
    return made


def figures(text: str) -> list[int]:
    (table,) = re.findall(r'id="stages">(.+?)</table>', text, re.S)
    return [int(number) for number in re.findall(r"<td>(?:<a[^>]*>)?(\d+)(?:</a>)?</td><td>", table)]


def listed(client: TestClient, url: str) -> int:
    text = client.get(url).text
    (total,) = re.findall(r'id="list-title">[^<]*（(\d+) 条）', text)
    assert len(re.findall('<li class="card">', text)) == int(total)
    return int(total)


def test_every_figure_opens_exactly_that_list(client: TestClient) -> None:
    text = client.get("/funnel").text
    assert figures(text) == [4, 3, 2, 1, 1, 0, 0]
    links = re.findall(r'<a href="(/funnel\?[^"]+stage=[^"]+)">(\d+)</a>', text)
    assert len(links) > 10
    for url, number in links:
        assert listed(client, unescape(url).partition("#")[0]) == int(number), url


def test_one_clinic_and_one_time(client: TestClient) -> None:
    assert figures(client.get("/funnel?clinic=qingmu").text)[:3] == [1, 1, 0]
    assert figures(client.get("/funnel?since=all").text)[0] == 4
    assert "还没有人跟进过" in client.get("/funnel?since=2099-01-01").text
    wrong = client.get("/funnel?since=soon")
    assert wrong.status_code == 400
    assert 'role="alert"' in wrong.text


def test_a_doctor_counts_own_clinics(client_of: ClientOf) -> None:
    assert figures(client_of("doctor", ("qingmu",)).get("/funnel").text)[:3] == [1, 1, 0]


def test_a_program_gets_the_same_figures(app: FastAPI) -> None:
    with program(app) as admin:
        found = admin.get("/insights/funnel?since=30d").json()
    assert [each["count"] for each in found["stages"]] == [4, 3, 2, 1, 1, 0, 0]
    assert [each["name"] for each in found["source"]] == ["forum"]


def test_so_does_a_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "tingzhen.toml").write_text(f'data_dir = "{folder}"\n', encoding="utf-8")
    monkeypatch.chdir(folder)
    lines = [json.loads(line) for line in run("funnel", "--json").out.splitlines()]
    assert [each["count"] for each in lines[0]["stages"]] == [4, 3, 2, 1, 1, 0, 0]
    assert {each["by"] for each in lines} == {"", "source", "rule", "person"}
    assert "来源 forum" in run("funnel").out
    assert run("funnel", "--since", "soon").code == 2


@pytest.mark.browser
@SIZES
def test_it_fits(browser: Browser, address: str, folder: Path, size: ViewportSize) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/funnel")
        assert fits(page)
        shoot(page, f"funnel-{size['width']}")
        page.locator("#stages").get_by_role("link", name="3").click()
        assert page.get_by_role("heading", name="已看（3 条）").is_visible()
