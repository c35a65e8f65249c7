"""The two names of a Weibo post: the decimal mid and the base-62 bid.

From the right, every 4 characters of a bid stand for 7 digits of the mid, zero-filled. Posts are stored
under the mid, because two tools name the same post differently and only the number is common to both.
"""

from __future__ import annotations

import re

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE = {character: value for value, character in enumerate(_DIGITS)}
_MID = re.compile(r"[1-9][0-9]{0,19}")
_BID = re.compile(r"[0-9a-zA-Z]{1,12}")
_GROUP = 10**7
_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.|m\.)?weibo\.(?:com|cn)/"
    r"(?:(?P<uid>\d{5,12})/(?P<own>[0-9A-Za-z]{9,20})"
    r"|(?:detail|status|comment)/(?P<id>[0-9A-Za-z]{9,20})"
    r"|(?:ajax/)?statuses/show\?(?:[^#]*&)?id=(?P<asked>[0-9A-Za-z]{9,20}))(?:[?&#/]|$)"
)


class WeiboIdError(ValueError):
    """Not a mid or not a bid; the message (zh-CN) says which value."""


def mid_from_bid(bid: str) -> str:
    """`z0JH2lOMb` → `3501756485200075`.

    Raises:
        WeiboIdError: not base 62, too long, or a group of four that stands for more than seven digits.
    """
    if not _BID.fullmatch(bid):
        raise WeiboIdError(f"{bid[:40]!r} 不是微博的 bid（应为 0-9、a-z、A-Z，通常 9 位）")
    mid = 0
    padded = bid.zfill(-len(bid) // 4 * -4)
    for start in range(0, len(padded), 4):
        group = 0
        for character in padded[start : start + 4]:
            group = group * 62 + _VALUE[character]
        if group >= _GROUP:
            raise WeiboIdError(f"{bid!r} 不是微博的 bid（其中一段超出范围）")
        mid = mid * _GROUP + group
    if not mid:
        raise WeiboIdError(f"{bid!r} 不是微博的 bid（全为 0）")
    return str(mid)


def is_mid(text: str) -> bool:
    """Whether `text` has the shape of a mid: a decimal number of 1 to 20 digits, no leading zero."""
    return _MID.fullmatch(text) is not None


def post_at(address: str) -> tuple[str, str] | None:
    """The mid of the Weibo post at an address and its author's number ("" where the address has none).

    Known are weibo.com/<uid>/<bid or mid>, m.weibo.cn/<uid>/…, /status/…, /detail/…, weibo.cn/comment/…, and
    statuses/show?id=…, with or without https://. None for any other address.
    """
    match = _ADDRESS.match(address.strip())
    if match is None:
        return None
    name = match["own"] or match["id"] or match["asked"]
    try:
        return (name if is_mid(name) else mid_from_bid(name)), match["uid"] or ""
    except WeiboIdError:
        return None


def post_address(mid: str) -> str:
    """The one address under which a post is stored, whatever route it came by."""
    return f"https://m.weibo.cn/detail/{mid}"
