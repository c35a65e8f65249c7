"""What matching costs a post, and how long it takes from stored post to delivered alert. Judges nothing.

    python -m benchmarks.alert_latency [--seconds N] [--rate POSTS] [--rules N]

Part one asks 100, 1,000, 10,000 and N rules (a place, a symptom, words, an area, in turn) of the corpus. Part
two stores posts at a steady rate (25 at a time, as they come from a crawl) while 1,000 rules of 50 people are
switched on and the worker delivers to a web server on this machine; an alert's time runs from before its post
is tagged to the server's answer, for those told in a summary, too. Budgets: 100 µs a post, p95 of 5 s.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from sqlalchemy import select

from crawler.items import PlaceHint, Post
from leads.alerts.channels import form
from leads.alerts.outbox.worker import Worker
from leads.alerts.triggers.rule_set import RuleSet, of_lead
from leads.clinics.name_matcher import BrandMatcher
from leads.config import AlertSettings, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.ingest.ingestor import Ingestor, Report
from leads.models import Lead, RuleKind
from leads.quarantine import Quarantine
from leads.records import Records, channels, open_records, rules, users
from leads.records.tables.alerts import Alert
from leads.storage import open_tagger
from nlp import Tagger
from nlp.intent import corpus
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon

PEOPLE, RULES, BATCH = 50, 1000, 25
CITIES = ("成都", "北京", "上海", "广州", "武汉", "西安", "杭州", "南京", "重庆", "长沙")


@dataclass(frozen=True)
class Asked:
    """A rule that is not stored."""

    id: int
    kind: RuleKind
    query: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=20, help="how long posts come in part two")
    parser.add_argument("--rate", type=int, default=50, help="posts a second in part two")
    parser.add_argument("--rules", type=int, default=10_000, help="the most rules of part one")
    given = parser.parse_args()
    tagger = open_tagger()
    _matching(tagger, given.rules)
    _delivery(tagger, given.seconds, given.rate)


def queries(count: int) -> list[str]:
    """Rules as clinics have them, all different."""
    chance = random.Random(7)
    codes = list(lexicon.load().concepts)
    seats = [each for each in Gazetteer.load() if each.level == "district" and each.lat > 20]
    words = [entry.word for entry in lexicon.load().entries if entry.word.isalnum()]
    out = []
    for number in range(count):
        seat = chance.choice(seats)
        point = f"{seat.lat + chance.uniform(-0.03, 0.03):.4f},{seat.lon + chance.uniform(-0.03, 0.03):.4f}"
        made = (
            {"near": point, "symptom": chance.choice(codes), "min_need": "0.5"},
            {"near": point, "q": f"{chance.choice(words)} OR {chance.choice(words)}"},
            {"q": f"{chance.choice(words)} 推荐"},
            {"symptom": chance.choice(codes), "area": chance.choice(CITIES)},
            {"q": chance.choice(words), "min_need": "0.4"},
        )
        out.append(urlencode(made[number % len(made)]))
    return out


def posts(count: int, now: datetime) -> list[Post]:
    """The corpus, again and again, from ten cities; a tail keeps texts from being near-duplicates."""
    texts = [example.text for example in corpus.load()]
    return [
        Post(
            source="bench",
            post_id=str(number),
            text=f"{texts[number % len(texts)]} {number * 7919}" + "，求推荐" * (number % 2),
            author_key=f"a{number}",
            published_at=now,
            fetched_at=now,
            place_hints=(PlaceHint(kind="checkin", text=CITIES[number % len(CITIES)]),),
        )
        for number in range(count)
    ]


def _matching(tagger: Tagger, most: int) -> None:
    found = posts(2000, datetime.now(UTC))
    tagged = tagger.tag_many([post.full_text for post in found], [post.place_hints for post in found])
    leads = [
        Lead(post=post, tags=tags, need=0.7, reasons=()) for post, tags in zip(found, tagged, strict=True)
    ]
    [of_lead(lead) for lead in leads[:200]]
    print(
        f"{'rules':>8}{'compiling s':>14}{'reading µs/post':>18}{'matching µs/post':>19}{'hits/post':>12}"
        f"{'MB':>8}"
    )
    for count in dict.fromkeys((100, 1000, 10_000, most)):
        start = time.process_time()
        asked = [Asked(number, "lead", query) for number, query in enumerate(queries(count))]
        compiled = RuleSet(asked, (), now=datetime.now(UTC))
        ready = time.process_time()
        occasions = [of_lead(lead) for lead in leads]
        read = time.process_time()
        hits = compiled.match(occasions)
        done = time.process_time()
        a_post = 1e6 / len(leads)
        print(
            f"{count:>8}{ready - start:>14.2f}{(read - ready) * a_post:>18.1f}{(done - read) * a_post:>19.1f}"
            f"{sum(map(len, hits)) / len(hits):>12.2f}{_megabytes():>8.0f}",
            flush=True,
        )


def _megabytes() -> float:
    """The most that this process has held, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class _Server(BaseHTTPRequestHandler):
    """Takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@contextmanager
def served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        server.shutdown()


def _delivery(tagger: Tagger, seconds: int, rate: int) -> None:
    with TemporaryDirectory() as name, served() as url:
        folder = Path(name)
        settings = Settings(data_dir=folder, alerts=AlertSettings(private_addresses=True))
        with open_records(settings) as records, SqliteIndex(folder / "leads.sqlite") as index:
            _people(records, settings, url)
            ingestor = Ingestor(
                tagger=tagger,
                index=index,
                quarantine=Quarantine(folder / "quarantine.jsonl"),
                clinics=(),
                brands=BrandMatcher(()),
                records=records,
            )
            worker = Worker(records, settings)
            worker.start()
            report, late = _feed(ingestor, seconds, rate)
            _wait(records)
            worker.stop()
            _tell(records, report, seconds, late)


def _people(records: Records, settings: Settings, url: str) -> None:
    """Each with a channel of the own and a share of the rules."""
    now = datetime.now(UTC)
    asked = queries(RULES)
    with records.transaction() as session:
        for number in range(PEOPLE):
            user = users.add_user(session, login=f"p{number}", name="", role="marketer", now=now)
            address = form.read_form(
                "webhook", {"address": f"{url}/{number}", "secret": "x" * 32}, settings.alerts
            )
            channel = channels.add(
                session, user_id=user.id, name="bench", kind="webhook", address=address, who="bench", now=now
            )
            for query in asked[number::PEOPLE]:
                rule = rules.add(session, name="bench", kind="lead", query=query, who="bench", now=now)
                rules.subscribe(session, rule.id, user.id, channel.id, max_per_hour=1000)


def _feed(ingestor: Ingestor, seconds: int, rate: int) -> tuple[Report, float]:
    """Posts at a steady rate; how late the last batch was."""
    report, begin = Report(), time.monotonic()
    ingestor.store(posts(1, datetime.now(UTC) - timedelta(days=30)), Report(), datetime.now(UTC))
    found, late = posts(seconds * rate, datetime.now(UTC)), 0.0
    begin = time.monotonic()
    for start in range(0, len(found), BATCH):
        due = begin + start / rate
        time.sleep(max(0.0, due - time.monotonic()))
        late = max(0.0, time.monotonic() - due)
        ingestor.store(found[start : start + BATCH], report, datetime.now(UTC))
    return report, late


def _wait(records: Records) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with records.reading() as session:
            waiting = select(Alert.id).where(Alert.state.in_(("waiting", "sending"))).limit(1)
            if session.scalar(waiting) is None:
                return
        time.sleep(0.2)


def _tell(records: Records, report: Report, seconds: int, late: float) -> None:
    with records.reading() as session:
        alerts = list(session.scalars(select(Alert)))
    sent = {alert.id: alert.sent_at for alert in alerts}
    took = sorted(
        (moment - alert.created_at).total_seconds()
        for alert in alerts
        if (moment := sent.get(alert.merged_into or alert.id)) is not None
    )
    print(
        f"\n{report.read} posts in {seconds} s, a batch {late:.2f} s late at most;"
        f" {RULES} rules, {PEOPLE} people"
    )
    print(f"{report.leads} leads, {len(alerts)} alerts, {len(took)} delivered")
    if len(took) > 1:
        cuts = statistics.quantiles(took, n=20)
        print(f"stored → delivered: p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s, longest {took[-1]:.2f} s")


if __name__ == "__main__":
    main()
