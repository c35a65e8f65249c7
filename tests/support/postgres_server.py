"""A genuine PostgreSQL for tests: one server a test run on a free loopback port, one database a test.

$TINGZHEN_TEST_POSTGRES_URL names a server to use instead (its user must be allowed to make databases). The
server refuses root, so that root runs it as another user. Durability is off: what a test wrote may be lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.support.shared import Started, shared

INSTALLED = Path("/usr/lib/postgresql")  # where Debian puts each version's server; initdb is not on the PATH
OTHER_USERS = ("postgres", "nobody")
READY_SECONDS = 300
OPTIONS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c full_page_writes=off"
_numbers = count(1)


class NoServerError(Exception):
    """Why no server could be had, in a sentence."""


def server() -> str:
    """The address of the run's server, postgresql://user@host:port/postgres; `or_skip` without one."""
    with or_skip():
        given = os.environ.get("TINGZHEN_TEST_POSTGRES_URL")
        return given or shared("postgres", lambda folder: _start(folder, _programs()))


@contextmanager
def or_skip() -> Iterator[None]:
    """Without a server: a skip with its reason on a developer's machine, a failure in CI."""
    try:
        yield
    except NoServerError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL: {error}")


@contextmanager
def running(folder: Path, *, user: str, password: str, options: str) -> Iterator[int]:
    """The port of a server of one's own, whose superuser has a password, for as long as the block lasts.

    `options` are the server's own; what they name must be readable by `runs_as()`.
    """
    programs, system = _programs(), runs_as()
    data, port, secret = folder / "data", _free_port(), folder / "password"
    folder.mkdir()
    secret.write_text(password)
    for path in (folder, secret) if system else ():
        shutil.chown(path, system)
    _run(
        programs / "initdb", "-D", data, "-U", user, "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8",
        "--no-sync", user=system,
    )  # fmt: skip
    _run(
        programs / "pg_ctl", "start", "-D", data, "-l", folder / "log", "-w", "-t", str(READY_SECONDS),
        "-o", f"-p {port} {OPTIONS} {options}", user=system,
    )  # fmt: skip
    try:
        yield port
    finally:
        _run(programs / "pg_ctl", "stop", "-D", data, "-m", "immediate", user=system)


@contextmanager
def database(address: str) -> Iterator[str]:
    """The address of an empty database on this server; dropped afterwards."""
    name = f"tingzhen_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _programs() -> Path:
    """The folder of initdb and pg_ctl of the newest version."""
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    anywhere = shutil.which("initdb")
    if anywhere is None:
        raise NoServerError("initdb is not installed; make test installs Debian's postgresql")
    return Path(anywhere).parent


def _start(folder: Path, programs: Path) -> Started:
    user = runs_as()
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()
    _run(
        programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync", user=user
    )  # fmt: skip
    _run(
        programs / "pg_ctl", "start", "-D", data, "-l", folder / "log", "-w", "-t", str(READY_SECONDS),
        "-o", f"-p {port} {OPTIONS}", user=user,
    )  # fmt: skip
    process = (data / "postmaster.pid").read_text().splitlines()[0]
    return Started(f"postgresql://tester@127.0.0.1:{port}/postgres", ("kill", "-QUIT", process))


def _run(*command: object, user: str | None) -> None:
    done = subprocess.run(
        [str(part) for part in command], user=user, cwd="/", stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def runs_as() -> str | None:
    """Whom root lets the server run as; None when we are not root."""
    import pwd

    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in OTHER_USERS if name in known)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Own:
    """A server of one's own that may be killed: durable, on the same port again after a start."""

    programs: Path
    folder: Path
    port: int = field(default_factory=_free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres"

    @property
    def version(self) -> str:
        with psycopg.connect(self.address) as connection:
            return str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]

    def create(self) -> None:
        """An empty cluster of databases."""
        user = runs_as()
        if user:
            shutil.chown(self.folder, user)
        _run(
            self.programs / "initdb", "-D", self.folder / "data", "-U", "tester", "-A", "trust", "-E", "UTF8",
            user=user,
        )  # fmt: skip

    def start(self) -> None:
        """Start, and wait until it lets somebody in."""
        command = [
            str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200",
        ]  # fmt: skip
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                self.process = self._begin(command)  # again: parts of one that was killed may not be gone yet
            with suppress(psycopg.Error):
                psycopg.connect(self.address, connect_timeout=5).close()
                return
            time.sleep(0.1)
        raise NoServerError(f"the server was not ready: {(self.folder / 'log').read_text()[-2000:]}")

    def _begin(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command, user=runs_as(), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL, the server and every process of it: as a power cut would."""
        if self.process is None:
            return
        parts = [
            int(path.parts[2])
            for path in Path("/proc").glob("[0-9]*/stat")
            if _parent(path) == self.process.pid
        ]
        for part in (self.process.pid, *parts):
            with suppress(ProcessLookupError):
                os.kill(part, signal.SIGKILL)
        self.process.wait()
        self.process = None


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@contextmanager
def own(programs: Path | None = None) -> Iterator[Own]:
    """A server of our own for as long as the block lasts; `programs` is where initdb and postgres stand."""
    with TemporaryDirectory(prefix="tingzhen-postgres-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Own(programs or _programs(), folder)
        server.create()
        try:
            server.start()
            yield server
        finally:
            server.kill()
