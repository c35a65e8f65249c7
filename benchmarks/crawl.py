"""How fast we crawl when nothing makes us wait: a local forum, all delays off, beside Scrapy on its own.

    python -m benchmarks.crawl [--pages 2000] [--padding 40000] [--alone] [--leads]
    python -m benchmarks.crawl --together 6

Prints pages/s and CPU a page of both, the difference (our own cost: parsing, ledger, coverage file), how many
of the known posts were got, and how memory grew on the way. The forum is served by a process of its own.
`--alone` leaves Scrapy's own run out, for long crawls of which only the memory is of interest. `--leads` adds
a crawl that tags and stores as well; its CPU is that of the crawl and of the intake, less what starting an
intake costs once. `--together` weighs so many crawls at once, each of a forum of its own, and their intake.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from multiprocessing import Process, Queue
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen

from benchmarks.pipeline import corpus_texts
from crawler.coverage.store import Coverage
from crawler.sample.forum import Forum, SitePage, serve
from crawler.sample.topics import Topic, TopicPost
from leads.actions.crawl import crawl
from leads.actions.crawl_process import Stopped
from leads.actions.shared_intake import SharedIntake
from leads.config import CrawlSettings, Settings

ROOT = Path(__file__).parents[1]
POSTS = 20  # a thread: two pages of ten
SEED = """
import scrapy

class PlainSpider(scrapy.Spider):
    # The same pages, by Scrapy alone: nothing is read but the links.
    name = "plain"
    custom_settings = {"LOG_LEVEL": "ERROR", "ROBOTSTXT_OBEY": True, "TELNETCONSOLE_ENABLED": False,
                       "COOKIES_ENABLED": False,
                       "DOWNLOAD_SLOTS": {"127.0.0.1": {"concurrency": 1, "delay": 0.0, "jitter": 0.0}}}

    async def start(self):
        yield scrapy.Request(self.url + "forum.php?mod=forumdisplay&fid=36&page=1", self.listing)

    def listing(self, response):
        for link in response.xpath("//a[contains(@class,'xst')]/@href").getall():
            yield response.follow(link, self.thread)
        for link in response.xpath("//a[@class='nxt']/@href").getall():
            yield response.follow(link, self.listing)

    def thread(self, response):
        for link in response.xpath("//a[@class='nxt']/@href").getall():
            yield response.follow(link, self.thread)
