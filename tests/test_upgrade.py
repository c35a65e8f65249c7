"""A data folder that an earlier version wrote opens, and says the same: leads, people, judgements, coverage.
Its records can be taken back to that version's tables, and brought up again.

tests/fixtures/data holds one archive a version: the demo's data, with a user, a judgement and an erasure by
that version's own commands. Nothing in it is of real people.
"""

from __future__ import annotations

import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from leads import storage
from leads.config import ClinicTable, Settings
from leads.errors import InputError, StorageError
from leads.models import LeadQuery
from leads.records import Records, copying, erasures, feedback, open_records, schema, users
from leads.records.database import take_back
from tests.support.commands import run
from tests.support.paths import TESTS
from tests.support.postgres_server import database, server

# Revision of the records, and leads in the index, of each.
VERSIONS = {
    "0.1.0-before-rooms": ("0001", 31),
    "0.1.0-ten-questions": ("0006", 33),
    "0.1.0-board": ("0013", 33),
    "0.1.0-one-machine": ("0019", 33),
}
FOLDER = TESTS / "fixtures" / "data"
NOW = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
CLINIC = ClinicTable(
    id="anhe",
    name="安和口腔",
    lat=30.6386,
    lon=104.0536,
    district="四川 成都 武侯区",
    doctors=("林知远医生",),
)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(version: str, tmp_path: Path) -> Settings:
    with tarfile.open(FOLDER / f"{version}.tar.xz") as archive:
        archive.extractall(tmp_path / "data", filter="data")
    return Settings(data_dir=tmp_path / "data", clinics=(CLINIC,))


def test_every_archive_is_of_a_version_that_is_known() -> None:
    assert {path.name.removesuffix(".tar.xz") for path in FOLDER.iterdir()} == VERSIONS.keys()


def test_leads_and_mentions_are_there(settings: Settings, version: str) -> None:
    with storage.open_index(settings, create=False) as index:
        counts = index.counts()
        found = index.search(LeadQuery(limit=100), now=NOW)
    assert (counts["leads"], counts["mentions"]) == (VERSIONS[version][1], 5)
    assert len(found.items) == counts["leads"] - counts["folded"]
    assert all(hit.lead.post.text and hit.lead.reasons for hit in found.items)


def test_people_judgements_and_erasures_are_there(settings: Settings) -> None:
    with open_records(settings) as records, records.reading() as session:
        assert [user.login for user in users.everybody(session)] == ["anna"]
        assert len(feedback.judgements(session)) == 1
        assert [each.key for each in erasures.listed(session, limit=10)] == ["sample-forum/t1001"]


def rows(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """All that the file of the records holds, but for what every opening writes."""
    with closing(sqlite3.connect(settings.data_dir / "records.sqlite")) as file:
        tables = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(file.execute(f"SELECT * FROM {name}"), key=repr)  # noqa: S608 - names of our tables
            for name in tables
            if name != "audit"
        }


def deeds(settings: Settings) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(settings.data_dir / "records.sqlite")) as file:
        return list(file.execute("SELECT at, who, action, subject, detail FROM audit ORDER BY id"))


def test_records_go_back_to_what_their_version_wrote_and_up_again(settings: Settings, version: str) -> None:
    wrote, done = rows(settings), deeds(settings)
    gone = take_back(settings, VERSIONS[version][0], now=NOW)
    assert not {"users", "feedback", "erasures", "users.login", "feedback.text"} & gone.keys()
    assert rows(settings) == wrote
    assert deeds(settings)[: len(done)] == done
    test_people_judgements_and_erasures_are_there(settings)


@pytest.fixture
def moved(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The same installation on PostgreSQL."""
    with database(server()) as address:
        there = Settings(data_dir=tmp_path / "data", records=address)
        with open_records(settings) as origin, open_records(there) as goal:
            copying.copy(origin, goal)
        yield there


def counts(records: Records) -> dict[str, int]:
    with records.reading() as session:
        names = schema.tables(session.connection())
        said = "SELECT count(*) FROM {}"
        return {name: session.execute(text(said.format(name))).scalar_one() for name in names}


def test_postgresql_goes_back_and_up_again_as_well(moved: Settings, version: str) -> None:
    with open_records(moved) as records:
        before = counts(records)
    gone = take_back(moved, VERSIONS[version][0], now=NOW)
    test_people_judgements_and_erasures_are_there(moved)
    with open_records(moved) as records:
        after = counts(records)
    assert set(after) == set(before)
    lost = {name for name in before if after[name] < before[name]}
    assert lost <= gone.keys() | {"audit_ends"}


def test_every_migration_has_its_way_back(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    for revision in reversed(schema.revisions()):
        take_back(settings, revision, now=NOW)
        with open_records(settings) as records, records.transaction() as session:
            users.by_login(session, "anna") or users.add_user(
                session, login="anna", name="安娜", role="doctor", now=NOW
            )
    with open_records(settings) as records, records.reading() as session:
        assert [user.login for user in users.everybody(session)] == ["anna"]


def test_what_has_no_place_in_the_older_version_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("users", "add", "anna", "--role", "marketer")
    said = run("downgrade", "0004", "--yes").out
    assert "丢掉了 users.start：1 行。" in said
    with pytest.raises(InputError, match="0001、0002"):
        take_back(Settings(data_dir=tmp_path / "data"), "0.1.0", now=NOW)


@pytest.mark.parametrize(
    ("file", "newer"),
    [
        ("records.sqlite", "UPDATE alembic_version SET version_num = '9999'"),
        ("leads.sqlite", "UPDATE meta SET value = '99' WHERE key = 'schema'"),
        ("coverage.sqlite", "PRAGMA user_version = 99"),
    ],
)
def test_what_a_newer_version_wrote_is_refused_in_a_sentence_and_left_alone(
    tmp_path: Path, file: str, newer: str
) -> None:
    settings = Settings(data_dir=tmp_path)
    with storage.open_index(settings), open_records(settings), storage.coverage(settings):
        pass
    with closing(sqlite3.connect(tmp_path / file)) as opened:
        opened.execute(newer)
        opened.commit()
    whole = (tmp_path / file).read_bytes()
    with (
        pytest.raises(StorageError, match="升级"),
        storage.open_index(settings),
        open_records(settings),
        storage.coverage(settings),
    ):
        pass
    assert (tmp_path / file).read_bytes() == whole


def test_what_was_crawled_is_known(settings: Settings) -> None:
    with storage.coverage(settings, create=False) as coverage:
        (run,) = coverage.runs()
        assert (run.source, run.outcome, run.totals.posts_new) == ("sample-forum", "ok", 123)
        assert coverage.cursor("sample-forum", "board:36")
