"""What the commands do, between the settings and the parts: open, import, crawl, serve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from crawler.coverage import Coverage, CoverageError, Run
from crawler.importers import ImportProblem, parse_columns, read
from crawler.secret import load_secret
from crawler.sources import PACKAGED, Source, SourceError, load_sources
from leads.config import Settings, load_settings, read_handed
from leads.errors import ConfigError, InputError, StorageError
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.ingest import Ingestor, Report
from leads.match import BrandMatcher
from leads.quarantine import Quarantine
from leads.training import load_tagger

TROUBLE = ("refused", "blocked", "failed", "silent")
Event = dict[str, object]


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


def ingestor(settings: Settings, index: LeadIndex) -> Ingestor:
    """Ready to turn posts into leads, with the shipped models or the clinic's own."""
    clinics = settings.clinic_records()
    return Ingestor(
        tagger=load_tagger(settings.data_dir),
        index=index,
        quarantine=Quarantine(data_dir(settings) / "quarantine.jsonl"),
        clinics=clinics,
        brands=BrandMatcher(clinics),
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
    index = open_backend(settings)
    return index.close, ingestor(settings, index)


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
    with open_index(settings) as index:
        worker = ingestor(settings, index)
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
) -> list[Run]:
    """Crawl the named sources, or every enabled one, an engine at a time, each in a process of its own.
    `recheck` looks for nothing new: stored posts are visited again, and those gone at their source deleted.

    Twisted's reactor cannot be started twice in one process, and a crawl that dies must not take us along.

    Raises:
        ConfigError: no such source, or none is enabled.
    """
    chosen = _choose(sources(settings), names)
    folder = data_dir(settings)
    author_secret(settings)
    for engine in dict.fromkeys(source.engine for source in chosen):
        ours = [source for source in chosen if source.engine == engine]
        _spawn(settings, folder, ours, progress, recheck=recheck)
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


def _spawn(
    settings: Settings,
    folder: Path,
    chosen: Sequence[Source],
    progress: Callable[[Event], None],
    *,
    recheck: bool,
) -> None:
    """Run one engine's spider over its sources and pass its progress lines on."""
    with TemporaryDirectory(prefix="tingzhen-") as scratch:
        pipe = Path(scratch) / "progress"
        os.mkfifo(pipe)
        # Opened for reading and writing, so that neither side waits for the other to open.
        keep = os.open(pipe, os.O_RDWR)
        command = [sys.executable, "-m", "scrapy", "crawl", chosen[0].engine]
        command += ["-a", "source=" + ",".join(source.name for source in chosen)]
        command += ["-a", "recheck=1"] if recheck else []
        log = folder / "crawl.log"
        with _appending(log) as log_file:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env=_environment(settings, folder, pipe, Path(scratch)),
                stdout=log_file,
                stderr=log_file,
                stdin=subprocess.DEVNULL,
            )
        try:
            _follow(process, keep, progress)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            os.close(keep)
    if process.returncode != 0:
        raise StorageError(
            f"抓取进程异常退出（代码 {process.returncode}）：请看 {log}；重新运行会从断点继续。"
        )


def _appending(log: Path) -> BinaryIO:
    try:
        return log.open("ab")
    except OSError as error:
        raise StorageError(f"日志 {log} 写不了（{error.strerror}）：请检查磁盘空间和权限。") from error


def _environment(settings: Settings, folder: Path, pipe: Path, scratch: Path) -> dict[str, str]:
    """The crawl process gets the very settings we have, whatever file or variable they came from."""
    handed = settings.model_copy(update={"data_dir": folder.resolve()})
    (scratch / "settings.json").write_text(handed.model_dump_json(), encoding="utf-8")
    environment = {
        **os.environ,
        "SCRAPY_SETTINGS_MODULE": "crawler.settings",
        "TINGZHEN_DATA_DIR": str(folder.resolve()),
        "TINGZHEN_PROGRESS": str(pipe),
        "TINGZHEN_KEEP_DAYS": str(settings.leads.expire_days),
        "TINGZHEN_HANDED_SETTINGS": str(scratch / "settings.json"),
    }
    if settings.crawl.sources:
        environment["TINGZHEN_SOURCES"] = str(Path(settings.crawl.sources).resolve())
    if settings.crawl.contact:
        environment["TINGZHEN_CONTACT"] = settings.crawl.contact
    return environment


def _follow(process: subprocess.Popen[bytes], pipe: int, progress: Callable[[Event], None]) -> None:
    """Hand each JSON line of the pipe to `progress` until the process has ended and the pipe is dry."""
    import select

    rest = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], 0.1)
        if not ready:
            if process.poll() is not None:
                return
            continue
        *lines, rest = (rest + os.read(pipe, 65536)).split(b"\n")
        for line in lines:
            if line.strip():
                progress(json.loads(line))


def serve(settings: Settings, *, port: int | None = None, demo: bool = False) -> None:
    """The desk, until interrupted; `demo` prints a link that needs no password.

    Raises:
        ConfigError: other machines could reach it, and nobody has a password.
        InputError: the port is taken.
        StorageError: the data folder, the index or the records cannot be opened.
    """
    from leads import serving
    from leads.web.app import create_app

    data_dir(settings)
    chosen = port or settings.web.port
    serving.guard(settings)
    check_port(settings.web.host, chosen)
    app = create_app(settings)
    greeting = serving.greeting(settings, port=chosen, now=datetime.now(UTC), demo=demo)
    serving.run(app, settings.web.host, chosen, greeting)


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
