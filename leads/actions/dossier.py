"""`tingzhen dossier`: the dossier made, its last link written down, and a made one verified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crawler import owner_only
from crawler.system_errors import os_reason
from leads import storage
from leads.config import Settings
from leads.dossier.chained_file import Chained, verified
from leads.dossier.document import TITLES, document
from leads.dossier.facts import gather
from leads.errors import InputError, StorageError
from leads.index.base import LeadIndex
from leads.models import BEIJING
from leads.records import Records, audit, open_records

MADE = "export.dossier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A file in which nothing was changed. `made_at`: when this installation wrote its last link down; None
    where the records do not know it, so that somebody else may have made the whole file."""

    link: str
    made_at: datetime | None


def make(settings: Settings, records: Records, index: LeadIndex, *, who: str, now: datetime) -> Chained:
    """The dossier of this moment; raises StorageError, ConfigError."""
    made = document(gather(settings, records, index, now=now))
    with records.transaction() as session:
        audit.note(session, who=who, action=MADE, now=now, link=made.link)
    return made


def file_name(now: datetime) -> str:
    """What a dossier is called that nobody has named."""
    return f"tingzhen-dossier-{now.astimezone(BEIJING):%Y%m%d-%H%M}.html"


def by_command(settings: Settings, out: Path | None, *, now: datetime) -> tuple[Path, str]:
    """Writes it to `out`, or under its own name here; the file and its last link. Raises as `make`."""
    file = out or Path(file_name(now))
    with storage.open_index(settings) as index, open_records(settings) as records:
        made = make(settings, records, index, who=audit.SYSTEM, now=now)
    try:
        owner_only.own(file)
        file.write_bytes(made.content)
    except OSError as error:
        raise StorageError(f"合规材料写不到 {file}（{os_reason(error)}）：请检查路径和权限。") from error
    return file, made.link


def verify(settings: Settings, file: Path) -> Verified:
    """Holds a file against its chain, and its last link against the records, where there are any.

    Raises:
        InputError: it cannot be read, or is not what was written.
        StorageError: the records cannot be read.
    """
    try:
        link = verified(file.read_bytes(), TITLES)
    except OSError as error:
        raise InputError(f"{file} 读不了（{os_reason(error)}）：请检查路径。") from error
    return Verified(link=link, made_at=_written_down(settings, link))


def _written_down(settings: Settings, link: str) -> datetime | None:
    if settings.records == "sqlite" and not settings.data_dir.is_dir():
        return None
    with open_records(settings) as records, records.reading() as session:
        rows = audit.entries(session, limit=100_000, action=MADE)
        return next((row.at for row in rows if row.detail.get("link") == link), None)
