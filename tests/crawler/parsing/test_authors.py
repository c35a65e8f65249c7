"""Pseudonyms and kinds of authors."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.parsing.authors import author_key, author_kind, weibo_badge


@given(st.binary(min_size=1), st.text(), st.text(min_size=1))
def test_a_key_is_short_safe_and_stable(secret: bytes, source: str, user: str) -> None:
    key = author_key(secret, source, user)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", key)
    assert key == author_key(secret, source, user)


def test_secret_source_and_user_all_count() -> None:
    keys = {
        author_key(b"a", "weibo", "12"),
        author_key(b"b", "weibo", "12"),
        author_key(b"a", "tieba", "12"),
        author_key(b"a", "weibo", "13"),
        author_key(b"a", "weibo1", "2"),
    }
    assert len(keys) == 5


def test_the_key_is_this_one() -> None:
    """A changed formula would make every known author a stranger."""
    assert author_key(b"secret", "weibo", "1234567890") == "3yD2bbI53Q9CM31MY9asDI"


def test_nobody_has_no_key_and_no_secret_is_a_mistake() -> None:
    assert author_key(b"a", "weibo", "") == ""
    with pytest.raises(ValueError, match="secret"):
        author_key(b"", "weibo", "12")


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        ({}, "unknown"),
        ({"known": True}, "person"),
        ({"nick": "爱吃糖的小明"}, "person"),
        ({"nick": "牙医怕怕的人"}, "person"),
        ({"nick": "三年二班班主任"}, "person"),
        ({"nick": "爱上中医"}, "person"),
        ({"nick": "今天去不去医院好"}, "person"),
        ({"badge": "普通用户"}, "person"),
        ({"badge": "金V", "nick": "旅行家"}, "person"),
        ({"badge": "蓝V"}, "organisation"),
        ({"badge": "企业认证"}, "organisation"),
        ({"nick": "示例口腔门诊部"}, "organisation"),
        ({"nick": "示例市第一医院"}, "organisation"),
        ({"nick": "示例口腔门诊部", "reason": "示例医院口腔科主治医师"}, "professional"),
        ({"nick": "口腔科王医生"}, "professional"),
        ({"nick": "中医李大夫"}, "professional"),
        ({"badge": "黄V", "reason": "示例医院皮肤科主任医师"}, "professional"),
        ({"badge": "蓝V", "nick": "口腔科王医生"}, "organisation"),
    ],
)
def test_kinds(about: dict[str, object], kind: str) -> None:
    assert author_kind(**about) == kind  # type: ignore[arg-type]  # the table's columns


@pytest.mark.parametrize(
    ("number", "badge"), [(-1, ""), (0, ""), (1, "蓝V"), (7, "蓝V"), (200, ""), ("2", "蓝V"), (None, "")]
)
def test_weibo_verified_types(number: object, badge: str) -> None:
    assert weibo_badge(number) == badge
