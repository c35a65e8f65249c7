"""采集: what each source was asked for, got and missed; start one now, or pause it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from crawler.coverage.runs import Gap, Run
from crawler.sources.source import Source
from leads import storage as work
from leads.labels import ENGINE_NAMES, GAPS, OUTCOMES
from leads.models import Hit
from leads.query.search import to_query
from leads.records import jobs
from leads.records.tables.jobs import Job, SourceControl
from leads.records.tables.people import Audit
from leads.sources.estimates import BoardTold, about, told
from leads.sources.states import (
    ENDLESS,
    GROUNDS,
    TROUBLE,
    SourceState,
    gap_place,
    lists,
    states,
    strange_parts,
)
from leads.web.auth import Admin, Staff
from leads.web.desk import Desk, TheDesk
from leads.web.render import WebPage, render

routes = APIRouter()
RUNS = 20
NEWEST = 3  # leads shown below the progress
LOOK_BACK = 200  # runs in which the last success is looked for
GOOD = ("ok", "truncated")  # brought what was asked for; truncated says itself that there was more
ASKED = "crawl"
IN_TROUBLE = "trouble"  # in an address: only these sources
OUTCOME_WORDS = {**OUTCOMES, "never": "还没有抓过"}
DONE = {
    "added": "已保存，还停用着：到“修改”里启用后才会采集。",
    "changed": "已保存：从下一次采集起照新的来。",
    "removed": "已从来源文件里删掉。",
    "started": "已排队：几秒内开始，采完后结果出现在这里。",
    "waiting": "已经在排队或正在采集，不会重复开始。",
    "paused": "已暂停：正在进行的一次会做完，之后不再按时采集。",
    "resumed": "已恢复：到时间就会采集。",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A source as the page shows it."""

    state: SourceState
    succeeded: datetime | None  # when the last good run began
    control: SourceControl | None
    job: Job | None  # that waits or runs

    @property
    def paused(self) -> bool:
        return self.control is not None and self.control.paused

    @property
    def tone(self) -> str:
        """For the tag of the outcome: "good", "bad" or ""."""
        return "good" if self.state.outcome in GOOD else "bad" if self.state.outcome in TROUBLE else ""

    @property
    def can_start(self) -> bool:
        """A source that may never run is not started by a button either."""
        return self.state.next_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePage(WebPage):
    """All sources; `contact` is what our crawler says of us to their owners."""

    template: ClassVar[str] = "coverage.html"
    lines: Sequence[Line]
    now: datetime
    done: str
    outcomes: Mapping[str, str]
    grounds: Mapping[str, str]
    span: Callable[[timedelta], str]
    contact: str
    narrowed: bool  # only those in trouble are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage(WebPage):
    """One source, its last runs and its gaps; a run open for longer than `endless` was killed."""

    template: ClassVar[str] = "source.html"
    line: Line
    runs: Sequence[Run]
    brought: int  # leads of this source that are kept
    newest: Sequence[Hit]  # a few of them
    lists: Sequence[tuple[str, str]]  # name, what came of it in the latest run
    boards: Sequence[BoardTold]  # how much of each is read
    posts_about: str  # how many posts of the pages that are read are held; "" where nothing tells
    strange: str  # what was not understood in the latest run; "" for nothing
    now: datetime
    done: str
    outcomes: Mapping[str, str]
    gap_names: Mapping[str, str]
    gap_place: Callable[[Source, Gap], str]
    grounds: Mapping[str, str]
    endless: timedelta
    engines: Mapping[str, str]
    span: Callable[[timedelta], str]


@routes.get("/coverage")
def coverage(request: Request, desk: TheDesk, visitor: Staff, done: str = "", only: str = "") -> Response:
    """All sources, or only those in trouble; these come first."""
    now = desk.clock()
    lines = [line for line in source_lines(desk, now) if only != IN_TROUBLE or line.tone == "bad"]
    lines.sort(key=lambda line: (line.tone != "bad", not line.state.source.enabled))
    page = CoveragePage(
        lines=lines,
        now=now,
        done=DONE.get(done, ""),
        outcomes=OUTCOME_WORDS,
        grounds=GROUNDS,
        span=span,
        contact=desk.settings.crawl.contact,
        narrowed=only == IN_TROUBLE,
    )
    return render(request, page)


