"""Sites with a fault each: what a crawler meets besides honest forums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crawler.sample.forum import Forum, SitePage
from crawler.sample.topics import Style, Topic, TopicPost, load_topics


class TrapForum(Forum):
    """The sample forum with some addresses answered differently."""

    rules: dict[str, SitePage]

    def special(self, path: str, query: Mapping[str, str]) -> SitePage | None:
        return next((answer for start, answer in self.rules.items() if path.startswith(start)), None)


def trap_forum(rules: dict[str, SitePage], *, style: Style | None = None) -> TrapForum:
    boards, topics = load_topics(datetime.now(UTC))
    forum = TrapForum(boards=boards, topics=topics, style=style)
    forum.rules = rules
    return forum


def html(body: str, *, status: int = 200, **headers: str) -> SitePage:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    page = f"<html><head><title>t</title></head><body>{body}</body></html>"
    return SitePage(
        status=status, body=page.encode(), headers={"Content-Type": "text/html; charset=utf-8", **named}
    )


def long_forum(replies: int, *, style: Style | None = None, age: timedelta = timedelta(days=2)) -> Forum:
    """One board with one thread of `replies` replies, a minute apart."""
    start = datetime.now(UTC).replace(microsecond=0) - age
    posts = tuple(
        TopicPost(
            pid=5000 + n,
            author=f"网友{n % 7}",
            at=start + timedelta(minutes=n),
            text=f"第 {n} 句话，牙有点酸",
        )
        for n in range(replies + 1)
    )
    topic = Topic(tid=9, board="36", home="36", title="长帖：陪诊日记", posts=posts)
    return Forum(boards={"36": "健康求助"}, topics=(topic,), style=style)


def reply_to(forum: Forum, tid: int, *, text: str = "新来的一层") -> None:
    """Somebody replies to the thread just now."""
    topic = forum.topics[tid]
    post = TopicPost(pid=topic.posts[-1].pid + 1, author="后来的人", at=datetime.now(UTC), text=text)
    forum.topics[tid] = replace(topic, posts=(*topic.posts, post))


def delete(forum: Forum, tid: int, *pids: int) -> None:
    """The moderator deletes these posts."""
    topic = forum.topics[tid]
    posts = tuple(replace(post, trait="deleted") if post.pid in pids else post for post in topic.posts)
    forum.topics[tid] = replace(topic, posts=posts)
