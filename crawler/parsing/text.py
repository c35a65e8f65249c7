"""HTML → plain text, and the cleaning every stored text goes through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

# A new line before and after; everything else is inline.
BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "center", "div", "fieldset", "figure", "figcaption"),
        *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "p", "pre"),
        *("section", "dd", "dl", "dt", "li", "ol", "ul", "table", "tr"),
    )
)
_DROPPED = frozenset(
    (
        *("script", "style", "noscript", "template", "head", "title", "textarea", "select", "iframe", "svg"),
        "object",
    )
)
_EMOJI_CODE = re.compile(r"\[[^\[\]\s]{1,12}\]")
# An emoji that a site shows as a picture: the character itself stands in `alt`.
_EMOJI = re.compile(
    "[\u00a9\u00ae\u200d\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"
    "\U000e0020-\U000e007f#*0-9]{1,16}"
)

# Zero-width space, word joiner, BOM, soft hyphen, direction marks, and Weibo's private-use link glyph. The
# zero-width joiner stays: it holds composed emoji together.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ue627]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_NEWLINE = re.compile("\r\n?|[\x85\u2028\u2029]")
_BLANKS = re.compile("[ \t\u00a0\u3000]+")
_EDGES = re.compile(" *\n *")
_SOURCE_BREAK = re.compile("[\r\n\t]+")
_GAP = re.compile("\n{3,}")
_SURROGATE = re.compile("[\ud800-\udfff]")
# What the site's own fold button leaves behind: the letter is an icon glyph.
_FOLD_TAIL = re.compile(r"\s*(?:收起d|展开(?:全文)?c)\s*$")
_CUT_TAIL = re.compile(r"(\.{3}|…)\s*全文\s*$")
_BREAKS = re.compile(r"<(?:br|p|div|li)\b", re.IGNORECASE)
_MARKUP = re.compile(
    r"<(?:br|p|div|a|span|img|b|strong|font|em|i|ul|li)\b[^<>]{0,2000}>|</(?:p|div|a|span|b|font|em|i)>"
    r"|&(?:nbsp|amp|lt|gt|quot|#\d{1,6}|#x[0-9a-f]{1,5});",
    re.IGNORECASE,
)


def html_to_text(html: str) -> str:
    """The text a reader of `html` (a fragment or a page) sees, one line a block.

    Emoji images (`<img alt="[doge]">`) become their codes, scripts, styles and hidden elements go, and so
    do the fold button's leftovers ("收起d", "全文" after a cut). A text without any markup keeps its line
    breaks. Never raises on junk or deep nesting: the parser reports events and builds no tree.
    """
    if "<" not in html and "&" not in html:
        return clean_text(html)
    # Bytes, because a stray XML declaration makes lxml refuse decoded text.
    data = whole(html).replace("\0", "").encode("utf-8")
    if not data.strip():
        return ""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, target=_Reader())
    text: str = etree.fromstring(b"<body>" + data, parser)
    return clean_text(text)


def tree_to_text(element: Any) -> str:
    """The same for an element of an lxml tree, without writing it out and reading it again."""
    reader = _Reader()
    for event, node in etree.iterwalk(element, events=("start", "end", "comment", "pi")):
        if event == "start":
            reader.start(node.tag, node.attrib)
            reader.data(node.text or "")
        elif event == "end":
            reader.end(node.tag)
        if event != "start" and node is not element:
            reader.data(node.tail or "")
    return clean_text(reader.close())


def plain_text(text: str) -> str:
    """`text` cleaned, and read as HTML when it clearly holds markup: for files that may carry either.

    Line breaks count as such unless the markup has its own.
    """
    if not _MARKUP.search(text):
        return clean_text(text)
    return html_to_text(text if _BREAKS.search(text) else text.replace("\n", "<br>"))


def clean_text(text: str) -> str:
    """Plain text in its stored form; idempotent.

    Control characters and invisible marks go, split surrogate pairs are joined and lone ones become
    U+FFFD, line breaks are `\\n` (at most two in a row), blanks are single, ends are bare.
    """
    if not text:
        return ""
    if not text.isascii():
        text = _INVISIBLE.sub("", whole(text))
    text = _CONTROL.sub("", _NEWLINE.sub("\n", text))
    text = _EDGES.sub("\n", _BLANKS.sub(" ", text))
    text = _GAP.sub("\n\n", text).strip()
    return _CUT_TAIL.sub(r"\1", _FOLD_TAIL.sub("", text))


def whole(text: str) -> str:
    """`text` without surrogates: halves that belong together are joined, the others become U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Reader:
    """Collects text from the parser's events. `close` returns the result, as lxml asks of a target."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._skipping: list[str] = []  # open elements whose content is not shown, outermost first
        self._typed = 0  # open <pre>

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.append(tag)
        elif tag in _DROPPED or _is_hidden(tag, attributes):
            self._skipping.append(tag)
        elif tag == "br":
            self._parts.append("\n")
        elif tag in BLOCKS:
            self._typed += tag == "pre"
            self._block()
        elif tag == "img":
            self._parts.append(_emoji(attributes.get("alt") or ""))
        elif tag in ("td", "th"):
            self._parts.append(" ")

    def end(self, tag: str) -> None:
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.pop()
        elif tag in BLOCKS:
            self._typed -= tag == "pre" and self._typed > 0
            self._block()

    def data(self, data: str) -> None:
        if not data or self._skipping or (data.isspace() and self._parts[-1:] == ["\n"]):
            return
        # A line break in the source is only a blank to the reader, but for text set as it was typed.
        self._parts.append(data if self._typed else _SOURCE_BREAK.sub(" ", data))

    def _block(self) -> None:
        """Where one block ends and the next begins there is one line break, not two."""
        if self._parts[-1:] != ["\n"]:
            self._parts.append("\n")

    def close(self) -> str:
        return "".join(self._parts)


def _emoji(alt: str) -> str:
    """What the picture of an emoji says: its code, or the character where there is one beyond digits."""
    if _EMOJI_CODE.fullmatch(alt) or (_EMOJI.fullmatch(alt) and not alt.isascii()):
        return alt
    return ""


def _is_hidden(tag: str, attributes: Mapping[str, str]) -> bool:
    if tag == "i" and "wbicon" in (attributes.get("class") or ""):
        return True  # Weibo's icon font: its letters ("2", "O", "L") are pictures
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return tag not in ("img", "br", "hr") and ("display:none" in style or "hidden" in attributes)
