"""Crawl processes: one an engine, held to limits, never two on one host, stopped gently.

Twisted's reactor cannot be started twice in one process, and a crawl that dies must not take us along.
A process that outlives us (we were killed) goes on to its end, and its hosts' locks keep others away. Where
other machines share the records it ends with us: they do not see our locks, and take the work over.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from crawler import owner_only
from crawler.sources.source import Source
from crawler.system_errors import os_reason
from crawler.telemetry import logs
from leads import storage
from leads.actions.shared_intake import SharedIntake, handed
from leads.config import Settings
from leads.errors import BusyError, StorageError
from leads.ingest.line import HANDED
from leads.queue.kinds import Stop
from leads.storage import coverage_place

Event = dict[str, object]
GRACE_SECONDS = 60.0  # what a crawl that was asked to stop may still take
OVERTIME_SECONDS = 300.0  # beyond its own limit, before it is killed
OVERWEIGHT = 1.5  # times its own limit of memory, before it is killed
_CHECK_SECONDS = 1.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Stopped(Exception):  # noqa: N818 - a state: the work goes on another time
    """The crawl was asked to stop before its end; everything stored stays."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one crawl process may use."""

    seconds: float
    memory_mb: int


def spawn(
    settings: Settings,
    folder: Path,
    chosen: Sequence[Source],
    progress: Callable[[Event], None],
    *,
    intake: SharedIntake,
    recheck: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Run one engine's spider over its sources to the end and pass its progress lines on; its posts go to
    `intake`.

    Raises:
        BusyError: another process crawls one of the hosts.
        Stopped: `stop` was set.
        StorageError: the process died, or was killed at a limit; a further run goes on from there.
    """
    limits = Limits(settings.crawl.hours * 3600, settings.crawl.memory_mb)
    hosts = sorted({source.host for source in chosen})
    with TemporaryDirectory(prefix="tingzhen-") as scratch, _locked(folder, hosts) as locks:
        log = folder / "crawl.log"
        environment = _environment(settings, folder, chosen, Path(scratch))
        storage.rotating_log(settings, log).begin_anew_if_due()
        with (
            _appending(log) as log_file,
            _pipe() as (reading, writing),
            _pipe() as (lifeline, _held),
            intake.line(log_file) as line,
        ):
            environment |= {"TINGZHEN_PROGRESS": f"fd:{writing}", HANDED: f"fd:{line}"}
            if settings.records != "sqlite":
                environment |= {"TINGZHEN_LIFELINE": f"fd:{lifeline}"}
            # Locks are held as long as it lives, whatever becomes of us.
            handed_over = (*locks, writing, line, lifeline)
            process = _begun(_command(chosen, limits, recheck=recheck), environment, log_file, handed_over)
            try:
                excess = _Watch(process, limits, stop).follow(reading, progress)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
    if excess:
        raise StorageError(f"抓取进程{excess}，已结束它：请看 {log}；重新运行会从断点继续。")
    if stop is not None and stop.is_set():
        raise Stopped
    if process.returncode != 0:
        raise StorageError(
            f"抓取进程异常退出（代码 {process.returncode}）：请看 {log}；重新运行会从断点继续。"
        )


def _begun(
    command: Sequence[str], environment: dict[str, str], log: BinaryIO, files: Sequence[int]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, pass_fds=files
    )


def _command(chosen: Sequence[Source], limits: Limits, *, recheck: bool) -> list[str]:
    command = [sys.executable, "-m", "scrapy", "crawl", chosen[0].engine]
    command += ["-a", "source=" + ",".join(source.name for source in chosen)]
    command += ["-a", "recheck=1"] if recheck else []
    return command + _limit_options(limits)


def _limit_options(limits: Limits) -> list[str]:
    """At these Scrapy itself ends a crawl, so that it stops between two pages."""
    return ["-s", f"CLOSESPIDER_TIMEOUT={limits.seconds:.0f}", "-s", f"MEMUSAGE_LIMIT_MB={limits.memory_mb}"]


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    """(reading, writing) ends; a pipe with a name would make a process wait for us when we are dead."""
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


@contextmanager
def _locked(folder: Path, hosts: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """The hosts' locks; a host is asked by one process at a time."""
    held: list[int] = []
    try:
        held.extend(_lock(folder, host) for host in hosts)
        yield tuple(held)
    finally:
        for lock in held:
            os.close(lock)


def _lock(folder: Path, host: str) -> int:
    path = folder / "locks" / f"{host.replace(':', '_')}.lock"
    try:
        path.parent.mkdir(exist_ok=True, mode=owner_only.FOLDER)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, owner_only.FILE)
    except OSError as error:
        raise StorageError(f"锁文件 {path} 写不了（{os_reason(error)}）：请检查磁盘空间和权限。") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise BusyError(f"另一个抓取进程正在读 {host}：等它结束再试，同一个网站不同时抓两次。") from None
    return lock


