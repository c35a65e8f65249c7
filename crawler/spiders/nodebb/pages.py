"""NodeBB: `api/category/ID`, `api/recent` and `api/topic/ID`, the data behind its public pages. Pure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from crawler.coverage.tasks import Task
from crawler.parsing import strange
from crawler.parsing.text import clean_text
from crawler.parsing.untrusted_json import Foreign, Listed, Part, Truth, Whole, Word
from crawler.sources.source import Source
from crawler.spiders.forum.json_forum import (
    NO_GUESTS,
    NO_RIGHT,
    Denial,
    JsonForum,
    Moment,
    entry_of,
    own_words,
    replies_of,
)
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt

_NOISE = "blockquote, .plugin-mentions-quote"
# What NodeBB and its usual plugins put among the words; "-" at the end: any of that kind.
_IN_WORDS = strange.names("""
    plugin-mentions-user plugin-mentions-group plugin-mentions-a plugin-mentions-topic mention emoji emoji-
    not-responsive img-responsive img-fluid img-markdown img-thumbnail avatar avatar- avatar-rounded
    text-decoration-none hljs language- code-copy-btn table table-bordered table-striped table-responsive
    footnote-ref footnotes footnotes-list footnotes-sep footnote-backref footnote-item embed-wrapper
    embed-container embed-responsive iframely-embed iframely-responsive spoiler extended-markdown-spoiler
    extended-markdown-tooltip task-list-item contains-task-list plugin-markdown anchor-offset fa fa-
    text-center text-left text-right text-justify link-preview ugc quote-inline card card-body card-title
    position-relative noopener
""")
_GUEST = "0"
# What NodeBB's own reply button writes before a quotation; the quotation itself is a blockquote.
_SAID = re.compile(r"^@\S{1,40} (?:said in .{1,200}|在 .{1,200} 中说|said|说)\s*[:：]\s*$\n?", re.MULTILINE)


class _Topic(Foreign):
    passed_over = """
        uid cid mainPid slug timestamp viewcount postercount upvotes downvotes votes numThumbs thumbs
        teaser teaserPid user category tags followerscount followed ignored unread bookmark unreplied
        icons index isOwner isQuestion isSolved locked scheduled titleRaw pinExpiry pinExpiryISO
        deleterUid mergeIntoTid mergerUid mergedTimestamp oldCid crossposts rating
        viewcountHumanReadable generatedTitle lastposter priority
    """
    tid: Word
    title: Word
    postcount: Whole
    deleted: Truth
    pinned: Truth
    last: Annotated[Word, Field(validation_alias="lastposttimeISO")]
    last_ms: Annotated[Word, Field(validation_alias="lastposttime")]
    begun: Annotated[Word, Field(validation_alias="timestampISO")]


class _NextPage(Foreign):
    active: Truth


class _Pagination(Foreign):
    next: Part[_NextPage]
    count: Annotated[Whole, Field(validation_alias="pageCount")]
    current: Annotated[Whole, Field(validation_alias="currentPage")]


class _Topics(Foreign):
    topics: Listed[_Topic]
    pagination: Part[_Pagination]


class _User(Foreign):
    uid: Word
    username: Word


class _Post(Foreign):
    passed_over = """
        uid tid toPid parent editor edited editedISO upvotes downvotes replies bookmarks upvoted
        downvoted bookmarked selfPost display_edit_tools display_delete_tools display_moderator_tools
        display_move_tools display_post_menu flagId handle ip sourceContent url topicOwnerPost isMain
        isMainPost edits events attachments announces cid category topic deleterUid postSharing
        reactions maxReactionsReached allowDupwnvote eventStart eventEnd anonymous hasChildren index_
        changed flags history toPidExtra
    """
    pid: Word
    index: Whole
    content: Word
    deleted: Truth
    votes: Whole
    user: Part[_User]
    at: Annotated[Word, Field(validation_alias="timestampISO")]
    at_ms: Annotated[Word, Field(validation_alias="timestamp")]


class _Thread(Foreign):
    title: Word
    postcount: Whole
    posts: Listed[_Post]
    pagination: Part[_Pagination]


class _Status(Foreign):
    code: Word


class _Denial(Denial):
    """Guests get a `status`; who is let in as a "spider" is told beside an error whether it is logged in."""

    status: Part[_Status]
    logged_in: Annotated[Truth, Field(validation_alias="loggedIn")]

    def why(self) -> str:
        known = {"not-authorised": NO_GUESTS, "forbidden": NO_RIGHT}
        return known.get(self.status.code, NO_RIGHT if "logged_in" in self.model_fields_set else "")


def _list_path(task: Task) -> str:
    board = BoardAt.of(task).board
    return f"api/{f'category/{board}' if board else 'recent'}?page={task.page}"


def _thread_path(task: Task) -> str:
    return f"api/topic/{ThreadAt.of(task).thread}?page={task.page}"


def _address(source: Source, thread: str, page: int, post: str) -> str:
    return f"{source.url}post/{post}" if post else f"{source.url}topic/{thread}"


def _list_page(page: _Topics, task: Task, read_at: Moment) -> ListPage:
    return ListPage(
        entries=tuple(_entry(topic, read_at) for topic in page.topics if not topic.deleted),
        next_page=_next(page.pagination, task),
    )


def _next(pages: _Pagination, task: Task) -> int | None:
    more = pages.next.active or task.page < (pages.count or 1)
    return task.page + 1 if more else None


def _entry(topic: _Topic, read_at: Moment) -> Entry:
    return entry_of(
        topic.tid,
        title=own_words(topic.title, "i"),
        pinned=topic.pinned,
        posts=topic.postcount,
        last=topic.last or topic.last_ms or topic.begun,
        read_at=read_at,
    )


def _thread_page(page: _Thread, task: Task, read_at: Moment) -> ThreadPage:
    return ThreadPage(
        title=own_words(page.title, "i") or ThreadAt.of(task).title,
        fid="",
        floors=tuple(_floor(post, read_at) for post in page.posts),
        replies=replies_of(page.postcount),
        page=page.pagination.current or task.page,
        next_page=_next(page.pagination, task),
    )


def _floor(post: _Post, read_at: Moment) -> Floor:
    known = post.user.uid not in ("", _GUEST)
    return Floor(
        pid=post.pid,
        floor=None if post.index is None else post.index + 1,
        author=(clean_text(post.user.username) if known else "") or ANONYMOUS,
        published_at=read_at.time(post.at or post.at_ms, f"帖子 {post.pid} "),
        text="" if post.deleted else clean_text(_SAID.sub("", own_words(post.content, _NOISE, _IN_WORDS))),
        withheld="已删除" if post.deleted else "",
        likes=post.votes,
    )


FORUM = JsonForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=_address,
    topics=_Topics,
    posts=_Thread,
    list_page=_list_page,
    thread_page=_thread_page,
    denial=_Denial,
)
