"""The book-keeping of a crawl that is running: which pages are done, which posts are stored, what went wrong.

Between spider and `Coverage`: the spider says what a page held, the pipelines say what is stored, and only
when everything of a page is stored does the page count as done and its cursor move.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crawler.coverage.estimate import Recaught
from crawler.coverage.page_result import PageResult
from crawler.coverage.rechecks import GROUP, Due
from crawler.coverage.runs import GapKind, History, ListState, Outcome, Totals, judge
from crawler.coverage.shapes import PAST, Met, jumps
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope, Task
from crawler.coverage.views import SECOND
from crawler.items import Post
from crawler.sources.source import Source

logger = logging.getLogger(__name__)

ATTEMPTS = 5  # runs that try a failing page before it is given up
FULL = 0.6  # a page of this part of the usual size is as full as any
# Where more than half of the pages and at least so many are gone at once, a site has moved or broken: nothing
# is deleted.
SUSPICIOUS = 10
MOST_STRANGE = 50  # names kept of a run


@dataclass(slots=True, kw_only=True)
class _Running:
    source: Source
    run: int
    listed_before: bool
    listing: bool = False  # a list was read: not just pages left over from a killed run
    totals: Totals = field(default_factory=Totals)
    reasons: dict[str, str] = field(default_factory=dict)  # the first of each kind
    lists: dict[str, ListState] = field(default_factory=dict)  # group of tasks → what came of it
    strange: Counter[str] = field(default_factory=Counter)  # part the parser does not know → pages
    robots: str = ""
    recheck: bool = False
    resumed: bool = False
    looked_for: dict[str, frozenset[str]] = field(
        default_factory=dict
    )  # task key → kept posts it should show
    seen_at: dict[str, datetime] = field(default_factory=dict)  # task key → when the page was read before
    lost: set[str] = field(default_factory=set)  # kept posts that are nowhere any more
    lost_pages: int = 0  # pages of which nothing is left
    asked_at: datetime | None = None  # when the last request left
    first: datetime | None = None
    last: datetime | None = None

    def spaced(self, asked_at: datetime) -> None:
        """A request left at this moment: what it had between itself and the one before."""
        if self.asked_at is not None:
            apart = max(1, round((asked_at - self.asked_at) / timedelta(milliseconds=1)))
            self.totals.closest_ms = min(self.totals.closest_ms or apart, apart)
        self.asked_at = asked_at


@dataclass(slots=True, eq=False)
class _OpenPage:
    task: Task
    cursor: tuple[Scope, str] | None
    posts: dict[str, Post]
    passing: set[str]  # not yet through the pipelines
    waiting: set[str]  # not yet stored
    dropped: set[str] = field(default_factory=set)  # read, and kept by nobody


class Ledger:
    """One per crawl process. `report` gets one event with plain values for each thing worth showing."""

    def __init__(
        self,
        coverage: Coverage,
        *,
        clock: Callable[[], datetime],
        report: Callable[[str, dict[str, object]], None],
        visit: Callable[[Source, Task, Post], Task | None] = lambda source, task, post: None,
    ) -> None:
        """`visit` gives the page on which a post can be looked for again, None where there is none."""
        self.coverage = coverage
        self.clock = clock
        self.report = report
        self.visit = visit
        self._running: dict[str, _Running] = {}
        self._pages: dict[str, list[_OpenPage]] = {}  # post id → pages it is on
        self._passing: dict[str, list[_OpenPage]] = {}  # the same, until the post is through the pipelines
        self._index = ""  # what the store said of itself

    def open(self, source: Source, *, recheck: bool = False) -> None:
        asked: dict[str, object] = {
            "boards": [board.id for board in source.boards],
            "words": list(source.words),
            "days": source.days,
            "route": source.route,
        }
        asked = {"recheck": True} if recheck else asked
        listed = any(run.totals.listed for run in self.coverage.runs(source=source.name, limit=10))
        run = self.coverage.start_run(source.name, asked, self.clock())
        running = _Running(source=source, run=run, listed_before=listed, recheck=recheck)
        self._running[source.name] = running
        with self.coverage.transaction():
            self.coverage.views.prune(source.name, self.clock())
            if again := self.coverage.take_again(source.name):
                self._note(running, "again", source.name, again)
        self.report("start", {"source": source.name, "run": run})

    def resume(self, source: str, interrupted: Collection[str]) -> None:
        """These groups are only finished in this run: how much it lists says nothing about the source."""
        self._running[source].resumed = bool(interrupted)

    # what the spider says ─────────────────────────────────────────────────────────────────────────────────

    def hollow(self, task: Task, result: PageResult, size: int) -> str:
        """Why this page of `size` bytes looks as if its layout had changed: as large as the pages that held
        something, and nothing in it. "" for a page that is all right."""
        scope = _usual(task, result)
        usual = float(self.coverage.cursor(task.source, scope) or 0)
        if _holds(result):
            if size and abs(size - usual) > usual / 4:
                self.coverage.set_cursor(
                    task.source, scope, str(int((3 * usual + size) / 4 if usual else size))
                )
            return ""
        explained = result.listed is None and (result.tasks or result.odd or result.truncated)
        if explained or not usual or size < FULL * usual:
            return ""
        return f"页面有 {size} 字节，却什么也读不出来：版面可能变了"

    def page(self, task: Task, result: PageResult) -> tuple[Task, ...]:
        """Takes a read page in; the tasks that are new and should be requested now."""
        running = self._running[task.source]
        if result.listed is not None:
            running.listing = True
            running.totals.listed += result.listed
            came = ListState(outcome="ok" if result.listed else "empty", listed=result.listed)
            self._list(running, task, came)
        running.totals.withheld += result.withheld
        with self.coverage.transaction():
            fresh = tuple(each for each in result.tasks if self.coverage.add_task(each))
            self.coverage.views.showed(task.source, result.board, result.thread, self.clock())
            if result.mark:
                self.coverage.set_mark(task.source, task.group, result.mark)
            for scope, reason in result.refused:
                running.totals.refused += 1
                self._note(running, "refused", scope, reason)
            for scope, reason in result.unread:
                self._note(running, "unread", scope, reason)
            for reason in result.odd:
                self._note(running, "failed", task.key, reason)
            if result.truncated:
                running.totals.truncated += 1
                self._note(running, "truncated", task.key, result.truncated)
            page = self._page(task, result)
            if not page.posts:
                self._settle(page)
        self._progress(
            running, "page", {"key": task.key, "listed": result.listed or 0, "posts": len(page.posts)}
        )
        return fresh

    def understood(self, task: Task, strange: Collection[str]) -> None:
        """A page was read; `strange` names its parts that the parser does not know."""
        running = self._running[task.source]
        running.totals.read += 1
        running.totals.strange += bool(strange)
        running.strange.update(strange)

    def _list(self, running: _Running, task: Task, came: ListState) -> None:
        """Books what came of a page of a list; pages of single threads and posts are none."""
        if not running.recheck and not task.at.single():
            before = running.lists.get(task.group)
            running.lists[task.group] = before.then(came) if before else came

    def _page(self, task: Task, result: PageResult) -> _OpenPage:
        posts = {post.id: post for post in result.posts}
        page = _OpenPage(task, result.cursor, posts, set(posts), set(posts))
        for post_id in posts:
            self._pages.setdefault(post_id, []).append(page)
            self._passing.setdefault(post_id, []).append(page)
        return page

    def fetched(self, source: str, *, size: int = 0, waited: float = 0.0) -> int:
        """Counts a page of the host's daily budget; pages of today so far. The answer had `size` bytes and
        took `waited` seconds."""
        running = self._running[source]
        running.totals.pages += 1
        running.totals.size += size
        running.spaced(self.clock() - timedelta(seconds=waited))
        return self.coverage.count_call(*self._budget(running.source))

    def fetched_today(self, source: Source) -> int:
        """Pages of the source's host so far today; several sources of one host share them."""
        return self.coverage.calls(*self._budget(source))

    def _budget(self, source: Source) -> tuple[str, str]:
        return f"host:{source.host}", str(self.clock().astimezone(source.zone).date())

    def robots(self, source: str, reason: str) -> None:
        self._running[source].robots = reason

    def refused(self, task: Task, reason: str, *, keep: bool = False) -> None:
        """The site said no to this page. `keep` leaves it for the next run (robots.txt unreachable)."""
        if self._spared(task):
            return
        running = self._running[task.source]
        running.totals.refused += 1
        self._list(running, task, ListState(outcome="refused", reason=reason))
        self._note(running, "refused", task.key, reason)
        if not keep:
            self.coverage.complete(task)
        self._progress(running, "refused", {"key": task.key, "reason": reason})

    def _spared(self, task: Task) -> bool:
        """Whether the page was a second view only: nothing is missing without it, and it is asked for another
        day."""
        if not task.group.startswith(SECOND):
            return False
        with self.coverage.transaction():
            self.coverage.set_cursor(task.source, Scope(task.group), self.clock().isoformat())
            self.coverage.complete(task)
        return True

    def gone(self, task: Task, reason: str) -> None:
        """The thread does not exist (any more): nothing is missing."""
        running = self._running[task.source]
        running.totals.gone += 1
        self.coverage.complete(task)
        self._progress(running, "gone", {"key": task.key, "reason": reason})

    def failed(self, task: Task, reason: str, *, layout: bool = False) -> None:
        """The page could not be fetched or read (`layout`: it is full, and nothing can be read in it); the
        next run tries again, a few times."""
        if self._spared(task):
            return
        running = self._running[task.source]
        running.totals.failed += 1
        self._list(running, task, ListState(outcome="failed", reason=reason))
        if layout:
            self._note(running, "layout", task.key, reason)
        again = self.coverage.retry_later(task, ATTEMPTS)
        if not layout:
            self._note(
                running, "failed", task.key, reason if again else f"{reason}；{ATTEMPTS} 次都不成，放弃"
            )
        self._progress(running, "failed", {"key": task.key, "reason": reason})

    def blocked(
        self, source: str, host: str, reason: str, *, at_least: timedelta = timedelta(), exact: bool = False
    ) -> None:
        """The host stops: nothing more is asked of it before the pause is over."""
        running = self._running[source]
        running.totals.blocked += 1
        pause = self.coverage.pause(host, reason, self.clock(), at_least=at_least, exact=exact)
        text = f"{host}：{reason}；暂停到 {pause.until.astimezone(running.source.zone):%m-%d %H:%M}"
        self._note(running, "blocked", host, text)
        self._progress(running, "blocked", {"host": host, "reason": reason, "until": pause.until.isoformat()})

    def still_blocked(self, source: str, host: str, reason: str) -> None:
        """The host is paused since an earlier run, so this one does not ask."""
        running = self._running[source]
        running.totals.blocked += 1
        self._note(running, "blocked", host, reason)

    def held_back(self, source: str, host: str, reason: str) -> None:
        """A page was not asked for because its host was stopped. Said once, where nothing else says it."""
        running = self._running[source]
        if running.totals.blocked or running.totals.truncated or running.totals.refused:
            return
        if self.coverage.paused(host, self.clock()):
            self.still_blocked(source, host, reason)
        else:
            self.truncated(source, source, reason)

    def not_due(self, source: str, scope: str, reason: str) -> None:
        """A list that is not asked for, because the site has said when to come again."""
        running = self._running[source]
        running.totals.not_due += 1
        running.reasons.setdefault("not_due", reason)
        self._progress(running, "not_due", {"key": scope, "reason": reason})

    def not_allowed(self, source: str, reason: str) -> None:
        running = self._running[source]
        running.totals.refused += 1
        self._note(running, "refused", source, reason)

    def truncated(self, source: str, scope: str, reason: str) -> None:
        running = self._running[source]
        running.totals.truncated += 1
        self._note(running, "truncated", scope, reason)

    # posts that are looked for again ──────────────────────────────────────────────────────────────────────

    def due(self, source: Source, *, checked_before: datetime, published_after: datetime) -> tuple[Task, ...]:
        """Pages to visit again, the longest waiting first."""
        with self.coverage.transaction():
            self.coverage.rechecks.prune(source.name, published_after)
        return tuple(self._look_for(due) for due in self.coverage.rechecks.due(source.name, checked_before))

    def _look_for(self, due: Due) -> Task:
        task = replace(due.task, group=GROUP)
        self._running[task.source].looked_for[task.key] = due.ids
        self._running[task.source].seen_at[task.key] = due.checked
        return task

    def instead(self, task: Task, other: Task) -> Task:
        """`other` shows what `task` should have shown."""
        looked_for = self._running[task.source].looked_for
        looked_for[other.key] = looked_for.pop(task.key, frozenset())
        return other

    def rechecked(self, task: Task, result: PageResult) -> Task | None:
        """A page was visited again. The page before it when a post is missing that may have moved there."""
        running = self._running[task.source]
        running.totals.rechecked += 1
        wanted = running.looked_for.pop(task.key, frozenset())
        missing = wanted - {post.id for post in result.posts}
        self._read_again(running, task, result)
        self.page(task, PageResult(posts=result.posts, withheld=result.withheld))
        if result.alive:
            self.coverage.rechecks.seen(task, self.clock())
        if not missing or result.skipped or result.alive:
            return None
        if task.page > 1 and task.at.single():
            before = replace(task, page=task.page - 1, key=f"{task.key}<{task.page - 1}")
            running.looked_for[before.key] = missing
            return before
        running.lost |= missing
        running.lost_pages += wanted == missing
        return None

    def _read_again(self, running: _Running, task: Task, result: PageResult) -> None:
        """How many of the posts that were there when the page was read before were taken then."""
        before = running.seen_at.pop(task.key, None)
        thread = task.at.single()
        old = [post.post_id for post in result.posts if before and post.published_at < before]
        if thread and old:
            known = len(self.coverage.digests(task.source, old))
            found = Recaught(shown=len(old), known=known)
            self.coverage.views.again(task.source, thread, task.page, found, self.clock())

    def lost(self) -> dict[str, tuple[str, ...]]:
        """Kept posts that are gone at their source, by source, each told once; nothing where so much is gone
        that the site itself must have moved or broken."""
        found = {}
        for name, running in self._running.items():
            pages = running.totals.rechecked
            if running.lost and running.lost_pages >= SUSPICIOUS and running.lost_pages > pages / 2:
                text = f"复查的 {pages} 页里 {running.lost_pages} 页全没了，像是整站搬家或出错：一条也没有删"
                self._note(running, "failed", name, text)
                running.totals.failed += 1
            elif running.lost:
                found[name] = tuple(sorted(running.lost))
            running.lost = set()
        return found

    def deleted(self, source: str, ids: Iterable[str]) -> None:
        """The pipelines have deleted these posts."""
        running, gone = self._running[source], tuple(ids)
        running.totals.posts_gone += len(gone)
        with self.coverage.transaction():
            self.coverage.rechecks.forget(source, gone)
            self.save(running)
        self._progress(running, "gone_posts", {"ids": list(gone)})

    # what the pipelines say ───────────────────────────────────────────────────────────────────────────────

    def passed(self, post_id: str) -> tuple[str, ...]:
        """A post is through the pipelines. Ids of the whole page when it was the page's last one, else ()."""
        complete: tuple[str, ...] = ()
        for page in self._passing.pop(post_id, ()):
            page.passing.discard(post_id)
            if not page.passing:
                complete = tuple(page.posts)
        return complete

    def stored(self, ids: Iterable[str], kept: Collection[str] | None = None, index: str = "") -> None:
        """These posts are durable or dropped on purpose; `kept` are those that stay (default: all), `index`
        is what their store says of itself now."""
        self._index = index or self._index
        for post_id in ids:
            for page in self._pages.pop(post_id, ()):
                page.waiting.discard(post_id)
                if kept is not None and post_id not in kept:
                    page.dropped.add(post_id)
                if not page.waiting:
                    self._settle(page)

    def _settle(self, page: _OpenPage) -> None:
        """Everything of the page is stored: remember the posts, move the cursor, close the task."""
        task, running = page.task, self._running[page.task.source]
        with self.coverage.transaction():
            self._remember(running, {post.post_id: (post, digest_of(post)) for post in page.posts.values()})
            self._keep(page)
            if page.cursor:
                self.coverage.set_cursor(task.source, *page.cursor)
            if self._index:
                self.coverage.set_index(self._index)
            self.coverage.complete(task)
            self.save(running)
        if page.posts:
            self._progress(running, "stored", {"key": task.key, "posts": len(page.posts)})

    def _keep(self, page: _OpenPage) -> None:
        """Where each post can be looked for again, and that the dropped ones need not be."""
        source, kept = self._running[page.task.source].source, self.coverage.rechecks
        seen: dict[str, tuple[Task, list[Post]]] = {}
        lost = []
        for post in page.posts.values():
            visit = None if post.id in page.dropped else self.visit(source, page.task, post)
            if visit is None:
                lost.append(post.id)
            else:
                seen.setdefault(visit.key, (visit, []))[1].append(post)
        kept.forget(source.name, lost)
        for visit, posts in seen.values():
            kept.keep(posts, visit, self.clock())

    def _remember(self, running: _Running, posts: dict[str, tuple[Post, bytes]]) -> None:
        if not posts:
            return
        source, totals = running.source.name, running.totals
        before = self.coverage.digests(source, posts)
        same = sum(digest == before.get(post_id) for post_id, (_, digest) in posts.items())
        totals.posts_new += len(posts) - len(before)
        totals.posts_known += same
        totals.posts_changed += len(before) - same
        self.coverage.remember(posts, source=source, known=before)
        times = [post.published_at for post, _ in posts.values()]
        running.first = min(filter(None, (running.first, *times)))
        running.last = max(filter(None, (running.last, *times)))

    # the end ──────────────────────────────────────────────────────────────────────────────────────────────

    def close(self, *, cut: str = "") -> None:
        """Closes all runs. `cut` says why the crawl ended early, "" when it came to its end. Pages whose
        posts nobody acknowledged stay open and are fetched again by the next run."""
        unsettled = {id(page): page for pages in self._pages.values() for page in pages}
        for page in unsettled.values():
            self.failed(page.task, f"{len(page.waiting)} 条帖子没有存成")
        for running in self._running.values():
            self._close(running, cut)
        self._running.clear()

    def _close(self, running: _Running, cut: str) -> None:
        if cut:
            self.truncated(running.source.name, running.source.name, cut)
        history = History(
            listing=running.listing and not running.resumed,
            listed_before=running.listed_before,
            expect=running.source.expect,
            recheck=running.recheck,
            reasons=running.reasons,
            empty=sum(state.outcome == "empty" for state in running.lists.values()),
        )
        self._tell_strange(running)
        outcome, reason = self._verdict(running, history)
        if outcome in ("ok", "truncated"):
            self.coverage.forgive(running.source.host)
        self.save(running)
        self.coverage.finish_run(running.run, outcome, reason, self.clock())
        self._progress(running, "done", {"outcome": outcome, "reason": reason})

    def _tell_strange(self, running: _Running) -> None:
        """What this run met far more often than earlier ones: a new shape of page, before posts are lost."""
        source = running.source.name
        met = Met(read=running.totals.read, names=running.strange)
        past = self.coverage.runs(source=source, limit=PAST + 1)
        for name in jumps(met, [run.met for run in past if run.id != running.run]):
            text = f"{met.read} 页里有 {met.names[name]} 页出现了以前少见的部分（{name}）：请核对这些页的帖子"
            logger.warning("%s: new on its pages: %s (%d of %d)", source, name, met.names[name], met.read)
            self._note(running, "strange", name, text)

    def _verdict(self, running: _Running, history: History) -> tuple[Outcome, str]:
        outcome, reason = judge(running.totals, history)
        if outcome in ("silent", "empty"):
            kind: GapKind = "silent"
            if outcome == "silent":
                self._note(running, kind, running.source.name, reason)
        return outcome, reason

    def save(self, running: _Running) -> None:
        self.coverage.save_run(
            running.run,
            running.totals,
            robots=running.robots,
            first=running.first,
            last=running.last,
            lists=running.lists,
            strange=dict(running.strange.most_common(MOST_STRANGE)),
        )

    def _note(self, running: _Running, kind: GapKind, scope: str, text: str) -> None:
        running.reasons.setdefault(kind, text)
        self.coverage.note(running.run, kind, scope, text, self.clock())

    def _progress(self, running: _Running, event: str, values: dict[str, object]) -> None:
        totals = running.totals
        counts: dict[str, object] = {
            "source": running.source.name,
            "pages": totals.pages,
            "posts_total": totals.posts,
            "new": totals.posts_new,
            "known": totals.posts_known,
            "changed": totals.posts_changed,
            "refused_total": totals.refused,
            "failed_total": totals.failed,
        }
        self.report(event, counts | values)


def _usual(task: Task, result: PageResult) -> Scope:
    """Where the usual size of such pages is remembered: lists differ from board to board."""
    return Scope(f"usual:{task.kind}" if result.listed is None else f"usual:{task.kind}:{task.group}")


def _holds(result: PageResult) -> bool:
    if result.board and result.board.threads:
        return True
    shown = any(post.text or post.title for post in result.posts)
    return bool(
        shown or result.listed or result.withheld or result.skipped or result.wordless or result.refused
    )


def digest_of(post: Post) -> bytes:
    """8 bytes over what an edit changes."""
    words = f"{post.title}\0{post.text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(words, digest_size=8).digest()
