"""401 and 403 of forums that answer in JSON: the forum's word on a board, or a host that wants no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.parsing.outcomes import Blocked, Refusal
from crawler.spiders.discourse.pages import FORUM as DISCOURSE
from crawler.spiders.flarum.pages import FORUM as FLARUM
from crawler.spiders.forum.json_forum import JsonForum
from crawler.spiders.nodebb.pages import FORUM as NODEBB


@pytest.mark.parametrize(
    ("forum", "answer", "reason"),
    [
        (DISCOURSE, {"errors": ["No."], "error_type": "invalid_access"}, "没有权限看"),
        (DISCOURSE, {"errors": ["No."], "error_type": "not_logged_in"}, "要登录才能看"),
        (FLARUM, {"errors": [{"status": "403", "code": "permission_denied"}]}, "没有权限看"),
        (FLARUM, {"errors": [{"status": "401", "code": "not_authenticated"}]}, "要登录才能看"),
        (NODEBB, {"status": {"code": "not-authorised", "message": "…"}, "response": {}}, "要登录才能看"),
        (NODEBB, {"path": "/category/2", "loggedIn": False, "error": "…"}, "没有权限看"),
    ],
)
def test_the_forums_own_word(forum: JsonForum[Any, Any], answer: object, reason: str) -> None:
    assert forum.denied(json.dumps(answer).encode(), 403) == Refusal(reason=f"HTTP 403：{reason}")


@pytest.mark.parametrize("forum", [DISCOURSE, FLARUM, NODEBB], ids=["discourse", "flarum", "nodebb"])
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"errors": []}', b'{"status": 403, "path": "/", "error": "Forbidden"}'],
)
def test_any_other_403_stops_the_host(forum: JsonForum[Any, Any], body: bytes) -> None:
    assert forum.denied(body, 403) == Blocked(reason="HTTP 403")
    assert forum.denied(body, 401) == Refusal(reason="HTTP 401：要登录才能看")
