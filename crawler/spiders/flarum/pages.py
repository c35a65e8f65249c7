"""Flarum 1 and 2: `api/discussions` and `api/posts` (JSON:API), which every visitor may ask for. Pure.

Pages are counted here and `links.next` is only looked at, never followed: Flarum 2 leaves its "/api" out.
Flarum 2 refuses parameters it does not know and writes some booleans as "1".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar
from urllib.parse import quote

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from crawler.coverage.tasks import Task
from crawler.parsing import strange
from crawler.parsing.text import clean_text
from crawler.parsing.untrusted_json import Foreign, Listed, Part, Parts, Truth, Whole, Word
from crawler.sources.source import Source
from crawler.spiders.forum.json_forum import (
    NO_GUESTS,
    NO_RIGHT,
    Denial,
    JsonForum,
    Moment,
    entry_of,
    own_words,
)
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt

PAGE = 20
_NOISE = "blockquote, .PostMention, .PostMention--deleted, .UserMention + br"
# What Flarum and its usual extensions put among the words.
_IN_WORDS = strange.names("""
    UserMention UserMention--deleted PostMention PostMention--deleted GroupMention GroupMention--deleted
    GroupMention-name TagMention TagMention--colored TagMention--deleted TagMention-text icon emoji emoji-
    spoiler sp hljs language- lang- uncited ButtonGroup Button FileList-item fof-upload FormattedPost
    task-list-item s9e fa fas far fab fa- markdown
""")


class _Camel(Foreign):
    model_config = ConfigDict(alias_generator=to_camel)


class _Discussion(_Camel):
    passed_over = """
        slug participantCount lastPostNumber canReply canRename canDelete canHide isHidden hiddenAt
        isLocked canLock canSticky canTag isApproved lastReadAt lastReadPostNumber subscription
        canMerge canSplit canStickyStickiest canReset canSelectBestAnswer hasBestAnswer
        bestAnswerSetAt shareId isUnread isLoved canSeeReactions canVote votes seeVotes hasUpvoted
        hasDownvoted viewCount views unique canViewNumber isNsfw replyTemplate frontpage frontdate
        front isFirstMoved canEditRecipients canEditUserRecipients canEditGroupRecipients
        isPrivateDiscussion blogMeta userHasPosted
    """
    title: Word
    last_posted_at: Word
    created_at: Word
    comment_count: Whole
    is_sticky: Truth
    is_stickiest: Truth


class _Post(_Camel):
    passed_over = """
        content renderFailed editedAt hiddenAt canEdit canDelete canHide canFlag canLike isApproved
        canApprove ipAddress mentionedByCount canViewIpAddress canReact reactionCounts
        userReactionIdentifier canVote hasPoll canStartPoll canUploadPolls votes hasUpvoted
        hasDownvoted canViewNumber isLiked canBookmark bookmarked canSplit
    """
    number: Whole
    content_type: Word = "comment"  # of none that is named
    content_html: Word
    created_at: Word
    is_hidden: Truth
    likes_count: Whole


class _User(_Camel):
    username: Word
    display_name: Word


class _Named(Foreign):
    id: Word


class _Relation(Foreign):
    data: Part[_Named]


class _Relations(Foreign):
    user: Part[_Relation]


_Attributes = TypeVar("_Attributes", bound=Foreign)


class _Resource(Foreign, Generic[_Attributes]):
    """What JSON:API calls a resource: a kind, an id, and values."""

    type: Word
    id: Word
    attributes: Part[_Attributes]
    relationships: Part[_Relations]


class _Links(Foreign):
    next: Word


class _Discussions(Foreign):
    data: Listed[_Resource[_Discussion]]
    links: Part[_Links]


class _Posts(Foreign):
    data: Listed[_Resource[_Post]]
    included: Parts[_Resource[_User]]
    links: Part[_Links]


class _Error(Foreign):
    code: Word


class _Denial(Denial):
    errors: Parts[_Error]

    def why(self) -> str:
        known = {"permission_denied": NO_RIGHT, "not_authenticated": NO_GUESTS}
        return next((known[error.code] for error in self.errors if error.code in known), "")


def _list_path(task: Task) -> str:
    tag = f"filter%5Btag%5D={quote(BoardAt.of(task).board)}&" if BoardAt.of(task).board else ""
    return f"api/discussions?{tag}sort=-lastPostedAt&{_window(task)}"


def _thread_path(task: Task) -> str:
    thread = ThreadAt.of(task).thread
    return f"api/posts?filter%5Bdiscussion%5D={thread}&sort=number&include=user&{_window(task)}"


def _window(task: Task) -> str:
    return f"page%5Boffset%5D={(task.page - 1) * PAGE}&page%5Blimit%5D={PAGE}"


def _address(source: Source, thread: str, page: int, post: str) -> str:
    return f"{source.url}d/{thread}"


def _list_page(page: _Discussions, task: Task, read_at: Moment) -> ListPage:
    rows = [row for row in page.data if row.type == "discussions"]
    return ListPage(
        entries=tuple(_entry(row.id, row.attributes, read_at) for row in rows),
        next_page=task.page + 1 if rows and page.links.next else None,
    )


def _entry(tid: str, said: _Discussion, read_at: Moment) -> Entry:
    return entry_of(
        tid,
        title=clean_text(said.title),
        pinned=said.is_sticky or said.is_stickiest,
        posts=said.comment_count,
        last=said.last_posted_at or said.created_at,
        read_at=read_at,
    )


def _thread_page(page: _Posts, task: Task, read_at: Moment) -> ThreadPage:
    rows = [row for row in page.data if row.type == "posts"]
    names = {
        user.id: user.attributes.username or user.attributes.display_name
        for user in page.included
        if user.type == "users"
    }
    return ThreadPage(
        title=ThreadAt.of(task).title,
        fid="",
        # Renamings, tags and locks are posts, too, of other content types.
        floors=tuple(_floor(row, names, read_at) for row in rows if row.attributes.content_type == "comment"),
        page=task.page,
        next_page=task.page + 1 if rows and page.links.next else None,
    )


def _floor(row: _Resource[_Post], names: Mapping[str, str], read_at: Moment) -> Floor:
    post = row.attributes
    return Floor(
        pid=row.id,
        floor=post.number,
        author=names.get(row.relationships.user.data.id, "") or ANONYMOUS,
        published_at=read_at.time(post.created_at, f"帖子 {row.id} "),
        text="" if post.is_hidden else own_words(post.content_html, _NOISE, _IN_WORDS),
        withheld="被隐藏" if post.is_hidden else "",
        likes=post.likes_count,
    )


FORUM = JsonForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=_address,
    topics=_Discussions,
    posts=_Posts,
    list_page=_list_page,
    thread_page=_thread_page,
    denial=_Denial,
)
