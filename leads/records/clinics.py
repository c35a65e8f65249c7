"""The clinics that are looked for leads and mentions: those of tingzhen.toml and those kept on the page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.config import Settings
from leads.models import Clinic
from leads.records.tables import ClinicRow

_LISTS = ("aliases", "doctors", "specialties", "exclude", "competitors", "own_accounts")


def clinics(session: Session) -> tuple[Clinic, ...]:
    """Every clinic, those of the file first in its order of ids, as the rest of the system knows them."""
    rows = session.scalars(select(ClinicRow).order_by(ClinicRow.managed_by, ClinicRow.id))
    return tuple(_clinic(row) for row in rows)


def adopt_file(session: Session, settings: Settings) -> None:
    """Bring the records to what tingzhen.toml says.

    A clinic that the page has taken over stays as it is there; one that left the file goes.

    Raises:
        ConfigError: a clinic in the file is wrong.
    """
    wanted = {clinic.id: clinic for clinic in settings.clinic_records()}
    rows = {row.id: row for row in session.scalars(select(ClinicRow))}
    for row in rows.values():
        if row.managed_by == "file" and row.id not in wanted:
            session.delete(row)
    for clinic in wanted.values():
        kept = rows.get(clinic.id)
        if kept is None:
            session.add(ClinicRow(**_columns(clinic), managed_by="file"))
        elif kept.managed_by == "file":
            for name, value in _columns(clinic).items():
                setattr(kept, name, value)


def _columns(clinic: Clinic) -> dict[str, Any]:  # the columns of a row, each of its own type
    return {key: list(value) if key in _LISTS else value for key, value in asdict(clinic).items()}


def _clinic(row: ClinicRow) -> Clinic:
    return Clinic(
        id=row.id,
        name=row.name,
        lat=row.lat,
        lon=row.lon,
        adcode=row.adcode,
        reach_km=row.reach_km,
        aliases=tuple(row.aliases),
        doctors=tuple(row.doctors),
        specialties=tuple(row.specialties),
        exclude=tuple(row.exclude),
        competitors=tuple(row.competitors),
        own_accounts=tuple(row.own_accounts),
    )