"""
SOURCES = """
[bench]
engine = "discuz"
url = "{url}"
allow_private = true
delay = 0.0
route = "desktop"
days = 3650
max_pages = 1000000
pages_per_day = 100000000
boards = ["36"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    pages: int
    seconds: float
    cpu: float  # seconds of user and system time
    memory: tuple[int, ...]  # MB resident at each tenth of the way


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """Of one process. Pages that several have are shared out among them, or counted in each (resident)."""

    resident: int  # MB
    shared_out: int  # MB


class BenchForum(Forum):
    """Answers from memory, each page padded to the size of a real one."""

    padding = ""

    def answer(self, target: str) -> SitePage:
        if target == "/asked":
            return SitePage(body=str(len(self.requests) - 1).encode())
        return self._padded(target)

    @lru_cache(maxsize=20_000)  # noqa: B019  # one forum a process, and a GB of pages at most
    def _padded(self, target: str) -> SitePage:
        found = super().answer(target)
        if not found.body.startswith(b"<"):
            return found
        body = found.body.replace(b"</body>", self.padding.encode() + b"</body>")
        return SitePage(status=found.status, body=body, headers=found.headers)

    @lru_cache(maxsize=1)  # noqa: B019  # the same
    def listed(self, board: str) -> list[Topic]:
        return super().listed(board)


def forum(threads: int, padding: int) -> BenchForum:
    # A thread a minute, the last a day ago: what is dated in the future would be left out.
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1, minutes=threads)
    texts = corpus_texts(threads * POSTS)
    topics = tuple(
        Topic(
            tid=tid,
            board="36",
            home="36",
            title=f"第 {tid} 个人牙疼",
            posts=tuple(
                TopicPost(
                    pid=tid * 100 + n,
                    author=f"网友{(tid + n) % 500}",
                    at=start + timedelta(seconds=tid * 60 + n),
                    text=texts[(tid - 1) * POSTS + n],
                )
                for n in range(POSTS)
            ),
        )
        for tid in range(1, threads + 1)
    )
    made = BenchForum(boards={"36": "健康求助"}, topics=topics)
    row = '<div class="pls"><a href="home.php" class="xi2">广告</a> <span class="xg1">说明</span></div>\n'
    made.padding = row * (padding // len(row.encode()))
    return made


def _serve(threads: int, padding: int, host: str, ready: Queue[str]) -> None:
    with serve(forum(threads, padding), host=host) as served:
        ready.put(served.url)
        while os.getppid() != 1:
            time.sleep(1)


def measure(command: list[str], folder: Path, environment: dict[str, str], url: str) -> Measured:
    """Runs a crawl, counts what the forum is asked for, and looks at memory on the way."""
    before, start = _asked(url), time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603  # ours
    memory: list[int] = []
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        memory.append(_resident(process.pid))
        time.sleep(0.25)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Measured(
        pages=_asked(url) - before - 1,  # less the question itself
        seconds=time.perf_counter() - start,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=(*(memory[len(memory) * n // 10] for n in range(1, 10)), usage.ru_maxrss // 1024),
    )


def _asked(url: str) -> int:
    return int(urlopen(f"{url}asked").read())  # noqa: S310  # our own server


def _resident(pid: int) -> int:
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return 0
    return int(found[1]) // 1024 if found else 0


@contextmanager
def _served(threads: int, padding: int, host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a forum in a process of its own."""
    ready: Queue[str] = Queue()
    server = Process(target=_serve, args=(threads, padding, host, ready), daemon=True)
    server.start()
    try:
        yield ready.get(timeout=120)
    finally:
        server.terminate()
        server.join()


def run(pages: int, padding: int, *, alone: bool = False, leads: bool = False) -> None:
    threads = max(20, pages * 20 // 41)  # two pages each, and a list page for every twenty
    known, expected = threads * POSTS, threads * 2 + -(-threads // 20) + 1  # and robots.txt
    with _served(threads, padding) as url, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        size = len(urlopen(f"{url}forum.php?mod=viewthread&tid=1&page=1").read())  # noqa: S310  # our own server
        stored = _ours(folder / "leads", url, leads=True) if leads else None
        ours, got = _ours(folder / "posts", url)
        plain = None if alone else _plain(folder, url)
    print(f"{ours.pages} pages of about {size // 1000} kB, {known} posts")
    whole = stored[0] if stored else None
    for name, one in (("tingzhen", ours), ("Scrapy alone", plain), ("with leads", whole)):
        if one:
            print(f"{name:14} {one.pages / one.seconds:7.0f} pages/s  {_cost(one):6.2f} ms CPU a page")
    if plain:
        print(f"own cost       {_cost(ours) - _cost(plain):6.2f} ms CPU a page (budget 3)")
        print(f"speed          {plain.seconds / ours.seconds:6.2f} of Scrapy alone")
    if plain and whole:
        once = _starting()
        own = _cost(whole) - _cost(plain) - once / whole.pages * 1000
        print(f"with leads     {own:6.2f} ms CPU a page (budget 8), {once:.1f} s once to start the intake")
    print(f"posts got      {got} of {known}{'' if got == known else '  MISSING SOME'}")
    print(
        "memory         "
        + " ".join(str(each) for each in ours.memory)
        + " MB (each tenth of the way; the last: most)"
    )
    if whole:
        print("memory, leads  " + " ".join(str(each) for each in whole.memory[:-1]) + " MB, the crawl's")
    assert (got, ours.pages) == (known, expected)


def _starting() -> float:
    """CPU seconds from nothing to an ingestor that is ready."""
    work = "from contextlib import ExitStack; from leads.ingest.build import Workshop;"
    work += "stack = ExitStack(); Workshop(stack, '').ingestor(); stack.close()"
    with tempfile.TemporaryDirectory() as scratch:
        process = subprocess.Popen(  # noqa: S603  # ours
            [sys.executable, "-c", work], cwd=scratch, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def together(count: int) -> None:
    """Weighs `count` crawls of as many forums, started from one process, while all of them run."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        names = [f"forum{number}" for number in range(count)]
        tables = [
            SOURCES.format(url=stack.enter_context(_served(30, 40_000, f"127.0.0.{number + 2}"))).replace(
                "bench", name
            )
            for number, name in enumerate(names)  # a host each: one is read by one crawl at a time
        ]
        (folder / "sources.toml").write_text("".join(tables).replace("= 0.0", "= 0.5"), encoding="utf-8")
        settings = Settings(data_dir=folder, crawl=CrawlSettings(sources=str(folder / "sources.toml")))
        intake, stop = SharedIntake(settings), Event()
        crawls = [Thread(target=_crawl, args=(settings, name, intake, stop)) for name in names]
        stack.enter_context(intake.in_use())
        for each in crawls:
            each.start()
        while _stored_by(folder, names) < count:
            time.sleep(1)
        time.sleep(5)
        found = {pid: _command(pid) for pid in _children(os.getpid())}
        crawling = [_weight(pid) for pid, command in found.items() if b"scrapy" in command]
        (storing,) = [_weight(pid) for pid, command in found.items() if b"leads.ingest.intake" in command]
        stop.set()
        for each in crawls:
            each.join()
    each = sum(weight.shared_out for weight in crawling) // count
    print(f"{count} crawls     {each} MB each ({max(w.resident for w in crawling)} resident)")
    print(f"intake       {storing.shared_out} MB ({storing.resident} resident)")
    print(f"all          {sum(w.shared_out for w in crawling) + storing.shared_out} MB")


def _crawl(settings: Settings, name: str, intake: SharedIntake, stop: Event) -> None:
    with suppress(Stopped):
        crawl(settings, [name], progress=lambda event: None, stop=stop, intake=intake)


def _stored_by(folder: Path, names: Sequence[str]) -> int:
    """How many of the crawls have posts in the index."""
    with closing(Coverage(folder / "coverage.sqlite")) as coverage:
        runs = [run for name in names for run in coverage.runs(source=name, limit=1)]
    return sum(run.totals.posts_new > 0 for run in runs)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _weight(pid: int) -> Weight:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    kilobytes = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE))
    return Weight(resident=int(kilobytes["Rss"]) // 1024, shared_out=int(kilobytes["Pss"]) // 1024)


def _cost(one: Measured) -> float:
    return one.cpu / one.pages * 1000


def _ours(folder: Path, url: str, *, leads: bool = False) -> tuple[Measured, int]:
    """A crawl of ours and how many posts it got; tagged and stored with `leads`."""
    folder.mkdir()
    (folder / "sources.toml").write_text(SOURCES.format(url=url), encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCRAPY_SETTINGS_MODULE": "crawler.settings",
        "TINGZHEN_DATA_DIR": str(folder),
    }
    command = [sys.executable, "-m", "scrapy", "crawl", "discuz"]
    command += [] if leads else ["-s", "ITEM_PIPELINES={}"]
    command += ["-s", f"TINGZHEN_SOURCES={folder / 'sources.toml'}", "-s", f"TINGZHEN_DATA_DIR={folder}"]
    measured = measure(command, folder, environment, url)
    coverage = Coverage(folder / "coverage.sqlite")
    run = coverage.runs(limit=1)[0]
    coverage.close()
    assert run.outcome == "ok", run
    return measured, run.totals.posts_new


def _plain(folder: Path, url: str) -> Measured:
    (folder / "plain.py").write_text(SEED, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "SCRAPY_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "scrapy", "runspider", "plain.py", "-a", f"url={url}"]
    return measure(command, folder, environment, url)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--padding", type=int, default=40_000, help="bytes added to each page")
    parser.add_argument("--alone", action="store_true", help="leave Scrapy's own run out")
    parser.add_argument("--leads", action="store_true", help="a crawl that tags and stores as well")
    parser.add_argument("--together", type=int, metavar="N", help="weigh N crawls at once instead")
    arguments = parser.parse_args()
    if arguments.together:
        together(arguments.together)
    else:
        run(arguments.pages, arguments.padding, alone=arguments.alone, leads=arguments.leads)


if __name__ == "__main__":
    main()
