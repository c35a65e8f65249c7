"""The page of a lead over HTTP: what it shows, keeps and refuses, and to whom it is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from leads.index.sqlite.index import SqliteIndex
from leads.records import cases, feedback, notes
from leads.records.cases import CaseChange
from leads.records.snippets import add as add_snippet
from leads.replies.starters import ReplyDraft
from leads.web.desk import Desk
from tests.support.builders import region, symptom
from tests.support.seeds import RTL, SCRIPT, ClientOf, fresh, seed

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("lead-page")
    seed(made)
    denied = symptom("fever", "internal", name="发烧", surface="发烧", negated=True)
    rich = fresh(200, "武侯区牙疼，不发烧", hours=3, place=region("武侯区"), thread_id="t7", floor=1)
    rich = replace(rich, tags=replace(rich.tags, symptoms=(*rich.tags.symptoms, denied)))
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert(
            [
                rich,
                fresh(201, "同问，武侯区哪里看牙疼", hours=2, thread_id="t7", floor=9),
                fresh(202, "北京朝阳牙疼", hours=2, place=region("朝阳区"), thread_id="t7", floor=12),
                fresh(203, "临时的一条", hours=2),
            ]
        )
    return made


@pytest.fixture
def session(app: FastAPI) -> Iterator[Session]:
    with app.state.desk.records.transaction() as opened:
        yield opened


def state(app: FastAPI, number: int) -> dict[str, str]:
    desk: Desk = app.state.desk
    with desk.records.reading() as reading:
        case = cases.get(reading, f"forum/{number}")
        return cases.state(case) if case else {}


def version(app: FastAPI, number: int) -> int:
    with app.state.desk.records.reading() as reading:
        case = cases.get(reading, f"forum/{number}")
        return case.version if case else 0


def test_everything_known_is_there(client: TestClient) -> None:
    page = client.get("/leads/forum/200").text
    for words in (
        '<mark class="symptom urgent-week">牙疼</mark>', "求诊可能性 90%", "否认（不算）", "口腔科",
        "几天内需要处理",
        "四川省成都市武侯区", "区县", "约 6.0 公里", "可靠：作者自己说的", "安和口腔",
        "武侯区内（±6 公里）", "附近",
        "同问，武侯区哪里看牙疼", "第 9 楼", "标为已看",
    ):  # fmt: skip
        assert words in page, words


def links(client: TestClient, address: str) -> dict[str, str]:
    """What stands above the lead: words → address."""
    html = client.get(address).text
    top = html[html.index('<nav class="back"') :].partition("</nav>")[0]
    return {words: unescape(url) for url, words in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', top)}


def opened_from(client: TestClient, query: str) -> list[str]:
    """The addresses of the leads of a list's first page, as its rows have them."""
    found = re.findall(r'<a class="open" href="([^"]+)"', client.get("/leads?" + query).text)
    return [unescape(url) for url in found]


def test_the_leads_of_a_list_are_walked_and_the_way_back_keeps_the_search(client: TestClient) -> None:
    rows = opened_from(client, "near=all&q=牙疼&sort=newest&since=30d")
    assert len(rows) == 25
    walked = [rows[0]]
    while len(walked) < 30:  # over the end of the page
        walked.append(links(client, walked[-1])["下一条"])
    assert walked[:25] == rows
    assert len(set(walked)) == 30
    back = walked[-1]
    for _ in range(29):
        back = links(client, back)["上一条"]
    assert back == rows[0]
    above = links(client, rows[3])
    lead_id = unquote(rows[3].partition("?")[0].removeprefix("/leads/"))
    assert unquote(above["← 线索"]) == f"/leads?q=牙疼&near=all&since=30d&sort=newest#{lead_id}"
    assert "上一条" not in links(client, rows[0])


def test_a_lead_that_was_dealt_with_keeps_its_neighbours(client: TestClient) -> None:
    one, two, three, *_ = opened_from(client, "near=all&status=new&sort=newest&q=牙疼")
    path = two.replace("/leads/", "/cases/")
    answer = client.post(path, data={"status": "seen", "version": "0"}, follow_redirects=False)
    assert answer.status_code == 303
    above = links(client, answer.headers["Location"])
    assert (above["上一条"], above["下一条"]) == (one, three)
    assert links(client, one)["下一条"] == three  # it left the list of new ones
    late = client.post(path, data={"status": "booked", "version": "0"})
    assert late.status_code == 409
    assert late.text.count("?listed=") == 3  # who decides anew is still in the list
    client.post(path, data={"status": "new", "version": "1"})


