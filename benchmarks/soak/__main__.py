"""Years of work in fast time: `serve` crawls invented sites while everything that can go wrong does.

    python -m benchmarks.soak [--sources N] [--clinics N] [--turns N] [--posts N] [--step MINUTES] [--seed N]

The clock of the program is set on by a step, the sites say something new, a fault is made (a killed process,
a full or slow disk, an index that is held, a clock set back), and when all sources have been read the next
turn begins. In the end a ledger compares what was said with what is stored and told: nothing lost, doubled or
leaked; memory and open files flat. Exits with 1 where that is not so. The default takes a few minutes; a day:

    python -m benchmarks.soak --sources 200 --clinics 500 --turns 24 --posts 1042 --step 60 --room 16000

Needs Linux with strace, and the right to mount a file system of its own (root, or user namespaces).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from benchmarks.soak.faults import FAULTS, Stage
from benchmarks.soak.ledger import settle
from benchmarks.soak.program import Program, WallClock
from benchmarks.soak.site import Sites, bound, host, served
from benchmarks.soak.world import World, proven
from leads import storage
from leads.alerts.channels.form import read_form
from leads.config import Settings, load_settings
from leads.records import channels, jobs, open_records, rules, users
from leads.records.clinics import adopt_file
from leads.records.tables.alerts import Alert
from nlp import Tagger

INSIDE = "TINGZHEN_SOAK_INSIDE"
MAKE_UP = timedelta(minutes=15)  # longer than a failed crawl waits to be tried again


def main() -> None:
    asked = _asked()
    if not os.environ.get(INSIDE):
        sys.exit(_inside())
    with TemporaryDirectory(prefix="soak-") as name, ExitStack() as stack:
        root = Path(name)
        # Our own words; util-linux stands wherever the system puts it.
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={asked.room}m", "soak", name], check=True)  # noqa: S603, S607
        stack.callback(subprocess.run, ["umount", "--lazy", name], check=True)
        sys.exit(_soak(asked, root))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sources", type=int, default=6)
    parser.add_argument("--clinics", type=int, default=40)
    parser.add_argument(
        "--turns", type=int, default=len(FAULTS) + 1, help="one fault each, but for the first"
    )
    parser.add_argument("--posts", type=int, default=40, help="that a source says a turn")
    parser.add_argument(
        "--step", type=int, default=5, help="minutes of the program's clock from turn to turn"
    )
    parser.add_argument(
        "--patience", type=int, default=120, help="seconds that a turn may take; the rest is made up"
    )
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--room", type=int, default=300, help="megabytes of the file system that gets full")
    return parser.parse_args()


def _inside() -> int:
    """The same once more in a mount namespace of its own, where a file system may be mounted."""
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("strace") is None:
        raise SystemExit("a soak needs unshare (util-linux) and strace")
    rights = [] if os.getuid() == 0 else ["--map-root-user"]
    words = [unshare, "--mount", *rights, sys.executable, "-m", "benchmarks.soak", *sys.argv[1:]]
    started = subprocess.run(words, env={**os.environ, INSIDE: "1"}, check=False)  # noqa: S603 - ourselves
    return started.returncode


def _soak(asked: argparse.Namespace, root: Path) -> int:
    world = World(sources=asked.sources, clinics=asked.clinics, posts=asked.posts, seed=asked.seed)
    districts = world.districts()
    port, sockets = bound(world.sources)
    sites = Sites(world=world, port=port, districts=[each.name for each in districts])
    folder = root / "clinic"
    folder.mkdir()
    (root / "outside").mkdir()
    settings = _prepared(folder, sites, asked.step)
    proven(world, Tagger.load(), settings.leads.min_need)
    _people(settings, world, [each.code for each in districts], port)
    clock = WallClock(root / "outside" / "clock")
    program = Program(folder=folder, data=settings.data_dir, port=bound(1)[0], clock=clock)
    stage = Stage(program=program, folder=root, chance=random.Random(asked.seed))
    with served(sites, sockets):
        sites.begun.append(clock.now())
        program.start()
        with program.watched(1.0):
            _turns(asked, sites, stage)
            _made_up(asked, sites, settings, clock)
        ended = program.stop()
    books = settle(settings, sites, program.lives, folder)
    print(
        json.dumps({"sources": world.sources, "clinics": world.clinics, **books.figures}, ensure_ascii=False)
    )
    wrong = [*books.wrong, *([f"serve ended with {ended}"] if ended else [])]
    for each in wrong:
        print(f"WRONG: {each}")
    if wrong:
        print((folder / "serve.log").read_text(errors="replace")[-4000:], file=sys.stderr)
    return 1 if wrong else 0


def _prepared(folder: Path, sites: Sites, minutes: int) -> Settings:
    """A folder as an operator sets it up."""
    sources = (
        f'[s{each}]\nurl = "http://{host(each)}:{sites.port}/"\nengine = "feed"\nfeeds = ["feed.json"]\n'
        f'every = "{minutes}m"\ndelay = 0.0\nallow_private = true\n'
        for each in range(sites.world.sources)
    )
    (folder / "sources.toml").write_text("\n".join(sources), encoding="utf-8")
    clinics = (
        f'[[clinics]]\nid = "c{number}"\nname = "安和第{number}门诊"\nlat = {each.lat}\nlon = {each.lon}\n'
        for number, each in enumerate(sites.world.districts())
    )
    text = '[crawl]\nsources = "sources.toml"\nparallel = 2\n[alerts]\nprivate_addresses = true\n' + "".join(
        clinics
    )
    (folder / "tingzhen.toml").write_text(text, encoding="utf-8")
    settings = load_settings(folder / "tingzhen.toml")
    storage.data_dir(settings)
    return settings


def _people(settings: Settings, world: World, codes: Sequence[str], port: int) -> None:
    """A person for each clinic, told at once of every lead in its district."""
    now = datetime.now(UTC)
    with open_records(settings) as records, records.transaction() as session:
        adopt_file(session, settings)
        for number, code in enumerate(codes):
            user = users.add_user(session, login=f"p{number}", name="", role="marketer", now=now)
            given = {"address": f"http://{host(0)}:{port}/hook/{number}", "secret": "s" * 32}
            address = read_form("webhook", given, settings.alerts)
            channel = channels.add(
                session, user_id=user.id, name="soak", kind="webhook", address=address, who="soak", now=now
            )
            rule = rules.add(session, name=code, kind="lead", query=f"area={code}", who="soak", now=now)
            rules.subscribe(session, rule.id, user.id, channel.id, max_per_hour=1000)


def _turns(asked: argparse.Namespace, sites: Sites, stage: Stage) -> None:
    """One turn after the other, each but the first with a fault."""
    faults = list(FAULTS.items())
    for turn in range(asked.turns):
        began = time.monotonic()
        if turn:
            stage.program.clock.shift(timedelta(minutes=asked.step))
            sites.begun.append(stage.program.clock.now())
            name, fault = faults[(turn - 1) % len(faults)]
            _wait(lambda: len(_behind(sites)) < sites.world.sources, asked.patience)  # something is under way
            time.sleep(stage.chance.uniform(0, 2))  # at any moment of a crawl
            fault(stage)
        _wait(lambda: not _behind(sites), asked.patience)
        told = f"turn {turn}: {name if turn else 'no fault'}, {time.monotonic() - began:.0f} s"
        print(f"{told}, {len(_behind(sites))} of {sites.world.sources} sources behind", flush=True)


def _behind(sites: Sites) -> list[int]:
    """Sources that were not read since the turn began."""
    newest = len(sites.begun) - 1
    return [each for each in range(sites.world.sources) if sites.fetched.get(each, -1) < newest]


def _made_up(asked: argparse.Namespace, sites: Sites, settings: Settings, clock: WallClock) -> None:
    """Nothing new is said; what failed has its turn again, and all alerts go out."""
    for _ in range(2):
        clock.shift(MAKE_UP)
        sites.fetched.clear()
        _wait(lambda: not _behind(sites) and _idle(settings), 3 * asked.patience)


def _idle(settings: Settings) -> bool:
    with open_records(settings) as records, records.reading() as session:
        waiting = select(Alert.id).where(Alert.state.in_(("waiting", "sending"))).limit(1)
        return not jobs.open_jobs(session) and session.scalar(waiting) is None


def _wait(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
