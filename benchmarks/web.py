"""The pages of the desk over many leads: server time and size of each, in one process without a network.

    python -m benchmarks.web                      100,000 leads in SQLite
    python -m benchmarks.web --count 20000 --only leads

Prints figures, not verdicts; "over" marks what is above the budget of 100 ms at p95 or 150 kB. Every address
is asked for once before it counts (a page's first visitor after a start pays for loading), then `--repeats`
times with other words, places and days, so that kept counts do not answer; "kept" asks the same again. On a
busy machine look at the processor's time: the clock also counts the waiting.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import quote, urlencode

from fastapi.testclient import TestClient

from benchmarks.search import WORDS, spread
from benchmarks.synthetic import NOW, leads
from leads.config import ClinicTable, Settings
from leads.index import open_backend
from leads.index.base import Stored
from leads.ingest.ingestor import batched
from leads.models import Lead, LeadQuery, Mention
from leads.records import open_records, sessions, users
from leads.web.app import create_app
from leads.web.auth import COOKIE
from nlp.models import Sentiment

MS, KB = 100.0, 150.0  # the budget of a page: p95, size without the plot library
REPEATS = 40
BATCH = 2000
PLACES = (("chengdu", "安和口腔", 30.64, 104.04), ("shanghai", "沪上中医", 31.22, 121.45))
PEOPLE = ("lin", "wang", "zhao")
STATUSES = ("new", "new", "new", "new", "seen", "replied", "dismissed")
Make = Callable[[random.Random], str]


class Figures(NamedTuple):
    """Of one page: milliseconds on the clock, of the processor, and the largest answer in kB."""

    p50: float
    p95: float
    cpu95: float
    kilobytes: float


def seeded(count: int) -> Iterator[Stored]:
    """The invented leads up to now, some of them worked on."""
    rng = random.Random("cases")
    shift = datetime.now(UTC) - NOW
    for lead in leads(count):
        post = replace(lead.post, published_at=lead.post.published_at + shift)
        status = rng.choice(STATUSES)
        assignee = "" if status == "new" else rng.choice(PEOPLE)
        yield Stored(lead=replace(lead, post=post, status=status, assignee=assignee))


def mentions(count: int) -> Iterator[Mention]:
    rng = random.Random("mentions")
    for lead in leads(count, seed=3):
        clinic = rng.choice(PLACES)
        text = f"在{clinic[1]}看的，{lead.post.text}"
        moment = datetime.now(UTC) - timedelta(minutes=rng.randrange(60 * 24 * 60))
        mood = rng.choice(("praise", "complaint", "neutral"))
        yield Mention(
            post=replace(lead.post, post_id=f"m{lead.post.post_id}", text=text, published_at=moment),
            clinic_id=clinic[0],
            term=clinic[1],
            sentiment=Sentiment(polarity=mood, severity=2 if mood == "complaint" else 0),  # type: ignore[arg-type]  # one of them
        )


def settings(folder: Path) -> Settings:
    tables = (ClinicTable(id=code, name=name, lat=lat, lon=lon) for code, name, lat, lon in PLACES)
    return Settings(data_dir=folder, clinics=tuple(tables))


def fill(chosen: Settings, count: int) -> None:
    with open_backend(chosen) as index:
        start = time.perf_counter()
        for batch in batched(seeded(count), BATCH):
            index.restore(batch)
        rate = count / (time.perf_counter() - start)
        index.upsert_mentions(list(mentions(min(2000, count))))
    print(f"{count} leads, made and loaded at {rate:.0f}/s", file=sys.stderr, flush=True)


def logged_in(chosen: Settings, *, role: str = "admin", clinic_ids: tuple[str, ...] = ()) -> dict[str, str]:
    now = datetime.now(UTC)
    with open_records(chosen) as records, records.transaction() as session:
        user = users.by_login(session, f"bench-{role}") or users.add_user(
            session,
            login=f"bench-{role}",
            name="测",
            role=role,
            now=now,
            clinic_ids=clinic_ids,  # type: ignore[arg-type]  # a Role
        )
        return {COOKIE: sessions.open_session(session, user, now=now)}


def _days(rng: random.Random) -> str:
    return f"{rng.randrange(24, 24 * 120)}h"


def lead_pages() -> dict[str, Make]:
    """Combinations of filters, each with something that changes from one request to the next."""

    def page(**fields: str | Callable[[random.Random], str]) -> Make:
        def make(rng: random.Random) -> str:
            given = {key: value if isinstance(value, str) else value(rng) for key, value in fields.items()}
            return "/leads?" + urlencode(given)

        return make

    def some(*values: str) -> Callable[[random.Random], str]:
        return lambda rng: rng.choice(values)

    def need(rng: random.Random) -> str:
        return f"{rng.random() / 3:.4f}"

    clinic = some(*(code for code, *_ in PLACES))
    return {
        "leads: as opened": page(min_need=need),
        "leads: everywhere": page(near="all", min_need=need),
        "leads: words": page(near="all", q=some(*WORDS), min_need=need),
        "leads: words, clinic, days": page(near=clinic, q=some(*WORDS), since=_days),
        "leads: three filters": page(
            near="all", status="new", symptom="toothache", specialty="dental", min_need=need
        ),
        "leads: one source, newest": page(near="all", source="forum", sort="newest", min_need=need),
        "leads: nearest, wide": page(
            near=clinic, radius="20km", sort="nearest", precision="possible", since=_days
        ),
        "leads: a city": page(area=some("成都", "上海", "北京", "深圳"), min_need=need),
        "leads: mine": page(near="all", assignee=some(*PEOPLE), min_need=need),
        "leads: kept": page(near="all", q="牙疼"),
    }


def other_pages(sample: Sequence[Lead]) -> dict[str, Make]:
    """The other pages there are; one that is not served is left out."""
    return {
        "today": lambda rng: f"/?clinic={rng.choice(PLACES)[0]}",
        "topics": lambda rng: f"/topics?span={rng.choice(('today', 'week', 'month'))}",
        "questions": lambda rng: f"/questions?span={rng.choice(('today', 'week', 'month'))}",
        "trends": lambda rng: f"/trends?back={rng.choice(('month', 'quarter', 'year'))}",
        "needs": lambda rng: "/needs",
        "groups": lambda rng: "/groups",
        "doctors": lambda rng: "/doctors",
        "funnel": lambda rng: f"/funnel?since={rng.choice(('30d', '90d', '365d'))}",
        "board": lambda rng: "/cases?view=board&assignee=",
        "ten": lambda rng: "/ten",
        "lead": lambda rng: "/leads/" + quote(rng.choice(sample).id, safe=""),
        "mentions": lambda rng: "/mentions",
        "map": lambda rng: f"/map?near={rng.choice(PLACES)[0]}",
        "rules": lambda rng: "/rules",
        "coverage": lambda rng: "/coverage",
        "clinics": lambda rng: "/clinics",
        "alerts": lambda rng: "/alerts",
        "digests": lambda rng: "/digests",
        "searches": lambda rng: "/searches",
        "users": lambda rng: "/users",
    }


def measured(client: TestClient, make: Make, repeats: int) -> Figures | None:
    """None where there is no such page."""
    rng = random.Random("web")
    asked = [make(rng) for _ in range(repeats + 1)]
    first = client.get(asked[0])
    if first.status_code == 404:
        return None
    times, spent, sizes = [], [], [len(first.content)]
    for url in asked[1:]:
        start, used = time.perf_counter(), time.process_time()
        answer = client.get(url)
        times.append((time.perf_counter() - start) * 1000)
        spent.append((time.process_time() - used) * 1000)
        assert answer.status_code == 200, (url, answer.status_code)
        sizes.append(len(answer.content))
    return Figures(*spread(times), spread(spent)[1], max(sizes) / 1000)


def report(client: TestClient, pages: dict[str, Make], repeats: int, *, as_json: bool) -> None:
    found = {title: measured(client, make, repeats) for title, make in pages.items()}
    if as_json:
        print(json.dumps({title: figures and figures._asdict() for title, figures in found.items()}))
        return
    print(f"{'page':28}{'p50 ms':>9}{'p95 ms':>9}{'cpu p95':>9}{'kB':>9}")
    for title, figures in found.items():
        if figures is None:
            print(f"{title:28}{'not served':>9}")
            continue
        over = "  over" if figures.p95 > MS or figures.kilobytes > KB else ""
        print(
            f"{title:28}{figures.p50:>9.1f}{figures.p95:>9.1f}{figures.cpu95:>9.1f}{figures.kilobytes:>9.1f}{over}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--only", default="", help="pages whose title begins with this")
    parser.add_argument("--folder", type=Path, help="a folder to keep the data in, for another run")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        run(settings(folder), given)


def run(chosen: Settings, given: argparse.Namespace) -> None:
    if not (chosen.data_dir / "leads.sqlite").exists():
        fill(chosen, given.count)
    cookies = logged_in(chosen)
    with open_backend(chosen) as index:
        sample = [hit.lead for hit in index.search(LeadQuery(limit=200, sort="newest"), now=NOW).items]
    pages = {**lead_pages(), **other_pages(sample)}
    pages = {title: make for title, make in pages.items() if title.startswith(given.only)}
    with TestClient(create_app(chosen), base_url="http://127.0.0.1:8000", cookies=cookies) as client:
        report(client, pages, given.repeats, as_json=given.json)


if __name__ == "__main__":
    main()
