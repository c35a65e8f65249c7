"""A worker process for tests that kill it: `python -m tests.support.queue_worker FOLDER RECORDS`.

It says "took" on a line of its own as soon as it has a job, and never ends one.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from leads.config import JobSettings, Settings
from leads.models import system_clock
from leads.queue import open_runner
from leads.queue.kinds import Kind, Plan, Stop
from leads.records import open_records
from leads.records.tables.jobs import Job


def hold(job: Job, stop: Stop) -> None:
    print("took", flush=True)
    time.sleep(3600)


def main() -> None:
    folder, address = sys.argv[1:]
    settings = Settings(data_dir=Path(folder), records=address, jobs=JobSettings(stalled_seconds=10))
    plan = Plan(kinds=(Kind(name="crawl", role="crawl", run=hold),), parallel={"crawl": 1})
    with open_records(settings) as records:
        open_runner(settings, records, plan, clock=system_clock).start()
        time.sleep(3600)


if __name__ == "__main__":
    main()
