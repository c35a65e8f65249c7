"""Every secret used here is looked for wherever it must not be: logs, pages, errors, the database."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import inspect, select, text

from leads.alerts.outbox.worker import Worker
from leads.config import AlertSettings, ClinicTable, Settings, load_settings
from leads.errors import ConfigError
from leads.records import Records, open_records, sessions, users
from leads.records.tables.alerts import Alert, Channel
from leads.web.app import create_app
from leads.web.auth import COOKIE
from tests.support.mail_server import PASSWORD, USER, mail_server
from tests.support.outbox_people import alert
from tests.support.service_answers import HOSTS, SAMPLES, TAKEN
from tests.support.stand_ins import StandIn, reset, stand_in

BASE = "http://127.0.0.1:8000"
# A piece of every secret in SAMPLES, and the mail server's password.
SECRETS = (
    "secretmail", "secret-wecom", "secretdingtalk", "SECsecret", "secret-feishu", "secretsignfeishu",
    "secret-lark", "secretbark", "secretserverchan", "secretpushdeer", "secrettelegram", "secretslack",
    "secretwebhook", "secretapprise", PASSWORD,
)  # fmt: skip
BEHAVIOURS = ("taken", "echo", "html", "error", "reset")


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


def behave(server: StandIn, how: str, kind: str) -> None:
    """As the service would, or in a way that brings its own address back to us."""
    if how == "taken":
        server.says(TAKEN.get(kind, b"ok"))
    elif how == "echo":  # an answer that quotes what it was sent, as some do
        server.reply = lambda got, wire: (
            200, {}, b'{"errcode": 40058, "code": 19002, "ok": false, "msg": "' + got.path.encode() + b'"}',
        )  # fmt: skip
    elif how == "html":
        server.reply = lambda got, wire: (403, {"Location": got.path}, b"<html>" + got.path.encode())
    elif how == "error":
        server.says(b"boom", 500)
    else:
        server.reply = reset


def leaks(found: str) -> list[str]:
    return [secret for secret in SECRETS if secret in found]


def rows_with_secrets(records: Records) -> list[str]:
    """Every cell of every table, that of the channels' addresses too: they are sealed."""
    found: list[str] = []
    with records.engine.connect() as connection:
        for table in inspect(records.engine).get_table_names():
            every = text(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own tables
            for row in connection.execute(every).mappings():
                found += [
                    f"{table}.{column}: {value!r}" for column, value in row.items() if leaks(str(value))
                ]
    return found


@pytest.mark.parametrize("how", BEHAVIOURS)
def test_no_secret_anywhere(
    how: str,
    tmp_path: Path,
    server: StandIn,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="mail.log")  # the stand-in's own
    with mail_server(login=False) as mails:
        alerts = AlertSettings(
            smtp=f"smtp://127.0.0.1:{mails.port}",
            mail_from=USER,
            relays={host: f"{server.url}/{host}" for host in HOSTS},
        )
        mails.answers = {} if how == "taken" else {"RCPT": "550 no lin.secretmail@example.com here"}
        settings = Settings(
            data_dir=tmp_path,
            alerts=alerts,
            clinics=(ClinicTable(id="anhe", name="安和口腔", lat=30.64, lon=104.04),),
        )
        pages = visited(settings, server, how)
    with open_records(settings) as records:
        assert rows_with_secrets(records) == []
        with records.reading() as session:
            states = set(session.scalars(select(Alert.state)))
    assert (states == {"sent"}) is (how == "taken")
    printed = capfd.readouterr()
    for name, said in {"pages": pages, "log": caplog.text, "out": printed.out, "err": printed.err}.items():
        assert leaks(said) == [], name


def visited(settings: Settings, server: StandIn, how: str) -> str:
    """Everything a person can do with channels of every kind; all the pages seen."""
    now = datetime.now(UTC)
    app = create_app(settings)
    records: Records = app.state.desk.records
    with records.transaction() as session:
        user = users.add_user(session, login="lin", name="林", role="admin", now=now)
        secret = sessions.open_session(session, user, now=now)
        found = sessions.find(session, secret, now=now)
        assert found is not None
        form_token = found[1].csrf
    pages: list[str] = []
    with TestClient(app, base_url=BASE, cookies={COOKIE: secret}, headers={"X-CSRF": form_token}) as client:
        for kind, fields in SAMPLES.items():
            broken = {**fields, "address": fields["address"] + "!?"}
            pages.append(client.post("/alerts/channels", data={"kind": kind, "name": "坏", **broken}).text)
            pages.append(client.post("/alerts/channels", data={"kind": kind, "name": kind, **fields}).text)
        with records.reading() as session:
            channels = session.scalars(select(Channel).where(Channel.name != "坏")).all()
        assert [channel.kind for channel in channels] == list(SAMPLES)
        for channel in channels:
            behave(server, how, channel.kind)
            pages.append(client.post(f"/alerts/channels/{channel.id}/test").text)
            with records.transaction() as session:
                session.get_one(Channel, channel.id).state = "ok"
                alert(session, channel.id, channel)
            Worker(records, settings).run_once()
        pages.append(client.get("/alerts").text)
        pages.append(client.get("/audit").text)
        gone = [client.post(f"/alerts/channels/{channel.id}/remove").text for channel in channels]
        with records.reading() as session:
            assert set(session.scalars(select(Channel.address).where(Channel.removed))) == {"{}"}
    return "\n".join([*pages, *gone])


def test_a_wrong_setting_does_not_show_its_password(tmp_path: Path) -> None:
    file = tmp_path / "tingzhen.toml"
    file.write_text(f'[alerts]\nsmtp = "smtp://lin:{PASSWORD}@host/path"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"alerts\.smtp") as caught:
        load_settings(file)
    assert leaks(str(caught.value)) == []
