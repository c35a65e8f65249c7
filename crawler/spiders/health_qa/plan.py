"""What question pages mean for a crawl: which questions are new, and which posts they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope, Target, Task
from crawler.items import AuthorKind, PlaceHint, Post
from crawler.parsing.authors import author_key, without_own_name
from crawler.parsing.outcomes import Blocked, Refusal
from crawler.parsing.times import CLOCK_SLACK
from crawler.sources.source import Board, Source
from crawler.spiders.forum.pages import ANONYMOUS, Floor, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt
from crawler.spiders.health_qa.pages import QuestionList
from crawler.spiders.health_qa.sites import HealthSite

TARGETS: Mapping[str, type[Target]] = {"list": BoardAt, "question": ThreadAt}  # a day's list is a board, too
ALWAYS = 2  # lists of so many last days are walked every run; older ones once


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionReader:
    source: Source
    site: HealthSite
    coverage: Coverage
    secret: bytes

    def lists(self, now: datetime) -> Iterator[Task]:
        """First pages of the sections' lists, or of the days' lists not yet walked."""
        if "{day}" not in self.site.list:
            boards = self.source.boards
            yield from (self._list(f"board:{board.id}", board.id) for board in boards)
            return
        today = now.astimezone(self.source.zone).date()
        for back in range(self.source.days):
            day = str(today - timedelta(days=back))
            if back < ALWAYS or not self.coverage.cursor(self.source.name, Scope(f"day:{day}")):
                yield self._list(f"day:{day}", day)

    def _list(self, group: str, board: str) -> Task:
        return Task(
            source=self.source.name, key=f"list:{board}:1", group=group, kind="list", at=BoardAt(board=board)
        )

    def path(self, task: Task) -> str:
        if task.kind == "list":
            board = BoardAt.of(task).board
            return self.site.list.format(board=board, day=board, page=task.page)
        return self.site.question.format(id=ThreadAt.of(task).thread)

    def of_list(self, task: Task, page: QuestionList | Refusal | Blocked, now: datetime) -> Reading:
        if not isinstance(page, QuestionList):
            return page
        known, board = self.coverage.cursor, BoardAt.of(task).board
        fresh = [each for each in page.questions if not known(self.source.name, _scope(each[0]))]
        tasks = [
            replace(
                task,
                key=f"question:{number}",
                kind="question",
                page=1,
                at=ThreadAt(board=board, thread=number, title=title),
            )
            for number, title in fresh
        ]
        more = page.more and bool(fresh)
        capped = more and task.page >= self.source.max_pages
        if more and not capped:
            tasks.append(replace(task, page=task.page + 1, key=f"list:{board}:{task.page + 1}"))
        return PageResult(
            tasks=tuple(tasks),
            listed=len(page.questions),
            mark=now.isoformat(),
            truncated=f"只看了前 {task.page} 页问题列表" if capped else "",
        )

    def of_question(self, task: Task, page: ThreadPage | Refusal | Blocked, now: datetime) -> Reading:
        if not isinstance(page, ThreadPage):
            return page
        at = ThreadAt.of(task)
        posts = tuple(self._post(at, page, floor, now) for floor in page.floors)
        odd = tuple(
            f"问题 {at.thread} 的时间在将来：{post.published_at:%Y-%m-%d %H:%M} UTC"
            for post in posts
            if post.published_at > now + CLOCK_SLACK
        )
        return PageResult(
            posts=() if odd else posts,
            odd=odd[:1],
            cursor=(_scope(at.thread), now.isoformat()),
        )

    def _post(self, at: ThreadAt, page: ThreadPage, floor: Floor, now: datetime) -> Post:
        thread = at.thread.replace("/", "-")
        question = floor.floor == 1
        board = self.source.board(at.board) or Board(id=at.board)
        place = board.region or self.source.region
        name = "" if floor.author == ANONYMOUS else floor.author
        # On these sites only doctors can answer.
        kind: AuthorKind = "person" if question else "professional"
        return Post(
            source=self.source.name,
            post_id=f"t{thread}" if question else f"p{thread}-{floor.pid}",
            url=self.source.url + self.site.question.format(id=at.thread),
            title=without_own_name(page.title, name, kind) if question else "",
            text=without_own_name(floor.text, name, kind),
            author_key=author_key(self.secret, self.source.name, name),
            author_kind=kind,
            published_at=floor.published_at,
            fetched_at=now,
            place_hints=(PlaceHint(kind="board", text=place),) if place else (),
            thread_id=thread,
            floor=floor.floor,
            query=board.name or board.id,
            replies=len(page.floors) - 1 if question else None,
        )


def _scope(question: str) -> Scope:
    return Scope(f"question:{question}")
