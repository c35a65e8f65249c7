"""A clinic's own account on a site, as somebody names it → what `authors.author_key` hashes. Pure.

Each site calls its users differently, and the key of an account must be the key its posts get when they are
collected: Weibo's number, Tieba's portrait id, elsewhere the name that stands beside the post.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from crawler.parsing.authors import author_key
from leads.errors import InputError

LONGEST = 300
_WEIBO = re.compile(r"(?:^|/)(?:u/|profile/|p/1005\d{2})?(\d{5,12})$")
_PORTRAIT = re.compile(r"tb\.1\.[\w.~-]+")


def account_key(secret: bytes, source: str, account: str) -> str:
    """The pseudonym of the account; nothing else of it is kept.

    Raises:
        InputError: nothing that names an account of this site.
    """
    named = account.strip().removeprefix("@").strip()
    if not named or len(named) > LONGEST:
        raise InputError("自有账号是空的或太长：请写主页地址、编号或用户名。")
    return author_key(secret, source, _READERS.get(source, _user_name)(named))


def _weibo(text: str) -> str:
    path = urlsplit(text).path if "/" in text else text
    found = _WEIBO.search(path.rstrip("/"))
    if found is None:
        raise InputError(f"微博账号 {text[:60]!r} 里没有编号：请写 weibo.com/u/ 后面的数字。")
    return found[1]


def _tieba(text: str) -> str:
    found = _PORTRAIT.search(unquote(text))
    if found is None:
        raise InputError(f"贴吧账号 {text[:60]!r} 里没有 tb.1. 开头的编号：请打开账号主页，复制它的地址。")
    return found[0].split("?")[0]


def _user_name(text: str) -> str:
    """A name, or a profile address that ends in one (…/u/name, …?username=name)."""
    if "://" not in text:
        return text
    parts = urlsplit(text)
    asked = parse_qs(parts.query)
    for key in ("username", "un"):
        if key in asked:
            return asked[key][0]
    name = unquote(parts.path.rstrip("/").rsplit("/", 1)[-1])
    if "/u/" not in parts.path and "/user/" not in parts.path:
        raise InputError(f"从 {text[:60]!r} 看不出用户名：请直接写帖子旁边显示的用户名。")
    return name


_READERS: Mapping[str, Callable[[str], str]] = {"weibo": _weibo, "tieba": _tieba}
