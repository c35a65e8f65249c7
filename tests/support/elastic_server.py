"""A genuine Elasticsearch for tests: one a test run, found or started; nothing of it is imitated.

Order: $TINGZHEN_TEST_ES_URL; Docker when a daemon answers (the official image); else the server's own Maven
artifact, fetched once into ~/.cache/tingzhen, unpacked into a scratch folder and run as another user, because
the server refuses root.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.support.shared import FOLDER, Started, shared

VERSION = "8.19.21"
IMAGE = f"docker.elastic.co/elasticsearch/elasticsearch:{VERSION}"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
READY_SECONDS = 600
# Compiled once and quickly: a server of some minutes never earns back what the second compiler costs, which
# is two fifths of a start.
JAVA_OPTIONS = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1"
SETTINGS: Mapping[str, object] = {
    "discovery.type": "single-node",
    "xpack.security.enabled": False,
    "cluster.routing.allocation.disk.threshold_enabled": False,
    "network.host": "127.0.0.1",
}


class NoServerError(Exception):
    """Why no server could be had, in a sentence."""


@dataclass(slots=True)
class Server:
    """A server process of ours, on a free loopback port, with data that survives a restart."""

    home: Path
    folder: Path
    settings: Mapping[str, object] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    role: str = "superuser"  # of these users
    configuration: Mapping[str, Path] = field(
        default_factory=dict
    )  # more files of the server's configuration
    port: int = 0
    transport: int = 0  # 0: any
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        scheme = "https" if self.settings.get("xpack.security.http.ssl.enabled") else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers; the same port again after a stop."""
        self.port = self.port or free_port()
        self._configure()
        uid = _other_uid()
        environment = {
            "PATH": os.environ["PATH"], "ES_JAVA_HOME": str(java_home()), "HOME": str(self.folder),
            "ES_PATH_CONF": str(self.folder / "config"), "ES_JAVA_OPTS": JAVA_OPTIONS,
            "ES_TMPDIR": str(self.folder / "tmp"),
        }  # fmt: skip
        log = (self.folder / "out.log").open("ab")
        self.process = subprocess.Popen(
            [self.home / "bin" / "elasticsearch"], env=environment, cwd=self.folder,
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            user=uid, group=uid,
        )  # fmt: skip
        log.close()
        self._wait()

    def _configure(self) -> None:
        uid = _other_uid()
        for name in ("config", "data", "logs", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.home / "config", self.folder / "config", dirs_exist_ok=True)
        for name, file in self.configuration.items():
            target = self.folder / "config" / name
            target.parent.mkdir(exist_ok=True)
            shutil.copy(file, target)
        values = {
            **SETTINGS, **self.settings, "http.port": self.port,
            "transport.port": self.transport or free_port(),
            "path.data": str(self.folder / "data"), "path.logs": str(self.folder / "logs"),
        }  # fmt: skip
        lines = [f"{key}: {json.dumps(value)}" for key, value in values.items()]
        (self.folder / "config" / "elasticsearch.yml").write_text("\n".join(lines) + "\n")
        if self.users:
            self._add_users()
        if uid is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, uid, uid)

    def _add_users(self) -> None:
        """The file realm: bcrypt as htpasswd writes it, by the server's own tool."""
        environment = {"PATH": os.environ["PATH"], "ES_JAVA_HOME": str(java_home()),
                       "ES_PATH_CONF": str(self.folder / "config")}  # fmt: skip
        for name, password in self.users.items():
            tool = self.home / "bin" / "elasticsearch-users"
            known = self.folder / "config" / "users"
            if known.exists() and f"{name}:" in known.read_text():
                continue
            command = [tool, "useradd", name, "-p", password, "-r", self.role]
            subprocess.run(command, env=environment, check=True, capture_output=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                raise NoServerError(f"the server ended: {(self.folder / 'out.log').read_text()[-2000:]}")
            if self._answers():
                return
            time.sleep(0.2)
        raise NoServerError(f"the server was not ready within {READY_SECONDS} s")

    def _answers(self) -> bool:
        if self.settings.get("xpack.security.enabled"):
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        return answers(self.address)

    def kill(self) -> None:
        """SIGKILL: as a power cut would."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Stop answering without dying; `thaw` ends it."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_cluster/health?wait_for_status=yellow&timeout=30s") as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _other_uid() -> int | None:
    """The server refuses root; nobody is on every Unix."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def java_home() -> Path:
    """A JDK or JRE of version 17 or newer."""
    named = os.environ.get("ES_JAVA_HOME") or os.environ.get("JAVA_HOME")
    found = shutil.which("java")
    home = Path(named) if named else Path(found).resolve().parents[1] if found else None
    if home is None:
        raise NoServerError("no java: install openjdk-17-jre-headless, or let make test do it")
    said = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, check=True)
    version = int(said.stderr.split('"')[1].split(".")[0])
    if version < 17:
        raise NoServerError(f"java {version} is too old: 17 or newer is needed")
    return home


