"""`tingzhen serve` from the first start on: who is let in by a link, and who could reach the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from leads import server as serving
from leads.config import Settings, WebSettings
from leads.errors import ConfigError
from leads.records import audit, open_records, users
from leads.web.app import create_app
from tests.support.serving import running

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WIDE = "0.0.0.0"  # noqa: S104 - every address of the machine, never bound here
LINK = re.compile(r"http://127\.0\.0\.1:8000(/welcome/[\w-]{43})$")


def settings(folder: Path, **web: str) -> Settings:
    return Settings(data_dir=folder, web=WebSettings.model_validate(web))


def greeting(folder: Path, *, demo: bool = False) -> str:
    return serving.greeting(settings(folder), port=8000, now=NOW, demo=demo)


def link(folder: Path, *, demo: bool = False) -> str:
    found = LINK.search(greeting(folder, demo=demo))
    assert found
    return found[1]


def set_password(folder: Path) -> None:
    with open_records(settings(folder)) as records, records.transaction() as session:
        users.set_password(session, users.first_admin(session, now=NOW), "long enough words", now=NOW)


def test_the_first_start_prints_a_link_and_a_later_one_only_the_address(tmp_path: Path) -> None:
    assert "设置管理员密码" in greeting(tmp_path)
    set_password(tmp_path)
    assert greeting(tmp_path) == "听诊已打开：http://127.0.0.1:8000（按 Ctrl+C 停止）"


def test_only_the_last_link_works(tmp_path: Path) -> None:
    first, second = link(tmp_path), link(tmp_path)
    app = create_app(settings(tmp_path), clock=lambda: NOW)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert client.get(first).status_code == 410
        assert client.get(second).status_code == 200


def test_the_demos_link_leads_to_the_leads_once(tmp_path: Path) -> None:
    address = link(tmp_path, demo=True)
    app = create_app(settings(tmp_path), clock=lambda: NOW)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert client.get(address).url.path == "/"
        assert client.get(address).url.path == "/"  # in the browser that is in already
        client.cookies.clear()
        assert client.get(address).status_code == 410


@pytest.mark.parametrize("host", [WIDE, "::", "192.168.1.20", "clinic.example", "127.0.0.1.example"])
def test_no_other_machine_is_served_before_somebody_has_a_password(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match=f"web.host 是 {host}"):
        serving.guard(settings(tmp_path, host=host))
    with pytest.raises(ConfigError):
        serving.guard(settings(tmp_path / "not there yet", host=host))
    set_password(tmp_path)
    serving.guard(settings(tmp_path, host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_this_machine_is_always_served(tmp_path: Path, host: str) -> None:
    serving.guard(settings(tmp_path, host=host))


@pytest.mark.parametrize(
    ("web", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"host": "192.168.1.20"}, "http://192.168.1.20:8000"),
        ({"host": WIDE}, "http://127.0.0.1:8000"),
        ({"public_url": "https://desk.example"}, "https://desk.example"),
    ],
)
def test_the_address_is_one_that_can_be_opened(tmp_path: Path, web: dict[str, str], address: str) -> None:
    assert serving.address(settings(tmp_path, **web), 8000) == address


def test_a_proxy_on_this_machine_says_who_asks_and_that_it_is_https(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path, public_url="https://desk.example"), clock=lambda: NOW)
    with running(app) as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        client.headers |= {"Host": "desk.example", "X-Forwarded-Proto": "https"}
        client.headers["X-Forwarded-For"] = (
            "127.0.0.1, 203.0.113.5"  # the first one is the caller's own claim
        )
        page = client.get("/login")
        token = re.search(r'name="csrf" value="([\w-]+)"', page.text)
        assert token
        assert "Secure" in page.headers["set-cookie"]
        cookie = page.headers["set-cookie"].partition(";")[0]
        form = {"login": "x", "password": "x", "csrf": token[1]}
        assert client.post("/login", data=form, headers={"Cookie": cookie}).status_code == 403
        with app.state.desk.records.reading() as session:
            (entry,) = audit.entries(session, limit=2)
    assert entry.detail == {"address": "203.0.113.5"}


def test_whoever_listens_wider_is_told_about_the_public_address(tmp_path: Path) -> None:
    set_password(tmp_path)
    wide = settings(tmp_path, host=WIDE)
    assert "web.public_url" in serving.greeting(wide, port=8000, now=NOW)
