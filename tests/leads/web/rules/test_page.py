"""Rules on their page: looked at first, then saved; who hears of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from leads.query.alert_conditions import KEYS
from leads.records import open_records, rules, users
from leads.records.tables.alerts import Channel, Rule
from leads.web.app import create_app
from tests.support.seeds import csrf, login_cookie, seed, settings

LEAD = {"kind": "lead", "name": "附近牙疼", "q": "牙疼 NOT 广告", "near": "anhe", "min_need": "0.6"}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    seed(tmp_path)
    cookie = login_cookie(tmp_path, "marketer")
    app = create_app(settings(tmp_path))
    headers = {"X-CSRF": csrf(cookie, tmp_path)}
    return TestClient(app, base_url="http://127.0.0.1:8000", cookies=cookie, headers=headers)


def kept(folder: Path) -> list[Rule]:
    with open_records(settings(folder)) as records, records.reading() as session:
        return rules.all(session)


def shown_query(html: str) -> str:
    (query,) = re.findall(r'name="query" value="([^"]*)"', html)
    return unescape(query)


def test_a_rule_is_looked_at_saved_changed_switched_and_removed(client: TestClient, tmp_path: Path) -> None:
    page = client.get("/rules/new", params=LEAD).text
    assert '<option value="forum">forum</option>' in page  # where stored posts came from, files among them
    assert (
        '<option value="forum">forum</option>' not in client.get("/rules/new", params={"kind": "silent"}).text
    )
    assert page.count("<rect") == 30
    assert re.search(r"最近 30 天：[1-9]\d* 条", page)
    assert 1 <= page.count("号牙疼，求推荐") <= 10
    assert kept(tmp_path) == []
    query = shown_query(page)
    saved = client.post("/rules", data={"kind": "lead", "name": "附近牙疼", "query": query})
    assert "规则已保存" in saved.text
    (rule,) = kept(tmp_path)
    assert (rule.name, rule.kind, rule.enabled) == ("附近牙疼", "lead", True)
    assert "牙疼 NOT 广告" in saved.text

    edit = client.get(f"/rules/{rule.id}").text
    assert 'value="牙疼 NOT 广告"' in edit
    assert shown_query(edit) == query
    again = client.get(f"/rules/{rule.id}", params=LEAD | {"q": "智齿", "version": "1"}).text
    changed = {"name": "附近智齿", "query": shown_query(again), "version": "1"}
    assert "按新的条件" in client.post(f"/rules/{rule.id}", data=changed).text
    late = client.post(f"/rules/{rule.id}", data=changed | {"name": "迟到的"})
    assert (late.status_code, "别人改过" in late.text) == (409, True)
    assert kept(tmp_path)[0].name == "附近智齿"

    assert "已停用" in client.post(f"/rules/{rule.id}/enable", data={"enabled": "0"}).text
    assert not kept(tmp_path)[0].enabled
    assert "已启用" in client.post(f"/rules/{rule.id}/enable", data={"enabled": "1"}).text
    assert "已删除" in client.post(f"/rules/{rule.id}/remove").text
    assert kept(tmp_path) == []
    assert client.get(f"/rules/{rule.id}").status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "mention", "q": "安和"}, "最近 30 天：3 条"),
        ({"kind": "mention", "q": "", "clinic": "qingmu", "severity": "low"}, "最近 30 天：1 条"),
        ({"kind": "mention", "about": "", "polarity": "complaint"}, "最近 30 天：1 条"),
        ({"kind": "mention", "q": "symptom:牙痛"}, "一次都不会提醒"),
        ({"kind": "spike", "symptom": "牙痛", "area": "成都", "factor": ""}, "突增"),
        ({"kind": "silent", "source": ""}, "最近 30 天：0 次"),
        ({"kind": "blocked", "source": ""}, "一次都不会提醒"),
        ({"kind": "lead", "near": "all", "q": "没有这样的词"}, "最近 30 天：0 条"),
        ({"kind": "lead", "near": "all", "area": "成都武侯"}, "武侯"),
    ],
)
def test_every_kind_can_be_looked_at(client: TestClient, fields: dict[str, str], said: str) -> None:
    answer = client.get("/rules/new", params=fields)
    assert answer.status_code == 200
    assert said in answer.text
    saved = client.post(
        "/rules", data={"kind": fields["kind"], "name": "试试", "query": shown_query(answer.text)}
    )
    assert "规则已保存" in saved.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "lead", "q": "(牙疼"}, "括号"),
        ({"kind": "lead", "symptom": "霍格沃茨病"}, "霍格沃茨病"),
        ({"kind": "lead", "min_need": "2"}, "min_need"),
        ({"kind": "spike", "factor": "0"}, "factor"),
        ({"kind": "mention", "clinic": "nobody"}, "nobody"),
    ],
)
def test_what_cannot_be_understood_is_said_with_the_form(
    client: TestClient, fields: dict[str, str], said: str
) -> None:
    answer = client.get("/rules/new", params=fields)
    assert answer.status_code == 400
    (sentence,) = re.findall(r'<p class="problem" role="alert">([^<]+)</p>', answer.text)
    assert said in unescape(sentence)
    assert "保存规则" not in answer.text


def test_what_was_not_looked_at_is_checked_all_the_same(client: TestClient, tmp_path: Path) -> None:
    for form in ({"name": "x", "query": "q=("}, {"name": "", "query": ""}, {"name": "x", "query": "foo=1"}):
        assert client.post("/rules", data={"kind": "lead", **form}).status_code == 400
    assert kept(tmp_path) == []


def test_below_a_rule_stand_those_who_hear_of_it(client: TestClient, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with open_records(settings(tmp_path)) as records, records.transaction() as session:
        rule = rules.add(session, name="提到我们", kind="mention", query="", who="lin", now=now)
        user = users.add_user(session, login="lin", name="林医生", role="doctor", now=now)
        channel = Channel(
            user_id=user.id, name="邮件", kind="mail", address="secret@x.example", created_at=now
        )
        session.add(channel)
        session.flush()
        rules.subscribe(session, rule.id, user.id, channel.id, frequency="daily")
    page = client.get("/rules").text
    assert "林医生（每天）" in page
    assert "/alerts?rule=" in page
    assert "secret@" not in page


def test_a_rule_whose_clinic_is_gone_says_so(client: TestClient, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with open_records(settings(tmp_path)) as records, records.transaction() as session:
        rule = rules.add(session, name="旧的", kind="mention", query="clinic=anhe", who="lin", now=now)
        rule.query = "clinic=gone"
    page = client.get("/rules").text
    assert "gone" in page
    assert client.get(f"/rules/{rule.id}").status_code == 400


def test_a_search_becomes_a_rule_by_its_address(client: TestClient) -> None:
    """What means nothing to a rule is dropped: its time, order and status."""
    address = urlencode({"q": "牙疼", "near": "qingmu", "since": "7d", "sort": "newest", "status": "new"})
    query = shown_query(client.get(f"/rules/new?kind=lead&{address}").text)
    assert query == urlencode({"q": "牙疼", "near": "qingmu"})


def test_the_form_has_a_control_for_every_condition_of_a_lead(client: TestClient) -> None:
    page = client.get("/rules/new").text
    controls = re.findall(r'<(?:input|select) name="(\w+)"', page)
    assert sorted(set(controls) & KEYS["lead"]) == sorted(KEYS["lead"])


def test_a_rule_keeps_its_conditions_in_the_form(client: TestClient) -> None:
    """What the form does not show as chosen is lost with the next preview."""
    given = {"intent": "seeker", "specialty": "dental", "precision": "sure", "radius": "3km"}
    page = client.get("/rules/new", params={"kind": "lead", "symptom": "牙痛", **given}).text
    chosen = re.findall(r'<option(?: value="([^"]*)")? selected>([^<]*)', page)
    assert {value or text for value, text in chosen} >= set(given.values())
    assert 'name="symptom" list="symptoms" value="牙痛"' in page


def test_nothing_in_a_rule_becomes_markup(client: TestClient) -> None:
    evil = '"><script>alert(1)</script>'
    client.post("/rules", data={"kind": "lead", "name": evil, "query": urlencode({"q": "牙疼"})})
    for page in ("/rules", "/rules/new?" + urlencode({"kind": "lead", "name": evil, "q": "牙疼"})):
        assert "<script>" not in client.get(page).text
