"""A message that goes out again, because a worker died before it wrote down that the first was taken, is the
same to the byte, also hours later: a receiver, a mail program or a filter of doubles knows it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from leads.alerts.channels import KINDS
from leads.alerts.channels.form import read_form
from leads.alerts.messages.message import Payload
from leads.alerts.outbox.worker import Worker
from leads.config import AlertSettings, Settings
from leads.records import Records, open_records
from leads.records.tables.alerts import Alert
from tests.support.mail_server import Mails, mail_server
from tests.support.outbox_people import NOW, alert, channel, person, subscription
from tests.support.service_answers import HOSTS, SAMPLES, TAKEN
from tests.support.stand_ins import Got, StandIn, stand_in

LATER = timedelta(hours=5, minutes=3)
# What a service wants signed with the time of the request itself, and refuses when it is old.
SIGNED: Mapping[str, str] = {
    "dingtalk": r"(?<=&timestamp=)\d+|(?<=&sign=)[^&]+",
    "feishu": r'(?<="timestamp": ")\d+|(?<="sign": ")[^"]+',
    "webhook": r"(?<=x-tingzhen-timestamp: )\d+|(?<=x-tingzhen-signature: )\S+",
}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


@pytest.fixture
def mails() -> Iterator[Mails]:
    with mail_server() as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, server: StandIn, mails: Mails) -> Settings:
    alerts = AlertSettings(
        relays={host: f"{server.url}/{host}" for host in HOSTS},
        smtp=f"smtp://127.0.0.1:{mails.port}",
        mail_from="tingzhen@clinic.example",
    )
    return Settings(data_dir=tmp_path, alerts=alerts)


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    with open_records(settings) as opened:
        yield opened


def written(got: Got) -> str:
    """A request as it came over the wire."""
    headers = "".join(f"{name}: {value}\n" for name, value in got.headers.items())
    return f"{got.path}\n{headers}\n{got.body.decode()}"


def sent_twice(records: Records, settings: Settings) -> None:
    """Sent; and again hours later, since nobody wrote down what became of it."""
    clock = NOW + timedelta(minutes=1)
    assert Worker(records, settings, lambda: clock).run_once() == 1
    with records.transaction() as session:
        told = Alert.state == "sent"
        assert session.scalar(select(Alert.id).where(told)) is not None
        died = {"state": "sending", "worker": "dead", "sent_at": None, "lease_until": clock}
        session.execute(update(Alert).where(told).values(died))
    clock += LATER
    assert Worker(records, settings, lambda: clock).run_once() == 1


@pytest.mark.parametrize("count", [1, 3], ids=["one", "several"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_second_is_the_first(
    kind: str, count: int, records: Records, settings: Settings, server: StandIn, mails: Mails
) -> None:
    server.says(TAKEN.get(kind, {}))
    address = read_form(kind, SAMPLES[kind], settings.alerts)
    with records.transaction() as session:
        by = subscription(
            session, channel(session, person(session), kind=kind, address=address), frequency="hourly"
        )
        for number in range(count):
            alert(session, number, by)
    sent_twice(records, settings)
    first, again = map(written, server.got) if kind != "mail" else [raw.decode() for _, raw in mails.got]
    if kind in SIGNED:
        assert first != again  # else it would be no exception
        first, again = (re.sub(SIGNED[kind], "…", each) for each in (first, again))
    assert first == again


def test_a_report_with_its_picture_is_the_same_mail(
    records: Records, settings: Settings, mails: Mails
) -> None:
    said = Payload(
        title="早报 11 月 22 日：新线索 12 条，提及 3 条",
        lines=("新线索 12 条。",),
        html='<p>早报</p><img src="cid:days">',
        images=(("days", b64encode(b"\x89PNG picture").decode()),),
    )
    with records.transaction() as session:
        to = channel(session, person(session), kind="mail", address='{"token": "lin@example.com"}')
        alert(session, 1, to, payload=said.to_json())
    sent_twice(records, settings)
    (_, first), (_, again) = mails.got
    assert b"Content-ID: <days>" in first
    assert first == again


def test_a_first_try_that_only_a_wrong_clock_can_have_seen_does_not_count(
    records: Records, settings: Settings, server: StandIn
) -> None:
    with records.transaction() as session:
        address = read_form("webhook", SAMPLES["webhook"], settings.alerts)
        by = channel(session, person(session), address=address)
        alert(session, 1, by, first_tried_at=datetime(2031, 1, 1, tzinfo=UTC))
    now = NOW + timedelta(minutes=1)
    Worker(records, settings, lambda: now).run_once()
    with records.reading() as session:
        assert session.scalars(select(Alert.first_tried_at)).all() == [now]
