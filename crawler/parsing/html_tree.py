"""HTML as an lxml tree, searched with XPath expressions that are compiled once.

parsel compiles nothing and wraps every result: on a thread page its 80 small searches cost twice as much as
reading the HTML (measured: 5.2 ms a page of 67 kB with it, 2.5 ms with this). Its elements are of lxml.html's
classes, too, which are looked up in Python, one by one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeAlias

from lxml import etree

from crawler.parsing.text import whole

# What lxml reads from a page and does not take back.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Node: TypeAlias = Any  # an element of lxml, which has no types; a text for XPaths that ask for one


def tree(html: str) -> Node:
    """The root element; an empty document for an empty text. Never raises on junk or deep nesting."""
    parser = etree.HTMLParser(recover=True, encoding="utf-8", huge_tree=True)
    root = etree.fromstring(whole(html).strip().replace("\0", "").encode("utf-8") or b"<html/>", parser)
    return etree.fromstring(b"<html/>", parser) if root is None else root


def find(node: Node, path: str) -> list[Node]:
    """What the XPath expression gives from `node` on: elements, or texts for `text()` and `@name`."""
    found = _compiled(path)(node)
    return found if isinstance(found, list) else [found]


def first(node: Node, path: str) -> Node:
    """The first of `find`, None where there is nothing."""
    found = find(node, path)
    return found[0] if found else None


def flat(node: Node) -> str:
    """All text in `node`, blanks made single."""
    return " ".join("".join(node.itertext()).split())


def drop(node: Node) -> None:
    """Takes an element out and leaves the text behind it."""
    parent = node.getparent()
    if parent is None:
        return
    tail, before = _NOT_XML.sub("", node.tail or ""), node.getprevious()
    if before is not None:
        before.tail = _NOT_XML.sub("", before.tail or "") + tail
    else:
        parent.text = _NOT_XML.sub("", parent.text or "") + tail
    parent.remove(node)


def hollow_out(node: Node) -> None:
    """Empties an element and leaves it where it is, for what its kind says about the lines around it."""
    tail = node.tail
    node.clear()
    node.tail = tail


@cache
def _compiled(path: str) -> etree.XPath:
    return etree.XPath(path, smart_strings=False)
