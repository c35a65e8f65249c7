"""`tingzhen users`: who may come in, from the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from leads.config import load_settings
from leads.records import audit, open_records, sessions, tokens, users
from tests.support.commands import CONFIG, run

pytestmark = pytest.mark.usefixtures("folder")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a clinic `anhe`, in which nobody was added yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def give_password(login: str) -> None:
    with open_records(load_settings()) as records, records.transaction() as session:
        user = users.by_login(session, login)
        assert user is not None
        users.set_password(session, user, "ein langes Wort", now=NOW)


def test_a_user_is_added_with_a_link_and_listed() -> None:
    (added,) = run(
        "users", "add", "Lin", "--name", "林医生", "--role", "doctor", "--clinic", "anhe", "--json"
    ).records
    assert (added["login"], added["role"], added["clinics"]) == ("lin", "doctor", ["anhe"])
    assert str(added["link"]).startswith("http://127.0.0.1:8000/welcome/")
    (listed,) = run("users", "list", "--json").records
    assert (listed["name"], listed["has_password"], listed["last_seen"]) == ("林医生", False, None)
    assert run("users", "list").out == "lin  林医生  医生  还没设密码  anhe\n"


def test_a_link_for_who_forgot_a_password_replaces_the_one_before() -> None:
    first = str(run("users", "add", "lin", "--json").records[0]["link"])
    second = str(run("users", "link", "lin", "--json").records[0]["link"])
    with open_records(load_settings()) as records, records.reading() as session:
        now = datetime.now(UTC)
        assert users.link(session, first.rpartition("/")[2], now=now) is None
        assert users.link(session, second.rpartition("/")[2], now=now) is not None


def test_everything_of_somebody_ends_and_the_password_stays() -> None:
    run("users", "add", "lin")
    give_password("lin")
    now = datetime.now(UTC)
    with open_records(load_settings()) as records, records.transaction() as session:
        user = users.by_login(session, "lin")
        assert user is not None
        secret = sessions.open_session(session, user, now=now)
        token, _ = tokens.create(session, user, name="x", scopes=["leads:read"], now=now)
    (ended,) = run("users", "end", "lin", "--json").records
    assert (ended["has_password"], ended["disabled"]) == (True, False)
    with open_records(load_settings()) as records, records.reading() as session:
        assert sessions.find(session, secret, now=now) is None
        assert tokens.find(session, token, now=now) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "lin"], "已经有用户名"),
        (["add", "LIN"], "已经有用户名"),
        (["add", "林"], "小写字母"),
        (["add", ""], "小写字母"),
        (["add", "a" * 65], "小写字母"),
        (["add", "wu", "--name", "吴" * 65], "姓名"),
        (["add", "wu", "--role", "boss"], "没有角色"),
        (["add", "wu", "--role", "doctor"], "至少选一个诊所"),
        (["add", "wu", "--role", "doctor", "--clinic", "nowhere"], "没有诊所"),
        (["add", "wu", "--clinic", "anhe"], "只用于医生"),
        (["role", "lin", "marketer"], "最后一个能登录的管理员"),
        (["role", "nobody", "admin"], "没有用户"),
        (["disable", "lin"], "最后一个能登录的管理员"),
        (["link", "nobody"], "没有用户"),
        (["link", "gone"], "已停用"),
    ],
)
def test_what_cannot_be_done_is_said(words: list[str], said: str) -> None:
    run("users", "add", "lin", "--role", "admin")
    run("users", "add", "gone")
    assert run("users", "disable", "gone").code == 0
    ran = run("users", *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_the_last_admin_with_a_password_stays_even_when_another_waits_for_one() -> None:
    run("users", "add", "lin", "--role", "admin")
    give_password("lin")
    run("users", "add", "wu", "--role", "admin")
    assert run("users", "disable", "lin").code == 2
    give_password("wu")
    assert run("users", "disable", "lin").code == 0
    assert run("users", "role", "wu", "marketer").code == 2
    assert run("users", "enable", "lin").code == 0
    assert run("users", "role", "wu", "marketer").code == 0


def test_every_change_of_rights_is_written_down() -> None:
    run("users", "add", "lin", "--role", "admin")
    run("users", "add", "wu")
    run("users", "role", "wu", "doctor", "--clinic", "anhe")
    run("users", "disable", "wu")
    run("users", "enable", "wu")
    with open_records(load_settings()) as records, records.reading() as session:
        found = [(each.action, each.subject) for each in audit.entries(session, limit=9)]
        detail = audit.entries(session, limit=1, action="user.role")[0].detail
    assert found == [
        ("user.enable", "wu"),
        ("user.disable", "wu"),
        ("user.role", "wu"),
        ("user.add", "wu"),
        ("user.add", "lin"),
    ]
    assert detail == {
        "before": {"role": "marketer", "clinics": []},
        "after": {"role": "doctor", "clinics": ["anhe"]},
    }
