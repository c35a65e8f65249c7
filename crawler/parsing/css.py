"""CSS selectors from data, applied to pages. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from parsel import Selector

from crawler.parsing.text import clean_text, html_to_text

_ID = re.compile(r"[0-9A-Za-z_-]{1,60}")


def first(node: Selector, css: str | Iterable[str]) -> str:
    """Text (or, with `::attr(…)`, the attribute) of the first thing that any of the selectors finds; ""."""
    for each in (css,) if isinstance(css, str) else css:
        if not each:
            continue
        for found in node.css(each):
            value = found.get() or ""
            text = clean_text(value) if "::" in each else html_to_text(value)
            if text:
                return text
    return ""


def attribute(node: Selector, name: str) -> str:
    """An element's attribute, or "". Unlike parsel's `attrib` it reads this one alone: a page may have others
    whose names lxml refuses to say."""
    value = node.root.get(name)
    return value if isinstance(value, str) else ""


def without(node: Selector, drop: Iterable[str]) -> Selector:
    """`node` with what the selectors find taken out of its tree."""
    for css in drop:
        for found in node.css(css):
            # A node inside one already dropped has lost its document; dropping it again does no harm.
            found.drop()
    return node


def id_of(given: str, *else_from: str) -> str:
    """`given` where it can be an id, else a hash of the first of `else_from` that says something."""
    if _ID.fullmatch(given):
        return given
    name = given or next((each for each in else_from if each), "")
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