def test_a_lead_outside_of_the_list_has_the_way_back_only(client: TestClient) -> None:
    assert set(links(client, "/leads/forum/202?listed=near%3Dall%26q%3D7号")) == {"← 线索", "跟进"}
    assert links(client, "/leads/forum/7")["← 线索"] == "/leads"
    assert client.get("/leads/forum/7?listed=q%3D(").status_code == 200
    assert links(client, "/leads/forum/7?listed=//evil.example")["← 线索"].startswith("/leads?")


def test_looking_changes_nothing(client: TestClient, app: FastAPI) -> None:
    client.get("/leads/forum/1")
    client.head("/leads/forum/1")
    assert state(app, 1) == {}


@pytest.mark.parametrize(
    "path", ["/leads/forum/99999", "/leads/x", "/leads/", "/leads/forum/1/case", "/leads/%00"]
)
def test_what_is_not_there_is_404(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_posts_with_markup_are_shown_harmlessly(client: TestClient) -> None:
    for number in (100, 101, 102, 103):
        page = client.get(f"/leads/forum/{number}").text
        assert SCRIPT not in page
        assert 'href="javascript:' not in page
        assert 'href="data:' not in page
    assert RTL in unescape(client.get("/leads/forum/101").text)
    assert len(client.get("/leads/forum/102").content) < 150_000


def test_one_click_marks_a_lead_as_seen(client: TestClient, app: FastAPI) -> None:
    answer = client.post("/cases/forum/2", data={"status": "seen", "version": "0"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/leads/forum/2?done=case")
    assert state(app, 2)["status"] == "seen"
    found = app.state.desk.index.get("forum/2")
    assert found.status == "seen"


def test_the_form_changes_and_empties_fields(client: TestClient, app: FastAPI) -> None:
    form = {"status": "booked", "assignee": "admin-", "due_on": "2026-12-01", "clinic_id": "anhe"}
    client.post("/cases/forum/3", data={**form, "value_yuan": "1，200 元", "reason": "", "version": "0"})
    assert state(app, 3) == {**form, "value_yuan": "1200", "reason": "", "snoozed_until": ""}
    empty = dict.fromkeys(("assignee", "due_on", "clinic_id", "value_yuan", "reason", "snoozed_until"), "")
    client.post("/cases/forum/3", data={**empty, "status": "booked", "version": "1"})
    assert state(app, 3) == {**empty, "status": "booked"}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"status": "dismissed"}, "理由"),
        ({"status": "won"}, "won"),
        ({"due_on": "morgen"}, "morgen"),
        ({"value_yuan": "viel"}, "viel"),
        ({"value_yuan": "99999999999"}, "金额"),
        ({"clinic_id": "nowhere"}, "nowhere"),
        ({"assignee": "stranger"}, "stranger"),
        ({"status": "dismissed", "reason": "长" * 101}, "太长"),
    ],
)
def test_what_cannot_be_is_said_on_the_page(
    client: TestClient, app: FastAPI, form: dict[str, str], said: str
) -> None:
    answer = client.post("/cases/forum/4", data={**form, "version": "0"})
    assert answer.status_code == 400
    assert said in answer.text
    assert "回复助手" in answer.text  # still the page, with what was typed
    assert state(app, 4) == {}


def test_who_is_late_sees_both_and_decides(client: TestClient, app: FastAPI) -> None:
    client.post("/cases/forum/5", data={"status": "seen", "version": "0"})
    client.post("/cases/forum/5", data={"status": "talking", "assignee": "admin-", "version": "1"})
    late = {"status": "replied", "assignee": "", "due_on": "2026-12-01", "version": "1"}
    answer = client.post("/cases/forum/5", data=late)
    assert answer.status_code == 409
    assert "刚改过这条线索" in answer.text
    assert "现在：<strong>沟通中" in answer.text
    assert "我的：<strong>已回复" in answer.text
    assert "我的：<strong>2026-12-01" in answer.text
    assert 'name="assignee"' not in answer.text  # the late one had not touched it
    assert state(app, 5)["status"] == "talking"
    decided = client.post("/cases/forum/5", data={"status": "replied", "due_on": "", "version": "2"})
    assert decided.status_code == 200
    assert state(app, 5) | {"status": "replied", "assignee": "admin-"} == state(app, 5)


def test_the_same_form_sent_twice_is_no_conflict(client: TestClient, app: FastAPI) -> None:
    form = {"status": "seen", "version": "0"}
    for _ in range(2):
        assert client.post("/cases/forum/6", data=form).status_code == 200
    assert version(app, 6) == 1


