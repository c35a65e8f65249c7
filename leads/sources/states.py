"""`tingzhen coverage`: what each source was asked for, got and missed, and when it may be asked again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from crawler.coverage.estimate import Estimate
from crawler.coverage.runs import Gap, ListState, Run
from crawler.coverage.store import Coverage
from crawler.coverage.views import BoardCoverage
from crawler.sources.source import Source
from leads.errors import ConfigError
from leads.labels import GAPS, LISTS, OUTCOMES
from leads.models import RuleKind
from leads.sources import estimates

GROUNDS = {
    "robots": "按 robots.txt",
    "official_api": "官方接口",
    "consent": "站方同意",
    "import": "用户自己的文件",
    "seen": "人看到后保存",
}
UNSEEN = timedelta(hours=20)  # as crawler.settings.TINGZHEN_RECHECK_HOURS
ENDLESS = timedelta(hours=12)  # a run open for longer was killed

# Where a gap is, as the crawler keeps it (keys and groups of its tasks).
_LIST_PAGE = re.compile(r"list:([^:]+):(\d+)")
_THREAD_PAGE = re.compile(r"(?:visit:)?(?:thread|back):([^:]+):(\d+)")
_POST = re.compile(r"(?:question|show|comment|extend|visit:show|own):(\S+)")
_KINDS = {
    "word": "搜索",
    "search": "搜索",
    "feed": "订阅源",
    "page": "列表页",
    "nearby": "附近",
    "comments": "评论",
}

# Outcomes of a run after which a person should look.
TROUBLE = ("refused", "blocked", "failed", "silent")
# Of these, what a rule can ask to be told of, and by which kind of rule.
TOLD_BY: Mapping[str, RuleKind] = {"silent": "silent", "blocked": "blocked", "refused": "blocked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """One source as an operator needs to see it. Times are aware, `next_at` None when it will never run."""

    source: Source
    permission: str  # the ground, and why not when it does not hold
    run: Run | None  # the latest that looked for new posts
    recheck: Run | None
    gaps: tuple[Gap, ...]
    boards: tuple[BoardCoverage, ...]  # how much of each is read, from two views
    posts: Estimate | None  # how many posts of the pages that are read are held
    kept: int  # posts that are looked for again
    unseen: int  # of these, not seen for so long that it is time
    next_at: datetime | None
    waiting_for: str  # why not earlier; "" when it may run now

    @property
    def outcome(self) -> str:
        """The word for the latest run; "never" before the first."""
        return self.run.outcome if self.run else "never"


def states(sources: Sequence[Source], coverage: Coverage, now: datetime) -> tuple[SourceState, ...]:
    """Every source, in the order of its file."""
    gaps = coverage.gaps(now)
    return tuple(_state(source, coverage, gaps, now) for source in sources)


def troubled(sources: Sequence[Source], coverage: Coverage, moment: datetime) -> tuple[str, ...]:
    """The sources whose latest run for new posts, of those begun before this moment, ended badly."""
    latest = ((source.name, _begun_before(coverage, source.name, moment)) for source in sources)
    return tuple(name for name, run in latest if run is not None and run.outcome in TROUBLE)


def _begun_before(coverage: Coverage, source: str, moment: datetime) -> Run | None:
    """Few runs are read unless these say nothing: rechecks and what came later may crowd them."""
    for limit in (20, 400):
        runs = coverage.runs(source=source, limit=limit)
        fitting = (run for run in runs if not run.asked.get("recheck") and run.started <= moment)
        found = next(fitting, None)
        if found is not None or len(runs) < limit:
            return found
    return None


def _state(source: Source, coverage: Coverage, gaps: Sequence[Gap], now: datetime) -> SourceState:
    runs = coverage.runs(source=source.name, limit=200)
    run = next((run for run in runs if not run.asked.get("recheck")), None)
    recheck = next((run for run in runs if run.asked.get("recheck")), None)
    verdict = source.permission.verdict(now.astimezone(source.zone).date())
    next_at: datetime | None
    next_at, why = _next(source, coverage, run, now)
    if not source.enabled:
        next_at, why = None, "停用着"
    elif not verdict.allowed:
        next_at, why = None, verdict.reason
    return SourceState(
        source=source,
        permission=GROUNDS[source.permission.ground] + ("" if verdict.allowed else f"（{verdict.reason}）"),
        run=run,
        recheck=recheck,
        # A host's pause has no source of its own.
        gaps=tuple(
            gap for gap in gaps if gap.source == source.name or (not gap.source and gap.scope == source.host)
        ),
        boards=coverage.views.boards(source.name),
        posts=coverage.views.posts(source.name, coverage.held(source.name)),
        kept=coverage.rechecks.kept(source.name),
        unseen=len(coverage.rechecks.due(source.name, now - UNSEEN)),
        next_at=next_at,
        waiting_for=why,
    )


def _next(source: Source, coverage: Coverage, run: Run | None, now: datetime) -> tuple[datetime, str]:
    """When the source may be asked again, and the last of the reasons that hold it back."""
    local = now.astimezone(source.zone)
    when, why = now, ""
    if run is not None and (turn := _turn(source, run.started)) > when:
        when, why = turn, "还没到时间"
    pause = coverage.paused(source.host, now)
    if pause is not None and pause.until > when:
        when, why = pause.until, f"主机暂停（{pause.reason}）"
    if coverage.calls(f"host:{source.host}", str(local.date())) >= source.pages_per_day:
        midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        when, why = max(when, midnight), "今天的页数用完了"
    quiet = source.quiet.ends(when.astimezone(source.zone)) if source.quiet else None
    return (quiet, f"安静时段 {source.quiet}") if quiet else (when, why)


def _turn(source: Source, after: datetime) -> datetime:
    """When the source's next turn is, after a run that began then.

    Raises:
        ConfigError: the source's `cron` is none.
    """
    if not source.cron:
        return after + source.every
    try:
        trigger = CronTrigger.from_crontab(source.cron, timezone=source.zone)
    except ValueError as error:
        raise ConfigError(
            f"来源 {source.name} 的 cron {source.cron!r} 看不懂（{error}）：请写成 crontab 的五段。"
        ) from error
    found: datetime | None = trigger.get_next_fire_time(None, after + timedelta(seconds=1))
    if found is None:
        raise ConfigError(f"来源 {source.name} 的 cron {source.cron!r} 永远不会到：请改正。")
    return found


def record(state: SourceState) -> dict[str, object]:
    """JSON-ready values of a state."""
    run, source = state.run, state.source
    totals = run.totals if run else None
    return {
        "source": source.name,
        "engine": source.engine,
        "host": source.host,
        "enabled": source.enabled,
        "permission": state.permission,
        "robots": run.robots if run else "",
        "outcome": state.outcome,
        "reason": run.reason if run else "",
        "started": _iso(run.started if run else None),
        "ended": _iso(run.ended if run else None),
        "listed": totals.listed if totals else 0,
        "expect": source.expect,
        "pages": totals.pages if totals else 0,
        "new": totals.posts_new if totals else 0,
        "known": totals.posts_known if totals else 0,
        "changed": totals.posts_changed if totals else 0,
        "first_at": _iso(run.first_at if run else None),
        "last_at": _iso(run.last_at if run else None),
        "kept": state.kept,
        "rechecked": _iso(state.recheck.started if state.recheck else None),
        "recheck_outcome": state.recheck.outcome if state.recheck else "never",
        "next_at": _iso(state.next_at),
        "waiting_for": state.waiting_for,
        "strange": dict(run.strange) if run else {},
        "strange_pages": totals.strange if totals else 0,
        "read_pages": totals.read if totals else 0,
        "lists": [
            {"list": _list_name(source, group), **asdict(came)}
            for group, came in (run.lists if run else {}).items()
        ],
        "estimates": estimates.records(source, state.boards),
        "posts_estimate": estimates.record(state.posts),
        "gaps": [
            {"kind": gap.kind, "scope": gap.scope, "place": gap_place(source, gap), "reason": gap.reason}
            for gap in state.gaps
        ],
    }


def text(state: SourceState, now: datetime) -> str:
    """A state as lines for a terminal, in the source's own time."""
    return "\n".join(_lines(state, now))


