"""The clinics kept on the page."""

from __future__ import annotations

from sqlalchemy import (
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from leads.records.tables.base import Base


class ClinicRow(Base):
    """A clinic as it is worked with. `managed_by` "file": tingzhen.toml says what it is on every start."""

    __tablename__ = "clinics"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    lat: Mapped[float]  # WGS-84 degrees
    lon: Mapped[float]
    adcode: Mapped[str] = mapped_column(String(6))
    reach_km: Mapped[float] = mapped_column(default=5.0)
    aliases: Mapped[list[str]] = mapped_column(default_factory=list)
    doctors: Mapped[list[str]] = mapped_column(default_factory=list)
    specialties: Mapped[list[str]] = mapped_column(default_factory=list)
    exclude: Mapped[list[str]] = mapped_column(default_factory=list)
    competitors: Mapped[list[str]] = mapped_column(default_factory=list)
    own_accounts: Mapped[list[str]] = mapped_column(default_factory=list)  # author keys of its own accounts
    cards: Mapped[list[dict[str, object]]] = mapped_column(
        default_factory=list, server_default="[]"
    )  # of its doctors, as leads.models.DoctorCard
    quiet_from: Mapped[str] = mapped_column(String(5), default="")  # "22:00", Beijing time; "" for none
    quiet_to: Mapped[str] = mapped_column(String(5), default="")
    managed_by: Mapped[str] = mapped_column(String(8), default="page")  # page | file
    version: Mapped[int] = mapped_column(default=1)
