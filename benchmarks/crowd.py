"""Many people at the desk at once: how long pages take and whether any fails (needs Node).

    python -m benchmarks.crowd                             200 people, each a page every ten seconds, 60 s
    python -m benchmarks.crowd --people 50 --pause 5 --count 20000

Fills a folder with invented leads, serves it by `tingzhen serve`, opens sessions for an admin, a marketer and
a doctor, and lets autocannon (got by `npx`, or --command) ask: each connection is a person who asks
the pages of a working day in turn, those of one's role, the list before every lead. Prints figures, not
verdicts: milliseconds on the clock, answers that were no page, the server's processor time and the load of
the machine before. On a busy machine the clock counts the waiting for others, too.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import urllib3

from benchmarks.synthetic import NOW
from benchmarks.web import PLACES, fill, settings
from leads.config import Settings
from leads.index import open_backend
from leads.models import LeadQuery, Role
from leads.records import open_records, sessions, users
from leads.web.auth import COOKIE

TOOL = "autocannon@9.0.0"
LIST = ("/leads", "/leads?near=all&q=牙疼", f"/leads?near={PLACES[0][0]}&since=7d&status=new")
PAGES: Mapping[Role, Sequence[str]] = {
    "admin": ("/", "/mentions", "/coverage", "/users", "/alerts", "/funnel"),
    "marketer": ("/", *LIST, "/mentions", "/topics", "/questions", "/needs", "/ten", "/map", "/groups",
                 "/cases?view=board", "/trends"),
    "doctor": ("/", "/mentions", "/questions", "/topics", "/doctors", LIST[0]),
}  # fmt: skip
SHARES: Mapping[Role, int] = {"admin": 1, "marketer": 4, "doctor": 2}  # of the people
LEADS = 12  # single leads among a marketer's pages
SOON = 180.0  # seconds in which a server is ready


def days(chosen: Settings) -> dict[Role, list[str]]:
    """The pages each role asks for, a marketer's lists before every lead."""
    with open_backend(chosen) as index:
        found = index.search(LeadQuery(limit=LEADS, sort="newest"), now=NOW).items
    leads = [path for hit in found for path in ("/leads", "/leads/" + quote(hit.lead.id, safe=""))]
    return {role: [*pages, *(leads if role == "marketer" else ())] for role, pages in PAGES.items()}


def people(chosen: Settings) -> dict[Role, str]:
    """Somebody of each role who has logged in: what the browser brings along."""
    found: dict[Role, str] = {}
    now = datetime.now(UTC)
    with open_records(chosen) as records, records.transaction() as session:
        for role in PAGES:
            user = users.by_login(session, f"crowd-{role}") or users.add_user(
                session,
                login=f"crowd-{role}",
                name="测",
                role=role,
                now=now,
                clinic_ids=(PLACES[0][0],) if role == "doctor" else (),
            )
            found[role] = f"{COOKIE}={sessions.open_session(session, user, now=now)}"
    return found


def recorded(address: str, paths: Mapping[Role, list[str]], cookies: Mapping[Role, str]) -> dict[str, object]:
    """The requests as an HTTP archive, which autocannon plays back: the roles by their shares, mixed."""
    turns = [(role, at) for role, share in SHARES.items() for at in range(share * len(paths["marketer"]))]
    turns.sort(key=lambda turn: turn[1] / SHARES[turn[0]])
    entries = []
    for role, at in turns:
        headers = [{"name": "Cookie", "value": cookies[role]}, {"name": "Accept-Encoding", "value": "gzip"}]
        path = paths[role][at % len(paths[role])]
        entries.append({"request": {"method": "GET", "url": _url(address, path), "headers": headers}})
    return {"log": {"entries": entries}}


def _url(address: str, path: str) -> str:
    return address + quote(path, safe="/?=&%")


@contextmanager
def served(chosen: Settings) -> Iterator[tuple[str, int, float]]:
    """Address and process of `tingzhen serve` on a free port, as people run it; seconds till it answered."""
    tables = [
        f'[[clinics]]\nid = "{each.id}"\nname = "{each.name}"\nlat = {each.lat}\nlon = {each.lon}\n'
        for each in chosen.clinics
    ]
    (chosen.data_dir / "tingzhen.toml").write_text("\n".join(tables), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["tingzhen", "serve", "--port", str(port)]
    settings_of_it = {**os.environ, "TINGZHEN_DATA_DIR": str(chosen.data_dir.resolve())}
    start = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=chosen.data_dir, env=settings_of_it, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            while not _answers(address):
                if time.monotonic() > start + SOON:
                    raise SystemExit("the server does not answer")
                time.sleep(0.02)
            yield address, server.pid, time.monotonic() - start
        finally:
            server.terminate()


def _answers(address: str) -> bool:
    try:
        return urllib3.request("GET", address + "/healthz", retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _processor(process: int) -> float:
    """Seconds of processor time that a process has had (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(chosen: Settings, given: argparse.Namespace) -> None:
    """One stretch of work, after every page was asked for once."""
    paths, cookies = days(chosen), people(chosen)
    archive = chosen.data_dir / "crowd.har"
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}", flush=True)
    with served(chosen) as (address, server, ready):
        print(f"ready after {ready:.1f} s, {_processor(server):.1f} s of processor", flush=True)
        archive.write_text(json.dumps(recorded(address, paths, cookies)), encoding="utf-8")
        for role, pages in paths.items():
            for path in dict.fromkeys(pages):
                headers = {"Cookie": cookies[role]}
                answer = urllib3.request(
                    "GET", _url(address, path), headers=headers, timeout=60, redirect=False
                )
                assert answer.status == 200, (role, path, answer.status)
        before = _processor(server)
        rate = max(1, round(given.people / given.pause))
        command = [
            *shlex.split(given.command), "--json", "--har", str(archive), "-c", str(given.people),
            "-R", str(rate), "-d", str(given.seconds), "-t", "30", address,
        ]  # fmt: skip
        answered = subprocess.run(  # noqa: S603 - our own arguments
            command, capture_output=True, text=True, check=True
        )
        spent = _processor(server) - before
    report(json.loads(answered.stdout), spent)


def report(found: dict[str, Any], spent: float) -> None:
    """Of autocannon's answer what people would notice."""
    took, asked = found["latency"], found["requests"]
    each = 1000 * spent / max(asked["total"], 1)
    print(f"{asked['total']} pages, {asked['average']:.1f}/s, {each:.0f} ms of processor each")
    print(f"p50 {took['p50']} ms, p97.5 {took['p97_5']} ms, p99 {took['p99']} ms, longest {took['max']} ms")
    answers = ", ".join(f"{code}: {its['count']}" for code, its in found["statusCodeStats"].items())
    print(f"errors {found['errors']}, timeouts {found['timeouts']}, answers {answers}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--pause", type=float, default=10.0, help="seconds between two pages of one person")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--count", type=int, default=100_000, help="leads")
    parser.add_argument("--command", default=f"npx --yes {TOOL}", help="how autocannon is started")
    parser.add_argument("--folder", type=Path, help="a folder to keep the data in, for another run")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        chosen = settings(folder)
        if not (folder / "leads.sqlite").exists():
            fill(chosen, given.count)
        run(chosen, given)


if __name__ == "__main__":
    main()
