"""What a Discuz! page means for a crawl: which threads are due, how far each was read, when a list ends.

Reads cursors and writes none but "which route is open"; everything else goes through `PageResult`, so that
it happens when the posts are stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.store import Coverage, alias_of
from crawler.coverage.tasks import Scope, Task
from crawler.coverage.views import EVERY, KEEP, SECOND, BoardShown, Sighting, ThreadShown, View
from crawler.items import Post
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.sources.source import Source
from crawler.spiders.forum import pages
from crawler.spiders.forum.posts import Address, one_id, posts_of
from crawler.spiders.forum.targets import OPEN_ROUTE, BoardAt, ThreadAt, thread_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How far a thread was read: page, replies and time of the last reply then; or why it was refused."""

    page: int = 1
    replies: int | None = None
    last: str = ""
    refused: str = ""
    read: str = ""  # when, ISO 8601
    newest_first: bool = False  # the newest replies stand on its first page

    def to_json(self) -> str:
        return json.dumps(asdict(self))


AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForumReader:
    """One source and what is known of it."""

    source: Source
    coverage: Coverage
    secret: bytes
    address: Address  # of a post

    def second_views(self, route: str, now: datetime) -> Iterator[Task]:
        """The boards' feeds, once a day each from the day after their list was first read: what they show and
        the lists did not is told, and read."""
        for board in self.source.boards:
            group = f"{SECOND}{board.id}"
            looked = self.coverage.cursor(self.source.name, Scope(group))
            if looked and datetime.fromisoformat(looked) + EVERY <= now:
                at = BoardAt(board=board.id, route=route)
                yield Task(source=self.source.name, key=f"feed:{board.id}", group=group, kind="rss", at=at)

    def of_feed(self, task: Task, page: pages.ListPage | Refusal | Blocked, now: datetime) -> Reading:
        if not isinstance(page, pages.ListPage):
            return page
        if not page.entries and task.page == 1:
            # The first call after the site's cache ran out only fills the cache: ask once more.
            return PageResult(tasks=(replace(task, page=2, key=f"{task.key}:again"),))
        known = self.coverage.cursor
        new = (entry for entry in page.entries if not known(self.source.name, thread_scope(entry.tid)))
        if not task.group.startswith(SECOND):
            tasks = tuple(self._visit(task, entry, None) for entry in new)
            return PageResult(tasks=tasks, listed=len(page.entries))
        board = BoardAt.of(task).board
        asked = replace(task, group=f"board:{board}", page=1)
        # What began before the first run's horizon was never asked for.
        horizon = now - min(timedelta(days=self.source.days), KEEP)
        recent = [entry for entry in page.entries if entry.begun_at and entry.begun_at >= horizon]
        return PageResult(
            tasks=tuple(self._visit(asked, entry, None) for entry in new if entry in recent),
            cursor=(Scope(task.group), now.isoformat()),
            board=_shown(board, "feed", recent),
        )

    def of_list(self, task: Task, page: pages.ListPage | Refusal | Blocked, now: datetime) -> Reading:
        if not isinstance(page, pages.ListPage):
            return page
        at = BoardAt.of(task)
        if at.route in ("archiver", "desktop"):
            self.coverage.set_cursor(self.source.name, OPEN_ROUTE, at.route)
        horizon = now - timedelta(days=self.source.days)
        since = self.coverage.cursor(self.source.name, Scope(task.group))
        second = Scope(f"{SECOND}{at.board}")
        if task.page == 1 and not self.coverage.cursor(self.source.name, second):
            self.coverage.set_cursor(self.source.name, second, now.isoformat())
        floor = max(horizon, datetime.fromisoformat(since)) if since else horizon
        own = [entry for entry in page.entries if not entry.pin]
        tasks = [found for entry in page.entries if (found := self._due(task, entry, horizon, now))]
        times = [entry.last_at for entry in own if entry.last_at]
        # Lists run from the latest reply to the oldest, pins aside: a page that begins at or before the last
        # run's newest and shows nothing new is the end. Without times (archiver) "nothing new" has to do.
        if page.threads and not page.entries and task.page == 1:
            raise PageError(f"版块自己说有 {page.threads} 个主题，却一个也读不出来")
        known = bool(since) and not tasks
        done = max(times) < floor or (known and max(times) <= floor) if times else known
        more = page.next_page == task.page + 1 and not done
        if more and task.page < self.source.max_pages:
            tasks.append(replace(task, page=task.page + 1, key=f"list:{at.board}:{task.page + 1}"))
        return PageResult(
            tasks=tuple(tasks),
            listed=sum(entry.pin != "global" for entry in page.entries),  # those of all boards make none full
            mark=max(times, default=now).isoformat() if task.page == 1 else "",
            refused=tuple(each for entry in page.entries for each in self._still_refused(entry)),
            unread=tuple(self._unread(page)) if task.page == 1 else (),
            truncated=f"只看了前 {task.page} 页主题列表"
            if more and task.page >= self.source.max_pages
            else "",
            board=_shown(at.board, "list", page.entries, page.threads),
        )

    def _unread(self, page: pages.ListPage) -> Iterator[tuple[str, str]]:
        """Sub-boards that the source's table does not name: their threads stand in no list that is read."""
        for board in page.boards:
            if self.source.board(board.id) is None:
                size = "" if board.threads is None else f"（{board.threads} 个主题）"
                yield (
                    f"board:{board.id}",
                    f"子版块「{board.name}」{size}没有写进 boards：要采集就加上 {board.id}",
                )

    def _due(self, task: Task, entry: pages.Entry, horizon: datetime, now: datetime) -> Task | None:
        """The thread's next page to read; None when nothing has happened there since, or it is too old."""
        if entry.last_at and entry.last_at < horizon and not entry.pin:
            return None
        if self.coverage.waits_for(self.source.name, f"thread:{entry.tid}:"):
            return None  # being read already, or left over from an earlier run
        seen = self._seen(entry)
        if seen and _same(seen, entry) and not (task.page == 1 and _may_hide_a_reply(seen, entry, now)):
            return None
        return self._visit(task, entry, seen)

    def _seen(self, entry: pages.Entry) -> Seen | None:
        state = self.coverage.cursor(self.source.name, thread_scope(entry.tid))
        return Seen(**json.loads(state)) if state else None

    def _still_refused(self, entry: pages.Entry) -> tuple[tuple[str, str], ...]:
        seen = self._seen(entry)
        if seen is None or not seen.refused or not _same(seen, entry):
            return ()
        return ((thread_scope(entry.tid), seen.refused),)

    def _visit(self, task: Task, entry: pages.Entry, seen: Seen | None) -> Task:
        page = 1 if seen is None or seen.refused or seen.newest_first else seen.page
        board = BoardAt.of(task)
        thread = ThreadAt(
            board=board.board,
            thread=entry.tid,
            route="desktop" if board.route == "rss" else board.route,
            title=entry.title,
            replies=entry.replies,
            last=_last(entry),
            back=page > 1,
        )
        return replace(task, key=f"thread:{entry.tid}:{page}", kind="thread", page=page, at=thread)

    def of_thread(self, task: Task, page: pages.ThreadPage | Refusal | Blocked, now: datetime) -> Reading:
        if not isinstance(page, pages.ThreadPage):
            return page
        task = replace(task, page=min(task.page, page.page))
        moved = (
            bool(page.tid) and page.tid != ThreadAt.of(task).thread
        )  # its posts are read where it stands now
        foreign = moved or (bool(page.fid) and self.source.board(page.fid) is None)
        posts, odd = ((), ()) if foreign else self._posts(task, page, now)
        posts = one_id(posts, self.coverage.namesakes(self.source.name, map(alias_of, posts)))
        more = page.next_page == task.page + 1 and not foreign and task.kind == "thread"
        if page.newest_first and self._knows(post for post in posts if post.floor != 1):
            more = False  # from here on all has been read before
        capped = more and task.page >= self.source.max_thread_pages
        return PageResult(
            posts=posts,
            tasks=tuple(self._further(task, posts, more=more and not capped)),
            skipped=len(page.floors) if foreign else 0,
            wordless=0 if foreign else len(page.floors) - len(posts) - len(odd),
            withheld=sum(1 for floor in page.floors if floor.withheld and not foreign),
            cursor=None if task.kind == "back" or (more and not capped) else _cursor(task, page, now),
            truncated=f"只读了前 {task.page} 页楼层" if capped else "",
            odd=odd,
            thread=None if foreign else _thread_shown(task, page),
        )

    def _posts(
        self, task: Task, page: pages.ThreadPage, now: datetime
    ) -> tuple[tuple[Post, ...], tuple[str, ...]]:
        return posts_of(self.source, task, page, now=now, secret=self.secret, address=self.address)

    def _further(self, task: Task, posts: tuple[Post, ...], *, more: bool) -> Iterator[Task]:
        number = task.page + 1
        at = ThreadAt.of(task)
        if more:
            yield replace(task, page=number, key=f"thread:{at.thread}:{number}", at=replace(at, back=False))
        if at.back and task.page > 1 and not self._knows(posts):
            # Deletions have moved older posts forward, so new ones may hide on the page before.
            number = task.page - 1
            yield replace(task, page=number, key=f"back:{at.thread}:{number}", kind="back")

    def _knows(self, posts: Iterable[Post]) -> bool:
        return bool(self.coverage.digests(self.source.name, (post.post_id for post in posts)))


