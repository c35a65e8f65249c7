"""Several machines on one PostgreSQL and one Elasticsearch, while their parts are killed.

    python -m benchmarks.cluster [--kills 20] [--workers 3] [--nodes 3] [--threads 120] [--postgres DIR]
    python -m benchmarks.cluster --speed 1,2,4

Six forums stand on six hosts of the loopback (127.0.1.1 …). First they are crawled undisturbed into a SQLite
index: what must come out. Then workers, each with a data folder of its own, crawl them through a real
PostgreSQL and Elasticsearch, while `--kills` times, at random moments, a worker, the PostgreSQL or one
Elasticsearch node is killed with SIGKILL and started again. In the end are compared: stored posts with the
undisturbed run (missing, too many), messages that a webhook got with the alerts there are, and at each forum
how many requests were answered at once and how close ten in a row came. `--nodes 0` keeps leads in a SQLite
file that all workers share; `--postgres` names a folder with initdb and postgres. `--speed` kills nothing and
prints pages and posts a second. Exit code 1 when anything is missing, doubled or too close.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from benchmarks.crawl import BenchForum, forum
from crawler.sample.forum import SitePage, serve
from leads.alerts.channels import form
from leads.config import AlertSettings, CrawlSettings, ElasticSettings, JobSettings, Settings
from leads.errors import TingzhenError
from leads.index import open_backend
from leads.records import Records, channels, jobs, open_records, rules, users
from leads.records.tables.alerts import Alert
from leads.storage import author_secret, data_dir
from tests.support import elastic_server, postgres_server

TINGZHEN = str(Path(sys.executable).with_name("tingzhen"))
HOSTS = 6
DELAY = 0.2  # seconds between two requests to one host
CLOSE = 0.8  # of it: what the clocks of a busy machine may be off
STALLED = 10  # seconds until a dead worker's jobs are taken over
PATIENCE = 1800.0
SOURCE = """
[{name}]
engine = "discuz"
url = "{url}"
region = "四川成都"
allow_private = true
delay = {delay}
route = "desktop"
days = 3650
max_pages = 1000000
pages_per_day = 100000000
boards = ["36"]
"""


class Site(BenchForum):
    """Counts how many requests it answers at once, and when each began and ended."""

    def watch(self) -> None:
        """Forget what was asked so far."""
        self.spans: list[tuple[float, float]] = []
        self.most = self.under_way = 0
        self.guard = threading.Lock()

    def answer(self, target: str) -> SitePage:
        with self.guard:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        begun = time.monotonic()
        try:
            return super().answer(target)
        finally:
            with self.guard:
                self.under_way -= 1
                self.spans.append((begun, time.monotonic()))

    def pace(self) -> float:
        """Seconds between two requests, over the ten in a row that came closest: one that a busy machine was
        late to take makes the next look early, ten in a row do not."""
        begun = sorted(start for start, _ in self.spans)
        return (
            min((begun[at + 9] - begun[at]) / 9 for at in range(max(1, len(begun) - 9)))
            if begun[9:]
            else DELAY
        )


@dataclass(slots=True)
class Hook:
    """A webhook: messages by id, and what they told."""

    url: str = ""
    ids: Counter[str] = field(default_factory=Counter)
    told: dict[str, int] = field(default_factory=dict)  # message → posts it tells of


@contextmanager
def hooked() -> Iterator[Hook]:
    """A webhook that takes everything."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            hook.ids[said["id"]] += 1
            hook.told[said["id"]] = said["total"]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield hook
    finally:
        server.shutdown()


@contextmanager
def sites(threads: int) -> Iterator[list[tuple[str, Site]]]:
    """(address, forum) of all hosts."""
    plain = forum(threads, 0)
    with ExitStack() as stack:
        found = []
        for number in range(1, HOSTS + 1):
            site = Site(boards=plain.boards, topics=tuple(plain.topics.values()))
            site.padding = ""
            site.watch()
            served = stack.enter_context(serve(site, host=f"127.0.1.{number}"))
            found.append((served.url, site))
        yield found


def write_sources(file: Path, found: list[tuple[str, Site]], delay: float) -> None:
    """One source a host."""
    text = [SOURCE.format(name=f"site{n}", url=url, delay=delay) for n, (url, _) in enumerate(found)]
    file.write_text("".join(text), encoding="utf-8")