def _lines(state: SourceState, now: datetime) -> list[str]:
    source, run = state.source, state.run
    lines = [f"{source.name}（{source.engine}，{source.host}）：{_headline(state, now)}"]
    lines.append(f"  依据：{state.permission}" + (f"；{run.robots}" if run and run.robots else ""))
    if run is not None:
        totals = run.totals
        lines.append(
            f"  最近一次：{_clock(run.started, source)} 起，{totals.pages} 页，列出 {totals.listed}"
            f"（预期至少 {source.expect}），新帖 {totals.posts_new}，已有 {totals.posts_known}，"
            f"改动 {totals.posts_changed}"
        )
    if run is not None and run.strange:
        lines.append(f"  没看懂的部分：{strange_parts(run)}")
    if run is not None and run.first_at and run.last_at:
        lines.append(f"  帖子时间：{_clock(run.first_at, source)} 到 {_clock(run.last_at, source)}")
    if state.kept:
        checked = state.recheck
        last = (
            f"{_clock(checked.started, source)}，{checked.reason or OUTCOMES[checked.outcome]}"
            if checked
            else "还没有过"
        )
        lines.append(f"  复查：留着 {state.kept} 条；最近一次 {last}")
    if state.next_at is None:
        lines.append(f"  不会抓取：{state.waiting_for}")
    elif state.next_at <= now:
        lines.append("  现在就可以抓")
    else:
        lines.append(f"  {_clock(state.next_at, source)} 以后可以再抓：{state.waiting_for}")
    lines += [
        f"  读到多少 · {board.name}：{'；'.join(filter(None, (board.about, board.own)))}"
        for board in estimates.told(source, state.boards)
    ]
    if state.posts is not None:
        lines.append(f"  读到多少 · 读过的页上的帖子：{estimates.about(state.posts)}")
    lines += [f"  列表 · {name}：{came}" for name, came in lists(state)]
    lines += [f"  缺口 · {GAPS[gap.kind]} · {gap_place(source, gap)}：{gap.reason}" for gap in state.gaps]
    return lines


