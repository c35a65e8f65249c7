"""What every page needs: the index, the records, the clock, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from pydantic import Field

from leads.config import Settings
from leads.index.base import LeadIndex
from leads.models import Clinic, Clock, system_clock
from leads.records import Records
from leads.records.clinics import clinics

LARGEST_NUMBER = 2**31 - 1  # of an id or version; more is no number of ours, and PostgreSQL's limit
Number = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
RowId = Annotated[int, Path(ge=0, le=LARGEST_NUMBER)]  # in an address; what is none is answered with 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The parts behind the pages; one per application."""

    settings: Settings
    index: LeadIndex
    records: Records
    clock: Clock = system_clock

    def clinics(self) -> tuple[Clinic, ...]:
        """All clinics as they are now; another worker may have changed one."""
        with self.records.reading() as session:
            return clinics(session)

    def address(self, request: Request) -> str:
        """Where people open the desk, without a slash at the end: for links that leave the browser."""
        return (self.settings.web.public_url or str(request.base_url)).rstrip("/")


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]