def _appending(log: Path) -> BinaryIO:
    owner_only.own(log)
    try:
        return log.open("ab")
    except OSError as error:
        raise StorageError(f"日志 {log} 写不了（{os_reason(error)}）：请检查磁盘空间和权限。") from error


def _environment(settings: Settings, folder: Path, chosen: Sequence[Source], scratch: Path) -> dict[str, str]:
    environment = {
        **os.environ,
        **handed(settings, folder, scratch),
        **logs.handed(settings.log.format, settings.log.level),
        "SCRAPY_SETTINGS_MODULE": "crawler.settings",
        "TINGZHEN_DATA_DIR": str(folder.resolve()),
        "TINGZHEN_KEEP_DAYS": str(settings.leads.expire_days),
    }
    if settings.records != "sqlite":
        environment["TINGZHEN_COVERAGE"] = str(coverage_place(settings))
    if settings.sources_file.exists():
        environment["TINGZHEN_SOURCES"] = str(settings.sources_file.resolve())
    contact = next((each.contact for each in chosen if each.contact), settings.crawl.contact)
    if contact:
        environment["TINGZHEN_CONTACT"] = contact
    return environment


class _Watch:
    """Reads a process's progress and holds it to its limits."""

    def __init__(
        self, process: subprocess.Popen[bytes], limits: Limits, stop: threading.Event | None
    ) -> None:
        self._process, self._limits, self._stop = process, limits, stop
        self._begun = self._checked = time.monotonic()
        self._asked: float | None = None  # when it was asked to stop
        self._excess = ""

    def follow(self, pipe: int, progress: Callable[[Event], None]) -> str:
        """Hand on each JSON line until the process has ended; the limit it broke, or ""."""
        rest = b""
        while True:
            self._check()
            ready, _, _ = select.select([pipe], [], [], 0.1)
            if not ready:
                if self._process.poll() is not None:
                    return self._excess
                continue
            *lines, rest = (rest + os.read(pipe, 65536)).split(b"\n")
            for line in lines:
                if line.strip():
                    progress(json.loads(line))

    def _check(self) -> None:
        now = time.monotonic()
        if self._stop is not None and self._stop.is_set() and self._asked is None:
            self._asked = now
            self._process.send_signal(signal.SIGTERM)  # Scrapy ends what is under way
        lost = isinstance(self._stop, Stop) and self._stop.at_once
        if lost or (self._asked is not None and now > self._asked + GRACE_SECONDS):
            self._process.kill()
        if now < self._checked + _CHECK_SECONDS or self._excess:
            return
        self._checked = now
        self._excess = self._broken(now)
        if self._excess:
            self._process.kill()

    def _broken(self, now: float) -> str:
        if now > self._begun + self._limits.seconds + OVERTIME_SECONDS:
            return f"超过了 {self._limits.seconds / 3600:g} 小时的时间上限"
        if _resident_mb(self._process.pid) > self._limits.memory_mb * OVERWEIGHT:
            return f"超过了 {self._limits.memory_mb} MB 的内存上限"
        return ""


def _resident_mb(pid: int) -> float:
    """Memory of a process; 0 where the system does not tell (Scrapy's own limit still holds)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE / 2**20
    except (OSError, ValueError, IndexError):
        return 0.0
