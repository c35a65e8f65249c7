"""A desk with one lead and one mention of one clinic, and the browsers of all who may ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.config import ClinicTable, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.models import Role
from leads.records import open_records, sessions, users
from leads.web.app import create_app
from leads.web.auth import COOKIE
from tests.support.builders import lead, mention, region, symptom

BASE = "http://127.0.0.1:8000"
CANARY = "只有安和的人看得到"  # in the lead and the mention that another clinic's doctor must never see
# login → role, clinics; in the order of the table's letters, after the stranger
PEOPLE: dict[str, tuple[Role, tuple[str, ...]]] = {
    "own-doctor": ("doctor", ("anhe",)),
    "other-doctor": ("doctor", ("qingmu",)),
    "marketer": ("marketer", ()),
    "boss": ("admin", ()),
}


def settings(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        clinics=(
            ClinicTable(id="anhe", name="安和口腔", lat=30.64, lon=104.04, specialties=("dental",)),
            ClinicTable(id="qingmu", name="青木中医", lat=30.65, lon=104.08, specialties=("tcm",)),
        ),
    )


def desk(folder: Path) -> FastAPI:
    """The application over a folder that has them, and everybody's account."""
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    seen = lead(1, f"牙疼，{CANARY}", place=region("武侯区"), symptoms=(symptom(),))
    heard = mention(2, "anhe")
    with SqliteIndex(folder / "leads.sqlite") as index:
        index.upsert([replace(seen, post=replace(seen.post, published_at=hour_ago))])
        post = replace(heard.post, published_at=hour_ago, text=f"安和口腔，{CANARY}")
        index.upsert_mentions([replace(heard, post=post)])
    with open_records(settings(folder)) as records, records.transaction() as session:
        for login, (role, clinic_ids) in PEOPLE.items():
            users.add_user(
                session, login=login, name=login, role=role, clinic_ids=clinic_ids, now=datetime.now(UTC)
            )
    return create_app(settings(folder))


@contextmanager
def browser_of(app: FastAPI, login: str, *, form_token: bool = True) -> Iterator[TestClient]:
    """Somebody's browser, freshly logged in; a stranger's for ""."""
    client = TestClient(app, base_url=BASE, follow_redirects=False)
    if login:
        with app.state.desk.records.transaction() as session:
            user = users.by_login(session, login)
            secret = sessions.open_session(session, user, now=datetime.now(UTC))
            client.cookies.set(COOKIE, secret)
            session.flush()
            found = sessions.find(session, secret, now=datetime.now(UTC))
        if form_token and found:
            client.headers["X-CSRF"] = found[1].csrf
    yield client
    client.close()
