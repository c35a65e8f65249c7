"""An index with leads and mentions for the pages to show, and the settings of a clinic to show them to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from leads.config import ClinicTable, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead, Mention, Reason, Role
from leads.records import open_records, sessions, users
from leads.web.auth import COOKIE
from nlp.models import Region, Sentiment
from tests.support.builders import lead, mention, region, symptom

BASE = "http://127.0.0.1:8000"
ClientOf = Callable[..., TestClient]  # of a role, and for a doctor of clinics
SCRIPT = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"
RTL = "\u202e反过来的字\u2066"
PLACES = ("武侯区", "锦江区", "成都市", "四川省", "朝阳区")


def settings(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        clinics=(
            ClinicTable(id="anhe", name="安和口腔", lat=30.64, lon=104.04),
            ClinicTable(id="qingmu", name="青木中医", lat=30.65, lon=104.08, reach_km=3.0),
        ),
    )


def fresh(number: int, text: str, *, hours: float, place: Region | None = None, **changes: object) -> Lead:
    """A lead that is `hours` old when the test runs."""
    made = lead(number, text, place=place, symptoms=(symptom(),), **changes)  # type: ignore[arg-type]  # by name
    moment = datetime.now(UTC) - timedelta(hours=hours)
    words = Reason(kind="symptom", text="牙痛（几天内需要处理）", words="牙疼")
    return replace(made, post=replace(made.post, published_at=moment), reasons=(*made.reasons, words))


def leads() -> list[Lead]:
    """Sixty plain leads over five places and thirty days, and some odd ones."""
    plain = [
        fresh(n, f"{n}号牙疼，求推荐", hours=1 + 12 * n, place=region(PLACES[n % 5]), need=0.4 + n % 6 / 10)
        for n in range(60)
    ]
    odd = [
        fresh(100, SCRIPT + "牙疼", hours=2, place=region("武侯区"), url="javascript:alert(1)", title=SCRIPT),
        fresh(101, RTL + "牙疼", hours=2, place=region("武侯区"), url="data:text/html,x"),
        fresh(
            102, "牙疼" * 10_000, hours=2, place=region("武侯区"), url="https://forum.example/t?a=1&b='\"<"
        ),
        fresh(103, "a" * 5_000, hours=2, place=region("武侯区"), url="http://forum.example/long"),
        fresh(104, "看牙", hours=2, place=None),
    ]
    return plain + odd


def mentions() -> list[Mention]:
    now = datetime.now(UTC)
    good = mention(1, url="https://forum.example/1")
    bad = mention(2, url="javascript:alert(2)")
    grave = Sentiment(polarity="complaint", severity=3, cues=("误诊", SCRIPT))
    found = [
        good,
        replace(bad, sentiment=grave, post=replace(bad.post, text=SCRIPT + "安和口腔")),
        mention(3, "qingmu"),
    ]
    return [replace(item, post=replace(item.post, published_at=now - timedelta(hours=1))) for item in found]


def seed(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with SqliteIndex(folder / "leads.sqlite") as index:
        index.upsert(leads())
        index.upsert_mentions(mentions())


def login_cookie(folder: Path, role: Role = "admin", clinic_ids: tuple[str, ...] = ()) -> dict[str, str]:
    """The cookie of a person of this role who is logged in; for a doctor, of these clinics."""
    now = datetime.now(UTC)
    with open_records(settings(folder)) as records, records.transaction() as session:
        login = f"{role}-{'-'.join(clinic_ids)}"
        user = users.by_login(session, login) or users.add_user(
            session, login=login, name=f"测试{role}", role=role, now=now, clinic_ids=clinic_ids
        )
        return {COOKIE: sessions.open_session(session, user, now=now)}


def csrf(cookie: dict[str, str], folder: Path) -> str:
    """The form token of that person's session."""
    with open_records(settings(folder)) as records, records.reading() as session:
        found = sessions.find(session, cookie[COOKIE], now=datetime.now(UTC))
        assert found is not None
        return found[1].csrf
