"""Figures for Prometheus: what an operator wants to be woken for. Names and meanings: docs/operations.md.

They are looked up when they are asked for, so that they are true of all processes of an installation; only
the times of answers are this process's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from leads.actions import backup, room
from leads.alerts.outbox import history
from leads.errors import TingzhenError
from leads.labels import OUTCOMES
from leads.learning.drift import drift
from leads.records import jobs
from leads.storage import model_folder
from leads.web.api.access import CoverageReader, scoped
from leads.web.desk import Desk, TheDesk
from leads.web.pages.coverage import source_lines
from nlp.intent.model import trained_at

routes = APIRouter(tags=["采集"])
Families = Iterator[GaugeMetricFamily]


class Latency:
    """How long answers of this process took, by route and class of status."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "tingzhen_answer_seconds",
            "Time to an answer of this process.",
            ("method", "route", "status"),
            registry=self.registry,
        )

    def note(self, request: Request, status: int, seconds: float) -> None:
        """Count an answer under its route."""
        self._seconds.labels(request.method, route_of(request), f"{status // 100}xx").observe(seconds)


def route_of(request: Request) -> str:
    """The route as it is written, after it was answered. An address that is none of ours is "other":
    strangers must not make up names."""
    path = getattr(request.scope.get("route"), "path", "")
    return str(request.scope.get("root_path", "") + path) if path else "other"


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps it by identity
class Figures(Collector):
    """What there is now. A store that does not answer takes away its own figures, and only those."""

    desk: Desk
    now: datetime

    def collect(self) -> Families:
        up = GaugeMetricFamily("tingzhen_up", "1 when a part could be asked.", labels=["part"])
        for part, look in _PARTS.items():
            try:
                found = list(look(self.desk, self.now))
            except TingzhenError:
                found = []
                up.add_metric([part], 0)
            else:
                up.add_metric([part], 1)
            yield from found
        yield up


def _index(desk: Desk, now: datetime) -> Families:
    family = GaugeMetricFamily("tingzhen_posts", "Posts in the index.", labels=["kind"])
    for kind, count in desk.index.counts().items():
        family.add_metric([kind], count)
    yield family
    moved = desk.ask(("drift", now.date()), lambda: drift(desk.index, now=now)).value
    if moved.index is not None:
        told = "How unlike those before the last week's leads are: population stability index."
        yield GaugeMetricFamily("tingzhen_score_drift", told, value=moved.index)


def _sources(desk: Desk, now: datetime) -> Families:
    outcome = GaugeMetricFamily(
        "tingzhen_source_outcome", "1 for what the last run came to.", labels=["source", "outcome"]
    )
    lag = GaugeMetricFamily(
        "tingzhen_source_lag_seconds", "Since the start of the last good run.", labels=["source"]
    )
    every = GaugeMetricFamily("tingzhen_source_every_seconds", "How often it is read.", labels=["source"])
    gaps = GaugeMetricFamily("tingzhen_source_gaps", "Gaps that are open.", labels=["source"])
    posts = GaugeMetricFamily(
        "tingzhen_source_last_run_posts", "Posts of the last run.", labels=["source", "state"]
    )
    for line in source_lines(desk, now):
        name = line.state.source.name
        for each in OUTCOMES:
            outcome.add_metric([name, each], line.state.outcome == each)
        every.add_metric([name], line.state.source.every.total_seconds())
        gaps.add_metric([name], len(line.state.gaps))
        if line.succeeded:
            lag.add_metric([name], (now - line.succeeded).total_seconds())
        if line.state.run:
            totals = line.state.run.totals
            for state, count in (
                ("new", totals.posts_new), ("known", totals.posts_known), ("changed", totals.posts_changed),
            ):  # fmt: skip
                posts.add_metric([name, state], count)
    yield from (outcome, lag, every, gaps, posts)


def _work(desk: Desk, now: datetime) -> Families:
    with desk.records.reading() as session:
        waiting = jobs.open_jobs(session)
        alerts = history.counts(session, None)
        due = history.oldest_due(session, now)
    crawls = GaugeMetricFamily("tingzhen_jobs", "Crawls asked for.", labels=["state"])
    for state in ("waiting", "running"):
        crawls.add_metric([state], sum(job.state == state for job in waiting))
    told = GaugeMetricFamily("tingzhen_alerts", "Alerts by what became of them.", labels=["state"])
    for state, count in alerts.items():
        told.add_metric([state], count)
    late = (now - due).total_seconds() if due else 0.0
    yield from (crawls, told)
    yield GaugeMetricFamily("tingzhen_alert_lag_seconds", "How late the most overdue alert is.", value=late)


def _data(desk: Desk, now: datetime) -> Families:
    folder, left = desk.settings.data_dir, room.look(desk.settings.data_dir, now=now)
    yield GaugeMetricFamily("tingzhen_disk_free_bytes", "Free where the data folder is.", value=left.free)
    yield GaugeMetricFamily("tingzhen_disk_size_bytes", "Of the data folder's disk.", value=left.size)
    asked = float(left.short(desk.settings.disk))
    yield GaugeMetricFamily("tingzhen_disk_short", "1 when the desk asks for room.", value=asked)
    if left.days is not None:
        told = "Until it is full at the growth of the last week."
        yield GaugeMetricFamily("tingzhen_disk_days_left", told, value=left.days)
    learnt = trained_at(model_folder(folder))
    if learnt:
        age = (now - learnt).total_seconds()
        yield GaugeMetricFamily("tingzhen_model_age_seconds", "Since the model in use was made.", value=age)
    if desk.settings.backup.folder:
        wanted = desk.settings.backup.every_hours * 3600
        yield GaugeMetricFamily("tingzhen_backup_every_seconds", "How often one is made.", value=wanted)
    made = backup.newest(Path(desk.settings.backup.folder)) if desk.settings.backup.folder else None
    if made:
        age = (now - made[1]).total_seconds()
        yield GaugeMetricFamily("tingzhen_backup_age_seconds", "Since the last scheduled backup.", value=age)


_PARTS: dict[str, Callable[[Desk, datetime], Families]] = {
    "index": _index,
    "sources": _sources,
    "records": _work,
    "data": _data,
}


@routes.get("/metrics", response_class=Response, openapi_extra=scoped("coverage:read"))
def metrics(request: Request, desk: TheDesk, caller: CoverageReader) -> Response:
    """给 Prometheus 的数字：来源、队列、提醒、索引、磁盘、备份，文本格式。"""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(desk, desk.clock()))
    latency: Latency = request.app.state.latency
    text = generate_latest(registry) + generate_latest(latency.registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
