"""The worker that empties the outbox: channels side by side, each in order, a slow one in nobody's way.

A message is sent between two transactions: one that takes it, one that writes down what became of it. Only a
crash between the service's answer and the second one makes a message go out twice, under the same id.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from threading import Event, Lock, Thread

from sqlalchemy.orm import Session

from crawler.telemetry import traces
from leads.alerts.channels import send
from leads.alerts.messages.message import Message, Payload
from leads.alerts.outbox import outbox
from leads.alerts.outbox.acknowledge import Links
from leads.alerts.outbox.claims import claim, has_work
from leads.alerts.outbox.outbox import Delivery
from leads.config import Settings
from leads.errors import StorageError
from leads.models import Outcome
from leads.records import Records
from leads.records.seal import LostKeyError

log = logging.getLogger(__name__)
AT_ONCE = 32  # channels written to at the same time; a hanging one holds one of them for wire.DEADLINE
POLL = 0.4  # seconds between looks at the outbox
TROUBLE_PAUSE = 2.0  # seconds, when the records cannot be read or written
WRITE_TRIES = 20  # to write down what became of a message: a lost answer is a message sent twice


class Worker:
    """Delivers what is due. `clock` decides what is; waiting itself goes by the machine's steady clock."""

    def __init__(
        self, records: Records, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.id = uuid.uuid4().hex
        self._records, self._settings, self._clock = records, settings, clock
        self._links = Links(settings.data_dir)
        self._stopping, self._wake = Event(), Event()
        self._flying: set[Future[None]] = set()
        self._lock = Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._thread: Thread | None = None

    def run_once(self) -> int:
        """Send all that is due now, and what becomes due meanwhile; how many messages were tried.

        Raises:
            StorageError: the records cannot be read or written.
        """
        tried = 0
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert") as pool:
            while True:
                tried += self._launch(pool)
                with self._lock:
                    flying = set(self._flying)
                if not flying:
                    if not self._due():
                        return tried
                    continue
                wait(flying, return_when="FIRST_COMPLETED")

    def start(self) -> None:
        """Deliver in threads until `stop`."""
        self._stopping.clear()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert")
        self._thread = Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more, finish what is on its way, hand back what was not begun."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        self._thread = self._pool = None

    def _run(self) -> None:
        assert self._pool is not None  # noqa: S101 - start made it
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                launched = self._launch(self._pool)
            except StorageError as error:
                log.warning("alerts wait: %s", error)
                self._stopping.wait(TROUBLE_PAUSE)
                continue
            except Exception as error:
                log.error("alerts wait: %s", type(error).__name__)
                self._stopping.wait(TROUBLE_PAUSE)
                continue
            if not launched:
                self._wake.wait(POLL)

    def _due(self) -> bool:
        with self._records.reading() as session:
            return has_work(session, self._clock())

    def _launch(self, pool: ThreadPoolExecutor) -> int:
        """Take what is due, as far as there are hands free."""
        with self._lock:
            free = AT_ONCE - len(self._flying)
        if free <= 0 or not self._due():
            return 0
        with self._records.transaction() as session:
            taken = claim(session, self.id, self._clock(), free)
        for delivery in taken:
            future = pool.submit(self._handle, delivery)
            with self._lock:
                self._flying.add(future)
            future.add_done_callback(self._landed)
        return len(taken)

    def _landed(self, future: Future[None]) -> None:
        with self._lock:
            self._flying.discard(future)
        self._wake.set()

    def _handle(self, delivery: Delivery) -> None:
        if self._stopping.is_set():
            self._write(lambda session, now: outbox.hand_back(session, self.id, now=now, ids=[delivery.id]))
            return
        with traces.span("alert.delivery", channel=delivery.channel_kind, attempt=delivery.attempt) as spell:
            outcome = self._send(delivery)
            spell.note(verdict=outcome.verdict)
        log.info("alert %s by %s: %s", delivery.id, delivery.channel_kind, outcome.verdict)
        self._write(lambda session, now: self._note(session, delivery, outcome, now))

    def _send(self, delivery: Delivery) -> Outcome:
        now = self._clock()
        try:
            base = send.desk_address(self._settings)
            at = delivery.first_tried_at
            message = Message(
                id=delivery.id,
                at=at,
                items=tuple(map(Payload.from_json, delivery.said)),
                total=delivery.total,
                base=base,
                ack=base + self._links.path(delivery.id, now=at),
            )
            kind, address = delivery.channel_kind, self._records.seal.open(delivery.address)
            return send.deliver(kind, address, message, self._settings.alerts, now=now)
        except LostKeyError as error:
            return Outcome(verdict="dead", reason=str(error), revoked=True)
        except Exception as error:
            # The type alone: what an exception says may hold a token.
            name = type(error).__name__
            log.error("alert %s could not be sent: %s", delivery.id, name)
            return Outcome(verdict="retry", reason=f"内部错误（{name}）：请把日志发给维护者。")

    def _note(self, session: Session, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        if outcome.verdict == "delivered":
            outbox.sent(session, delivery.id, worker=self.id, now=now)
        elif outcome.verdict == "dead":
            outbox.dead(
                session, delivery.id, worker=self.id, now=now, reason=outcome.reason, revoked=outcome.revoked
            )
        else:
            outbox.failed(
                session,
                delivery.id,
                worker=self.id,
                now=now,
                reason=outcome.reason,
                retry_after=outcome.retry_after,
                jitter=random.uniform(0.5, 1.5),  # noqa: S311 - spreads tries, guards nothing
            )

    def _write(self, change: Callable[[Session, datetime], object]) -> None:
        """In a transaction; a busy or full disk is asked again, for the lease's sake not for ever."""
        for left in reversed(range(WRITE_TRIES)):
            try:
                with self._records.transaction() as session:
                    change(session, self._clock())
                    return
            except StorageError as error:
                log.warning("what became of an alert is not written down yet: %s", error)
                if left:
                    time.sleep(TROUBLE_PAUSE)
