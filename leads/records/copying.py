"""All rows of one system of record into another, whichever databases they are: backups, and moving house."""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, insert, select

from leads.errors import StorageError
from leads.records.database import Records
from leads.records.tables.base import Base

BATCH = 1000  # rows in memory


def copy(source: Records, target: Records) -> int:
    """Copy every table as of one moment into records that are empty; how many rows there are.

    Ids stay; PostgreSQL counts on after the highest. Addresses of channels stay sealed as they are: they are
    of use only together with the data folder whose key sealed them.

    Raises:
        StorageError: one of the two fails, or the target is not empty.
    """
    with source.reading() as reading, target.transaction() as writing:
        origin, goal = reading.connection(), writing.connection()
        if (
            origin.dialect.name == "postgresql"
        ):  # all tables as of one moment; SQLite's reading is that anyway
            origin.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if rows(goal):
            raise StorageError("要恢复到的记录库不是空的：请换一个空的数据库，或先把它移走。")
        return sum(_copied(origin, goal, table) for table in Base.metadata.sorted_tables)


def rows(connection: Connection) -> int:
    """How many there are in all tables."""
    tables = Base.metadata.sorted_tables
    return sum(connection.scalar(select(func.count()).select_from(each)) or 0 for each in tables)


def _copied(origin: Connection, goal: Connection, table: Table) -> int:
    count = 0
    found = origin.execution_options(yield_per=BATCH).execute(select(table)).mappings()
    for some in found.partitions(BATCH):
        goal.execute(insert(table), [dict(each) for each in some])
        count += len(some)
    if goal.dialect.name == "postgresql":
        _count_on(goal, table)
    return count


def _count_on(goal: Connection, table: Table) -> None:
    """Numbers that PostgreSQL gives out go on after those that were brought."""
    column = table.autoincrement_column
    if column is not None:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        highest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
        goal.execute(select(func.setval(sequence, highest, False)))
