"""Pages that are not what was asked for, on any site: a login page, a check for robots, a web page where a
feed or JSON should be. Pure."""

from __future__ import annotations

import re

from parsel import Selector

from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.text import html_to_text

_CHALLENGES = (
    *("安全验证", "人机验证", "验证码", "访问过于频繁", "访问频繁", "滑动验证", "异常访问"),
    *("captcha", "cf-challenge", "cf-turnstile", "just a moment", "are you a robot", "access denied"),
)
_LOGINS = (
    *("请先登录", "尚未登录", "您还未登录", "登录后可", "登录后查看", "需要登录", "没有权限"),
    *("must log in", "log in to continue", "sign in to", "not logged in", "login required"),
)
_GONE = ("不存在", "已被删除", "已删除", "not found", "page gone", "has been deleted")
_LOGIN_TITLE = re.compile(r"登录|登陆|\blog ?in\b|\bsign ?in\b", re.IGNORECASE)
_SHORT = 600  # characters: a notice says little, a page that merely mentions a login says more


def instead_of(html: str, wanted: str) -> Refusal | Blocked:
    """What `html` is, when `wanted` ("订阅源", "JSON") should have come.

    Raises:
        PageError: an ordinary page: the address or the layout is wrong.
    """
    page = Selector(text=html[:2_000_000] or "<html></html>")
    title = " ".join(page.css("title::text").get("").split())[:60]
    words = html_to_text(html) if len(html) < 200_000 else ""
    notice = words if len(words) < _SHORT else ""
    found = _first(_CHALLENGES, f"{title}\n{notice}") or _first(("cf-challenge", "cf-turnstile"), html)
    if found:
        return Blocked(reason=f"页面要求验证（{found}）")
    login = _first(_LOGINS, notice) or (_LOGIN_TITLE.search(title) and title)
    if login:
        return Refusal(reason=f"要求登录（{login}）")
    gone = _first(_GONE, f"{title}\n{notice}")
    if gone:
        return Refusal(reason=f"页面说：{gone}", gone=True)
    raise PageError(f"给出的是网页，不是{wanted}（{len(html)} 字符，标题 {title[:40]!r}）")


def _first(words: tuple[str, ...], text: str) -> str:
    lowered = text.lower()
    return next((word for word in words if word in lowered), "")
