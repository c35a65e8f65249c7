"""Every table, as SQLAlchemy classes; importing this package makes the metadata know them all."""

from leads.records.tables import (
    alerts,
    clinics,
    digests,
    heard,
    jobs,
    mentions,
    people,
    readings,
    retags,
    work,
)

__all__ = [
    "alerts",
    "clinics",
    "digests",
    "heard",
    "jobs",
    "mentions",
    "people",
    "readings",
    "retags",
    "work",
]
