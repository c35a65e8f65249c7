"""找对人 and the doctors' pages: who treats what was pasted, and that nothing of it stays."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from leads.config import CardTable, ClinicTable, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.models import Mention
from leads.records import mentions as work
from leads.records import open_records
from leads.records.mentions import MentionChange
from leads.web.app import create_app
from tests.support.builders import mention, region
from tests.support.seeds import BASE, csrf, fresh, login_cookie, settings

CARD = CardTable(
    name="林知远医生", title="主任医师", specialties=("dental",), hours="周一上午",
    booking="https://example.com/lin",
)  # fmt: skip
TEXT = "右边后槽牙疼了三天，紫藤巷口那家店里吃冰的更疼"


def with_doctors(folder: Path) -> Settings:
    """Two clinics, one of them with a doctor."""
    clinics = (
        ClinicTable(
            id="anhe", name="安和口腔", lat=30.64, lon=104.04, specialties=("dental",),
            doctors=("林知远医生", "周大夫"), cards=(CARD,),
        ),
        ClinicTable(id="qingmu", name="青木中医", lat=30.65, lon=104.08, specialties=("tcm",)),
    )  # fmt: skip
    return settings(folder).model_copy(update={"clinics": clinics})


def named(number: int) -> Mention:
    made = mention(number)
    moment = datetime.now(UTC) - timedelta(hours=number)
    return replace(made, term="林知远医生", post=replace(made.post, published_at=moment))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert_mentions([named(1), named(2), mention(3)])
        index.upsert(
            [
                fresh(n, f"{n}号牙疼第{n}天，该挂什么科？", hours=n + 1, place=region("武侯区"))
                for n in range(50, 57)
            ]
        )
    cookie = login_cookie(tmp_path, "marketer")
    app, headers = create_app(with_doctors(tmp_path)), {"X-CSRF": csrf(cookie, tmp_path)}
    with TestClient(app, base_url=BASE, cookies=cookie, headers=headers) as opened:
        yield opened


def test_a_pasted_text_leads_to_a_doctor(client: TestClient) -> None:
    page = unescape(client.post("/match", data={"text": TEXT, "place": "成都武侯区"}).text)
    assert "口腔科" in page
    assert "说到“后槽牙疼”" in page or "说到“牙疼”" in page
    assert "安和口腔" in page
    assert "青木中医" not in page.partition("找谁")[2]
    assert "林知远医生" in page
    assert "主任医师，周一上午" in page
    assert "https://example.com/lin" in page
    assert "哪一颗疼" in page
    assert "不是诊断" in page


def test_what_cannot_be_read_says_what_to_do(client: TestClient) -> None:
    assert "请多写一句症状" in client.post("/match", data={"text": "今天天气不错"}).text
    wrong = client.post("/match", data={"text": TEXT, "place": "亚特兰蒂斯"})
    assert (wrong.status_code, "请写成 成都武侯区" in wrong.text) == (400, True)
    assert TEXT in unescape(wrong.text), "what was written stays in the form"


def test_what_cannot_wait_is_said_first(client: TestClient) -> None:
    page = client.post("/match", data={"text": "我爸突然胸口疼，喘不上气"}).text
    assert "马上打 120" in page


def test_nothing_pasted_is_stored_or_logged(
    client: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert client.post("/match", data={"text": TEXT}).status_code == 200
    assert "紫藤巷口" not in caplog.text
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert kept
    assert [file for file in kept if "紫藤巷口".encode() in file.read_bytes()] == []


def test_a_doctor_of_another_clinic_is_offered_own_clinics_only(client: TestClient, tmp_path: Path) -> None:
    cookie = login_cookie(tmp_path, "doctor", ("qingmu",))
    client.cookies.update(cookie)
    client.headers["X-CSRF"] = csrf(cookie, tmp_path)
    assert "林知远" not in client.post("/match", data={"text": TEXT}).text
    assert "林知远" not in client.get("/doctors").text
    assert client.get("/doctors?clinic=anhe&name=林知远医生").status_code == 404


def test_doctors_by_how_often_they_are_spoken_of(client: TestClient) -> None:
    rows = client.get("/doctors").text.partition("<tbody>")[2]
    assert rows.index("林知远医生") < rows.index("周大夫")
    assert 'data-label="提及">2<' in rows


def test_a_doctors_page_has_mentions_and_the_questions_of_the_field(client: TestClient) -> None:
    page = unescape(client.get("/doctors?clinic=anhe&name=林知远医生").text)
    assert "2 条提及：好评 2" in page
    assert "/mentions/forum/1%23anhe" in page or "/mentions/forum%2F1%23anhe" in page
    assert "该挂什么科" in page
    assert "/questions/posts?city=510100&span=month&key=toothache.department" in page


def test_who_is_not_meant_is_not_counted(client: TestClient, tmp_path: Path) -> None:
    with open_records(settings(tmp_path)) as records, records.transaction() as session:
        work.change(session, named(1), MentionChange(state="not_us"), who="x", now=datetime.now(UTC))
    assert "1 条提及" in client.get("/doctors?clinic=anhe&name=林知远医生").text
