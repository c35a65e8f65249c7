"""Public accounts and the scoreboard on their pages; a private person is on no page, export or answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from crawler.items import AuthorKind, Post
from leads.clinics.form import ClinicDraft
from leads.clinics.name_matcher import BrandMatcher
from leads.config import Settings
from leads.index.sqlite.index import SqliteIndex
from leads.ingest.ingestor import Ingestor
from leads.quarantine import Quarantine
from leads.records import accounts, clinics, open_records, tokens, users
from leads.records.tables.heard import PublicPost
from leads.web.app import create_app
from nlp import Tagger
from tests.support.builders import post
from tests.support.role_table import TABLE, World
from tests.support.seeds import BASE, login_cookie

PRIVATE, HOUSE = "private-person-key-0001", "house-key-0000000000002"
MIXED, BOTH = "mixed-account-key-00003", "both-account-key-000004"
ANHE = ClinicDraft(
    name="安和口腔",
    lat=30.64,
    lon=104.04,
    adcode="510107",
    reach_km=5.0,
    specialties=("dental",),
    own_accounts=("own-account-key",),
)


def written(number: int, key: str, kind: AuthorKind, text: str, **changes: object) -> Post:
    now = datetime.now(UTC)
    return post(
        number, text, author_key=key, author_kind=kind, fetched_at=now, url=f"https://forum.example/t/{number}",
        published_at=now - timedelta(hours=3), replies=7, likes=3, **changes,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a crawl stored: a private person, a house and one that is now this, now that, all as busy."""
    made = tmp_path_factory.mktemp("accounts")
    settings = Settings(data_dir=made)
    asked = [
        written(n, PRIVATE, "person", f"我在成都武侯区，智齿疼了{n}天，安和口腔怎么样") for n in range(8)
    ]
    told = [written(n, HOUSE, "organisation", f"智齿疼怎么办？牙疼第{n}天可以先冷敷") for n in range(20, 28)]
    mixed = [written(n, MIXED, "professional", f"智齿疼的第{n}种原因") for n in range(40, 48)]
    late = [written(50, MIXED, "person", "我家楼下新开了一家面馆")]
    # Read otherwise later, and both at once.
    late += [written(n, PRIVATE, "professional", f"智齿疼的第{n}种原因") for n in range(60, 68)]
    both = [written(n, BOTH, "professional", f"智齿疼的第{n}种原因") for n in range(70, 78)]
    both += [written(79, BOTH, "person", "我家楼下新开了一家面馆")]
    with open_records(settings) as records, SqliteIndex(made / "leads.sqlite") as index:
        with records.transaction() as session:
            clinics.add(session, ANHE, who="boss", now=datetime.now(UTC), clinic_id="anhe")
        with records.reading() as session:
            known = clinics.clinics(session)
        ingestor = Ingestor(
            tagger=Tagger.load(), index=index, quarantine=Quarantine(made / "quarantine.jsonl"),
            clinics=known, brands=BrandMatcher(known), records=records,
        )  # fmt: skip
        for batch in (asked + told + mixed, late, both, mixed):
            ingestor.run(batch, origin="test", now=datetime.now(UTC))
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    settings = Settings(data_dir=folder)
    with TestClient(create_app(settings), base_url=BASE, cookies=login_cookie(folder)) as opened:
        yield opened


def test_a_house_is_shown_by_its_posts_and_not_by_a_name(client: TestClient) -> None:
    page = unescape(client.get("/voice/accounts").text)
    assert page.count('<th scope="row">') == 1
    for told in ("1 号", "机构", "https://forum.example/t/27", "7.0", "100%"):
        assert told in page
    assert "https://forum.example/t/47" not in page
    assert page.count("https://forum.example/t/") == 3


@pytest.mark.parametrize("asked", ["specialty=dental", "symptom=牙痛", "specialty=tcm"])
def test_a_topic_narrows_them(client: TestClient, asked: str) -> None:
    assert client.get("/voice/accounts?" + asked).status_code == 200


@pytest.mark.parametrize("asked", ["specialty=nowhere", "symptom=nowhere"])
def test_what_is_no_topic_is_said(client: TestClient, asked: str) -> None:
    assert client.get("/voice/accounts?" + asked).status_code == 400


def test_the_scoreboard_names_accounts_as_the_clinics_page_does(client: TestClient) -> None:
    page = unescape(client.get("/voice/own").text)
    assert "代号 own-ac…" in page
    assert "保留代号 own-ac…" in unescape(client.get("/clinics/anhe").text)


def test_a_private_person_is_on_no_page_in_no_export_and_in_no_answer(
    client: TestClient, folder: Path
) -> None:
    """Every address one can look at, as an admin: nowhere does the key of an author stand."""
    settings = Settings(data_dir=folder)
    world = World(records=client.app.state.desk.records, login="admin-")  # type: ignore[attr-defined]  # of Starlette's
    with open_records(settings) as records, records.transaction() as session:
        user = users.by_login(session, "admin-")
        assert user is not None
        secret, _ = tokens.create(
            session, user, name="all", scopes=list(tokens.SCOPES), now=datetime.now(UTC)
        )
    looked = 0
    for route, row in TABLE.items():
        method, _, path = route.partition(" ")
        if method != "GET":
            continue
        url = row.url(world) if callable(row.url) else row.url or path
        for lead_id in ("forum/1", "forum%2F1"):
            answer = client.get(
                url.replace("forum/100", lead_id), headers={"Authorization": f"Bearer {secret}"}
            )
            looked += answer.status_code == 200
            for key in (PRIVATE, MIXED, BOTH, HOUSE):
                assert key.encode() not in answer.content, url
    assert looked > 80
    about = client.get("/api/v1/insights/accounts", headers={"Authorization": f"Bearer {secret}"}).json()
    assert [each["kind"] for each in about["accounts"]] == ["organisation"]


def test_of_who_was_read_as_a_private_person_no_post_is_among_the_public_ones(folder: Path) -> None:
    with open_records(Settings(data_dir=folder)) as records, records.reading() as session:
        assert set(session.scalars(select(PublicPost.account))) == {HOUSE}
        doubted = accounts.taken_for_public(session, [PRIVATE, MIXED, BOTH, HOUSE, "nobody"])
    assert doubted == {PRIVATE, MIXED, BOTH, HOUSE}
