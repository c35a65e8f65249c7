"""Answers of Weibo's web pages that people save: one post, and the lists of weibo.com/ajax."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.importers import Post, detect, read

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
STATUS = {
    "id": 5100000000000001,
    "mid": "5100000000000001",
    "idstr": "5100000000000001",
    "created_at": "Sun Nov 29 18:20:00 +0800 2026",
    "text": "后槽牙补的东西掉了，明天想找个地方补上",
    "user": {"id": 90001, "screen_name": "虚构昵称"},
    "reposts_count": 0,
    "attitudes_count": 1,
}


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": 1, "data": STATUS},
        {"ok": 1, "data": {"list": [STATUS], "since_id": "2"}},
        {"ok": 1, "data": {"statuses": [STATUS]}},
        {"ok": 1, "statuses": [STATUS]},
        {"statuses": [STATUS], "total_number": 1},
    ],
    ids=["one post", "data.list", "data.statuses", "ok and statuses", "statuses"],
)
def test_every_shape_of_a_saved_answer_is_read(tmp_path: Path, answer: dict[str, object]) -> None:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
    assert detect(file) == "weibo-json"
    (post,) = read(file, now=NOW, secret=b"a secret of this test only")
    assert isinstance(post, Post)
    assert (post.id, post.text) == ("weibo/5100000000000001", STATUS["text"])
    assert post.published_at == datetime(2026, 11, 29, 10, 20, tzinfo=UTC)
