"""An Atom feed (RFC 4287) of leads. Pure: hits in, XML out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from xml.etree import ElementTree

from leads.labels import place_text
from leads.models import Hit

LONGEST = 200  # characters of a text: a feed leaves the desk, so it tells no more than a glance needs
_TITLE = 60
_NAMESPACE = "http://www.w3.org/2005/Atom"
# Characters XML 1.0 has no place for.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a feed says of itself."""

    title: str
    feed_id: str  # never changes, a URI
    page: str  # address of the search at the desk
    own: str  # address of the feed
    desk: str  # address of the desk, without a slash at the end
    started: datetime  # its age while it has no entries


def updated(feed: Feed, hits: Sequence[Hit]) -> datetime:
    """When the newest entry was fetched."""
    return max((hit.lead.post.fetched_at for hit in hits), default=feed.started)


def atom(feed: Feed, hits: Sequence[Hit]) -> bytes:
    """The feed as a file in UTF-8; entries as they are given."""
    root = ElementTree.Element("feed", xmlns=_NAMESPACE)
    _add(root, "id", feed.feed_id)
    _add(root, "title", feed.title)
    _add(root, "updated", updated(feed, hits).isoformat())
    ElementTree.SubElement(root, "link", rel="self", type="application/atom+xml", href=feed.own)
    ElementTree.SubElement(root, "link", rel="alternate", type="text/html", href=feed.page)
    author = ElementTree.SubElement(root, "author")
    _add(author, "name", "听诊")
    for hit in hits:
        _entry(ElementTree.SubElement(root, "entry"), feed, hit)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(entry: ElementTree.Element, feed: Feed, hit: Hit) -> None:
    lead, post = hit.lead, hit.lead.post
    name = quote(lead.id, safe="")
    _add(entry, "id", f"{feed.feed_id}:{name}")
    _add(entry, "title", shortened(f"{lead.need:.0%} {post.full_text}", _TITLE))
    _add(entry, "published", post.published_at.isoformat())
    _add(entry, "updated", max(post.published_at, post.fetched_at).isoformat())
    ElementTree.SubElement(entry, "link", rel="alternate", type="text/html", href=f"{feed.desk}/leads/{name}")
    if post.url.startswith(("http://", "https://")):
        ElementTree.SubElement(entry, "link", rel="via", href=_UNPRINTABLE.sub("", post.url))
    why = "；".join([place_text(hit), *(reason.text for reason in lead.reasons if reason.kind != "place")])
    _add(entry, "summary", shortened(f"{shortened(why, LONGEST // 2)}｜{post.full_text}", LONGEST))


def shortened(text: str, most: int) -> str:
    """At most so many characters on one line, the last one "…" where something is left out."""
    text = _BLANKS.sub(" ", _UNPRINTABLE.sub("", text)).strip()
    return text if len(text) <= most else text[: most - 1] + "…"


def _add(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = _UNPRINTABLE.sub("", text)
