"""What the commands do, between the settings and the parts: open, import, crawl, serve."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.coverage import Coverage, CoverageError, Run
from crawler.importers import ImportProblem, parse_columns, read
from crawler.secret import load_secret
from crawler.sources import PACKAGED, Source, SourceError, load_sources
from leads.alerts.causes import Causes
from leads.brands import BrandMatcher
from leads.config import Settings, load_settings, read_handed
from leads.crawling import Event, spawn
from leads.errors import ConfigError, InputError, StorageError
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.ingest import Ingestor, Report
from leads.models import Clinic
from leads.quarantine import Quarantine
from leads.records import Records, open_records
from leads.training import load_tagger

if TYPE_CHECKING:
    from leads.schedule import Round

TROUBLE = ("refused", "blocked", "failed", "silent")


@contextmanager
def open_index(settings: Settings, *, create: bool = True) -> Iterator[LeadIndex]:
    """The configured lead index, closed afterwards.

    Raises:
        StorageError: the data folder is missing (and `create` is not given), or not writable.
    """
    data_dir(settings, create=create)
    with open_backend(settings) as index:
        yield index


def data_dir(settings: Settings, *, create: bool = True) -> Path:
    """The data folder, made when `create` says so; raises StorageError."""
    folder = settings.data_dir
    if not folder.is_dir():
        if not create:
            raise StorageError(
                f"数据目录 {folder} 不存在：请先运行 tingzhen ingest 或 tingzhen crawl，或检查 data_dir。"
            )
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise StorageError(
                f"数据目录 {folder} 建不了（{error.strerror}）：请检查权限，或换一个 data_dir。"
            ) from error
    return folder


def author_secret(settings: Settings) -> bytes:
    """The key of author hashes, made on first use; raises StorageError."""
    folder = data_dir(settings)
    try:
        return load_secret(folder)
    except (OSError, ValueError) as error:
        raise StorageError(f"密钥文件读写不了（{error}）：请检查 {folder} 的权限。") from error


def known_clinics(settings: Settings) -> tuple[Clinic, ...]:
    """The clinics of the file and of the desk; raises ConfigError, StorageError."""
    from leads.records.clinics import known  # SQLAlchemy: only commands that need clinics wait for it

    return known(settings)


def ingestor(settings: Settings, index: LeadIndex, records: Records) -> Ingestor:
    """Ready to turn posts into leads, with the shipped models or the clinic's own."""
    clinics = known_clinics(settings)
    return Ingestor(
        tagger=load_tagger(settings.data_dir),
        index=index,
        quarantine=Quarantine(data_dir(settings) / "quarantine.jsonl"),
        clinics=clinics,
        brands=BrandMatcher(clinics),
        records=records,
        causes=Causes(max_age=timedelta(days=settings.alerts.max_age_days)),
        min_need=settings.leads.min_need,
        expire_days=settings.leads.expire_days,
    )


def crawl_ingestor() -> tuple[Callable[[], None], Ingestor]:
    """For the pipeline inside a crawl process: how to close, and the ingestor.

    A crawl started by `crawl` is handed its settings; one started by hand (`scrapy crawl`) reads its own.
    """
    handed = os.environ.get("TINGZHEN_HANDED_SETTINGS")
    settings = read_handed(Path(handed)) if handed else load_settings()
    data_dir(settings)
    with ExitStack() as stack:
        index = stack.enter_context(open_backend(settings))
        worker = ingestor(settings, index, stack.enter_context(open_records(settings)))
        return stack.pop_all().close, worker


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


def sources(settings: Settings) -> tuple[Source, ...]:
    """The configured sources; raises ConfigError."""
    path = Path(settings.crawl.sources) if settings.crawl.sources else PACKAGED
    try:
        return load_sources(path)
    except SourceError as error:
        raise ConfigError(str(error)) from error


def crawl(
    settings: Settings,
    names: Sequence[str],
    *,
    progress: Callable[[Event], None],
    recheck: bool = False,
    stop: threading.Event | None = None,
) -> list[Run]:
    """Crawl the named sources, or every enabled one, an engine at a time, each in a process of its own.
    `recheck` looks for nothing new: stored posts are visited again, and those gone at their source deleted.

    Raises:
        ConfigError: no such source, or none is enabled.
        BusyError, Stopped, StorageError: see `leads.crawling.spawn`.
    """
    chosen = _choose(sources(settings), names)
    folder = data_dir(settings)
    author_secret(settings)
    for engine in dict.fromkeys(source.engine for source in chosen):
        ours = [source for source in chosen if source.engine == engine]
        spawn(settings, folder, ours, progress, recheck=recheck, stop=stop)
    try:
        with closing(Coverage(folder / "coverage.sqlite")) as coverage:
            return [run for source in chosen for run in coverage.runs(source=source.name, limit=1)]
    except CoverageError as error:
        raise StorageError(str(error)) from error


def _choose(known: Sequence[Source], names: Sequence[str]) -> list[Source]:
    by_name = {source.name: source for source in known}
    for name in names:
        if name not in by_name:
            raise ConfigError(f"没有叫 {name!r} 的来源：可用 {'、'.join(by_name) or '（一个都没有）'}。")
    chosen = [by_name[name] for name in names] or [source for source in known if source.enabled]
    if not chosen:
        raise ConfigError("没有启用的来源：请在 sources.toml 里写一个，或把 enabled 改成 true。")
    return chosen


def serve(settings: Settings, *, port: int | None = None, demo: bool = False) -> None:
    """The desk, and what happens by itself, until interrupted; `demo` prints a link that needs no password.

    Raises:
        ConfigError: other machines could reach it, and nobody has a password.
        InputError: the port is taken.
        StorageError: the data folder, the index or the records cannot be opened.
    """
    from leads import serving
    from leads.records import open_records
    from leads.schedule import Schedule
    from leads.web.app import create_app

    data_dir(settings)
    chosen = port or settings.web.port
    serving.guard(settings)
    check_port(settings.web.host, chosen)
    app = create_app(settings)
    greeting = serving.greeting(settings, port=chosen, now=datetime.now(UTC), demo=demo)
    with open_index(settings) as index, open_records(settings) as records:
        schedule = Schedule(settings, records, index)
        schedule.start()
        try:
            serving.run(app, settings.web.host, chosen, greeting)
        finally:
            schedule.stop()


def run_once(settings: Settings) -> Round:
    """One round of what `serve` does by itself, for cron and systemd.

    Raises:
        TingzhenError: what cannot be done at all.
    """
    from leads import schedule
    from leads.records import open_records

    with open_index(settings) as index, open_records(settings) as records:
        return schedule.run_once(settings, records, index)


def check_port(host: str, port: int) -> None:
    """Raises InputError when another program has the port."""
    import socket

    if not 1 <= port <= 65535:
        raise InputError(f"端口 {port} 不可用：请给 1 到 65535 之间的数。")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"端口 {port} 打不开（{error.strerror}）：请用 --port 换一个，或关掉占用它的程序。"
            ) from error
