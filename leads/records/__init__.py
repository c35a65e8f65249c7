"""The system of record: users, clinics, cases, rules, alerts: all that a rebuilt index must not lose."""

from leads.records.database import Records, open_records

__all__ = ["Records", "open_records"]
