"""Mentions are worked: states and counts, two people at once, what is not us, the lead beside it, the API.

Each test has mentions of its own: what one changes is in no other's way.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from playwright.sync_api import Browser, ViewportSize, expect

from leads.alerts.triggers import nudged
from leads.index.sqlite.index import SqliteIndex
from leads.models import Mention
from leads.records import nudges, users
from leads.records.mentions import LONGEST_NOTE
from nlp.models import Polarity, Sentiment
from tests.support.browsing import SIZES, fits, opened, shoot
from tests.support.builders import mention, post
from tests.support.programs import program
from tests.support.seeds import ClientOf, fresh
from tests.support.seen import Seen

LIKE = "泸州的安禾口腔洗牙"
ODD = "在绵阳的安河口腔洗牙，疼了两天"


def said(number: int, text: str, severity: int, *, hours: float, clinic_id: str = "anhe") -> Mention:
    polarity: Polarity = "complaint" if severity else "neutral"
    moment = datetime.now(UTC) - timedelta(hours=hours)
    made = replace(mention(number, clinic_id), post=replace(post(number, text), published_at=moment))
    return replace(made, sentiment=Sentiment(polarity=polarity, severity=severity))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("mentions")
    odd = replace(said(40, ODD, 1, hours=4), said="安河口腔", how="homophone")
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert([fresh(50, "安和口腔态度很差，牙疼", hours=1)])
        index.upsert_mentions([
            said(10, "轮到我等了很久：顺序一", 1, hours=1),
            said(11, "顺序二，找律师", 3, hours=30),
            said(12, "顺序三，态度差", 2, hours=5),
            said(13, "顺序四，态度很差", 2, hours=2),
            said(20, "安和口腔态度不好", 2, hours=3),
            said(30, "两个人同时", 2, hours=3),
            odd,
            said(50, "安和口腔态度很差，牙疼", 2, hours=1),
            said(60, "青木中医等了很久", 1, hours=3, clinic_id="qingmu"),
            said(70, "程序来改", 1, hours=3),
            said(80, "浏览器里改", 3, hours=3),
            said(81, "浏览器里改", 3, hours=4),
            said(90, "交给医生看", 1, hours=4),
            said(91, "线索也是提及", 1, hours=4),
            *(
                replace(said(number, text, 1, hours=4), said="安禾口腔", how="homophone")
                for number, text in ((95, LIKE), (96, LIKE + "，疼"), (97, "安禾口腔在成都"), (98, LIKE))
            ),
        ])  # fmt: skip
    return made


def ids(client: TestClient, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200
    return [each.split("/")[1].split("#")[0] for each in Seen(answer.text).all("li", "id")]


def counts(client: TestClient, address: str = "/mentions") -> dict[str, int]:
    text = client.get(address).text
    return {name: int(number) for name, number in re.findall(r">(\S+) <b>(\d+)</b></a>", text)}


def at(number: int, clinic_id: str = "anhe", kind: str = "mentions") -> str:
    return f"/{kind}/forum/{number}%23{clinic_id}"


def test_the_gravest_come_first_then_the_newest(client: TestClient) -> None:
    assert ids(client, "/mentions?q=顺序") == ["11", "13", "12", "10"]
    assert ids(client, "/mentions?q=顺序&sort=newest") == ["10", "13", "12", "11"]


@pytest.mark.parametrize("wrong", ["state=x", "sort=x"])
def test_what_cannot_be_asked_is_one_sentence(client: TestClient, wrong: str) -> None:
    answer = client.get(f"/mentions?{wrong}")
    assert answer.status_code == 400
    assert "不认识" in answer.text


def test_a_mention_goes_through_its_states_and_the_counts_follow(client: TestClient) -> None:
    listed = "q=态度不好"
    assert counts(client, f"/mentions?{listed}") == {
        "没处理完": 1, "待处理": 1, "处理中": 0, "已处理": 0, "不是我们": 0, "全部": 1,
    }  # fmt: skip
    answer = client.post(at(20), data={"state": "working", "assignee": "me", "version": "0"})
    assert "已保存" in answer.text
    assert ids(client, f"/mentions?{listed}&state=working&who=me") == ["20"]
    assert ids(client, f"/mentions?{listed}&who=none") == []
    back = client.post(
        at(20), data={"state": "done", "version": "1", "listed": listed}, follow_redirects=False
    )
    assert unquote(back.headers["Location"]) == f"/mentions?{listed}"
    assert ids(client, f"/mentions?{listed}") == []
    assert "都处理完了" not in client.get(f"/mentions?{listed}").text, "a search that finds nothing says so"
    assert counts(client, f"/mentions?{listed}&state=done")["已处理"] == 1
    assert "处理中 → 已处理" in client.get(at(20)).text


def test_who_is_late_sees_who_was_first_and_the_present_state(
    client: TestClient, client_of: ClientOf
) -> None:
    assert client.post(at(30), data={"state": "working", "version": "0"}).status_code == 200
    late = client_of("marketer").post(at(30), data={"state": "done", "version": "0"})
    assert late.status_code == 409
    assert "测试admin" in late.text
    assert "待处理 → 处理中" in late.text
    assert 'name="version" value="1"' in late.text


def test_notes_are_kept_with_their_writer(client: TestClient) -> None:
    assert "打过电话" in client.post(at(30, kind="mention-notes"), data={"text": "打过电话"}).text
    refused = client.post(at(30, kind="mention-notes"), data={"text": "长" * (LONGEST_NOTE + 1)})
    assert refused.status_code == 400
    assert "最多 2,000" in refused.text


def test_a_reply_is_checked_as_on_a_lead(client: TestClient) -> None:
    text = client.post(at(30, kind="mention-replies"), data={"text": "我们保证根治"}).text
    assert "广告法" in text
    assert "没有发现违规用语" in client.post(at(30, kind="mention-replies"), data={"text": "抱歉"}).text


def test_not_us_leaves_every_list_and_comes_back(client: TestClient) -> None:
    wrong = client.post(at(40), data={"state": "not_us", "because": "word", "word": "德阳"})
    assert wrong.status_code == 400
    assert "帖子里没有“德阳”" in wrong.text
    told = client.post(at(40), data={"state": "not_us", "because": "word", "word": "绵阳"}).text
    assert "这样的帖子不再算提及" in told
    assert "帖子里有“安河口腔”又有“绵阳”时" in told
    assert ids(client, "/mentions?q=绵阳&state=all") == []
    assert ids(client, "/mentions?q=绵阳&state=not_us") == ["40"]
    client.post(at(40), data={"state": "open"})
    assert ids(client, "/mentions?q=绵阳") == ["40"]
    assert "以后怎样的帖子也不是" in client.get(at(40)).text


def test_not_us_holds_for_what_is_stored_and_untouched_and_comes_back_with_the_lesson(
    client: TestClient, client_of: ClientOf
) -> None:
    client.post(at(98), data={"assignee": "me"})  # somebody has it in hand
    asked = {"state": "not_us", "because": "word", "word": "泸州"}
    assert "已有的也一样" in client.post(at(95), data=asked).text
    assert ids(client, "/mentions?q=安禾口腔&state=not_us") == ["95", "96"]
    assert sorted(ids(client, "/mentions?q=安禾口腔")) == ["97", "98"]
    assert "听诊" in client.get(at(96)).text
    seen = client_of("marketer").get("/rules/new?kind=mention&q=安禾口腔").text
    assert "最近 30 天：2 条" in seen
    client.post(at(95), data={"state": "open"})
    assert sorted(ids(client, "/mentions?q=安禾口腔")) == ["95", "96", "97", "98"]


def test_a_lead_and_a_mention_of_one_post_know_each_other(client: TestClient) -> None:
    assert "也是线索：新线索" in client.get(at(50)).text
    client.post("/cases/forum/50", data={"status": "replied"})
    assert "也是线索：已回复" in client.get(at(50)).text
    assert "也是线索：已回复" in client.get("/mentions?q=牙疼").text
    client.post(at(50), data={"state": "working"})
    assert "提到安和口腔：不满，较重（处理中）" in client.get("/leads/forum/50").text
    client.post(at(50), data={"state": "not_us"})
    assert "提到安和口腔" not in client.get("/leads/forum/50").text


def test_a_doctor_works_own_clinics_mentions_only(client_of: ClientOf) -> None:
    doctor = client_of("doctor", ("qingmu",))
    answer = doctor.post(at(60, "qingmu"), data={"state": "working", "assignee": "me"})
    assert answer.status_code == 200
    assert "测试doctor" in answer.text
    for kind, data in (
        ("mentions", {"state": "done"}),
        ("mention-notes", {"text": "x"}),
        ("mention-replies", {"text": "x"}),
    ):
        assert doctor.post(at(30, kind=kind), data=data).status_code == 404


def waiting(app: FastAPI, login: str, post_id: str) -> list[tuple[str, str]]:
    """(kind, mention) of what a person has not looked at of this post, the newest first."""
    with app.state.desk.records.reading() as session:
        user = users.by_login(session, login)
        assert user is not None
        found = nudges.listed(session, user.id)
    new = [each for each in found if each.seen_at is None and each.lead_id == post_id]
    return [(each.kind, each.mention_id) for each in new]


def test_who_is_given_a_mention_or_called_in_its_note_is_told_and_led_to_it(
    app: FastAPI, client_of: ClientOf
) -> None:
    boss, doctor = client_of("admin"), client_of("doctor", ("anhe",))
    boss.post(at(90), data={"assignee": "doctor-anhe", "version": ""})
    boss.post(at(90, kind="mention-notes"), data={"text": "@doctor-anhe 请看"})
    given = [("named", "forum/90#anhe"), ("assigned", "forum/90#anhe")]
    assert waiting(app, "doctor-anhe", "forum/90") == given
    page = doctor.get("/nudges").text
    assert "测试admin把一条提及交给了你" in page
    assert "打开提及" in page
    nudged.tell(app.state.desk.records, now=datetime.now(UTC))
    action = re.findall(r'action="(/nudges/\d+)"', page)[0]
    answer = doctor.post(action, follow_redirects=False)
    assert answer.headers["Location"] == "/mentions/forum/90%23anhe"
    assert waiting(app, "doctor-anhe", "forum/90") == []


def test_a_lead_and_a_mention_of_one_post_nudge_once(app: FastAPI, client_of: ClientOf) -> None:
    boss, _ = client_of("admin"), client_of("marketer")
    boss.post(at(91), data={"assignee": "marketer-", "version": ""})
    with app.state.desk.records.transaction() as session:
        nudges.assigned(session, "forum/91", "marketer-", who="admin-", now=datetime.now(UTC))
    assert waiting(app, "marketer-", "forum/91") == [("assigned", "forum/91#anhe")]
    client_of("marketer").post("/nudges/seen")
    with app.state.desk.records.transaction() as session:
        nudges.assigned(session, "forum/91", "marketer-", who="admin-", now=datetime.now(UTC))
    assert waiting(app, "marketer-", "forum/91") == [("assigned", "")]


def test_a_program_does_the_same(app: FastAPI) -> None:
    with program(app) as admin:
        first = admin.get("/mentions/forum/70%23anhe")
        assert {key: first.json()[key] for key in ("state", "assignee", "version", "lead_status")} == {
            "state": "open", "assignee": "", "version": 0, "lead_status": None,
        }  # fmt: skip
        changed = admin.patch("/mentions/forum/70%23anhe", json={"state": "working", "version": 0})
        assert changed.json()["version"] == 1
        late = admin.patch(
            "/mentions/forum/70%23anhe", json={"state": "done"}, headers={"If-Match": first.headers["ETag"]}
        )
        assert late.status_code == 409
        assert admin.post("/mention-notes/forum/70%23anhe", json={"text": "记下"}).status_code == 201
        assert admin.get("/mention-notes/forum/70%23anhe").json()["items"][0]["text"] == "记下"
        history = admin.get("/mention-history/forum/70%23anhe").json()["items"]
        assert [(each["field"], each["after"]) for each in history] == [("state", "working")]
        listed = admin.get("/mentions?q=程序&state=working&sort=severity").json()["items"]
        assert [each["id"] for each in listed] == ["forum/70#anhe"]
        assert admin.get("/mentions?q=程序&state=open").json()["items"] == []


def test_an_export_is_the_list_with_the_work(client: TestClient, client_of: ClientOf, app: FastAPI) -> None:
    client.post(at(10), data={"state": "working", "assignee": "me"})
    answer = client.get("/mentions/export.csv?q=顺序")
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [line["编号"].split("#")[0].split("/")[1] for line in lines] == ids(client, "/mentions?q=顺序")
    assert [(line["状态"], line["负责人"]) for line in lines if "顺序一" in line["正文"]] == [
        ("处理中", "测试admin")
    ]
    assert "顺序" not in client_of("doctor", ("qingmu",)).get("/mentions/export.csv").text
    with program(app) as admin:
        assert admin.get("/exports/mentions.csv?q=顺序").text == answer.text
        asked = admin.get("/exports/mentions.xlsx?q=顺序")
    lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    sheet = load_workbook(io.BytesIO(asked.content)).active
    assert sheet is not None
    head, *cells = sheet.iter_rows(values_only=True)
    assert list(head) == lines[0]
    assert [f"{row[1]:%Y-%m-%d %H:%M}" for row in cells] == [line[1] for line in lines[1:]]
    assert [row[12] for row in cells] == [line[12] for line in lines[1:]]
    assert client.get("/mentions/export.xlsx?q=顺序").content[:2] == b"PK"
    assert client.get("/mentions/export.csv?state=x").status_code == 400


@pytest.mark.browser
@SIZES
def test_a_doctor_works_a_mention_in_the_browser(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    number = 80 if size["width"] > 600 else 81
    with opened(browser, size, folder=folder, role="doctor", clinic_ids=("anhe",), complain=False) as page:
        page.goto(f"{address}/mentions?q=浏览器")
        assert fits(page)
        shoot(page, f"mentions-work-{size['width']}")
        page.goto(f"{address}{at(number)}")
        other = page.context.new_page()
        other.goto(page.url)
        other.get_by_role("button", name="我来处理").click()
        expect(other.get_by_role("status").first).to_have_text("已保存。")
        page.get_by_role("button", name="我来处理").click()
        refused = page.get_by_role("alert")
        expect(refused).to_contain_text("刚改过这条提及")
        expect(refused).to_be_in_viewport()
        assert fits(page)
        shoot(page, f"mention-late-{size['width']}")
        page.locator("#reply-text").fill("我们保证根治")
        expect(page.locator("#checked")).to_contain_text("广告法")
        page.get_by_role("button", name="标为已处理").click()
        expect(page.get_by_role("status").first).to_have_text("已保存。")
        shoot(page, f"mention-done-{size['width']}")