def gap_place(source: Source, gap: Gap) -> str:
    """Where something is missing, in words: a page of a board's list, a thread, a day, the whole site."""
    scope = gap.scope
    if scope in (source.name, source.host):
        return "整个网站"
    if scope == "recheck":
        return "要复查的帖子"
    if found := _LIST_PAGE.match(scope):
        return f"版块 {_list_name(source, f'board:{found[1]}')} 的第 {found[2]} 页"
    if found := _THREAD_PAGE.match(scope):
        return f"帖子 {found[1]} 的第 {found[2]} 页"
    if scope.startswith("board:"):
        return f"版块 {_list_name(source, scope)}"
    if found := _POST.match(scope):
        return f"帖子 {found[1]}"
    kind, _, words = scope.partition(":")
    return f"{_KINDS[kind]} {words}" if kind in _KINDS else scope


def strange_parts(run: Run, most: int = 5) -> str:
    """What the parsers of a run did not understand, in words; "" for nothing."""
    shown = sorted(run.strange.items(), key=lambda item: (-item[1], item[0]))[:most]
    named = "、".join(f"{name}（{pages} 页）" for name, pages in shown)
    more = "……" if len(run.strange) > most else ""
    return f"读了 {run.totals.read} 页，其中 {run.totals.strange} 页有：{named}{more}" if shown else ""


def lists(state: SourceState) -> tuple[tuple[str, str], ...]:
    """(list, what came of it) of the latest run, in words, and of the boards that it did not come to. Empty
    where there is one list alone, and the run says it all."""
    run, source = state.run, state.source
    if run is None or not run.lists or max(len(run.lists), len(source.boards)) < 2:
        return ()
    told = {_list_name(source, group): _came(came) for group, came in run.lists.items()}
    missed = (_list_name(source, f"board:{board.id}") for board in source.boards)
    return (*told.items(), *((name, "这次没有读到") for name in missed if name not in told))


def _list_name(source: Source, group: str) -> str:
    """A board by its name, with its id; other lists by what they are asked with."""
    return estimates.board_name(source, group.removeprefix("board:"))


def _came(came: ListState) -> str:
    if came.outcome == "ok":
        return f"列出 {came.listed}"
    return LISTS[came.outcome] + (f"（{came.reason}）" if came.reason else "")


def _headline(state: SourceState, now: datetime) -> str:
    run = state.run
    if run is None:
        return "还没有抓过"
    if run.outcome == "running" and now - run.started > ENDLESS:
        return "上次运行中断，再运行会从断点继续"
    return OUTCOMES[run.outcome] + (f"（{run.reason}）" if run.reason else "")


def _clock(when: datetime, source: Source) -> str:
    return f"{when.astimezone(source.zone):%m-%d %H:%M}"


def _iso(when: datetime | None) -> str | None:
    return when.isoformat(timespec="seconds") if when else None
