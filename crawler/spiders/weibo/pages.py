"""m.weibo.cn answers (JSON) and s.weibo.com result pages (HTML) → `Status` records. Pure.

Weibo shuts guests out in many ways, several of them with HTTP 200: `ok: -100`, a page of the passport, a
captcha, "network busy" in GBK. Each of them is `Blocked`; what is none of these and not what was asked for
raises `PageError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from parsel import Selector
from pydantic import Field

from crawler.parsing import strange
from crawler.parsing.authors import author_kind, without_own_name
from crawler.parsing.css import attribute
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.place_hints import checkin_hint, count
from crawler.parsing.text import html_to_text
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.untrusted_json import (
    Foreign,
    JsonObject,
    Part,
    Raw,
    Raws,
    Whole,
    Word,
    read_as,
    read_json,
)
from crawler.parsing.weibo_ids import WeiboIdError, is_mid, mid_from_bid
from crawler.spiders.weibo_status import Status, is_notice, read_statuses

_POST, _GROUP = 9, 11  # card_type
# Words of pages that stand in the way, and what they mean. Titles are looked at first, then the whole page.
_BLOCKS = (
    ("新浪通行证", "登录页"),
    ("Sina Visitor System", "访客验证页"),
    ("访问受限", "访问受限，要求验证"),
    ("网络繁忙", "网络繁忙页"),
    ("passport.weibo.c", "登录页"),
    ("passport.sina.cn", "登录页"),
    ("login.sina.com.cn", "登录页"),
    ("ajaxlogin.php", "登录页"),
    ("验证码", "要求验证码"),
    ("verifybmp", "要求验证码"),
    ("captcha", "要求验证码"),
)
_UID = re.compile(r"/(?:u/)?(\d{5,12})(?:[/?]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """One page of results. `more` says whether a further page is offered, `pages` how many there are (None
    where the answer does not say)."""

    statuses: tuple[Status, ...]
    odd: tuple[str, ...] = ()  # a sentence for each post that could not be read
    more: bool = False
    pages: int | None = None


def blocked(text: str) -> Blocked | None:
    """What stands in the way, when `text` is a page that does; None for all others."""
    return next((Blocked(reason=f"微博：{told}") for word, told in _BLOCKS if word in text), None)


# ── m.weibo.cn ────────────────────────────────────────────────────────────────────────────────────────────


class _ListInfo(Foreign):
    page: Word
    since_id: Word


class _CardData(Foreign):
    info: Annotated[Part[_ListInfo], Field(validation_alias="cardlistInfo")]


class _Answer(Foreign):
    ok: Word
    msg: Word
    url: Word
    data: Raw


class _Card(Foreign):
    card_type: Whole
    mblog: Raw
    card_group: Raws


def read_cards(text: str, *, now: datetime) -> ResultPage | Refusal | Blocked:
    """An answer of `container/getIndex`. Raises PageError."""
    answer = _answer(text)
    return answer if isinstance(answer, Blocked) else cards_of(answer, now=now)


def cards_of(answer: JsonObject, *, now: datetime) -> ResultPage | Refusal | Blocked:
    """The same, of an answer that is read already (a held file)."""
    said = read_as(_Answer, answer)
    refusal = _refusal(said)
    if refusal is not None:
        return refusal
    cards = said.data.get("cards")
    if not isinstance(cards, list):
        if said.ok == "0":
            return ResultPage(statuses=())  # "no more" comes without cards
        raise PageError("微博的回答里没有 cards")
    if not all(isinstance(card, dict) for card in cards):
        raise PageError("cards 里有不是对象的一项")
    statuses, odd = read_statuses(_mblogs(cards), now=now)
    info = read_as(_CardData, said.data).info
    offered = any(each not in ("", "0") for each in (info.page, info.since_id))
    return ResultPage(statuses=statuses, odd=odd, more=bool(statuses) and offered)


def _answer(text: str) -> JsonObject | Blocked:
    if text.lstrip()[:1] not in ("{", "["):  # words of a post stop nobody
        found = blocked(text)
        if found is not None:
            return found
    answer = read_json(text)
    if not isinstance(answer, dict):
        raise PageError("微博的回答不是 JSON 对象")
    return answer


def _refusal(said: _Answer) -> Refusal | Blocked | None:
    told = said.msg
    if said.ok == "-100":
        return Blocked(reason="微博：要求登录（ok:-100）")
    if "passport" in said.url:
        return Blocked(reason="微博：转到登录页")
    if said.ok == "0" and any(word in told for word in ("频繁", "验证", "登录")):
        return Blocked(reason=f"微博：{told[:40]}")
    if said.ok == "0" and any(word in told for word in ("不存在", "删除", "无权限", "没有权限")):
        return Refusal(reason=told[:80], gone="权限" not in told)
    return None


def _mblogs(cards: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """The posts of a list: cards of type 9, and those inside groups (type 11), in order."""
    waiting = [*cards][::-1]
    while waiting:
        card = read_as(_Card, waiting.pop())
        if card.mblog and card.card_type == _POST:
            yield card.mblog
        elif card.card_type == _GROUP:
            waiting += card.card_group[::-1]
        elif card.mblog:
            strange.note("卡片", "别的种类里有帖子")


def read_long_text(text: str) -> str | Refusal | Blocked:
    """The whole text, of an answer of `statuses/extend` or `statuses/longtext`. Raises PageError."""
    answer = _answer(text)
    if isinstance(answer, Blocked):
        return answer
    said = read_as(_Answer, answer)
    refusal = _refusal(said)
    if refusal is not None:
        return refusal
    whole = said.data.get("longTextContent")
    if not isinstance(whole, str):
        raise PageError("微博的回答里没有 longTextContent")
    return html_to_text(whole)


# ── s.weibo.com ───────────────────────────────────────────────────────────────────────────────────────────

# Classes inside of a post's text.
_IN_WORDS = strange.names("""
    txt wbicon face s-color-red s-fc-blue icon-link expand from name url-icon surl-text icon-topic m-icon
