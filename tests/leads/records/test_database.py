"""The records open at the newest schema, keep times aware, and say clearly what is wrong."""

from __future__ import annotations

import json
import traceback
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from leads.alerts.outbox.claims import claim
from leads.config import Settings
from leads.errors import StorageError
from leads.records import database, erasures, open_records, origins
from leads.records.tables.alerts import Alert
from leads.records.tables.base import Base
from leads.records.tables.people import User
from tests.support.builders import post
from tests.support.outbox_people import alert, channel, person

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def user(login: str) -> User:
    return User(login=login, name=login, role="admin", created_at=NOW)


def migrated(connection: Connection) -> None:
    """All that led to the tables of today, step by step."""
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def shape(connection: Connection) -> object:
    """Everything a database says of its tables, conditions of an index as text."""
    looked_at = inspect(connection)
    said = {
        name: [
            looked_at.get_columns(name),
            [looked_at.get_pk_constraint(name)],
            looked_at.get_foreign_keys(name),
            looked_at.get_unique_constraints(name),
            looked_at.get_indexes(name),
        ]
        for name in looked_at.get_table_names()
    }
    return {name: [sorted(map(_text, part)) for part in parts] for name, parts in said.items()}


def _text(part: object) -> str:
    return json.dumps(part, default=str, sort_keys=True)


def of_ours(_made: object, name: str | None, kind: str, *_rest: object) -> bool:
    """Not of the queue, whose tables are the library's (leads.records.jobs.shared)."""
    return not (kind == "table" and (name or "").startswith(("procrastinate_", "queue_migrations")))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_new_records_have_exactly_the_tables_that_the_migrations_make(
    tmp_path: Path, postgres: str, kind: str
) -> None:
    """New ones are made at once; both ways lead to the same, on both databases."""
    fresh = Settings(data_dir=tmp_path, records="sqlite" if kind == "sqlite" else postgres)
    with open_records(fresh) as records, records.engine.begin() as connection:
        at_once = shape(connection)
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": of_ours}
        )
        assert compare_metadata(context, Base.metadata) == []
        assert MigrationContext.configure(connection).get_current_revision() is not None
        for table in [*Base.metadata.sorted_tables[::-1]]:
            table.drop(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        migrated(connection)
        assert shape(connection) == at_once


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with open_records(settings) as records, records.transaction() as session:
        session.add(user("lin"))
    with open_records(settings) as records, records.reading() as session:
        assert session.scalars(select(User.login)).all() == ["lin"]


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with open_records(Settings(data_dir=tmp_path)) as records:
        with suppress(RuntimeError), records.transaction() as session:
            session.add(user("lin"))
            session.flush()
            raise RuntimeError
        with records.reading() as session:
            assert session.scalars(select(User)).all() == []


def test_times_come_back_in_utc_whatever_zone_they_had(tmp_path: Path) -> None:
    beijing = datetime(2026, 11, 22, 16, 0, tzinfo=timezone(timedelta(hours=8)))
    with open_records(Settings(data_dir=tmp_path)) as records:
        with records.transaction() as session:
            session.add(User(login="lin", name="", role="admin", created_at=beijing))
        with records.reading() as session:
            kept = session.scalars(select(User.created_at)).one()
    assert kept == beijing
    assert kept.tzinfo is UTC


def test_a_reader_does_not_hold_up_a_writer(tmp_path: Path) -> None:
    with open_records(Settings(data_dir=tmp_path)) as records, records.reading() as reading:
        assert reading.scalars(select(User)).all() == []
        with records.transaction() as writing:
            writing.add(user("lin"))
        assert reading.scalars(select(User)).all() == []  # still its own view


def test_records_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with open_records(settings) as records, records.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="更新版本"):
        open_records(settings)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="打不开"):
        open_records(Settings(data_dir=tmp_path))


@pytest.mark.parametrize(
    "address",
    [
        "desk:geheim@127.0.0.1:1/none",
        "desk:ge/heim@127.0.0.1:1/none",
        "desk:x@geheim@127.0.0.1:1/none",  # the driver looks for a host with half the password in its name
        "desk:geheim@x@127.0.0.1:1/none",
        "desk:x@y:geheim/z@127.0.0.1:1/none",  # what would be the port is a piece of it
        "desk:a@[geheim]@127.0.0.1:1/none",
        "desk:ge%40heim@127.0.0.1:1/none",
        "desk:x?geheim@127.0.0.1:1/none",
        "127.0.0.1:1/none?password=geheim",
        "127.0.0.1:1/none?geheim=1",
    ],
)
def test_a_password_is_not_in_the_sentence_about_an_unreachable_server(address: str) -> None:
    with pytest.raises(StorageError, match="打不开") as caught:
        open_records(Settings(records=f"postgresql://{address}"))
    told = "".join(traceback.format_exception(caught.value))
    for piece in ("geheim", "heim", "ge/", "ge%40"):
        assert piece not in told
    assert "127.0.0.1:1" in str(caught.value)


def test_records_of_the_first_release_get_what_came_later_and_keep_what_they_hold(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with open_records(settings) as records, records.transaction() as session:
        erasures.bury(session, "post", "forum/1", who="lin", now=NOW)
    database.take_back(settings, "0001", now=NOW)
    with open_records(settings) as records, records.transaction() as session:
        origins.keep(session, [post(1), post(2)])
        assert erasures.erased(session, [post(1), post(2)]) == {"forum/1"}


def test_an_alert_tried_before_its_first_try_was_kept_is_tried_on(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with open_records(settings) as records, records.transaction() as session:
        written = alert(session, 1, channel(session, person(session)), attempts=2)
    database.take_back(settings, "0002", now=NOW)
    with open_records(settings) as records, records.transaction() as session:
        assert session.get_one(Alert, written.id).first_tried_at is None
        (taken,) = claim(session, "w", NOW, 5)
    assert (taken.id, taken.attempt, taken.first_tried_at) == (written.id, 3, NOW)
