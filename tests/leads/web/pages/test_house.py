"""Signing in by the house's identity provider: a real one on this machine, and one that is bent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from leads.config import OidcSettings
from leads.models import Role
from leads.records import Records, audit, sessions, users
from leads.web.app import create_app
from tests.support.oidc_provider import CLIENT, SECRET, Provider, provider
from tests.support.seeds import seed, settings

BASE = "http://127.0.0.1:8000"
MAIL = "lin@anhe.example"


@pytest.fixture
def house() -> Iterator[Provider]:
    with provider() as served:
        yield served


def made(folder: Path, house: Provider, roles: dict[str, Role] | None = None, **more: object) -> FastAPI:
    (folder / "secret").write_text(SECRET + "\n", "utf-8")
    oidc = OidcSettings(
        issuer=house.issuer,
        client_id=CLIENT,
        secret_file=str(folder / "secret"),
        private_addresses=True,
        roles=roles or {},
    )
    app = create_app(settings(folder).model_copy(update={"oidc": oidc.model_copy(update=more)}))
    with app.state.desk.records.transaction() as session:
        users.add_user(session, login=MAIL, name="林", role="marketer", now=datetime.now(UTC))
    return app


@pytest.fixture
def app(tmp_path: Path, house: Provider) -> FastAPI:
    """An application with the marketer lin@anhe.example, who has no password."""
    seed(tmp_path)
    return made(tmp_path, house)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=BASE, follow_redirects=False) as opened:
        yield opened


def back(client: TestClient, then: str = "/") -> str:
    """To the provider and as far as its answer: the address it sends the browser back to."""
    away = client.get("/login/house", params={"then": then})
    assert away.status_code == 303
    return requests.get(away.headers["Location"], allow_redirects=False, timeout=60).headers["Location"]


def sign_in(client: TestClient, then: str = "/") -> Response:
    return client.get(back(client, then))


def entered(client: TestClient, answer: Response) -> bool:
    inside = client.get("/leads").status_code == 200
    assert inside == (answer.status_code == 303)
    return inside


def test_a_person_comes_in_by_a_verified_address_and_stays_known_by_the_subject(
    app: FastAPI, client: TestClient, house: Provider
) -> None:
    answer = sign_in(client, "/leads?q=1")
    assert answer.headers["Location"] == "/leads?q=1"
    assert entered(client, answer)
    records: Records = app.state.desk.records
    with records.reading() as session:
        lin = users.by_login(session, MAIL)
        assert lin
        (row,) = sessions.of_user(session, lin.id, now=datetime.now(UTC))
        assert row.by == "oidc"
        assert [each.action for each in audit.entries(session, limit=2)] == ["login", "user.bind"]
    house.person.update(email="another@anhe.example", email_verified=False)
    client.cookies.clear()
    assert entered(client, sign_in(client))


def test_the_login_page_offers_it(client: TestClient) -> None:
    assert 'href="/login/house?then=%2Fleads">用单位账号登录' in client.get("/login?then=/leads").text


@pytest.mark.parametrize(
    ("bend", "value"),
    [
        ("wrong_key", True),
        ("claims", {"nonce": "another"}),
        ("claims", {"nonce": None}),
        ("claims", {"aud": "another"}),
        ("claims", {"aud": [CLIENT, "another"]}),  # and no azp that says whose it is
        ("claims", {"iss": "https://another.example"}),
        ("claims", {"exp": int(time.time()) - 3600}),
        ("claims", {"exp": None}),
        ("claims", {"sub": None}),
        ("claims", {"iat": int(time.time()) + 3600}),
        ("answered", {"iss": "https://another.example"}),
        ("answered", {"iss": ""}),
        ("answered", {"state": "another"}),
        ("answered", {"code": "another"}),
        ("answered", {"code": ""}),
        ("person", {"sub": "u-1", "email": MAIL, "email_verified": False}),
        ("person", {"sub": "u-1", "email": MAIL, "email_verified": "true"}),
        ("person", {"sub": "u-1", "email": "nobody@anhe.example", "email_verified": True}),
        ("person", {"sub": "u-1"}),
    ],
)
def test_whatever_is_wrong_with_the_answer_nobody_comes_in(
    app: FastAPI, client: TestClient, house: Provider, bend: str, value: object
) -> None:
    away = client.get("/login/house").headers["Location"]
    setattr(house, bend, value)
    answer = client.get(requests.get(away, allow_redirects=False, timeout=60).headers["Location"])
    assert answer.status_code == 403
    assert not entered(client, answer)
    with app.state.desk.records.reading() as session:
        assert audit.entries(session, limit=1)[0].action == "login.failed"


@pytest.mark.parametrize("named", [{"issuer": "https://another.example"}, {"jwks_uri": "file:///etc/passwd"}])
def test_a_provider_that_says_it_is_another_is_not_believed(
    client: TestClient, house: Provider, named: dict[str, str]
) -> None:
    house.named = named
    assert client.get("/login/house").status_code == 403


def test_an_answer_is_taken_once_and_in_the_browser_that_asked(app: FastAPI, client: TestClient) -> None:
    answer = back(client)
    kept = client.cookies["tingzhen_house"]
    with TestClient(app, base_url=BASE, follow_redirects=False) as another:
        assert another.get(answer).status_code == 403
    assert client.get(answer).status_code == 303
    assert client.get(answer).status_code == 403
    client.cookies.set("tingzhen_house", kept)
    assert client.get(answer).status_code == 403


def test_what_the_browser_keeps_can_be_neither_read_nor_made_up(client: TestClient) -> None:
    address = back(client)
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert state not in client.cookies["tingzhen_house"]
    client.cookies.clear()
    client.cookies.set("tingzhen_house", f'["{state}","n","v","/",99999999999]')
    assert client.get(address).status_code == 403


def test_an_address_that_was_given_to_somebody_else_opens_no_old_account(
    client: TestClient, house: Provider
) -> None:
    assert entered(client, sign_in(client))
    client.cookies.clear()
    house.person["sub"] = "u-2"
    assert sign_in(client).status_code == 403


def test_who_is_disabled_stays_out(app: FastAPI, client: TestClient) -> None:
    with app.state.desk.records.transaction() as session:
        lin = users.by_login(session, MAIL)
        lin.disabled = True
    assert sign_in(client).status_code == 403


def test_groups_give_roles_and_accounts(tmp_path: Path, house: Provider) -> None:
    seed(tmp_path)
    app = made(tmp_path, house, {"desk-admins": "admin", "desk": "marketer"})
    house.person = {"sub": "u-9", "email": "Wu@anhe.example", "email_verified": True, "groups": ["desk", "x"]}
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        assert entered(client, sign_in(client))
        client.cookies.clear()
        house.person["groups"] = ["desk-admins", "desk"]
        assert entered(client, sign_in(client))
        client.cookies.clear()
        house.person.update(sub="u-10", email="zhou@anhe.example", groups=["others"])
        assert sign_in(client).status_code == 403
    with app.state.desk.records.reading() as session:
        wu = users.by_login(session, "wu@anhe.example")
        assert (wu.role, wu.password) == ("admin", "")
        assert users.by_login(session, "zhou@anhe.example") is None


def test_logging_out_offers_to_leave_the_house_too(client: TestClient, house: Provider) -> None:
    sign_in(client)
    csrf = client.get("/account").text.split('name="csrf" value="')[1].split('"')[0]
    answer = client.post("/logout", data={"csrf": csrf})
    assert answer.headers["Location"] == "/login?out=house"
    assert "也退出单位账号" in client.get("/login?out=house").text
    out = client.get("/login/house/out").headers["Location"]
    assert out.startswith(f"{house.issuer}/out?from=desk&client_id={CLIENT}&post_logout_redirect_uri=http%3A")


def test_without_a_provider_there_is_no_such_page(tmp_path: Path) -> None:
    seed(tmp_path)
    with TestClient(create_app(settings(tmp_path)), base_url=BASE, follow_redirects=False) as client:
        for address in ("/login/house", "/login/house/back", "/login/house/out"):
            assert client.get(address).status_code == 404
        assert "单位账号" not in client.get("/login").text


def test_a_role_that_must_have_a_second_factor_has_shown_it_there(tmp_path: Path, house: Provider) -> None:
    seed(tmp_path)
    app = made(tmp_path, house)
    web = app.state.desk.settings.web.model_copy(update={"second_factor": ["marketer"]})
    object.__setattr__(app.state.desk, "settings", app.state.desk.settings.model_copy(update={"web": web}))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        assert entered(client, sign_in(client))


def test_a_provider_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    seed(tmp_path)
    app = made(tmp_path, Provider(issuer="http://127.0.0.1:9"))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        answer = client.get("/login/house")
        assert (answer.status_code, "连不上" in answer.text) == (403, True)


def test_a_provider_in_our_own_network_needs_the_operators_word(tmp_path: Path, house: Provider) -> None:
    seed(tmp_path)
    app = made(tmp_path, house, private_addresses=False)
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        assert client.get("/login/house").status_code == 403
