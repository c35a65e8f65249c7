"""The records of a crawl: runs, gaps, pauses; and the judgement what a run came to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from crawler.coverage.shapes import Met

Outcome = Literal["running", "ok", "empty", "silent", "truncated", "refused", "blocked", "failed"]
GapKind = Literal[
    "silent",
    "truncated",
    "refused",
    "blocked",
    "failed",
    "missing_day",
    "short_day",
    "unfinished",
    "layout",
    "unread",
    "again",
    "strange",
]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
ListOutcome = Literal["ok", "empty", "failed", "refused"]
_WORSE: tuple[str, ...] = get_args(ListOutcome)  # a list of several pages is what the last of these says


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """What came of one list (a board, a feed, a search) in a run. `listed` counts threads or results."""

    outcome: ListOutcome
    listed: int = 0
    reason: str = ""

    def then(self, later: ListState) -> ListState:
        """Both, of pages of one list. What was listed stays listed, whatever became of a later page."""
        worse = max(self, later, key=lambda state: _WORSE.index(state.outcome))
        listed = self.listed + later.listed
        return ListState(outcome="ok", listed=listed) if listed else worse


@dataclass(slots=True, kw_only=True)
class Totals:
    """Counters of one run. `listed` counts threads (or results) seen in lists, changed or not."""

    pages: int = 0
    listed: int = 0
    posts_new: int = 0
    posts_known: int = 0
    posts_changed: int = 0
    refused: int = 0
    blocked: int = 0
    truncated: int = 0
    failed: int = 0  # pages that could not be fetched or read
    withheld: int = 0  # posts whose text the site does not show
    gone: int = 0  # threads that no longer exist
    not_due: int = 0  # lists not asked for, because the site has said when to come again
    rechecked: int = 0  # pages with stored posts that were visited again
    posts_gone: int = 0  # stored posts that are no longer at their source
    read: int = 0  # pages that were read, whatever they held
    strange: int = 0  # of these, pages with parts that the parser does not know
    size: int = 0  # bytes of the site's answers, as they came out of the wire's packing
    closest_ms: int = 0  # the shortest time between two requests; 0: there were fewer than two

    @property
    def posts(self) -> int:
        return self.posts_new + self.posts_known + self.posts_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run over one source."""

    id: int
    source: str
    started: datetime
    ended: datetime | None
    outcome: Outcome
    reason: str
    asked: Mapping[str, object]  # boards, window, route: what the run set out to read
    robots: str  # the verdict of robots.txt, as a sentence
    totals: Totals
    first_at: datetime | None  # oldest and newest publication time among the posts of the run
    last_at: datetime | None
    lists: Mapping[str, ListState] = field(default_factory=dict)  # group of tasks → what came of it
    strange: Mapping[str, int] = field(default_factory=dict)  # part the parser does not know → pages

    @property
    def met(self) -> Met:
        """What the run did not understand, to be compared."""
        return Met(read=self.totals.read, names=self.strange)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that is not in the index although somebody may think so."""

    source: str
    kind: GapKind
    scope: str  # board, thread, day or host
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    host: str
    until: datetime
    reason: str
    strikes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of a source before a run ends: has it ever listed anything?"""

    listing: bool = True  # this run read a list; one that only finished a killed run did not
    listed_before: bool = False
    expect: int = 0
    recheck: bool = False  # the run visited stored posts again and looked for nothing new
    reasons: Mapping[str, str] = field(default_factory=dict)  # the first noted of each kind
    empty: int = 0  # lists that were read and hold nothing


def judge(totals: Totals, history: History) -> tuple[Outcome, str]:
    """The one word for a run, worst first, and the reason. Never "ok" for nothing.

    `silent` is a source that usually has something and lists nothing, or less than its expected minimum;
    `empty` is one that never had anything.
    """
    if totals.blocked:
        return "blocked", history.reasons.get("blocked", "")
    if "layout" in history.reasons:
        return "failed", history.reasons["layout"]
    if totals.refused and not totals.listed and not totals.posts and not history.empty:
        return "refused", history.reasons.get("refused", "")
    if totals.failed and not totals.listed and not totals.posts:
        return "failed", history.reasons.get("failed", "")
    if totals.truncated:
        return "truncated", history.reasons.get("truncated", "")
    if history.recheck:
        return ("failed", history.reasons.get("failed", "")) if totals.failed else ("ok", _checked(totals))
    if totals.not_due and not totals.failed:
        return "ok", history.reasons.get("not_due", "")
    if history.listing and (totals.listed < history.expect or (not totals.listed and history.listed_before)):
        return "silent", f"列出 {totals.listed} 个主题，预期至少 {max(history.expect, 1)} 个"
    if not totals.listed and not totals.posts:
        refused = f"；另有 {totals.refused} 处被拒绝" if totals.refused else ""
        return "empty", f"页面正常，但没有主题{refused}"
    return (
        ("failed", history.reasons.get("failed", ""))
        if totals.failed
        else ("ok", history.reasons.get("again", ""))
    )


def _checked(totals: Totals) -> str:
    if not totals.rechecked:
        return "没有到期要复查的帖子"
    return f"复查 {totals.rechecked} 页，源站已删 {totals.posts_gone} 条，改动 {totals.posts_changed} 条"