@routes.get("/coverage/{source}")
def one(request: Request, desk: TheDesk, visitor: Staff, source: str, done: str = "") -> Response:
    """One source with its last runs and all its gaps."""
    now = desk.clock()
    line = source_line(desk, source, now)
    with work.coverage(desk.settings) as opened:
        runs = opened.runs(source=source, limit=RUNS)
    asked = {"source": source, "sort": "newest", "limit": str(NEWEST)}
    query = to_query(asked, clinics=(), now=now)
    page = SourcePage(
        line=line,
        runs=runs,
        brought=desk.index.count(query),
        newest=desk.index.search(query, now=now).items,
        lists=lists(line.state),
        boards=told(line.state.source, line.state.boards),
        posts_about=about(line.state.posts),
        strange=strange_parts(line.state.run) if line.state.run else "",
        now=now,
        done=DONE.get(done, ""),
        outcomes=OUTCOME_WORDS,
        gap_names=GAPS,
        gap_place=gap_place,
        grounds=GROUNDS,
        endless=ENDLESS,
        engines=ENGINE_NAMES,
        span=span,
    )
    return render(request, page)


@routes.post("/coverage/{source}/start")
def start(desk: TheDesk, visitor: Admin, source: str) -> Response:
    """Ask for a crawl now; whoever runs the schedule carries it out."""
    now = desk.clock()
    line = source_line(desk, source, now)
    if not line.can_start:
        raise HTTPException(409, f"来源 {source} 现在不能采集：{line.state.waiting_for}。")
    with desk.records.transaction() as session:
        made = jobs.ask(session, ASKED, source, who=visitor.login, now=now)
        if made is not None:
            session.add(Audit(at=now, who=visitor.login, action="source.start", subject=source))
    return _back(source, "started" if made is not None else "waiting")


@routes.post("/coverage/{source}/pause")
def pause(desk: TheDesk, visitor: Admin, source: str, paused: Annotated[str, Form()] = "1") -> Response:
    """Pause a source, or let it go on."""
    now = desk.clock()
    source_line(desk, source, now)
    stop = paused != "0"
    with desk.records.transaction() as session:
        before = jobs.controls(session).get(source)
        was = before is not None and before.paused
        jobs.pause(session, source, paused=stop, who=visitor.login, now=now)
        if was != stop:
            action = "source.pause" if stop else "source.resume"
            session.add(Audit(at=now, who=visitor.login, action=action, subject=source))
    return _back(source, "paused" if stop else "resumed")


def source_lines(desk: Desk, now: datetime) -> list[Line]:
    """Every source in the order of its file; raises StorageError."""
    sources = work.own_sources(desk.settings)
    with desk.records.reading() as session:
        controls = jobs.controls(session)
        open_jobs = {job.subject: job for job in jobs.open_jobs(session) if job.kind == ASKED}
    with work.coverage(desk.settings) as opened:
        return [
            Line(
                state=state,
                succeeded=_succeeded(opened.runs(source=state.source.name, limit=LOOK_BACK)),
                control=controls.get(state.source.name),
                job=open_jobs.get(state.source.name),
            )
            for state in states(sources, opened, now)
        ]


def source_line(desk: Desk, source: str, now: datetime) -> Line:
    """One source; raises 404 when there is none of this name."""
    line = next((line for line in source_lines(desk, now) if line.state.source.name == source), None)
    if line is None:
        raise HTTPException(404, "没有这个来源：它可能已被删掉。")
    return line


def _succeeded(runs: tuple[Run, ...]) -> datetime | None:
    good = (run.started for run in runs if run.outcome in GOOD and not run.asked.get("recheck"))
    return next(good, None)


def span(length: timedelta) -> str:
    """How long, roughly and in words."""
    seconds = int(length.total_seconds())
    for size, unit in ((86400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds} 秒"


def _back(source: str, done: str) -> Response:
    return RedirectResponse(f"/coverage/{quote(source, safe='')}?" + urlencode({"done": done}), 303)