def test_notes_and_judgements_are_kept_and_shown(client: TestClient, app: FastAPI) -> None:
    client.post("/notes/forum/7", data={"text": "<i>周三来</i>"})
    client.post("/feedback/forum/7", data={"kind": "not_lead", "intent": "advert"})
    client.post("/feedback/forum/7", data={"kind": "place", "reason": "其实在绵阳"})
    page = client.get("/leads/forum/7").text
    assert "&lt;i&gt;周三来&lt;/i&gt;" in page
    assert "不是线索，是广告" in page
    assert "地点不对：其实在绵阳" in page
    assert "求诊可能性 90%" in page
    with app.state.desk.records.reading() as reading:
        assert list(feedback.judgements(reading).values()) == ["advert"]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/notes/forum/8", {"text": " "}),
        ("/feedback/forum/8", {"kind": "not_lead", "intent": "seeker"}),
        ("/feedback/forum/8", {"kind": "liar"}),
        ("/feedback/forum/8", {}),
    ],
)
def test_what_says_nothing_is_refused(client: TestClient, path: str, form: dict[str, str]) -> None:
    assert client.post(path, data=form).status_code == 400


def test_a_lead_that_is_gone_shows_its_case(client: TestClient, app: FastAPI, session: Session) -> None:
    cases.change(session, {"forum/777": CaseChange(status="booked")}, who="lin", now=NOW)
    notes.add(session, "forum/777", "来过电话", who="lin", now=NOW)
    session.commit()
    page = client.get("/leads/forum/777")
    assert page.status_code == 200
    assert "标为" not in page.text  # nothing is left to work on
    for words in ("已经不在了", "已预约", "来过电话"):
        assert words in page.text
    assert client.post("/feedback/forum/777", data={"kind": "lead"}).status_code == 200
    assert client.post("/replies/forum/777", data={"text": "您好"}).status_code == 200


def test_a_piece_is_filled_in_and_what_is_unknown_is_named(
    client: TestClient, app: FastAPI, session: Session
) -> None:
    text = "我是{clinic}的，{symptom}，离您{distance}，找{doctor}"
    made = add_snippet(session, ReplyDraft(title="我们的", text=text), who="lin", now=NOW)
    session.commit()
    page = unescape(client.get(f"/leads/forum/200?snippet=own:{made.id}&clinic=qingmu").text)
    assert "我是青木中医的，牙痛，离您（距离），找（医生）" in page
    assert "还不知道：距离、医生" in page
    assert "（距离）" in unescape(client.get(f"/leads/forum/203?snippet=own:{made.id}").text)
    assert client.get("/leads/forum/200?snippet=own:x&clinic=nowhere").status_code == 200


def test_a_text_is_checked_for_the_script_and_for_who_has_none(client: TestClient) -> None:
    text = "😀治愈率98%，<script>"
    answer = client.post("/compliance", json={"text": text}).json()
    assert "".join(run["text"] for run in answer["runs"]) == text
    (found,) = answer["findings"]
    assert found["words"] == "治愈率"
    assert [each["kind_name"] for each in found["provisions"]] == ["法律", "法律"]
    weibo = client.post("/compliance", json={"text": "#牙疼# 先冷敷", "platform": "weibo"}).json()["findings"]
    assert [each["provisions"][0]["kind_name"] for each in weibo] == ["平台规则"]
    page = client.post("/replies/forum/200", data={"text": text}).text
    assert '<mark class="bad" title="治愈率、有效率">治愈率</mark>' in page
    assert "<script>" not in page.split("<main")[1]
    assert client.post("/compliance", json={"text": "长" * 5001}).status_code == 422


def test_a_doctor_sees_only_what_own_clinics_could_treat(
    client_of: ClientOf, app: FastAPI, session: Session
) -> None:
    doctor = client_of("doctor", ("anhe",))
    far = "/leads/forum/202"  # in another city
    assert doctor.get("/leads/forum/200").status_code == 200
    assert doctor.get(far).status_code == 404
    assert "北京朝阳牙疼" not in doctor.get("/leads/forum/200").text
    for path in ("cases", "notes", "feedback", "replies"):
        assert doctor.post(f"/{path}/forum/202", data={"text": "x", "status": "seen"}).status_code == 404
    cases.change(session, {"forum/202": CaseChange(clinic_id="anhe")}, who="lin", now=NOW)
    session.commit()
    assert doctor.get(far).status_code == 200  # referred to the own clinic
    assert doctor.post("/cases/forum/200", data={"clinic_id": "qingmu"}).status_code == 400


@contextmanager
def _no_change(app: FastAPI, number: int) -> Iterator[None]:
    before = state(app, number)
    yield
    assert state(app, number) == before