def archive() -> Path:
    """The server's archive, fetched once by Maven."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tingzhen"
    file = cache / f"elasticsearch-{VERSION}.zip"
    if not file.exists():
        maven = shutil.which("mvn")
        if maven is None:
            raise NoServerError("no Maven: install maven, or let make test do it")
        cache.mkdir(parents=True, exist_ok=True)
        command = [maven, "-q", "-B", PLUGIN, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={cache}"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or not file.exists():
            raise NoServerError(f"Maven could not fetch the server: {done.stdout[-500:]}")
    return file


def unpack(into: Path) -> Path:
    """The unpacked server in `into`, readable by the user it will run as."""
    with zipfile.ZipFile(archive()) as packed:
        packed.extractall(into)
    home = into / f"elasticsearch-{VERSION}"
    for path in (into, *into.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" or path.suffix == "" else 0o644)
    return home


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that other users may enter; gone afterwards."""
    folder = Path(mkdtemp(prefix="tingzhen-es-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(home: Path, **options: Mapping[str, object]) -> Iterator[Server]:
    """A server of our own for as long as the block lasts."""
    with scratch() as folder:
        server = Server(home, folder, **options)  # type: ignore[arg-type]  # settings and users only
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def cluster(count: int) -> Iterator[list[Server]]:
    """So many nodes of one cluster, each a server that can be killed and started again."""
    with scratch() as folder:
        program = home() if FOLDER in os.environ else unpack(folder)
        transports = [free_port() for _ in range(count)]
        servers = [
            Server(program, folder / f"node{number}", settings=_node(number, transports), transport=port)
            for number, port in enumerate(transports)
        ]
        try:
            with ThreadPoolExecutor(count) as starting:  # they wait for each other
                list(starting.map(Server.start, servers))
            yield servers
        finally:
            for server in servers:
                server.kill()


def _node(number: int, transports: list[int]) -> dict[str, object]:
    return {
        "discovery.type": "multi-node",
        "cluster.name": "tingzhen-tests",
        "node.name": f"node{number}",
        "discovery.seed_hosts": [f"127.0.0.1:{port}" for port in transports],
        "cluster.initial_master_nodes": [f"node{each}" for each in range(len(transports))],
    }


_KEPT: list[Server] = []  # what this process started for all; whoever leads the run ends it


def home() -> Path:
    """The server, unpacked once for all processes of the run."""
    return Path(shared("elastic-home", lambda folder: Started(str(unpack(folder)))))


def address() -> str:
    """Of the run's server.

    Raises:
        NoServerError: there is none to be had.
    """
    given = os.environ.get("TINGZHEN_TEST_ES_URL")
    return given or shared("elastic", lambda folder: docker() if has_docker() else _start(folder))


def _start(folder: Path) -> Started:
    server = Server(home(), folder)
    _KEPT.append(server)
    try:
        server.start()
    except BaseException:
        server.kill()
        raise
    assert server.process is not None
    return Started(server.address, ("kill", "-KILL", "--", f"-{server.process.pid}"))


def docker() -> Started:
    """The official image."""
    port = free_port()
    options = ["discovery.type=single-node", "xpack.security.enabled=false", f"ES_JAVA_OPTS={JAVA_OPTIONS}"]
    command = ["docker", "run", "--rm", "-d", "-p", f"127.0.0.1:{port}:9200"]
    command += [part for option in options for part in ("-e", option)] + [IMAGE]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NoServerError(f"docker run failed: {done.stderr[-500:]}")
    name = done.stdout.strip()
    stop = ("docker", "kill", name)
    deadline = time.monotonic() + READY_SECONDS
    while not answers(f"http://127.0.0.1:{port}"):
        if time.monotonic() > deadline:
            subprocess.run(stop, capture_output=True)
            raise NoServerError(f"the container was not ready within {READY_SECONDS} s")
        time.sleep(0.5)
    return Started(f"http://127.0.0.1:{port}", stop)


def has_docker() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True).returncode == 0


@contextmanager
def or_skip() -> Iterator[None]:
    """Without a server: a skip with its reason on a developer's machine, a failure in CI."""
    try:
        yield
    except NoServerError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Elasticsearch: {error}")
