"""What NodeBB's reply button writes above an answer is not the author's."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.coverage.tasks import Task
from crawler.spiders.forum.json_forum import Moment
from crawler.spiders.forum.targets import ThreadAt
from crawler.spiders.nodebb.pages import FORUM

READ_AT = Moment(now=datetime(2026, 11, 30, tzinfo=UTC), zone=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<p><a>@lin</a> said in <a>补牙</a>:</p><blockquote>疼吗</blockquote><p>不疼</p>",
            "不疼",
        ),
        ("<p>@lin said:</p><blockquote>疼吗</blockquote><p>不疼</p>", "不疼"),
        ("<p>@lin 你说得对：补完就好</p>", "@lin 你说得对：补完就好"),
    ],
)
def test_the_line_above_a_quotation_goes(html: str, text: str) -> None:
    post = {
        "pid": 1,
        "index": 0,
        "content": html,
        "timestampISO": "2026-11-29T10:00:00.000Z",
        "user": {"uid": 2},
    }
    task = Task(source="n", key="t", group="g", kind="thread", at=ThreadAt(thread="9"))
    page = FORUM.thread_of({"posts": [post], "title": "牙"}, task, READ_AT)
    assert page.floors[0].text == text
