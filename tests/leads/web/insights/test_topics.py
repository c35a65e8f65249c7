"""The page 话题 and its answer for programs."""

from __future__ import annotations

from datetime import date
from html import unescape

import pytest
from fastapi.testclient import TestClient

from leads.insights.topics.topics import DayBar
from leads.web.insights.plot import plot
from tests.support.seeds import ClientOf

pytestmark = pytest.mark.xdist_group("topics")


def test_a_city_with_its_topics(client: TestClient) -> None:
    page = unescape(client.get("/topics?span=month").text)
    assert "话题 · 成都市" in page
    assert "牙痛" in page
    assert "/rules/new?kind=spike&symptom=toothache&area=510100" in page
    assert "/leads?area=510100&symptom=toothache&since=" in page


def test_a_doctor_sees_the_cities_of_own_clinics_only(client_of: ClientOf) -> None:
    doctor = client_of("doctor", ("anhe",))
    assert doctor.get("/topics").status_code == 200
    assert "订阅" not in doctor.get("/topics?span=month").text
    refused = doctor.get("/topics?city=110000")
    assert refused.status_code == 400
    assert "自己诊所" in refused.text


@pytest.mark.parametrize("query", ["span=year", "city=nowhere"])
def test_what_cannot_be_understood_is_said(client: TestClient, query: str) -> None:
    assert client.get(f"/topics?{query}").status_code == 400


def test_no_bars_are_drawn_of_no_days() -> None:
    assert plot([]).bars == ()


@pytest.mark.parametrize(
    ("count", "names"),
    [(2, ["0", "0.5", "1", "1.5", "2"]), (40, ["0", "10", "20", "30", "40"])],
)
def test_lines_behind_bars_have_names_of_their_own(count: int, names: list[str]) -> None:
    day = date(2026, 11, 2)
    assert [name for _, name in plot([DayBar(first=day, last=day, count=count, gap=False)]).grid] == names