""")
_FEED = "//div[contains(@class,'card-wrap') and @action-type='feed_list_item' and @mid]"


def read_search(html: str, *, now: datetime) -> ResultPage | Refusal | Blocked:
    """A page of search results. Raises PageError."""
    page = Selector(text=html)
    cards = page.xpath(_FEED)
    if not cards:
        if page.css(".card-no-result"):
            return ResultPage(statuses=(), pages=0)
        found = blocked(html)
        if found is not None:
            return found
        title = page.css("title::text").get("")[:40]
        raise PageError(f"认不出的页面（{len(html)} 字符，标题 {title!r}）")
    pages = len(page.css("ul.s-scroll li"))
    return ResultPage(
        statuses=tuple(_card(card, now) for card in cards),
        more=bool(page.css("a.next")),
        pages=pages or 1,
    )


def _card(card: Selector, now: datetime) -> Status:
    mid = attribute(card, "mid")
    if not is_mid(mid):
        raise PageError(f"卡片的 mid 不是数字：{mid[:40]!r}")
    quoted = card.xpath(".//div[contains(concat(' ',@class,' '),' card-comment ')]")
    original = _quoted(quoted[0], now) if quoted else None
    if quoted:
        quoted[0].drop()
    status = _feed(card, mid, now)
    counts = [count(_flat(item)) for item in card.css(".card-act li")[-3:]]
    reposts, replies, likes = counts if len(counts) == 3 else (None, None, None)
    return _with(status, original, reposts=reposts, replies=replies, likes=likes)


def _with(
    status: Status, original: Status | None, *, reposts: int | None, replies: int | None, likes: int | None
) -> Status:
    return replace(
        status,
        original=original if original is not None and not original.notice else None,
        original_mid=original.mid if original is not None else "",
        reposts=reposts,
        replies=replies,
        likes=likes,
    )


def _quoted(block: Selector, now: datetime) -> Status | None:
    """The reposted post; None when it is gone (a notice without link and time)."""
    links = block.css(".from a::attr(href)")
    if not links:
        return None
    bid = urlsplit(links[0].get()).path.rstrip("/").rpartition("/")[2]
    try:
        mid = bid if is_mid(bid) else mid_from_bid(bid)
    except WeiboIdError as error:
        raise PageError(f"转发的原文没有编号：{error}") from error
    return _feed(block, mid, now)


def _feed(block: Selector, mid: str, now: datetime) -> Status:
    names = block.css("a.name") or block.css("a[nick-name]")
    uid = _UID.search(attribute(names[0], "href")) if names else None
    nick = attribute(names[0], "nick-name") if names else ""
    text, place, cut = _words(block, mid)
    kind = author_kind(nick=nick, badge=_badge(block), known=bool(uid))
    return Status(
        mid=mid,
        text=without_own_name(text, nick, kind),
        published_at=_shown_time(block, mid, now),
        author=uid[1] if uid else "",
        author_kind=kind,
        hints=tuple(hint for hint in (checkin_hint(place),) if hint is not None),
        cut=cut,
        notice=is_notice(text),
    )


def _words(block: Selector, mid: str) -> tuple[str, str, bool]:
    """Text, place and whether the text is cut. The hidden sibling holds all of a long text."""
    whole = block.xpath(".//p[@node-type='feed_list_content_full']")
    shown = whole or block.xpath(".//p[@node-type='feed_list_content']")
    if not shown:
        raise PageError(f"微博 {mid} 没有正文")
    strange.note_names("正文", shown[0].xpath(".//@class").getall(), _IN_WORDS)
    place = ""
    for link in shown[0].xpath(".//a[i[contains(@class,'wbicon')]][normalize-space(i)='2']"):
        name = "".join(link.xpath(".//text()[not(ancestor::i)]").getall())
        place = place or " ".join(name.split())
    cut = not whole and bool(shown[0].xpath(".//a[@action-type='fl_unfold']"))
    for button in shown[0].xpath(".//a[@action-type='fl_fold' or @action-type='fl_unfold']"):
        button.drop()
    # The full text is hidden until somebody unfolds it; its children are what they would see.
    inner = "".join(shown[0].xpath("./node()").getall())
    return html_to_text(inner), place, cut


def _badge(block: Selector) -> str:
    """Weibo's mark beside the name: blue for bodies, yellow for people."""
    return "蓝V" if block.css(".info [title*='机构'], .icon-vip-b, svg[id*='bluev']") else ""


def _shown_time(block: Selector, mid: str, now: datetime) -> datetime:
    links = block.css(".from a")
    try:
        return parse_time(_flat(links[0]) if links else "", now=now)
    except TimeError as error:
        raise PageError(f"微博 {mid} 的时间读不出来：{error}") from error


def _flat(node: Selector) -> str:
    return " ".join((node.xpath("string(.)").get() or "").split())
