"""Files that somebody already holds, one after the other: for `tingzhen ingest` and the page 导入."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from crawler.importers import ImportProblem, Post, Rejected, Sight, look, parse_columns, read
from leads.config import Settings
from leads.errors import InputError
from leads.ingest.build import ingestor, tag_processes
from leads.ingest.ingestor import Ingestor, Report, kind_of_fault
from leads.ingest.tagged import masked
from leads.records import open_records
from leads.storage import author_key_problem, author_secret, open_index, whole_records
from nlp.text.normal import normalise

FIRST = 10  # records of a preview


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
    rejected: Callable[[Rejected], None] = lambda record: None,
    workers: int = 1,
    keep_raw: int = 0,
) -> ImportReport:
    """Import each file; one that cannot be read is reported and the others go on. With more than one of
    `workers`, as many processes tag while this one reads and stores. `keep_raw`: for how many days what
    cannot be read is kept as it came, names and all; 0 is not at all.

    Raises:
        StorageError: the index or quarantine cannot be written.
    """
    out = ImportReport()
    secret, now = author_secret(settings), datetime.now(UTC)
    out.notices += filter(None, [author_key_problem(settings, now=now)])
    with (
        open_index(settings) as index,
        open_records(settings) as desk,
        tag_processes(settings, desk, workers) as processes,
    ):
        worker = replace(ingestor(settings, index, desk), processes=processes)
        whole_records(settings).prune(now)
        if keep_raw:
            until = now + timedelta(days=keep_raw)
            worker = replace(worker, whole=whole_records(settings), whole_until=until)
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
                    rejected=rejected,
                )
            except ImportProblem as error:
                out.failed_files[str(file)] = str(error)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """One post of a preview, masked: where and when as they were read, what the tags say, and whether it
    would become a lead. `fault` says instead why a record is no post."""

    line: int = 0
    text: str = ""
    at: datetime | None = None
    place: str = ""
    symptoms: tuple[str, ...] = ()
    seeker: float = 0.0
    lead: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeen:
    """A file before it is imported. `problem` says why none of it can be read with these columns."""

    sight: Sight
    rows: tuple[Understood, ...] = ()
    notices: tuple[str, ...] = ()
    problem: str = ""


def preview(settings: Settings, file: Path, *, columns: Mapping[str, str], now: datetime) -> FileSeen:
    """The first records as they would be understood; nothing is stored.

    Raises:
        InputError: the file cannot be read at all.
        StorageError: index or records cannot be opened.
    """
    try:
        sight = look(file)
    except ImportProblem as error:
        raise InputError(str(error)) from error
    notices: list[str] = []
    secret = author_secret(settings)
    try:
        records = read(file, now=now, secret=secret, columns=columns or None, notice=notices.append)
        first = list(islice(records, FIRST))
    except ImportProblem as error:
        return FileSeen(sight=sight, problem=str(error))
    with open_index(settings) as index, open_records(settings) as desk:
        worker = ingestor(settings, index, desk)
        rows = tuple(_understood(each, worker) for each in first)
    return FileSeen(sight=sight, rows=rows, notices=tuple(notices))


def _understood(record: Post | Rejected, worker: Ingestor) -> Understood:
    if isinstance(record, Rejected):
        return Understood(line=record.line, fault=kind_of_fault(record.reason))
    post = masked(record)
    tags = worker.tagger.tag(post.full_text, post.place_hints)
    return Understood(
        text=post.full_text,
        at=post.published_at,
        place=tags.region.name if tags.region else "",
        symptoms=tuple(dict.fromkeys(each.name for each in tags.symptoms if each.present)),
        seeker=tags.intent.seeker,
        lead=worker.judge(post, tags, normalise(post.full_text)) is not None,
    )


def column_map(text: str | None) -> dict[str, str] | None:
    """`--columns` as a map; raises InputError."""
    try:
        return None if text is None else parse_columns(text)
    except ImportProblem as error:
        raise InputError(str(error)) from error
