"""People, links and tokens on both databases, two admins at once included."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from leads.errors import RightsError
from leads.models import Role
from leads.records import Records, audit, rights, sessions, tokens, users
from leads.records.tables.people import LoginLink, User

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def add(records: Records, login: str, role: Role = "admin", password: str = "") -> User:
    with records.transaction() as session:
        user = users.add_user(session, login=login, name=login, role=role, now=NOW)
        user.password = password  # any text will do: nobody logs in here
    return user


def admins(records: Records) -> list[str]:
    with records.reading() as session:
        return [each.login for each in users.everybody(session) if each.role == "admin" and not each.disabled]


def disable(records: Records, login: str) -> None:
    with records.transaction() as session:
        user = users.by_login(session, login)
        assert user
        rights.disable(session, user, who="test", now=NOW)


def demote(records: Records, login: str) -> None:
    with records.transaction() as session:
        user = users.by_login(session, login)
        assert user
        rights.set_role(session, user, who="test", role="marketer", clinic_ids=(), now=NOW)


@pytest.mark.parametrize("deed", [disable, demote])
def test_the_last_admin_stays(records: Records, deed: Callable[[Records, str], None]) -> None:
    add(records, "lin", password="x")
    add(records, "wu")  # has no password yet, so nobody could log in as wu
    with pytest.raises(RightsError, match="最后一个"):
        deed(records, "lin")
    assert admins(records) == ["lin", "wu"]
    deed(records, "wu")
    assert admins(records) == ["lin"]


def test_of_two_admins_who_remove_each_other_at_once_one_stays(records: Records) -> None:
    add(records, "lin", password="x")
    add(records, "wu", password="x")
    gate = Barrier(2)

    def work(login: str) -> bool:
        gate.wait(timeout=600)
        try:
            disable(records, login)
        except RightsError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, ("lin", "wu"))) == [False, True]
    assert len(admins(records)) == 1


def test_a_link_is_used_once_even_by_two_at_once(records: Records) -> None:
    lin = add(records, "lin")
    with records.transaction() as session:
        secret = users.make_link(session, lin, now=NOW)
    gate = Barrier(2)

    def work(_: int) -> bool:
        with records.reading() as session:
            found = users.link(session, secret, now=NOW)
        assert found
        gate.wait(timeout=600)
        with records.transaction() as session:
            return users.use_link(session, found[1], now=NOW)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, range(2))) == [False, True]
    with records.reading() as session:
        assert users.link(session, secret, now=NOW) is None


def test_who_is_disabled_has_no_session_link_or_token_left(records: Records) -> None:
    add(records, "lin", password="x")
    wu = add(records, "wu", "marketer", password="x")
    with records.transaction() as session:
        cookie = sessions.open_session(session, wu, now=NOW)
        link = users.make_link(session, wu, now=NOW)
        token, _ = tokens.create(session, wu, name="x", scopes=["leads:read"], now=NOW)
        assert sessions.last_seen(session) == {wu.id: NOW}
    disable(records, "wu")
    with records.transaction() as session:
        user = users.by_login(session, "wu")
        assert user
        rights.enable(session, user, who="test", now=NOW)
        assert sessions.find(session, cookie, now=NOW) is None
        assert users.link(session, link, now=NOW) is None
        assert tokens.find(session, token, now=NOW) is None


def test_who_is_no_admin_any_more_has_no_token_without_an_end_left(records: Records) -> None:
    add(records, "lin", password="x")
    wu = add(records, "wu", password="x")
    soon = NOW + timedelta(days=30)
    with records.transaction() as session:
        endless, row = tokens.create(session, wu, name="无期", scopes=["leads:read"], now=NOW)
        ending, _ = tokens.create(session, wu, name="月", scopes=["leads:read"], now=NOW, expires_at=soon)
    demote(records, "wu")
    with records.transaction() as session:
        assert tokens.find(session, endless, now=NOW) is None
        assert tokens.find(session, ending, now=NOW) is not None
        noted = audit.entries(session, limit=9, action="token.revoke")
        assert [(each.who, each.subject, each.detail) for each in noted] == [
            ("test", "无期", {"hint": row.hint, "by": "role"})
        ]
        user = users.by_login(session, "wu")
        assert user
        rights.set_role(session, user, who="test", role="admin", clinic_ids=(), now=NOW)
        assert tokens.find(session, endless, now=NOW) is None


def test_a_token_without_an_end_works_for_admins_only(records: Records) -> None:
    wu = add(records, "wu", "marketer")
    with records.transaction() as session:
        secret, row = tokens.create(session, wu, name="x", scopes=["leads:read"], now=NOW)
        assert row.expires_at == NOW + tokens.LONGEST
        row.expires_at = None  # as a version wrote it that asked nobody for an end
        assert tokens.find(session, secret, now=NOW) is None
        session.get_one(User, wu.id).role = "admin"
        assert tokens.find(session, secret, now=NOW) is not None


def test_no_secret_is_stored(records: Records) -> None:
    lin = add(records, "lin")
    with records.transaction() as session:
        secrets = [sessions.open_session(session, lin, now=NOW), users.make_link(session, lin, now=NOW)]
        secret, row = tokens.create(session, lin, name="x", scopes=tokens.SCOPES, now=NOW)
        session.flush()
        kept = str([vars(each) for each in (row, *session.query(LoginLink).all())])
    for each in (*secrets, secret):
        assert each not in kept
    assert row.hint == secret[: tokens.HINT]
    assert len(secret) == len(tokens.PREFIX) + 43


def test_a_token_ends_when_it_should(records: Records) -> None:
    lin = add(records, "lin")
    end = NOW + timedelta(days=30)
    with records.transaction() as session:
        secret, row = tokens.create(session, lin, name="x", scopes=["export"], now=NOW, expires_at=end)
    with records.transaction() as session:
        assert tokens.find(session, secret, now=end - timedelta(seconds=1)) is not None
        assert tokens.find(session, secret, now=end) is None
        assert tokens.find(session, secret.upper(), now=NOW) is None
        assert tokens.find(session, "", now=NOW) is None
        assert tokens.stale(row, now=NOW)
        tokens.touch(session, row, now=NOW)
    with records.reading() as session:
        (mine,) = tokens.of_user(session, lin.id)
        assert mine.used_at == NOW
        assert not tokens.stale(mine, now=NOW + timedelta(minutes=9))


def test_the_audit_is_read_backwards_and_filtered(records: Records) -> None:
    with records.transaction() as session:
        for number in range(5):
            audit.note(session, who=f"u{number % 2}", action=f"a_{number}", now=NOW, x=number)
    with records.reading() as session:
        everything = audit.entries(session, limit=9)
        assert [each.detail["x"] for each in everything] == [4, 3, 2, 1, 0]
        assert [each.detail["x"] for each in audit.entries(session, limit=9, who="u1")] == [3, 1]
        assert [each.detail["x"] for each in audit.entries(session, limit=9, action="a_2")] == [2]
        assert audit.entries(session, limit=9, action="a%") == []
        older = audit.entries(session, limit=2, before=everything[1].id)
        assert [each.detail["x"] for each in older] == [2, 1]
