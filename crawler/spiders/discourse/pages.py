"""Discourse: `latest.json` and `t/ID.json`, which every visitor may ask for. Pure.

`stream` holds the ids of all posts of a thread, `posts` those of one page. `bumped_at` is what lists are
ordered by.
"""

from __future__ import annotations

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
    replies_of,
)
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt

PAGE = 20  # posts of one t/ID.json
_WORDS_OF_PEOPLE = 1  # post_type: 2 and 3 are notices ("closed this topic"), 4 whispers of the staff
_LIKE = 2  # of `actions_summary`
_NOISE = "aside.quote, aside.onebox, .lightbox .meta, .post-edit-reason, details.elided"
# What Discourse and its usual plugins put among the words; "-" at the end: any of that kind.
_IN_WORDS = strange.names("""
    mention mention-group hashtag hashtag- hashtag-cooked hashtag-icon-placeholder emoji emoji- emoji-custom
    only-emoji onebox inline-onebox inline-onebox-loading lightbox lightbox-wrapper image-wrapper meta
    attachment anchor quote quote-controls title md-table hljs lang- codeblock-wrapper spoiler spoiled
    poll poll- poll-container poll-info footnote-ref footnotes footnotes-list footnote-backref footnotes-sep
    discourse-local-date cooked-date past d-lazyload d-image-grid chcklst-box chcklst-stroked checked fa
    fa- task-list-item bbcode- bbcode-i bbcode-b bbcode-u bbcode-s video-container video-placeholder-container
    youtube-onebox lazy-video-container lazyYT thumbnail animated elided svg-icon d-icon d-wrap math
    chat-transcript policy event user-status full resizable d-embed highlighted clicks badge
""")


class _Topic(Foreign):
    passed_over = """
        fancy_title slug reply_count highest_post_number image_url created_at bumped archetype unseen
        pinned_at pinned_until unpinned visible closed archived bookmarked liked views like_count
        has_summary last_poster_username category_id posters participants featured_link tags
        tags_descriptions has_accepted_answer can_have_answer excerpt thumbnails first_post_id
        op_like_count is_hot can_vote vote_count user_voted featured_link_root_domain is_warning
        topic_post_id unicode_title deleted_at last_read_post_number unread unread_posts
        notification_level
    """
    id: Word
    title: Word
    bumped_at: Word
    last_posted_at: Word
    posts_count: Whole
    pinned: Truth
    pinned_globally: Truth


class _TopicList(Foreign):
    topics: Listed[_Topic]
    more_topics_url: Word


class _Latest(Foreign):
    topic_list: Part[_TopicList]


class _Action(Foreign):
    id: Whole
    count: Whole


class _Post(Foreign):
    passed_over = """
        name avatar_template updated_at reply_count reply_to_post_number quote_count
        incoming_link_count reads readers_count score yours topic_id topic_slug display_username
        primary_group_name flair_name flair_url flair_bg_color flair_color flair_group_id
        badges_granted version can_edit can_delete can_recover can_see_hidden_post can_wiki
        link_counts read user_title title_is_group bookmarked moderator admin staff user_id
        trust_level edit_reason can_view_edit_history wiki post_url post_localizations_count
        reviewable_id reviewable_score_count reviewable_score_pending_count mentioned_users
        reply_to_user accepted_answer can_accept_answer can_unaccept_answer topic_accepted_answer
        can_vote reactions current_user_reaction reaction_users_count current_user_used_main_reaction
        user_status polls polls_votes calendar_details action_code action_code_who cooked_hidden
        notice event user_suspended likes post_folding_status activity_pub_enabled topic_title
        category_id custom_fields via_email raw
    """
    id: Word
    post_number: Whole
    post_type: Whole
    username: Word
    created_at: Word
    cooked: Word
    hidden: Truth
    user_deleted: Truth
    deleted_at: Word
    actions_summary: Parts[_Action]


class _PostStream(Foreign):
    posts: Listed[_Post]
    stream: object = None


class _Thread(Foreign):
    title: Word
    posts_count: Whole
    post_stream: Part[_PostStream]


class _Denial(Denial):
    error_type: Word

    def why(self) -> str:
        return {"invalid_access": NO_RIGHT, "not_logged_in": NO_GUESTS}.get(self.error_type, "")


def _list_path(task: Task) -> str:
    board = BoardAt.of(task).board
    return f"latest.json?{f'category={board}&' if board else ''}page={task.page - 1}"


def _thread_path(task: Task) -> str:
    return f"t/{ThreadAt.of(task).thread}.json?page={task.page}"


def _address(source: Source, thread: str, page: int, post: str) -> str:
    return f"{source.url}p/{post}" if post else f"{source.url}t/{thread}"


def _list_page(latest: _Latest, task: Task, read_at: Moment) -> ListPage:
    listed = latest.topic_list
    more = bool(listed.more_topics_url and listed.topics)
    return ListPage(
        entries=tuple(_entry(topic, read_at) for topic in listed.topics),
        next_page=task.page + 1 if more else None,
    )


def _entry(topic: _Topic, read_at: Moment) -> Entry:
    return entry_of(
        topic.id,
        title=clean_text(topic.title),
        pinned=topic.pinned or topic.pinned_globally,
        posts=topic.posts_count,
        last=topic.bumped_at or topic.last_posted_at,
        read_at=read_at,
    )


def _thread_page(thread: _Thread, task: Task, read_at: Moment) -> ThreadPage:
    ids = thread.post_stream.stream
    total = len(ids) if isinstance(ids, list) else (thread.posts_count or 0)
    return ThreadPage(
        title=clean_text(thread.title) or ThreadAt.of(task).title,
        fid="",
        floors=tuple(
            _floor(post, read_at)
            for post in thread.post_stream.posts
            if post.post_type in (_WORDS_OF_PEOPLE, None)
        ),
        replies=replies_of(thread.posts_count),
        page=task.page,
        next_page=task.page + 1 if task.page * PAGE < total else None,
    )


def _floor(post: _Post, read_at: Moment) -> Floor:
    gone = bool(post.hidden or post.user_deleted or post.deleted_at)
    return Floor(
        pid=post.id,
        floor=post.post_number,
        author=post.username or ANONYMOUS,
        published_at=read_at.time(post.created_at, f"帖子 {post.id} "),
        text="" if gone else own_words(post.cooked, _NOISE, _IN_WORDS),
        withheld="被隐藏或删除" if gone else "",
        likes=next((each.count for each in post.actions_summary if each.id == _LIKE), None),
    )


FORUM = JsonForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=_address,
    topics=_Latest,
    posts=_Thread,
    list_page=_list_page,
    thread_page=_thread_page,
    denial=_Denial,
)
