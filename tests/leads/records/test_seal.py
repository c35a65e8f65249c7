"""Addresses of channels at rest: encrypted, also those of older versions; a lost key breaks nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from leads.alerts.outbox.worker import Worker
from leads.config import AlertSettings, Settings
from leads.records import Records, channels, open_records
from leads.records.seal import NAME, LostKeyError, Seal
from leads.records.tables.alerts import Alert, Channel
from tests.support.outbox_people import alert, person
from tests.support.stand_ins import stand_in

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_key_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINGZHEN_CHANNEL_KEY", raising=False)


@contextmanager
def opened(folder: Path) -> Iterator[Records]:
    with open_records(Settings(data_dir=folder, alerts=AlertSettings(private_addresses=True))) as records:
        yield records


def add(session: Session, address: str) -> Channel:
    user = person(session)
    return channels.add(
        session, user_id=user.id, name="群", kind="webhook", address=address, who="lin", now=NOW
    )


def stored(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("records.sqlite*"))


def test_an_address_is_nowhere_in_the_file(tmp_path: Path) -> None:
    with opened(tmp_path) as records:
        with records.transaction() as session:
            made = add(session, '{"token": "very-secret-token"}')
        assert records.seal.open(made.address) == '{"token": "very-secret-token"}'
        assert b"very-secret" not in stored(tmp_path)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_what_an_older_version_wrote_is_encrypted_when_opened(tmp_path: Path) -> None:
    with opened(tmp_path) as records, records.transaction() as session:
        made = add(session, "x")
        session.execute(update(Channel).values(address='{"token": "very-secret-token"}'))
    assert b"very-secret" in stored(tmp_path)
    with opened(tmp_path) as records:
        with records.reading() as session:
            kept = session.get_one(Channel, made.id).address
        assert records.seal.open(kept) == '{"token": "very-secret-token"}'
    assert b"very-secret" not in stored(tmp_path)
    with opened(tmp_path) as records, records.reading() as session:
        assert session.get_one(Channel, made.id).address == kept  # once


@pytest.mark.parametrize("how", ["lost", "emptied", "another in the environment"])
def test_without_its_key_a_channel_is_to_be_set_up_again_and_others_go_on(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as records, records.transaction() as session:
        made = add(session, '{"url": "http://127.0.0.1:9/", "token": "very-secret-token"}')
        alert(session, 1, made)
    if how == "lost":
        (tmp_path / NAME).unlink()
    elif how == "emptied":
        (tmp_path / NAME).write_bytes(b"")
    else:
        monkeypatch.setenv("TINGZHEN_CHANNEL_KEY", os.urandom(16).hex())
    settings = Settings(data_dir=tmp_path, alerts=AlertSettings(private_addresses=True))
    with stand_in() as server, opened(tmp_path) as records:
        with records.transaction() as session:
            address = f'{{"url": "{server.url}", "token": "{"k" * 16}"}}'
            new = channels.add(
                session, user_id=made.user_id, name="新", kind="webhook", address=address, who="lin", now=NOW
            )
            alert(session, 2, new)
        Worker(records, settings, clock=lambda: NOW + timedelta(minutes=1)).run_once()
        with records.reading() as session:
            old = session.get_one(Channel, made.id)
            states = {row.channel_id: (row.state, row.reason) for row in session.query(Alert)}
        assert len(server.got) == 1
    sentence = "这个通道存的密钥打不开了（channel.key 换过或丢了）：请移除它，再重新添加一次。"
    assert states == {made.id: ("dead", sentence), new.id: ("sent", "")}
    assert (old.state, old.problem) == ("revoked", sentence)


def test_a_changed_letter_is_seen() -> None:
    seal = Seal(b"key")
    closed = seal.close("secret")
    assert seal.open(closed) == "secret"
    with pytest.raises(LostKeyError):
        seal.open(closed[:-6] + ("A" if closed[-6] != "A" else "B") + closed[-5:])
