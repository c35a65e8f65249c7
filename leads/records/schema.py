"""The tables of the records: made, brought up to this version, or taken back to an older one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_mock_engine, func, inspect, select, table, text
from sqlalchemy.schema import ExecutableDDLElement

from leads.errors import InputError, StorageError
from leads.records.tables.base import Base

_UPGRADE_LOCK = 7_391_204_511  # any number, the same for every process of ours


def upgrade(engine: Engine) -> None:
    """To this version's tables; all of it happens or nothing.

    Raises:
        StorageError: a newer version wrote them.
    """
    script = _script()
    with engine.begin() as connection:
        _wait_for_others(connection)
        context = MigrationContext.configure(connection)
        current = context.get_current_revision()
        if current == script.get_current_head():
            return
        if current is None and not inspect(connection).get_table_names():
            # Nothing to bring along: the tables as they are, a tenth of the time of all that led to them.
            for statement in _tables(connection.dialect.name):
                connection.exec_driver_sql(statement)
            context.stamp(script, "head")
            return
        if current is not None and current not in revisions():
            raise StorageError("记录库是更新版本的听诊写的：请升级听诊，或换一个 data_dir。")
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def downgrade(engine: Engine, revision: str) -> Mapping[str, int]:
    """Back to the tables of an older version; all of it happens or nothing. What the older version has no
    place for goes: the tables, and columns as "table.column", that held something, with their rows.

    Raises:
        InputError: there is no such older revision.
    """
    if revision not in revisions():  # before anything is touched
        raise InputError(f"没有 {revision} 这个记录库版本：可用 {'、'.join(revisions())}。")
    with _without_foreign_keys(engine) as connection:
        _wait_for_others(connection)
        if MigrationContext.configure(connection).get_current_revision() == revision:
            return {}
        before = _held(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        return dict(_gone(before, _held(connection)))


def revisions() -> tuple[str, ...]:
    """All there are, the first one first."""
    return tuple(each.revision for each in reversed([*_script().walk_revisions()]))


def tables(connection: Connection) -> tuple[str, ...]:
    """The names of those that are there."""
    return tuple(sorted(inspect(connection).get_table_names()))


def _wait_for_others(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # SQLite's transaction is its own lock
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})


@contextmanager
def _without_foreign_keys(engine: Engine) -> Iterator[Connection]:
    """A transaction in which SQLite copies a table without emptying those that point at it."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            yield connection
        return
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - it was just opened
        driver.execute("PRAGMA foreign_keys = OFF")  # has no effect once a transaction has begun
        with connection.begin():
            yield connection
        connection.detach()  # it is closed, not used again


_Held = Mapping[str, tuple[int, frozenset[str]]]  # table → rows, columns


def _held(connection: Connection) -> _Held:
    looked_at = inspect(connection)
    return {
        name: (
            connection.scalar(select(func.count()).select_from(table(name))) or 0,
            frozenset(column["name"] for column in looked_at.get_columns(name)),
        )
        for name in looked_at.get_table_names()
    }


def _gone(before: _Held, after: _Held) -> Iterator[tuple[str, int]]:
    for name, (rows, columns) in before.items():
        if rows and name not in after:
            yield name, rows
        elif rows:
            for column in sorted(columns - after[name][1]):
                yield f"{name}.{column}", rows


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def _script() -> ScriptDirectory:
    """All migrations, read once a process: half the time of opening records that exist already."""
    return ScriptDirectory.from_config(_config())


@cache
def _tables(dialect: str) -> tuple[str, ...]:
    """The statements that make today's tables, put into words once a process: two thirds of making them."""
    said: list[str] = []

    def write_down(statement: ExecutableDDLElement, *_: object) -> None:
        said.append(str(statement.compile(dialect=engine.dialect)))

    engine = create_mock_engine("sqlite://" if dialect == "sqlite" else "postgresql+psycopg://", write_down)
    Base.metadata.create_all(engine, checkfirst=False)
    return tuple(said)
