"""Opening the system of record: SQLite in the data folder, or PostgreSQL by address, at the newest schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    create_mock_engine,
    event,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.schema import ExecutableDDLElement

from crawler import owner_only
from crawler.system_errors import os_reason
from leads.config import Settings
from leads.errors import StorageError
from leads.records import audit
from leads.records.seal import NAME, PREFIX, Seal, load_seal
from leads.records.tables.alerts import Channel
from leads.records.tables.base import Base

FILE = "records.sqlite"
BUSY_MS = 20_000  # a crawl process and the desk write the same file; waiting beats failing
_UPGRADE_LOCK = 7_391_204_511  # any number, the same for every process of ours


_READING = "tingzhen_reading"


class Records:
    """An open system of record. One per process; safe to use from several threads."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self.engine, self.seal = engine, seal
        self._sessions = sessionmaker(engine, expire_on_commit=False, info={"seal": seal})
        audit.watch(self._sessions)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """All that is done inside happens, or none of it.

        Raises:
            StorageError: the database cannot be reached, read or written.
        """
        with _translated(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view, without holding up writers; what is changed inside is not kept.

        Raises:
            StorageError: as above.
        """
        with _translated(), self._sessions() as session:
            session.connection(execution_options={_READING: True})
            yield session

    def scrub(self) -> None:
        """What was deleted leaves SQLite's file, which is written anew, and its log. PostgreSQL: nothing.

        Raises:
            StorageError: as above.
        """
        # SQLite overwrites what is deleted, but not copies that moving rows has left in unused places.
        self._on_sqlite("VACUUM")
        self.cut_log()

    def cut_log(self) -> None:
        """What was deleted leaves SQLite's log, which keeps old pages; where somebody reads, the next time.

        Raises:
            StorageError: as above.
        """
        self._on_sqlite("PRAGMA wal_checkpoint(TRUNCATE)")

    def _on_sqlite(self, statement: str) -> None:
        if self.engine.dialect.name == "sqlite":
            with _translated(), closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute(statement)

    def close(self) -> None:
        """Release all connections; closing twice is fine."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_records(settings: Settings) -> Records:
    """The configured records, upgraded to this version's schema.

    Raises:
        StorageError: not reachable, not writable, or written by a newer version of tingzhen.
    """
    url = address(settings)
    if settings.records == "sqlite":
        owner_only.own(settings.data_dir / FILE)
    try:
        engine = _engine(url)
        _upgrade(engine)
        seal = load_seal(settings.data_dir)
        _seal_addresses(engine, seal)
    except OSError as error:
        found = f"密钥文件 {settings.data_dir / NAME} 读写不了（{os_reason(error)}）"
        raise StorageError(f"{found}：请检查目录权限。") from error
    except (SQLAlchemyError, ValueError) as error:
        # ValueError: what stands behind the last colon is no port. Nothing is chained: a trace would show it.
        found = f"记录库 {_shown(url)} 打不开（{_cause(error, url)}）"
        raise StorageError(f"{found}：请检查 records 设置、目录权限或数据库服务。") from (
            error if url.startswith("sqlite") else None
        )
    return Records(engine, seal)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(
            f"记录库读写失败（{_cause(error)}）：请检查磁盘空间、权限或数据库连接。"
        ) from error


def address(settings: Settings) -> str:
    """The SQLAlchemy address of the configured records."""
    if settings.records == "sqlite":
        return f"sqlite:///{Path(settings.data_dir) / FILE}"
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", settings.records)


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:  # sqlite3's connection; SQLAlchemy's own record
    connection.isolation_level = None  # transactions are begun by us, below
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a tombstone, a password, an alert that was sent survive a power cut, not just a kill.
    connection.execute("PRAGMA synchronous = FULL")
    # What is deleted is overwritten: somebody may have asked for it.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_immediate(connection: Connection) -> None:
    # Taking the write lock at once makes two writers wait for each other; upgrading a lock later would fail.
    reading = connection.get_execution_options().get(_READING)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _upgrade(engine: Engine) -> None:
    script = _script()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # SQLite's transaction is its own lock
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
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
        if current is not None and current not in {each.revision for each in script.walk_revisions()}:
            raise StorageError("记录库是更新版本的听诊写的：请升级听诊，或换一个 data_dir。")
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


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


def _seal_addresses(engine: Engine, seal: Seal) -> None:
    """Addresses of channels that were written before they were encrypted."""
    plain = Channel.address.not_like(f"{PREFIX}%") & (Channel.address != "{}")
    with engine.connect() as connection:
        if connection.execution_options(**{_READING: True}).scalar(select(Channel.id).where(plain)) is None:
            return
    with engine.begin() as connection:
        for number, address in connection.execute(select(Channel.id, Channel.address).where(plain)).all():
            closed = update(Channel).where(Channel.id == number).values(address=seal.close(address))
            connection.execute(closed)


# What SQLite says, as far as somebody can do something about it.
_IN_CHINESE = {
    "readonly database": "文件是只读的",
    "database is locked": "另一个进程一直占着它",
    "disk is full": "磁盘满了",
    "unable to open database file": "文件打不开",
    "not a database": "文件不是数据库",
}


def _cause(error: Exception, url: str = "") -> str:
    """The driver's own first line; SQLAlchemy's text would show statements with their values.

    Of `url` nothing is in it that could be a piece of the password.
    """
    origin = getattr(error, "orig", None)
    said = (str(origin or type(error).__name__).splitlines() or [type(error).__name__])[0]
    for piece in _pieces(url):
        said = said.replace(piece, "***")
    known = next((words for part, words in _IN_CHINESE.items() if part in said), "")
    return known or said[:200]


def _pieces(url: str) -> list[str]:
    """The password, and what is left of it where an unescaped @, : or / ended it early; longest first."""
    user_info = re.search(r"//(.*)@", url)
    secrets = [user_info[1].partition(":")[2] if user_info else "", url.partition("?")[2]]
    found = {unquote(each) for text in secrets for each in [text, *re.split(r"[@:/?#&=\[\]]", text)]}
    return sorted((each for each in found if len(each) > 1), key=len, reverse=True)


def _shown(url: str) -> str:
    """Without user and password: whatever stands before the last @ may be a part of one."""
    return re.sub(r"\?.*", "?***", re.sub(r"//.*@", "//***@", url))
