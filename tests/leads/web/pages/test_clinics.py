"""The pages of clinics: what is written is kept, what is wrong is said, nothing secret is shown."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crawler.author_secret import load_secret
from leads.clinics.own_accounts import account_key
from leads.records import clinics, open_records
from leads.records.tables.clinics import ClinicRow
from leads.web.app import create_app
from tests.support.seeds import csrf, login_cookie, settings

FORM = {
    "name": "新城口腔",
    "aliases": "新城",
    "doctors": "林知远医生\n周大夫",
    "coordinate": "104.1170,30.5982",
    "system": "gcj02",
    "reach_km": "4",
    "specialties": ["dental"],
    "quiet_from": "22:00",
    "quiet_to": "08:00",
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """An admin's, over records of its own."""
    cookie = login_cookie(tmp_path)
    headers = {"X-CSRF": csrf(cookie, tmp_path)}
    app = create_app(settings(tmp_path))
    return TestClient(app, base_url="http://127.0.0.1:8000", cookies=cookie, headers=headers)


def rows(folder: Path) -> dict[str, ClinicRow]:
    with open_records(settings(folder)) as records, records.reading() as session:
        return {row.id: row for row in clinics.rows(session)}


def problem(html: str) -> str:
    (sentence,) = re.findall(r'<p class="problem" role="alert">([^<]+)</p>', html)
    return unescape(sentence)


def test_a_clinic_is_added_edited_and_removed(client: TestClient, tmp_path: Path) -> None:
    answer = client.post("/clinics", data=FORM)
    assert (answer.status_code, "已添加" in answer.text) == (200, True)
    row = rows(tmp_path)["xinchengkouqiang"]
    assert (row.name, row.aliases, row.doctors) == ("新城口腔", ["新城"], ["林知远医生", "周大夫"])
    assert (row.adcode, row.specialties, row.reach_km) == ("510104", ["dental"], 4.0)
    page = client.get("/clinics/xinchengkouqiang").text
    assert "四川省成都市锦江区" in page
    changed = FORM | {"coordinate": "", "lat": str(row.lat), "lon": str(row.lon), "name": "新城牙科"}
    assert "已保存" in client.post("/clinics/xinchengkouqiang", data=changed | {"version": "1"}).text
    assert (rows(tmp_path)["xinchengkouqiang"].name, rows(tmp_path)["xinchengkouqiang"].version) == (
        "新城牙科",
        2,
    )
    assert "没有规则用到它" in client.get("/clinics/xinchengkouqiang/remove").text
    assert "已删除" in client.post("/clinics/xinchengkouqiang/remove").text
    assert "xinchengkouqiang" not in rows(tmp_path)
    assert client.get("/clinics/xinchengkouqiang").status_code == 404


def test_a_card_of_a_doctor_is_kept_and_shown_again(client: TestClient, tmp_path: Path) -> None:
    line = "周大夫 | 主治医师 | 口腔科 | 周二下午 | https://example.com/zhou"
    client.post("/clinics", data=FORM | {"cards": line})
    (card,) = rows(tmp_path)["xinchengkouqiang"].cards
    assert (card["name"], card["specialties"], card["hours"]) == ("周大夫", ["dental"], "周二下午")
    assert line in client.get("/clinics/xinchengkouqiang").text
    answer = client.post("/clinics/xinchengkouqiang", data=FORM | {"version": "1", "cards": "王大夫 | 院长"})
    assert (answer.status_code, "不在“医生”里" in problem(answer.text)) == (400, True)


def test_what_is_wrong_is_said_and_nothing_written_is_lost(client: TestClient, tmp_path: Path) -> None:
    answer = client.post("/clinics", data=FORM | {"coordinate": "51.5,-0.12"})
    assert answer.status_code == 400
    assert "不在中国" in problem(answer.text)
    assert 'value="新城口腔"' in answer.text
    assert "周大夫" in answer.text
    assert "xinchengkouqiang" not in rows(tmp_path)


