"""Opening the system of record: SQLite in the data folder, or PostgreSQL by address, at the newest schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from crawler import owner_only
from crawler.system_errors import os_reason
from leads.config import Settings
from leads.errors import StorageError
from leads.records import audit, schema
from leads.records.jobs import Jobs
from leads.records.jobs.embedded import EmbeddedJobs
from leads.records.seal import NAME, PREFIX, Seal, load_seal
from leads.records.tables.alerts import Channel

FILE = "records.sqlite"
BUSY_MS = 20_000  # a crawl process and the desk write the same file; waiting beats failing
_READING = "tingzhen_reading"


class Records:
    """An open system of record. One per process; safe to use from several threads."""

    def __init__(self, engine: Engine, seal: Seal, jobs: Jobs) -> None:
        self.engine, self.seal = engine, seal
        self._sessions = sessionmaker(engine, expire_on_commit=False, info={"seal": seal, "jobs": jobs})
        audit.watch(self._sessions)

    @property
    def shared(self) -> bool:
        """Other machines may work on the same records."""
        return self.engine.dialect.name == "postgresql"

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
        schema.upgrade(engine)
        jobs = _queue(engine)
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
    return Records(engine, seal, jobs)


def _queue(engine: Engine) -> Jobs:
    """The queue that goes with the database, its tables at this version's state."""
    if engine.dialect.name == "sqlite":
        return EmbeddedJobs()
    try:
        # Imported late: who keeps everything in one file needs no PostgreSQL queue.
        from leads.records.jobs import shared
    except ImportError as error:
        raise StorageError(
            f'缺少 PostgreSQL 的任务队列（{error.name}）：请运行 pip install "tingzhen[postgres]"。'
        ) from error
    shared.apply_schema(engine)
    jobs = shared.SharedJobs()
    with Session(engine) as session, session.begin():
        shared.take_over_rows(session, jobs, datetime.now(UTC))
    return jobs


def take_back(settings: Settings, revision: str, *, now: datetime) -> Mapping[str, int]:
    """The configured records as an older version wants them; nobody else may use them meanwhile. What held
    something that it has no place for, and how many rows: a table, or a column as "table.column".

    Raises:
        InputError: there is no such revision.
        StorageError: not reachable or not writable.
    """
    with open_records(settings) as records, _translated():
        with records.transaction() as session:
            audit.note(session, who=audit.SYSTEM, action="records.downgrade", subject=revision, now=now)
        return schema.downgrade(records.engine, revision)


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
