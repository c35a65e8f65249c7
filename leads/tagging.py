"""`tingzhen tag`: JSON lines in, tags out, in order and in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

import orjson

from crawler.items import PlaceHint, RecordError, hints_from_list
from leads.codec import tags_to_dict
from leads.ingest import batched
from nlp import Tagger
from nlp.models import Tags

BATCH = 256


def tag_lines(lines: BinaryIO, out: BinaryIO, complain: Callable[[str], None]) -> int:
    """One line of output for each line of input; returns how many lines could not be read.

    A bad line gives `{"error": …}` in its place, so that order and count stay, and a complaint.
    """
    tagger = Tagger.load()
    rejected = 0
    numbered = enumerate(lines, 1)
    for batch in batched(numbered, BATCH):
        read = [_read(number, line) for number, line in batch]
        good = [item for item in read if not isinstance(item, str)]
        tags = iter(tagger.tag_many([text for text, _ in good], [hints for _, hints in good]))
        for item in read:
            if isinstance(item, str):
                rejected += 1
                complain(item)
            out.write(orjson.dumps({"error": item} if isinstance(item, str) else _line(next(tags))) + b"\n")
        out.flush()
    return rejected


def _line(tags: Tags) -> dict[str, object]:
    return tags_to_dict(tags)


def _read(number: int, line: bytes) -> tuple[str, tuple[PlaceHint, ...]] | str:
    """(text, hints), or a sentence saying what is wrong with the line."""
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"第 {number} 行不是完整的 JSON（{error}）：请检查这一行。"
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        return f'第 {number} 行没有 text：请写成 {{"text": "…"}}。'
    try:
        return data["text"], hints_from_list(data.get("place_hints") or ())
    except RecordError as error:
        return f"第 {number} 行：{error}。"