def test_who_comes_second_is_told(client: TestClient, tmp_path: Path) -> None:
    client.post("/clinics", data=FORM)
    client.post("/clinics/xinchengkouqiang", data=FORM | {"version": "1"})
    answer = client.post("/clinics/xinchengkouqiang", data=FORM | {"version": "1", "name": "另一个名字"})
    assert answer.status_code == 409
    assert "别人改过" in problem(answer.text)
    assert 'value="另一个名字"' in answer.text
    assert rows(tmp_path)["xinchengkouqiang"].name == "新城口腔"


def test_saving_a_clinic_of_the_file_takes_it_over(client: TestClient, tmp_path: Path) -> None:
    page = client.get("/clinics/anhe").text
    assert "不再起作用" in page
    assert "从文件里删掉" in client.get("/clinics/anhe/remove").text
    assert client.post("/clinics/anhe/remove").status_code == 400
    client.post("/clinics/anhe", data=FORM | {"version": "1", "name": "安和新名"})
    create_app(settings(tmp_path))  # the next start
    assert (rows(tmp_path)["anhe"].name, rows(tmp_path)["anhe"].managed_by) == ("安和新名", "page")
    assert "下次启动" in client.get("/clinics/anhe/remove").text


def test_of_an_own_account_only_the_pseudonym_is_kept(client: TestClient, tmp_path: Path) -> None:
    address = "https://weibo.com/u/1234567890"
    client.post("/clinics", data=FORM | {"account_site": "weibo", "account": address})
    (key,) = rows(tmp_path)["xinchengkouqiang"].own_accounts
    assert key == account_key(load_secret(tmp_path), "weibo", address)
    page = client.get("/clinics/xinchengkouqiang").text
    assert "1234567890" not in page
    assert f'value="{key}" checked' in page
    kept = FORM | {"version": "1", "keep_account": [key, "made-up"]}
    client.post("/clinics/xinchengkouqiang", data=kept)
    assert rows(tmp_path)["xinchengkouqiang"].own_accounts == [key]
    client.post("/clinics/xinchengkouqiang", data=FORM | {"version": "2"})
    assert rows(tmp_path)["xinchengkouqiang"].own_accounts == []
    assert b"1234567890" not in b"".join(file.read_bytes() for file in tmp_path.glob("records.sqlite*"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"account": "anhe", "account_site": "weibo"}, "编号"),
        ({"account": "anhe", "account_site": "nowhere"}, "网站"),
        ({"id": "Anhe!"}, "id"),
        ({"id": "anhe"}, "已经有"),
        ({"specialties": ["magic"]}, "magic"),
    ],
)
def test_complaints_of_the_form(client: TestClient, changes: dict[str, object], said: str) -> None:
    answer = client.post("/clinics", data=FORM | changes)
    assert answer.status_code == 400
    assert said in problem(answer.text)


def test_a_name_cannot_become_markup(client: TestClient) -> None:
    client.post("/clinics", data=FORM | {"name": "<script>alert(1)</script>"})
    for page in (
        "/clinics",
        "/clinics/script-alert-1-script",
        "/clinics/script-alert-1-script/remove",
        "/map",
    ):
        text = client.get(page).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_the_form_reads_a_coordinate_and_names_its_district(client: TestClient) -> None:
    read = client.get("/clinics/read", params={"coordinate": "30.5982,104.1170", "system": "gcj02"})
    assert "自动对调" in read.json()["said"]
    assert "锦江区" in read.json()["said"]
    assert client.get("/clinics/read", params={"coordinate": "x"}).status_code == 400
    place = client.get("/clinics/place", params={"lat": 30.64, "lon": 104.04}).json()
    assert place["district"] == "四川省成都市武侯区"
    assert "武侯区" in {seat["name"] for seat in place["seats"]}
    for lat, lon in ((0, 0), (20, 119)):
        assert client.get("/clinics/place", params={"lat": lat, "lon": lon}).status_code == 400
    assert client.get("/clinics/place", params={"lat": 99, "lon": 0}).status_code == 422
