"""The system of record: users, clinics, cases, rules, alerts: all that a rebuilt index must not lose."""

from leads.records import tables_digests as tables_digests
from leads.records import tables_heard as tables_heard  # so that the metadata knows all tables
from leads.records.database import Records, open_records

__all__ = ["Records", "open_records"]
