"""What every table has: times, and names of constraints.

A row is the record: there are no relationships and nothing loads lazily, so a row that was read stays a plain
value after its transaction. Changes go through the functions of `leads.records`, which write the history too.

Times are aware and in UTC; both databases keep them as such (`Moment`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    MetaData,
    String,
)
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass
from sqlalchemy.types import TypeDecorator

from leads.models import (
    AlertState,
    CaseStatus,
    Frequency,
    MentionState,
    Period,
    Role,
    RuleKind,
)


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite forgets the zone, so it is given back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Every table; constraints have names, so that a migration can speak of them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment,
        list[str]: JSON,
        list[int]: JSON,
        list[dict[str, object]]: JSON,
        dict[str, object]: JSON,
        Role: String(16),
        CaseStatus: String(16),
        MentionState: String(16),
        RuleKind: String(16),
        Frequency: String(16),
        Period: String(16),
        AlertState: String(16),
    }
