"""How many reports can be made and delivered in a minute. Judges nothing.

    python -m benchmarks.digests [--people N] [--clinics N] [--leads N]

Each person has a channel of the own (a web server on this machine) and a daily report about one of the
clinics, all at 08:00. First all are made, then the worker delivers them. Seconds are of the clock, and of
this process's processor time beside.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.alert_latency import served
from benchmarks.synthetic import NOW, leads
from leads.alerts.channels import form
from leads.alerts.messages.digest import Digests
from leads.alerts.outbox.worker import Worker
from leads.config import AlertSettings, ClinicTable, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.records import Records, channels, digests, open_records, users

AT = datetime(2026, 11, 20, 0, 5, tzinfo=UTC)  # five past eight in Beijing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--clinics", type=int, default=20)
    parser.add_argument("--leads", type=int, default=5000)
    asked = parser.parse_args()
    with TemporaryDirectory() as name, served() as url:
        folder = Path(name)
        known = tuple(map(_clinic, range(asked.clinics)))
        settings = Settings(data_dir=folder, alerts=AlertSettings(private_addresses=True), clinics=known)
        with open_records(settings) as records, SqliteIndex(folder / "leads.sqlite") as index:
            index.upsert(list(leads(asked.leads)))
            _people(records, settings, url, asked.people)
            with _timed("made", asked.people):
                made = Digests(settings, records, index).make_due(AT)
            with _timed("looked again", asked.people):
                Digests(settings, records, index).make_due(AT)
            with _timed("delivered", made):
                Worker(records, settings, lambda: max(AT, datetime.now(UTC))).run_once()


@contextmanager
def _timed(what: str, count: int) -> Iterator[None]:
    clock, processor = time.monotonic(), time.process_time()
    yield
    clock, processor = time.monotonic() - clock, time.process_time() - processor
    rate = 60 * count / clock
    print(
        f"{what:14}{count:>8}{clock:>9.1f} s{processor:>9.1f} s of processor{rate:>9.0f} a minute", flush=True
    )


def _clinic(number: int) -> ClinicTable:
    lat, lon = 30.64 + number / 500, 104.04 + number / 500
    return ClinicTable(id=f"c{number}", name=f"第{number}口腔", lat=lat, lon=lon)


def _people(records: Records, settings: Settings, url: str, count: int) -> None:
    before = NOW - timedelta(days=30)
    with records.transaction() as session:
        for number in range(count):
            user = users.add_user(session, login=f"p{number}", name="", role="marketer", now=before)
            given = {"address": f"{url}/{number}", "secret": "x" * 32}
            address = form.read_form("webhook", given, settings.alerts)
            channel = channels.add(
                session, user_id=user.id, name="b", kind="webhook", address=address, who="b", now=before
            )
            clinic = f"c{number % len(settings.clinics)}"
            plan = digests.PlanForm(channel_id=channel.id, clinic_ids=(clinic,))
            digests.add(session, user, plan, now=before)


if __name__ == "__main__":
    main()
