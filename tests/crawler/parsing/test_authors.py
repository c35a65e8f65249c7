"""Pseudonyms and kinds of authors."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.items import AuthorKind
from crawler.parsing.authors import author_key, author_kind, weibo_badge, without_own_name


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


@pytest.mark.parametrize(
    ("nick", "text", "shown"),
    [
        ("橙子味汽水", "像相机#橙子味汽水的日常#", "像相机#@某人的日常#"),
        ("橙子味汽水", "橙子味汽水：今天拔智齿，橙子味汽水要坚强", "@某人：今天拔智齿，@某人要坚强"),
        ("ToothQ", "这里是ToothQ的记录", "这里是@某人的记录"),
        ("ToothQ", "ToothQuest 也来了", "ToothQuest 也来了"),  # another word
        ("小王2024", "小王20241 和小王2024", "小王20241 和@某人"),
        ("13579246", "用户13579246", "用户@某人"),
        ("a.b+c(d", "a.b+c(d 说", "@某人 说"),
        ("橙子味汽水", "@橙子味汽水 说", "@橙子味汽水 说"),  # masked with everybody else's
        ("", "牙疼", "牙疼"),
    ],
)
def test_an_authors_own_name_is_not_in_the_text(nick: str, text: str, shown: str) -> None:
    assert without_own_name(text, nick, "person") == shown
    assert without_own_name(shown, nick, "person") == shown


@pytest.mark.parametrize(
    ("nick", "text", "kind"),
    [
        ("小米", "小米手机", "person"),  # two characters are a word
        ("888", "花了888元", "person"),
        ("智齿疼怎么办", "智齿疼怎么办，求推荐", "person"),
        ("牙疼的橙子", "牙疼的橙子", "person"),
        ("成都高新区", "我在成都高新区", "person"),
        ("成都人", "成都人求推荐牙医", "person"),
        ("安和口腔成都总店", "安和口腔成都总店开业", "person"),  # no badge says that it is a house
        ("橙子味汽水", "橙子味汽水", "person"),  # else nothing would be left
        ("橙子味汽水", "橙子味汽水新品", "organisation"),
        ("王一二医生", "王一二医生坐诊", "professional"),
    ],
)
def test_what_is_ordinary_words_or_public_stays(nick: str, text: str, kind: AuthorKind) -> None:
    assert without_own_name(text, nick, kind) == text
