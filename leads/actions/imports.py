"""`tingzhen ingest`: files that somebody already holds, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from crawler.importers import ImportProblem, parse_columns, read
from leads.config import Settings
from leads.errors import InputError
from leads.ingest.build import ingestor
from leads.ingest.ingestor import Report
from leads.records import open_records
from leads.storage import author_key_problem, author_secret, open_index


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What `tingzhen ingest` did, file by file and in all."""

    files: dict[str, Report] = field(default_factory=dict)
    failed_files: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    quarantine: Path = Path()

    def total(self, name: str) -> int:
        return sum(getattr(report, name) for report in self.files.values())


def ingest_files(
    settings: Settings,
    files: Sequence[Path],
    *,
    format_: str | None,
    columns: Mapping[str, str] | None,
    progress: Callable[[str, Report], None],
) -> ImportReport:
    """Import each file; one that cannot be read is reported and the others go on.

    Raises:
        StorageError: the index or quarantine cannot be written.
    """
    out = ImportReport()
    secret, now = author_secret(settings), datetime.now(UTC)
    out.notices += filter(None, [author_key_problem(settings, now=now)])
    with open_index(settings) as index, open_records(settings) as desk:
        worker = ingestor(settings, index, desk)
        out.quarantine = worker.quarantine.path
        for file in files:
            try:
                records = read(
                    file, now=now, secret=secret, format=format_, columns=columns, notice=out.notices.append
                )
                # Kept from the start: a file that breaks on the way has still brought something.
                out.files[str(file)] = report = Report()
                worker.run(
                    records,
                    origin=file.name,
                    now=now,
                    report=report,
                    progress=partial(progress, file.name),
                )
            except ImportProblem as error:
                out.failed_files[str(file)] = str(error)
    return out


def column_map(text: str | None) -> dict[str, str] | None:
    """`--columns` as a map; raises InputError."""
    try:
        return None if text is None else parse_columns(text)
    except ImportProblem as error:
        raise InputError(str(error)) from error