@pytest.mark.parametrize("path", ["cases", "notes", "feedback", "replies"])
def test_a_stranger_changes_nothing(stranger: TestClient, app: FastAPI, path: str) -> None:
    with _no_change(app, 9):
        answer = stranger.post(f"/{path}/forum/9", data={"status": "seen"}, follow_redirects=False)
        assert answer.headers["Location"].startswith("/login")


# the list


def due(app: FastAPI, number: int, **values: Any) -> None:
    with app.state.desk.records.transaction() as writing:
        cases.change(writing, {f"forum/{number}": CaseChange(**values)}, who="lin", now=NOW)


@pytest.fixture(scope="module")
def listed(app: FastAPI, client: TestClient) -> Callable[[str], str]:
    """The list's page, over some cases: overdue, due today, for later, somebody else's, over."""
    assert client.get("/cases").status_code == 200  # who asks is known from here on
    today = app.state.desk.clock().date()
    mine: dict[str, Any] = {"assignee": "admin-", "clinic_id": "anhe"}
    due(app, 20, status="talking", due_on=today.replace(year=today.year - 1), **mine)
    due(app, 21, status="booked", due_on=today.replace(year=today.year + 1), **mine)
    due(app, 22, status="replied", **mine)
    due(app, 23, status="shared", **mine)
    due(app, 24, status="talking", clinic_id="qingmu")
    return lambda query: client.get(f"/cases{query}").text


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("?clinic=anhe", [20, 21, 22]),
        ("?clinic=anhe&due=overdue", [20]),
        ("?clinic=anhe&due=none", [22]),
        ("?clinic=anhe&status=shared", [23]),
        ("?clinic=qingmu&who=all", [24]),
        ("?clinic=qingmu&who=none", [24]),
        ("?clinic=qingmu", []),
        ("?who=nobody-known", []),
    ],
)
def test_the_list_shows_what_is_asked_for_in_order(
    listed: Callable[[str], str], query: str, there: list[int]
) -> None:
    page = listed(query)
    at = [page.find(f'id="forum/{number}"') for number in there]
    assert at == sorted(at)
    assert [number for number in range(20, 25) if f'id="forum/{number}"' in page] == sorted(there)


def test_the_funnel_counts_by_clinic_and_status(listed: Callable[[str], str]) -> None:
    page = listed("")
    for status in ("talking", "booked", "replied", "shared"):
        assert f"clinic=anhe&amp;status={status}" in page
    assert "已过期 1" in page


def test_a_doctor_lists_the_cases_of_own_clinics(listed: Callable[[str], str], client_of: ClientOf) -> None:
    page = client_of("doctor", ("qingmu",)).get("/cases?who=all").text
    assert 'id="forum/24"' in page
    assert 'id="forum/20"' not in page
    assert "安和口腔" not in page


@pytest.mark.parametrize("query", ["?page=0", "?page=99999", "?due=x", "?status=x", "?who=%00", "?page=x"])
def test_any_address_of_the_list_is_a_page_or_a_clear_refusal(client: TestClient, query: str) -> None:
    assert client.get(f"/cases{query}").status_code in (200, 422)


# snippets


def test_a_piece_is_written_changed_and_removed(client: TestClient) -> None:
    assert "牙痛：看医生之前" in client.get("/snippets").text
    assert "温水" in client.get("/snippets/new?starter=toothache").text
    form = {"title": "新的一段", "text": "您好{clinic}", "symptom": "牙痛"}
    answer = client.post("/snippets", data=form)
    assert "已保存" in answer.text
    (number,) = {
        part.split('"')[0] for part in answer.text.split('href="/snippets/')[1:] if "新的一段" in part[:30]
    }
    assert 'value="牙痛"' in client.get(f"/snippets/{number}").text
    changed = client.post(f"/snippets/{number}", data={**form, "text": "保证治好", "version": "1"})
    assert changed.status_code == 200
    assert "不宜出现" in client.get(f"/snippets/{number}").text
    late = client.post(f"/snippets/{number}", data={**form, "text": "我的说法", "version": "1"})
    assert late.status_code == 409
    assert "我的说法" in late.text
    assert "保证治好" in late.text
    assert "已删除" in client.post(f"/snippets/{number}/remove").text
    assert client.get(f"/snippets/{number}").status_code == 404


def test_a_piece_with_an_unknown_variable_is_refused_with_what_was_typed(client: TestClient) -> None:
    answer = client.post("/snippets", data={"title": "问候", "text": "您好{name}，"})
    assert answer.status_code == 400
    assert "{name}" in unescape(answer.text)
    assert "{clinic}" in unescape(answer.text)
