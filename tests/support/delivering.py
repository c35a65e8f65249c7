"""A worker process for the tests that kill one: `python -m tests.support.delivering FOLDER RECORDS`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from leads.alerts.outbox.worker import Worker
from leads.config import AlertSettings, Settings
from leads.records import open_records


def settings(folder: Path, address: str = "sqlite") -> Settings:
    return Settings(data_dir=folder, records=address, alerts=AlertSettings(private_addresses=True))


def main() -> None:
    chosen = settings(Path(sys.argv[1]), sys.argv[2])
    with open_records(chosen) as records:
        worker = Worker(records, chosen)
        worker.start()
        print("ready", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
