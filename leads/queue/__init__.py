"""Who carries out what the records were asked for (`leads.records.jobs`): one interface, two queues.

`embedded` is threads and APScheduler on one machine, `shared` is procrastinate for any number of machines.
One suite of tests holds both to the same rules (tests/leads/queue).
"""

from __future__ import annotations

from leads.config import Settings
from leads.models import Clock
from leads.queue.embedded import Threads
from leads.queue.kinds import Plan, Runner
from leads.records import Records


def open_runner(settings: Settings, records: Records, plan: Plan, *, clock: Clock) -> Runner:
    """The runner that goes with these records."""
    if not records.shared:
        return Threads(records, plan, clock=clock)
    # Imported late: who keeps everything in one file needs no PostgreSQL queue.
    from leads.queue.shared import Workers

    return Workers(settings, records, plan, clock=clock)
