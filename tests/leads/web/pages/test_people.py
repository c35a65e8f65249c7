"""The pages of users, the own account and the audit."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.records import Records, audit, passwords, tokens, users
from leads.records.tables.people import ApiToken, User
from tests.support.seeds import ClientOf
from tests.support.seen import Seen

LINK = re.compile(r'value="http://127\.0\.0\.1:8000(/welcome/[\w-]{43})"')
TOKEN = re.compile(r'value="(tz_[\w-]{43})"')


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_nobody", lambda: quick.hash("nobody"))


@pytest.fixture
def records(app: FastAPI) -> Records:
    found: Records = app.state.desk.records
    return found


def person(records: Records, login: str) -> User:
    with records.reading() as session:
        user = users.by_login(session, login)
        assert user
        return user


def said(text: str) -> str:
    """The complaint of a page."""
    (sentence,) = re.findall(r'<p class="problem" role="alert">([^<]+)</p>', text)
    return str(sentence)


# --- users -------------------------------------------------------------------------------------------------


def test_a_doctor_is_added_with_a_link_that_is_shown_once(client: TestClient, stranger: TestClient) -> None:
    answer = client.post(
        "/users", data={"login": "zhou", "name": "周", "role": "doctor", "clinic": ["anhe", "qingmu"]}
    )
    found = LINK.search(answer.text)
    assert found
    assert stranger.get(found[1]).status_code == 200
    listed = client.get("/users").text
    assert "安和口腔、青木中医" in listed
    assert not LINK.search(listed)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"login": "周"}, "小写字母"),
        ({"login": "ok", "role": "doctor"}, "至少选一个诊所"),
        ({"login": "ok", "role": "doctor", "clinic": "x"}, "没有诊所"),
        ({"login": "ok", "role": "king"}, "没有角色"),
        ({"login": "ok", "role": "marketer", "name": "x" * 65}, "姓名"),
    ],
)
def test_a_form_that_is_wrong_is_kept_and_explained(
    client: TestClient, fields: dict[str, str], problem: str
) -> None:
    answer = client.post("/users", data=fields)
    assert answer.status_code == 400
    assert problem in said(answer.text)
    assert f'value="{fields["login"]}"' in answer.text


def test_rights_end_at_once(client: TestClient, client_of: ClientOf, records: Records) -> None:
    marketer = client_of("marketer")
    someone = person(records, "marketer-")
    assert marketer.get("/").status_code == 200
    client.post(f"/users/{someone.id}/role", data={"role": "doctor", "clinic": "qingmu"})
    assert person(records, "marketer-").clinic_ids == ["qingmu"]
    assert len(Seen(marketer.get("/mentions").text).all("li", "id")) == 1
    with records.transaction() as session:
        secret, _ = tokens.create(session, someone, name="x", scopes=["leads:read"], now=datetime.now(UTC))
    assert "已停用" in client.post(f"/users/{someone.id}/disable").text
    assert marketer.get("/", follow_redirects=False).status_code == 303
    client.post(f"/users/{someone.id}/enable")
    assert marketer.get("/", follow_redirects=False).status_code == 303
    with records.reading() as session:
        assert tokens.find(session, secret, now=datetime.now(UTC)) is None


def test_the_last_admin_stays(client: TestClient, records: Records) -> None:
    boss = person(records, "admin-")
    for deed, data in (("disable", {}), ("role", {"role": "marketer"})):
        answer = client.post(f"/users/{boss.id}/{deed}", data=data)
        assert answer.status_code == 400
        assert "最后一个能登录的管理员" in said(answer.text)
    assert client.get("/users").status_code == 200


@pytest.mark.parametrize("number", ["0", "999999", "99999999999999999999", "x"])
def test_somebody_who_does_not_exist_is_not_found(client: TestClient, number: str) -> None:
    for deed in ("link", "role", "disable", "enable"):
        assert client.post(f"/users/{number}/{deed}").status_code in (404, 422)


# --- oneself -----------------------------------------------------------------------------------------------


@pytest.fixture
def me(client_of: ClientOf, records: Records) -> TestClient:
    """A marketer with the password `alter langer Satz`, logged in afterwards."""
    client_of("marketer")
    with records.transaction() as session:
        user = users.by_login(session, "marketer-")
        assert user
        user.disabled = False
        users.set_password(session, user, "alter langer Satz", now=datetime.now(UTC))
    return client_of("marketer")


def test_a_new_password_asks_the_old_one_and_logs_others_out(
    me: TestClient, client_of: ClientOf, records: Records
) -> None:
    other = client_of("marketer")
    old, new = "alter langer Satz", "neuer langer Satz"
    wrong = me.post("/account/password", data={"old": "x", "new": new})
    assert (wrong.status_code, said(wrong.text)) == (403, "旧密码不对。")
    assert "太短" in said(me.post("/account/password", data={"old": old, "new": "x"}).text)
    assert other.get("/account", follow_redirects=False).status_code == 200
    done = me.post("/account/password", data={"old": old, "new": new})
    assert "密码已改" in done.text
    assert other.get("/account", follow_redirects=False).status_code == 303
    assert passwords.fits(person(records, "marketer-").password, new)


def a_token(records: Records, login: str) -> str:
    with records.transaction() as session:
        owner, now = person(records, login), datetime.now(UTC)
        return tokens.create(session, owner, name="x", scopes=["leads:read"], now=now)[0]


def holds(records: Records, token: str) -> bool:
    with records.reading() as session:
        return tokens.find(session, token, now=datetime.now(UTC)) is not None


def test_a_new_password_ends_the_tokens(me: TestClient, records: Records) -> None:
    token = a_token(records, "marketer-")
    data = {"old": "alter langer Satz", "new": "neuer langer Satz"}
    assert "API 令牌都已作废" in me.post("/account/password", data=data).text
    assert not holds(records, token)


def test_a_password_reset_ends_sessions_and_tokens(
    client: TestClient, me: TestClient, stranger: TestClient, records: Records
) -> None:
    token = a_token(records, "marketer-")
    page = client.post(f"/users/{person(records, 'marketer-').id}/link").text
    address = re.search(r"/welcome/[\w-]{43}", page)
    assert address
    csrf = re.search(r'name="csrf" value="([\w-]+)"', stranger.get(address[0]).text)
    assert csrf
    data = {"password": "neuer langer Satz", "csrf": csrf[1]}
    assert stranger.post(address[0], data=data, follow_redirects=False).status_code == 303
    stranger.cookies.clear()
    assert me.get("/account", follow_redirects=False).status_code == 303
    assert not holds(records, token)


def test_one_ends_everything_of_ones_own(me: TestClient, client_of: ClientOf, records: Records) -> None:
    token, other = a_token(records, "marketer-"), client_of("marketer")
    assert me.post("/account/end", follow_redirects=False).headers["Location"] == "/login"
    for browser in (me, other):
        assert browser.get("/account", follow_redirects=False).status_code == 303
    assert not holds(records, token)
    assert passwords.fits(person(records, "marketer-").password, "alter langer Satz")


def test_an_admin_ends_everything_of_somebody(client: TestClient, me: TestClient, records: Records) -> None:
    token = a_token(records, "marketer-")
    assert "都已退出" in client.post(f"/users/{person(records, 'marketer-').id}/end").text
    assert me.get("/account", follow_redirects=False).status_code == 303
    assert not holds(records, token)


def test_a_token_without_an_end_needs_an_admin(client: TestClient, client_of: ClientOf) -> None:
    doctor = client_of("doctor", ("anhe",))
    data = {"name": "x", "scope": "leads:read", "lasts": "never"}
    refused = doctor.post("/account/tokens", data=data)
    assert (refused.status_code, said(refused.text)) == (
        400,
        "不过期的令牌只有管理员能建：请选一个有效期。",
    )
    assert "不过期</option>" not in doctor.get("/account").text
    assert "不过期</option>" in client.get("/account").text
    assert TOKEN.search(client.post("/account/tokens", data=data).text)


def test_the_old_password_cannot_be_guessed_from_an_open_browser(me: TestClient) -> None:
    data = {"old": "guess", "new": "neuer langer Satz"}
    statuses = [me.post("/account/password", data=data).status_code for _ in range(11)]
    assert statuses == [403] * 10 + [429]


def test_a_name_is_changed_and_shown(me: TestClient) -> None:
    assert "林  小" not in me.post("/account/name", data={"name": " 林  小 "}).text
    assert 'value="林 小"' in me.get("/account").text
    assert "姓名" in said(me.post("/account/name", data={"name": "\u202e"}).text)


# --- tokens ------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_found_by_its_text_and_revoked(me: TestClient, records: Records) -> None:
    data = {"name": "报表", "scope": ["leads:read", "export"], "lasts": "30"}
    answer = me.post("/account/tokens", data=data)
    found = TOKEN.search(answer.text)
    assert found
    page = me.get("/account").text
    assert not TOKEN.search(page)
    assert found[1][: tokens.HINT] in page
    now = datetime.now(UTC)
    with records.reading() as session:
        owner, row = tokens.find(session, found[1], now=now) or (None, None)
        assert owner
        assert row
        assert tokens.find(session, found[1], now=now + timedelta(days=31)) is None
        assert tokens.find(session, found[1] + "x", now=now) is None
    assert (owner.login, tokens.effective(owner, row)) == ("marketer-", {"leads:read", "export"})
    assert found[1] not in str(vars(row))
    assert "作废" in me.post(f"/account/tokens/{row.id}/revoke").text
    with records.reading() as session:
        assert tokens.find(session, found[1], now=now) is None


def test_scopes_go_as_far_as_the_role(client_of: ClientOf, records: Records) -> None:
    doctor = client_of("doctor", ("anhe",))
    page = Seen(doctor.get("/account").text)
    offered = [values["value"] for tag, values in page.tags if values.get("name") == "scope"]
    assert set(offered) == set(tokens.SCOPES_OF_ROLE["doctor"])
    assert "至少选一个权限" in said(doctor.post("/account/tokens", data={"name": "x", "scope": "erase"}).text)
    data = {"name": "x", "scope": ["erase", "rules:write", "leads:read"]}
    found = TOKEN.search(doctor.post("/account/tokens", data=data).text)
    assert found
    with records.reading() as session:
        owner, row = tokens.find(session, found[1], now=datetime.now(UTC)) or (None, None)
    assert row
    assert row.scopes == ["leads:read"]
    assert owner


def test_a_token_loses_what_its_owner_loses() -> None:
    now = datetime.now(UTC)
    boss = User(login="b", name="b", role="admin", created_at=now)
    token = ApiToken(
        user_id=1, name="x", hint="tz_x", secret_hash="x", scopes=["erase", "leads:read"], created_at=now
    )
    assert tokens.effective(boss, token) == {"erase", "leads:read"}
    boss.role = "doctor"
    assert tokens.effective(boss, token) == {"leads:read"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": ""}, "名字"),
        ({"name": "x" * 65}, "名字"),
        ({"scope": "everything"}, "至少选一个权限"),
        ({"lasts": "9999"}, "有效期"),
    ],
)
def test_a_token_that_cannot_be_had_is_explained(
    me: TestClient, changes: dict[str, str], problem: str
) -> None:
    answer = me.post(
        "/account/tokens", data={"name": "x", "scope": "leads:read", "lasts": "never", **changes}
    )
    assert answer.status_code == 400
    assert problem in said(answer.text)


def test_somebody_elses_token_cannot_be_revoked(me: TestClient, client: TestClient, records: Records) -> None:
    with records.transaction() as session:
        _, row = tokens.create(
            session, person(records, "marketer-"), name="x", scopes=["leads:read"], now=datetime.now(UTC)
        )
    assert client.post(f"/account/tokens/{row.id}/revoke").status_code == 404
    assert me.post(f"/account/tokens/{row.id}/revoke").status_code == 200


# --- the audit ---------------------------------------------------------------------------------------------


def rows(text: str) -> int:
    return text.count("<tr>") - 1


def test_the_audit_pages_and_filters(client: TestClient, client_of: ClientOf, records: Records) -> None:
    with records.transaction() as session:
        for number in range(120):
            audit.note(
                session,
                who="robot" if number % 2 else "system",
                action="case.status",
                subject=f"s{number}",
                now=datetime.now(UTC),
                x=["<b>"],
            )
    first = client.get("/audit?action=case").text
    assert rows(first) == 50
    assert "<b>" not in first
    seen, url = 50, first
    while older := re.search(r'href="(/audit\?[^"]+before=\d+)"', url):
        url = client.get(older[1].replace("&amp;", "&")).text
        seen += rows(url)
    assert seen == 120
    assert rows(client.get("/audit?who=robot").text) == 50
    assert "没有这样的记录" in client.get("/audit?who=nobody").text
    assert "没有这样的记录" in client.get("/audit?action=%25").text
    assert client_of("marketer").get("/audit").status_code == 403


@pytest.mark.parametrize("before", ["x", "-1", "99999999999999999999", "１２"])
def test_an_odd_page_is_the_first(client: TestClient, before: str) -> None:
    assert client.get("/audit", params={"before": before}).status_code in (200, 422)