@dataclass(slots=True)
class Cluster:
    """What all workers share, and the processes."""

    folder: Path
    postgres: postgres_server.Own
    nodes: list[elastic_server.Server]
    hook: Hook
    crawls: int  # at a time, of one worker
    workers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def settings(self, number: int) -> Settings:
        """Of one worker; with Elasticsearch each has a folder of its own, as on machines of their own."""
        own = self.folder / (f"machine{number}" if self.nodes else "machine0")
        index = ",".join(node.address for node in self.nodes) or "sqlite"
        return Settings(
            data_dir=own,
            records=self.postgres.address,
            index=index,
            elastic=ElasticSettings(replicas=1 if len(self.nodes) > 1 else 0),
            crawl=CrawlSettings(sources=str(self.folder / "sources.toml")),
            jobs=JobSettings(stalled_seconds=STALLED),
            alerts=AlertSettings(private_addresses=True),
        )

    def prepare(self, count: int) -> None:
        """Folders with the same keys, and somebody who wants to be told."""
        first = self.settings(0)
        data_dir(first)
        author_secret(first)
        with open_records(first) as records:
            _wants(records, first, self.hook.url)
        for number in range(1, count):
            other = data_dir(self.settings(number))
            for key in ("author.key", "channel.key"):
                with suppress(shutil.SameFileError):
                    shutil.copy(first.data_dir / key, other / key)

    def start(self, number: int) -> None:
        """A worker, as its own process."""
        settings = self.settings(number)
        file = settings.data_dir / f"worker{number}.toml"
        chosen = settings.model_dump(mode="json", include={"data_dir", "records", "index"})
        lines = [f"{key} = {json.dumps(value)}" for key, value in chosen.items()]
        for table in ("elastic", "crawl", "jobs", "alerts"):
            values = getattr(settings, table).model_dump(mode="json", exclude_defaults=True)
            lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        file.write_text("\n".join(lines), encoding="utf-8")
        log = (self.folder / f"worker{number}.log").open("ab")
        command = [TINGZHEN, "-c", str(file), "worker"]
        command += ["--crawl", str(self.crawls), "--alerts"]
        self.workers[number] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()

    def kill(self, what: str, chance: random.Random) -> str:
        """A worker, the postgres or a node, at once, and started again after a moment; which."""
        if what == "worker":
            number = chance.choice(sorted(self.workers))
            self.workers[number].kill()
            self.workers[number].wait()
            time.sleep(chance.uniform(0, 3))  # any moment is one to die at
            self.start(number)
            return f"worker {number}"
        server = self.postgres if what == "postgres" else chance.choice(self.nodes)
        server.kill()
        time.sleep(chance.uniform(0, 3))  # any moment is one to die at
        server.start()
        return what

    def stop(self) -> None:
        """All workers, gently."""
        for process in self.workers.values():
            process.send_signal(signal.SIGTERM)
        for process in self.workers.values():
            process.wait(timeout=180)


def _wants(records: Records, settings: Settings, url: str) -> None:
    now = datetime.now(UTC)
    with records.transaction() as session:
        user = users.add_user(session, login="p", name="", role="marketer", now=now)
        address = form.read_form("webhook", {"address": url, "secret": "x" * 32}, settings.alerts)
        channel = channels.add(
            session, user_id=user.id, name="c", kind="webhook", address=address, who="p", now=now
        )
        rule = rules.add(session, name="r", kind="lead", query="min_need=0.9", who="p", now=now)
        rules.subscribe(session, rule.id, user.id, channel.id, max_per_hour=1000)


def stored(settings: Settings) -> dict[str, int]:
    """Id → how often it is in the index."""
    with open_backend(settings) as index:
        return Counter(digest.id for digest in index.digests("leads"))