def _shown(board: str, view: View, entries: Iterable[pages.Entry], threads: int | None = None) -> BoardShown:
    """What a page of a board's list or feed shows; a pin of another board is none of its threads."""
    return BoardShown(
        board=board,
        view=view,
        threads=tuple(
            Sighting(
                thread=entry.tid,
                posts=None if entry.replies is None else entry.replies + 1,
                begun=entry.begun_at,
            )
            for entry in entries
            if entry.pin != "global"
        ),
        said=threads,
    )


def _thread_shown(task: Task, page: pages.ThreadPage) -> ThreadShown:
    return ThreadShown(
        thread=ThreadAt.of(task).thread,
        page=task.page,
        floors=len(page.floors),
        last=page.next_page is None or page.next_page <= task.page,
    )


def _last(entry: pages.Entry) -> str:
    return entry.last_at.isoformat() if entry.last_at else ""


def _same(seen: Seen, entry: pages.Entry) -> bool:
    """Nothing has happened since, as far as both sides know their reply counts and times."""
    pairs = ((seen.replies, entry.replies), (seen.last, _last(entry)))
    return all(old in ("", None) or new in ("", None) or old == new for old, new in pairs)


def _may_hide_a_reply(seen: Seen, entry: pages.Entry, now: datetime) -> bool:
    """A reply deleted and a new one leave the count as it was. Where the list shows no times to tell
    (archiver, picture boards), the page read last is read again once a day; such a thread stands on the
    list's first page."""
    return entry.last_at is None and (not seen.read or datetime.fromisoformat(seen.read) + AGAIN <= now)


def _cursor(task: Task, page: pages.ThreadPage, now: datetime) -> tuple[Scope, str]:
    """How far the thread has been read. A reply that came after the list was read makes its time unknown."""
    at = ThreadAt.of(task)
    replies = at.replies if page.replies is None else page.replies
    last = at.last if replies == at.replies else ""
    read = now.isoformat(timespec="minutes")
    seen = Seen(page=task.page, replies=replies, last=last, read=read, newest_first=page.newest_first)
    return thread_scope(at.thread), seen.to_json()
