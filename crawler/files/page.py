"""A saved web page: one record, the page itself."""

from __future__ import annotations

import re
from typing import TextIO

from crawler.files.model import MAX_RECORD, Record, Rejected, rejected

_START = re.compile(
    r"(?:\ufeff|\s|<!--.*?-->)*<(?:!doctype html|html|head|body|div|meta|script|code|ul)\b",
    re.IGNORECASE | re.DOTALL,
)


def is_page(head: str) -> bool:
    """Whether a text that begins like this is HTML."""
    return _START.match(head[:4000]) is not None


def read_page(file: TextIO) -> Record | Rejected:
    """The page under "html"."""
    text = file.read(MAX_RECORD + 1)
    if len(text) > MAX_RECORD:
        return rejected(1, f"网页超过 {MAX_RECORD // 1024 // 1024} 兆字，没有读取。", "")
    return Record(line=1, fields={"html": text})