def undisturbed(folder: Path, found: list[tuple[str, Site]]) -> dict[str, int]:
    """What one crawl without any trouble stores."""
    write_sources(folder / "quick.toml", found, 0.0)
    settings = Settings(
        data_dir=folder / "undisturbed", crawl=CrawlSettings(sources=str(folder / "quick.toml"))
    )
    file = folder / "quick-settings.toml"
    file.write_text(f'data_dir = "{settings.data_dir}"\n[crawl]\nsources = "{folder}/quick.toml"\n')
    command = [TINGZHEN, "-c", str(file), "crawl"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return stored(settings)


def until(done: Callable[[], bool]) -> None:
    """Ask again and again, through failures of what is being killed."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(TingzhenError, SQLAlchemyError):
            if done():
                return
        time.sleep(0.5)
    raise SystemExit("it did not come to an end")


def crawled(settings: Settings) -> bool:
    """Every source was crawled to its end, and every alert sent."""
    with open_records(settings) as records, records.reading() as session:
        ended = [jobs.recent(session, subject=f"site{n}") for n in range(HOSTS)]
        waits = session.scalar(select(Alert.id).where(Alert.state.in_(("waiting", "sending"))).limit(1))
    return all(any(job.state == "done" for job in each) for each in ended) and waits is None


def killed(cluster: Cluster, kills: int, seed: int) -> None:
    """Kill so many things, at random moments."""
    chance, turn = random.Random(seed), list[str]()
    for number in range(1, kills + 1):
        if not turn:
            turn = ["worker", "worker", "postgres", *(["node"] if cluster.nodes else [])]
            chance.shuffle(turn)
        time.sleep(chance.uniform(1, 6))  # any moment is one to die at
        print(f"  {number:>2}: killed {cluster.kill(turn.pop(), chance)}", flush=True)


def told(cluster: Cluster, found: list[tuple[str, Site]], expected: dict[str, int]) -> bool:
    """Print what came of it; False when a promise was broken."""
    have = stored(cluster.settings(0))
    missing, more = expected.keys() - have.keys(), have.keys() - expected.keys()
    doubled = sum(count > 1 for count in have.values())
    with open_records(cluster.settings(0)) as records, records.reading() as session:
        alerts = session.scalar(select(func.count()).select_from(Alert)) or 0
    again = sum(cluster.hook.told.values()) - alerts
    same = sum(count - 1 for count in cluster.hook.ids.values())
    most, pace = max(site.most for _, site in found), min(site.pace() for _, site in found)
    requests = sum(len(site.spans) for _, site in found)
    print(f"posts: {len(have)} stored, {len(missing)} missing, {len(more)} too many, {doubled} twice")
    print(f"alerts: {alerts}, told in {len(cluster.hook.ids)} messages, {again} too many or too few;")
    print(f"        {same} messages repeated under the same id")
    print(
        f"hosts: {requests} requests, at most {most} at once, ten in a row every {pace:.3f} s at the fastest"
    )
    return not (missing or more or doubled or again) and most == 1 and pace >= DELAY * CLOSE


@contextmanager
def cluster(folder: Path, count: int, nodes: int, crawls: int, programs: Path | None) -> Iterator[Cluster]:
    """PostgreSQL and nodes, running; no worker yet."""
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server.own(programs))
        servers = stack.enter_context(elastic_server.cluster(nodes)) if nodes else []
        hook = stack.enter_context(hooked())
        made = Cluster(folder=folder, postgres=postgres, nodes=servers, hook=hook, crawls=crawls)
        made.prepare(count)
        try:
            yield made
        finally:
            for process in made.workers.values():
                process.kill()
                process.wait()


def prove(given: argparse.Namespace, folder: Path, found: list[tuple[str, Site]]) -> bool:
    """Crawl while things are killed; False when a promise was broken."""
    expected = undisturbed(folder, found)
    write_sources(folder / "sources.toml", found, DELAY)
    for _, site in found:
        site.watch()
    with cluster(folder, given.workers, given.nodes, 3, given.postgres) as made:
        print(
            f"PostgreSQL {made.postgres.version}, {given.nodes} Elasticsearch nodes, {given.workers} workers"
        )
        begun = time.monotonic()
        for number in range(given.workers):
            made.start(number)
        killed(made, given.kills, given.seed)
        until(lambda: crawled(made.settings(0)))
        print(f"{given.kills} kills in {time.monotonic() - begun:.0f} s")
        made.stop()
        return told(made, found, expected)


def speed(given: argparse.Namespace, folder: Path, found: list[tuple[str, Site]]) -> None:
    """Pages and posts a second, with so many workers, nothing to wait for at the hosts."""
    write_sources(folder / "sources.toml", found, 0.0)
    for count in map(int, given.speed.split(",")):
        for _, site in found:
            site.watch()
        home = folder / f"speed{count}"
        home.mkdir()
        shutil.copy(folder / "sources.toml", home)
        with cluster(home, count, given.nodes, 1, given.postgres) as made:
            for number in range(count):
                made.start(number)
            until(lambda made=made: crawled(made.settings(0)))  # type: ignore[misc]
            spans = [span for _, site in found for span in site.spans]
            took = max(end for _, end in spans) - min(start for start, _ in spans)
            posts = len(stored(made.settings(0)))
            made.stop()
            print(
                f"{count} workers: {len(spans) / took:.1f} pages/s, {posts} posts stored in {took:.0f} s",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--postgres", type=Path)
    parser.add_argument("--speed", default="")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="tingzhen-cluster-") as name, sites(given.threads) as found:
        folder = Path(name)
        if given.speed:
            speed(given, folder, found)
        elif not prove(given, folder, found):
            sys.exit(1)


if __name__ == "__main__":
    main()
