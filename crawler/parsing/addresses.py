"""The address of a post on a site → which post it is. Pure.

The same post by a crawl, an API, a file, or by what a person kept while reading has one source and one id;
and an address that is stored names nobody and carries no visitor's token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from crawler.parsing import weibo_ids

TIEBA = re.compile(r"tieba\.baidu\.com/p/(\d+)(?:\?(?:.*&)?pid=(\d+))?")
XHS = re.compile(r"xiaohongshu\.com/(?:explore|discovery/item|search_result)/([0-9a-f]{24})")
_DIANPING = re.compile(r"dianping\.com/(?:review|feeddetail)/(\d{4,20})")
_DOUYIN = re.compile(r"douyin\.com/(?:(video|note)/|[^#]*[?&]modal_id=)(\d{15,25})")
_ANSWER = re.compile(r"zhihu\.com/question/(\d+)/answer/(\d+)")
_QUESTION = re.compile(r"zhihu\.com/question/(\d+)")
_ARTICLE = re.compile(r"zhuanlan\.zhihu\.com/p/(\d+)")
_DOUBAN = re.compile(r"douban\.com/group/topic/(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAddress:
    """A post by its address. `thread_id` is what it stands in; a post that opens its thread is in its own,
    where the site has threads."""

    source: str
    post_id: str
    url: str  # the site's own, without user id or token
    thread_id: str = ""


def post_at(url: str) -> PostAddress | None:
    """The post at an address of Weibo, Tieba, Xiaohongshu, Dianping, Douyin, Zhihu or Douban, else None."""
    weibo = weibo_ids.post_at(url)
    if weibo is not None:
        return PostAddress(source="weibo", post_id=weibo[0], url=weibo_ids.post_address(weibo[0]))
    for form, made in _SITES:
        if match := form.search(url):
            return made(match)
    return None


def _tieba(match: re.Match[str]) -> PostAddress:
    thread, floor = match[1], match[2] or ""
    tail = f"?pid={floor}#{floor}" if floor else ""
    return PostAddress(
        source="tieba",
        post_id=floor or thread,
        url=f"https://tieba.baidu.com/p/{thread}{tail}",
        thread_id=thread,
    )


def _xhs(match: re.Match[str]) -> PostAddress:
    return PostAddress(source="xhs", post_id=match[1], url=f"https://www.xiaohongshu.com/explore/{match[1]}")


def _dianping(match: re.Match[str]) -> PostAddress:
    return PostAddress(source="dianping", post_id=match[1], url=f"https://www.dianping.com/review/{match[1]}")


def _douyin(match: re.Match[str]) -> PostAddress:
    kind = match[1] or "video"
    return PostAddress(source="dy", post_id=match[2], url=f"https://www.douyin.com/{kind}/{match[2]}")


def _answer(match: re.Match[str]) -> PostAddress:
    return PostAddress(
        source="zhihu",
        post_id=f"a{match[2]}",
        url=f"https://www.zhihu.com/question/{match[1]}/answer/{match[2]}",
        thread_id=f"q{match[1]}",
    )


def _question(match: re.Match[str]) -> PostAddress:
    url = f"https://www.zhihu.com/question/{match[1]}"
    return PostAddress(source="zhihu", post_id=f"q{match[1]}", url=url, thread_id=f"q{match[1]}")


def _article(match: re.Match[str]) -> PostAddress:
    return PostAddress(source="zhihu", post_id=f"p{match[1]}", url=f"https://zhuanlan.zhihu.com/p/{match[1]}")


def _douban(match: re.Match[str]) -> PostAddress:
    url = f"https://www.douban.com/group/topic/{match[1]}/"
    return PostAddress(source="douban", post_id=match[1], url=url, thread_id=match[1])


# Asked in this order: an answer of Zhihu stands below a question.
_SITES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], PostAddress]], ...] = (
    (TIEBA, _tieba),
    (XHS, _xhs),
    (_DIANPING, _dianping),
    (_DOUYIN, _douyin),
    (_ANSWER, _answer),
    (_QUESTION, _question),
    (_ARTICLE, _article),
    (_DOUBAN, _douban),
)
