"""The page 声量, the mentions behind its figures, and how a complaint spread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from leads.clinics.threads import Echo
from leads.config import ClinicTable, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.models import Mention
from leads.records import heard, open_records
from leads.web.app import create_app
from nlp.models import Sentiment
from nlp.sentiment import judge
from tests.support.builders import mention, post
from tests.support.seeds import BASE, login_cookie

NEUTRAL = Sentiment(polarity="neutral", severity=0)
ANHE = ClinicTable(
    id="anhe",
    name="安和口腔",
    lat=30.64,
    lon=104.04,
    doctors=("林知远医生",),
    competitors=("康贝齿科", "华雅口腔"),
)
OTHER = ClinicTable(id="qingmu", name="青木中医", lat=30.65, lon=104.08)


def said(text: str, numbers: range, *, hours: float = 30, clinic_id: str = "anhe") -> list[Mention]:
    now = datetime.now(UTC)
    made = [mention(number, clinic_id) for number in numbers]
    return [
        replace(
            each,
            sentiment=judge(text),
            post=replace(
                each.post, text=f"{text}{each.post.post_id}", published_at=now - timedelta(hours=hours)
            ),
        )
        for each in made
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("voice")
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert_mentions(
            said("安和口腔林知远医生很耐心", range(8))
            + said("安和口腔太贵", range(20, 26))
            + said("安和口腔误诊", range(30, 35))
            + said("青木中医太贵", range(50, 53), clinic_id="qingmu")
        )
    now = datetime.now(UTC)
    with open_records(Settings(data_dir=made)) as records, records.transaction() as session:
        for number in range(9):
            named = post(number, published_at=now - timedelta(days=9))
            heard.keep_voices(session, [heard.voice(named, "anhe", "康贝齿科", NEUTRAL)])
            answer = post(500 + number, published_at=now - timedelta(hours=29))
            heard.keep_echoes(session, [Echo(answer, "forum#30", "reply")])
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    settings = Settings(data_dir=folder, clinics=(ANHE, OTHER))
    cookie = login_cookie(folder, "marketer")
    with TestClient(create_app(settings), base_url=BASE, cookies=cookie) as opened:
        yield opened


def test_names_moods_and_shares_stand_beside_each_other(client: TestClient) -> None:
    page = unescape(client.get("/voice").text)
    for told in (
        "安和口腔",
        "林知远医生",
        "康贝齿科",
        "68%",
        "32%",
        "好评 8",
        "不满 11",
        "中性 9",
        "说到的不足 5：华雅口腔",
    ):
        assert told in page
    assert page.count('<path class="tone') == 2
    assert "26 周" in page


def test_what_it_is_about_stands_with_the_words(client: TestClient) -> None:
    page = unescape(client.get("/voice").text)
    about = page[page.index("<h2>在夸什么") :]
    assert "耐心" in about
    assert "太贵" in about


def test_each_figure_opens_the_mentions_behind_it(client: TestClient) -> None:
    page = unescape(client.get("/voice").text)
    figures = re.findall(r'<a href="(/voice/posts\?[^"]*)">(?:\S+ )?(\d+)</a>', page)
    assert len(figures) >= 8
    for address, count in figures:
        assert f"{count} 条，最新的在前" in client.get(address).text, address
    assert not any("康贝" in unescape(address) for address, _ in figures)


def test_a_complaint_tells_how_it_spread(client: TestClient) -> None:
    page = unescape(client.get("/voice/spread/" + quote("forum/30#anhe")).text)
    assert "读到 9 条，其中回复 9" in page
    assert "第 1 到 2 小时" in page or "第 2 小时" in page
    assert "不足 5 条" in client.get("/voice/spread/" + quote("forum/31#anhe")).text


def test_few_are_not_told(client: TestClient) -> None:
    page = client.get("/voice?clinic=qingmu").text
    assert "说到的人不足 5" in page
    assert "太贵" not in page


def test_a_doctor_hears_of_own_clinics_only(folder: Path) -> None:
    settings = Settings(data_dir=folder, clinics=(ANHE, OTHER))
    cookie = login_cookie(folder, "doctor", ("qingmu",))
    with TestClient(create_app(settings), base_url=BASE, cookies=cookie) as opened:
        assert "青木中医" in opened.get("/voice").text
        assert opened.get("/voice?clinic=anhe").status_code == 400
        assert opened.get("/voice/posts?clinic=anhe").status_code == 400
        assert opened.get("/voice/spread/" + quote("forum/30#anhe")).status_code == 404


@pytest.mark.parametrize("asked", ["?clinic=nowhere", "/posts?clinic=nowhere"])
def test_a_clinic_that_is_not_there_is_said(client: TestClient, asked: str) -> None:
    answer = client.get("/voice" + asked)
    assert answer.status_code == 400
    assert "不可用" in answer.text
