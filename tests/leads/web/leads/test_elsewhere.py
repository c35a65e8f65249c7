"""An empty page says where there is something, and each link opens exactly what it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from leads.index.sqlite.index import SqliteIndex
from leads.records import cases, open_records
from leads.records.cases import CaseChange
from tests.support.builders import region
from tests.support.seeds import ClientOf, fresh, settings

LINK = re.compile(r'<a class="card" href="([^"]+)"><strong>([^<]+)</strong><small>(\d+) 条')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("elsewhere")
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert([
            *(fresh(n, f"{n}号牙疼", hours=24 * 20, place=region("武侯区")) for n in range(3)),
            *(fresh(n, f"{n}号牙疼", hours=2, place=region("成都市")) for n in range(10, 12)),
            *(fresh(n, f"{n}号牙疼", hours=2, place=None) for n in range(20, 24)),
            fresh(30, "30号牙疼", hours=2, place=region("朝阳区")),
        ])  # fmt: skip
    return made


def links(page: str) -> Iterator[tuple[str, str, int]]:
    """(title, address, count) of each."""
    return ((title, unescape(url), int(count)) for url, title, count in LINK.findall(page))


def total(page: str) -> int:
    found = re.search(r"共 <strong>(\d+)</strong> 条", page)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("asked", ["/leads", "/leads?q=牙疼&since=7d&radius=1km", "/leads?q=没有这个词"])
def test_an_empty_list_leads_to_what_there_is(client: TestClient, asked: str) -> None:
    page = client.get(asked).text
    assert total(page) == 0
    found = list(links(page))
    assert found
    for title, url, count in found:
        assert total(client.get(url).text) == count, title


def test_older_and_unknown_places_are_told_apart(client: TestClient) -> None:
    found = {title: count for title, _, count in links(client.get("/leads?since=7d&status=new").text)}
    assert found["比 7 天更早"] == 3
    assert found["地点不明"] == 4


def test_a_doctor_is_led_to_what_a_doctor_may_see(client_of: ClientOf) -> None:
    doctor = client_of("doctor", ("anhe",))
    found = list(links(doctor.get("/leads?q=没有这个词").text))
    assert all(total(doctor.get(url).text) == count for _, url, count in found)
    assert not any("不限地点" in title for title, _, _ in found)


def test_cases_board_and_funnel_lead_to_those_of_others_and_to_new_leads(
    client: TestClient, folder: Path
) -> None:
    for path in ("/cases", "/cases?view=board", "/funnel"):
        assert "附近的新线索" in client.get(path).text
    with open_records(settings(folder)) as records, records.transaction() as session:
        wanted = CaseChange(status="seen", assignee="")
        cases.change(session, {"forum/20": wanted, "forum/21": wanted}, who="lin", now=datetime.now(UTC))
    found = {title: url for title, url, _ in links(client.get("/cases").text)}
    assert total(client.get(found["未分配的"]).text) == 2
    found = {title: url for title, url, _ in links(client.get("/cases?view=board").text)}
    assert "/leads/forum" in client.get(found["所有人的"]).text
    found = {title: url for title, url, _ in links(client.get("/funnel?clinic=anhe").text)}
    assert "还没有人跟进过" not in client.get(found["所有诊所"]).text


def test_few_saved_searches_are_followed_by_usual_ones_that_can_be_kept(client: TestClient) -> None:
    page = client.get("/searches").text
    assert "常用的，可以存下来" in page
    form = re.search(
        r'name="name" value="附近急着看的"><input type="hidden" name="query" value="([^"]+)"', page
    )
    assert form is not None
    assert "已保存" in client.post("/searches", data={"name": "急", "query": unescape(form[1])}).text
    assert "附近急着看的" not in client.get("/searches").text
