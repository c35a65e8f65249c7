"""What every page needs: the index, the records, the clock, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Request
from pydantic import Field

from leads.config import Settings
from leads.index.base import LeadIndex
from leads.insights.kept import KeptAnswer, KeptAnswers
from leads.models import Clinic, Clock, system_clock
from leads.records import Records
from leads.records.clinics import clinics

T = TypeVar("T")
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
    kept: KeptAnswers = field(default_factory=KeptAnswers)

    def ask(self, question: Hashable, make: Callable[[], T]) -> KeptAnswer[T]:
        """`KeptAnswers.ask` of this desk's index, now."""
        return self.kept.ask(self.index, question, make, now=self.clock())

    def close(self) -> None:
        """Nothing is read any more."""
        self.kept.close()
        self.index.close()
        self.records.close()

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
