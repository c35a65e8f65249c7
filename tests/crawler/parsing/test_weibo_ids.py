"""mid ↔ bid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.parsing.weibo_ids import WeiboIdError, is_mid, mid_from_bid, post_at

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def bid_of(mid: str) -> str:
    """The bid that Weibo shows for a mid: every 7 digits from the right are 4 characters."""
    number, bid = int(mid), ""
    while number:
        number, group = divmod(number, 10**7)
        for _ in range(4):
            group, digit = divmod(group, 62)
            bid = DIGITS[digit] + bid
    return bid.lstrip("0")


@pytest.mark.parametrize(
    ("bid", "mid"),
    [
        ("z0JH2lOMb", "3501756485200075"),
        ("M1VT3jzNX", "4804608494665869"),
        ("10001", "10000001"),
        ("1", "1"),
        ("100", "3844"),
    ],
)
def test_known_pairs(bid: str, mid: str) -> None:
    assert mid_from_bid(bid) == mid
    assert bid_of(mid) == bid


@given(st.integers(1, 10**20 - 1).map(str))
def test_every_mid_comes_back(mid: str) -> None:
    assert mid_from_bid(bid_of(mid)) == mid


@given(st.text(alphabet=DIGITS, min_size=1, max_size=9))
def test_every_bid_that_is_one_comes_back(bid: str) -> None:
    try:
        mid = mid_from_bid(bid)
    except WeiboIdError:
        return
    assert bid_of(mid) == bid.lstrip("0")


@pytest.mark.parametrize("bid", ["", "z0JH-lOMb", "ZZZZ", "牙疼", "a" * 13, "0000", "z0JH2lOMb\n"])
def test_what_is_no_bid_is_an_error(bid: str) -> None:
    with pytest.raises(WeiboIdError, match="bid"):
        mid_from_bid(bid)


@pytest.mark.parametrize("mid", ["", "0", "012", "4.82E+15", "-1", "１２", "1" * 21, "12\n"])
def test_what_is_no_mid(mid: str) -> None:
    assert not is_mid(mid)


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://weibo.com/1234500001/z0JH2lOMb", ("3501756485200075", "1234500001")),
        ("https://weibo.com/1234500001/z0JH2lOMb?refer=rss", ("3501756485200075", "1234500001")),
        ("https://m.weibo.cn/status/z0JH2lOMb", ("3501756485200075", "")),
        ("https://m.weibo.cn/detail/3501756485200075", ("3501756485200075", "")),
        ("weibo.com/1234500001/3501756485200075", ("3501756485200075", "1234500001")),
        ("https://m.weibo.cn/1234500001/z0JH2lOMb", ("3501756485200075", "1234500001")),
        ("https://m.weibo.cn/status/3501756485200075?wm=3333", ("3501756485200075", "")),
        ("https://weibo.cn/comment/z0JH2lOMb?uid=1#cmtfrm", ("3501756485200075", "")),
        ("https://weibo.com/ajax/statuses/show?id=z0JH2lOMb&locale=zh", ("3501756485200075", "")),
        ("https://m.weibo.cn/statuses/show?x=1&id=3501756485200075", ("3501756485200075", "")),
        ("https://weibo.com/u/1234500001", None),
        ("https://weibo.com/1234500001/profile", None),
        ("https://notweibo.com/1234500001/z0JH2lOMb", None),
        ("", None),
    ],
)
def test_a_post_has_many_addresses(link: str, found: tuple[str, str] | None) -> None:
    assert post_at(link) == found
