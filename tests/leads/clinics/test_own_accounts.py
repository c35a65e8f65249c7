"""A clinic's own accounts get the pseudonym that their collected posts carry."""

from __future__ import annotations

import pytest

from crawler.parsing.authors import author_key
from leads.clinics.own_accounts import account_key
from leads.errors import InputError

KEY = b"only for tests"


@pytest.mark.parametrize(
    ("source", "written", "user_id"),
    [
        ("weibo", "1234567890", "1234567890"),
        ("weibo", "https://weibo.com/u/1234567890", "1234567890"),
        ("weibo", "https://weibo.com/u/1234567890?tabtype=album", "1234567890"),
        ("weibo", "https://m.weibo.cn/u/1234567890/", "1234567890"),
        ("weibo", "weibo.com/1234567890", "1234567890"),
        ("tieba", "https://tieba.baidu.com/home/main?id=tb.1.aBc-12_x.Y~z&fr=pb", "tb.1.aBc-12_x.Y~z"),
        ("tieba", "tb.1.aBc-12_x.Yz", "tb.1.aBc-12_x.Yz"),
        ("tieba", "https://tieba.baidu.com/home/main?id=tb.1.aBc?t=1600000000", "tb.1.aBc"),
        ("forum", "安和口腔官方", "安和口腔官方"),
        ("forum", " @安和口腔官方 ", "安和口腔官方"),
        ("forum", "https://forum.example/u/anhe", "anhe"),
        ("forum", "https://forum.example/home.php?mod=space&username=%E5%AE%89%E5%92%8C", "安和"),
    ],
)
def test_an_account_gets_the_key_of_its_posts(source: str, written: str, user_id: str) -> None:
    assert account_key(KEY, source, written) == author_key(KEY, source, user_id)


@pytest.mark.parametrize(
    ("source", "written", "said"),
    [
        ("weibo", "", "空"),
        ("weibo", "@", "空"),
        ("weibo", "x" * 301, "太长"),
        ("weibo", "https://weibo.com/anhekouqiang", "编号"),
        ("weibo", "安和口腔", "编号"),
        ("tieba", "安和口腔", "tb.1."),
        ("forum", "https://forum.example/home.php?mod=space&uid=42", "用户名"),
    ],
)
def test_what_names_no_account_is_said(source: str, written: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        account_key(KEY, source, written)
