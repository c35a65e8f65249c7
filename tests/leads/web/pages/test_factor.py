"""两步验证: coming in with a code, setting it up, taking it away, and roles that must have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from leads.records import Records, factors, nudges, passwords, sessions, tokens, users
from leads.web import device
from leads.web.app import create_app
from tests.support.seeds import seed, settings

BASE = "http://127.0.0.1:8000"
WORDS = "vier zufällige Wörter"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_nobody", lambda: quick.hash("nobody"))


@pytest.fixture
def time() -> Time:
    return Time()


def made(folder: Path, time: Time, roles: tuple[str, ...] = ()) -> FastAPI:
    chosen = settings(folder)
    web = chosen.web.model_copy(update={"second_factor": roles})
    app = create_app(chosen.model_copy(update={"web": web}), clock=time)
    with app.state.desk.records.transaction() as session:
        user = users.add_user(session, login="lin", name="林", role="admin", now=time())
        users.set_password(session, user, WORDS, now=time())
    return app


@pytest.fixture
def app(tmp_path: Path, time: Time) -> FastAPI:
    """An application with one admin, lin, who has a password and no factor yet."""
    seed(tmp_path)
    return made(tmp_path, time)


@pytest.fixture
def records(app: FastAPI) -> Records:
    found: Records = app.state.desk.records
    return found


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=BASE, follow_redirects=False) as opened:
        yield opened


def hidden(name: str, text: str) -> str:
    (found,) = set(re.findall(rf'name="{name}" value="([^"]+)"', text))
    return str(found)


def password(client: TestClient, words: str = WORDS, then: str = "/") -> Response:
    token = hidden("csrf", client.get("/login").text)
    form = {"login": "lin", "password": words, "csrf": token, "then": then}
    return client.post("/login", data=form, headers={"User-Agent": CHROME})


def second(client: TestClient, asked: Response, code: str) -> Response:
    form = {name: hidden(name, asked.text) for name in ("csrf", "half", "then")}
    return client.post("/login/factor", data={**form, "code": code}, headers={"User-Agent": CHROME})


def code(time: Time, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(time())


def enrol(records: Records, time: Time) -> list[str]:
    with records.transaction() as session:
        user = users.by_login(session, "lin")
        assert user
        codes = factors.confirm(session, user, SECRET, code(time), cookie="", now=time())
    time.now += timedelta(minutes=1)
    return codes


def said(answer: Response) -> str:
    (sentence,) = re.findall(r'<p class="problem" role="alert">([^<]+)</p>', answer.text)
    return str(sentence)


# --- coming in ----------------------------------------------------------------------------------------------


def test_the_password_alone_opens_nothing(client: TestClient, records: Records, time: Time) -> None:
    enrol(records, time)
    asked = password(client, then="/leads?q=1")
    assert asked.status_code == 200
    assert "tingzhen" not in client.cookies
    assert client.get("/leads").status_code == 303
    assert second(client, asked, "000000").status_code == 403
    came = second(client, asked, code(time))
    assert (came.status_code, came.headers["Location"]) == (303, "/leads?q=1")
    assert client.get("/leads").status_code == 200


def test_a_code_that_was_used_is_refused(app: FastAPI, records: Records, time: Time) -> None:
    enrol(records, time)
    with TestClient(app, base_url=BASE, follow_redirects=False) as mine:
        assert second(mine, password(mine), code(time)).status_code == 303
    with TestClient(app, base_url=BASE, follow_redirects=False) as another:
        assert said(second(another, password(another), code(time))) == "验证码不对，或已经用过了。"


def test_a_recovery_code_leads_in(client: TestClient, records: Records, time: Time) -> None:
    codes = enrol(records, time)
    assert second(client, password(client), codes[3]).status_code == 303


def test_the_second_step_is_for_this_browser_and_five_minutes(
    app: FastAPI, client: TestClient, records: Records, time: Time
) -> None:
    enrol(records, time)
    asked = password(client)
    with TestClient(app, base_url=BASE, follow_redirects=False) as another:
        token = hidden("csrf", another.get("/login").text)
        form = {"csrf": token, "half": hidden("half", asked.text), "code": code(time)}
        assert another.post("/login/factor", data=form).status_code == 403
    time.now += timedelta(minutes=5, seconds=1)
    assert "太久" in said(second(client, asked, code(time)))


@pytest.mark.parametrize(
    "half", ["", "x", "1.99999999999.password.x", "1.x.y.z", "９.9.password.", "." * 300]
)
def test_a_half_that_was_made_up_opens_nothing(
    client: TestClient, records: Records, time: Time, half: str
) -> None:
    enrol(records, time)
    token = hidden("csrf", client.get("/login").text)
    assert (
        client.post("/login/factor", data={"csrf": token, "half": half, "code": code(time)}).status_code
        == 403
    )


def test_a_new_password_in_between_ends_the_second_step(
    client: TestClient, records: Records, time: Time
) -> None:
    enrol(records, time)
    asked = password(client)
    with records.transaction() as session:
        user = users.by_login(session, "lin")
        assert user
        users.set_password(session, user, "ganz andere Wörter", now=time())
    assert second(client, asked, code(time)).status_code == 403


def test_guessing_codes_stops(client: TestClient, records: Records, time: Time) -> None:
    enrol(records, time)
    asked = password(client)
    assert {second(client, asked, f"00000{number}").status_code for number in range(10)} == {403}
    stopped = second(client, asked, code(time))
    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0


def test_a_one_time_link_does_not_go_round_the_factor(
    client: TestClient, records: Records, time: Time
) -> None:
    enrol(records, time)
    with records.transaction() as session:
        user = users.by_login(session, "lin")
        assert user
        link = f"/welcome/{users.make_link(session, user, now=time())}"
    token = hidden("csrf", client.get(link).text)
    asked = client.post(link, data={"password": "ganz andere Wörter", "csrf": token})
    assert "tingzhen" not in client.cookies
    assert second(client, asked, code(time)).status_code == 303


def test_programs_with_a_token_are_asked_for_no_code(
    client: TestClient, records: Records, time: Time
) -> None:
    enrol(records, time)
    with records.transaction() as session:
        user = users.by_login(session, "lin")
        assert user
        secret, _ = tokens.create(session, user, name="x", scopes=["leads:read"], now=time())
    assert client.get("/api/v1/leads", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


# --- one's own ----------------------------------------------------------------------------------------------


def form(client: TestClient, address: str, **fields: str) -> Response:
    csrf = hidden("csrf", client.get("/account").text)
    return client.post(address, data={"csrf": csrf, **fields})


def test_it_is_set_up_with_the_password_a_picture_and_the_first_code(
    client: TestClient, records: Records, time: Time
) -> None:
    password(client)
    assert said(form(client, "/account/factor", password="wrong words")) == "密码不对。"
    offered = form(client, "/account/factor", password=WORDS)
    assert "<svg" in offered.text
    assert "style=" not in offered.text
    (shown,) = re.findall(r'<code class="secret">([A-Z2-7 ]+)</code>', offered.text)
    secret, kept = shown.replace(" ", ""), hidden("kept", offered.text)
    again = form(client, "/account/factor/confirm", kept=kept, code="000000")
    assert "验证码不对" in said(again)
    assert hidden("kept", again.text) == kept
    done = form(client, "/account/factor/confirm", kept=kept, code=code(time, secret))
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", done.text)
    assert len(codes) == factors.RECOVERY_CODES
    assert codes[0] not in client.get("/account/factor").text
    time.now += timedelta(minutes=1)
    assert second(client, password_elsewhere(client), code(time, secret)).status_code == 303


def password_elsewhere(client: TestClient) -> Response:
    client.cookies.delete("tingzhen")
    return password(client)


def test_changing_it_asks_for_a_code_too(client: TestClient, records: Records, time: Time) -> None:
    enrol(records, time)
    second(client, password(client), code(time))
    for address in ("/account/factor", "/account/factor/codes", "/account/factor/remove"):
        assert "验证码不对" in said(form(client, address, password=WORDS, code="000000"))
    time.now += timedelta(minutes=1)
    assert "备用码" in form(client, "/account/factor/codes", password=WORDS, code=code(time)).text
    time.now += timedelta(minutes=1)
    gone = form(client, "/account/factor/remove", password=WORDS, code=code(time))
    assert gone.headers["Location"] == "/account?done=factor"
    assert password_elsewhere(client).status_code == 303


def test_a_role_that_must_have_one_sets_it_up_before_anything_else(tmp_path: Path, time: Time) -> None:
    seed(tmp_path)
    app = made(tmp_path, time, roles=("admin",))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        password(client)
        for address in ("/", "/leads", "/account", "/users"):
            assert client.get(address).headers["Location"] == "/account/factor"
        asked = client.get("/account/factor")
        assert "你的角色必须有两步验证" in asked.text
        csrf = hidden("csrf", asked.text)
        offered = client.post("/account/factor", data={"csrf": csrf, "password": WORDS})
        (shown,) = re.findall(r'<code class="secret">([A-Z2-7 ]+)</code>', offered.text)
        secret = shown.replace(" ", "")
        kept = hidden("kept", offered.text)
        client.post("/account/factor/confirm", data={"csrf": csrf, "kept": kept, "code": code(time, secret)})
        assert client.get("/leads").status_code == 200
        time.now += timedelta(minutes=1)
        refused = form(client, "/account/factor/remove", password=WORDS, code=code(time, secret))
        assert (refused.status_code, "不能取消" in said(refused)) == (403, True)


def test_an_admin_takes_it_from_who_lost_the_telephone_but_not_from_themselves(
    client: TestClient, records: Records, time: Time
) -> None:
    password(client)
    with records.transaction() as session:
        wu = users.add_user(session, login="wu", name="吴", role="doctor", now=time())
        factors.confirm(session, wu, SECRET, code(time), cookie="", now=time())
        lin = users.by_login(session, "lin")
        assert lin
    assert form(client, f"/users/{wu.id}/reset-factor").headers["Location"] == "/users?done=factor"
    enrol(records, time)
    second(client, password_elsewhere(client), code(time))
    assert form(client, f"/users/{lin.id}/reset-factor").headers["Location"] == "/account/factor"
    with records.reading() as session:
        assert (factors.has(session, wu.id), factors.has(session, lin.id)) == (False, True)


# --- browsers that are logged in ----------------------------------------------------------------------------


def test_browsers_are_listed_and_ended_one_by_one(
    app: FastAPI, client: TestClient, records: Records, time: Time
) -> None:
    password(client)
    with records.transaction() as session:
        lin = users.by_login(session, "lin")
        assert lin
        secret = sessions.open_session(session, lin, now=time(), device="Firefox · Linux", by="link")
        (there,) = [
            each for each in sessions.of_user(session, lin.id, now=time()) if sessions.is_of(each, secret)
        ]
    page = client.get("/account").text
    assert "Chrome · Windows" in page
    assert "Firefox · Linux" in page
    assert there.secret_hash not in page
    assert "Firefox · Linux" in client.get("/users").text
    handle = sessions.handle(there)
    assert form(client, f"/account/sessions/{handle}/end").headers["Location"] == "/account?done=session"
    assert form(client, f"/account/sessions/{handle}/end").status_code == 404
    with records.reading() as session:
        assert sessions.open_ones(session, [secret], now=time()) == set()


@pytest.mark.parametrize("handle", ["0", "%", "_" * 16, "%" * 16, "a" * 64])
def test_a_made_up_handle_ends_nothing(client: TestClient, records: Records, handle: str) -> None:
    password(client)
    csrf = hidden("csrf", client.get("/account").text)
    answer = client.post(f"/account/sessions/{handle.replace('%', '%25')}/end", data={"csrf": csrf})
    assert answer.status_code == 404
    assert client.get("/account").status_code == 200


def test_a_new_device_is_told_to_its_person(
    app: FastAPI, client: TestClient, records: Records, time: Time
) -> None:
    def told() -> list[str]:
        with records.reading() as session:
            lin = users.by_login(session, "lin")
            assert lin
            return [each.who for each in nudges.listed(session, lin.id) if each.kind == "device"]

    password(client)
    assert told() == []  # the first ever
    password_elsewhere(client)
    assert told() == []  # the same browser again
    with TestClient(app, base_url=BASE, follow_redirects=False) as another:
        password(another)
        assert told() == ["Chrome · Windows"]
        assert "你的账户在一台新设备上登录了（Chrome · Windows）" in another.get("/nudges").text


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (CHROME, "Chrome · Windows"),
        (CHROME + " Edg/130.0", "Edge · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0 Safari/604.1",
            "微信 · iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox · Linux"),
        ("curl/8", device.UNKNOWN),
        ("", device.UNKNOWN),
    ],
)
def test_a_browser_in_a_few_words(agent: str, said: str) -> None:
    assert device.words(agent) == said
