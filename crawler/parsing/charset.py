"""Bytes of a page → text, whatever was declared. Pure."""

from __future__ import annotations

_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def decode(body: bytes, declared: str) -> str:
    """The text of a page. `declared` is what header or meta said, "" for nothing.

    Bytes that are valid UTF-8 are UTF-8, whatever was declared: GBK text of any length is almost never valid
    UTF-8, while wrong declarations are common (a GBK site's mobile pages are UTF-8). GBK and GB2312 are read
    as GB18030, their superset.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[2:].decode(name, errors="replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    # Cut in the middle of a character, or one bad byte in a long page: still UTF-8.
    text = body.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    if sum(not char.isascii() for char in text) > 11 * bad:
        return text
    name = "big5hkscs" if declared.lower().startswith("big5") else "gb18030"
    return body.decode(name, errors="replace")
