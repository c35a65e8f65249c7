"""`tingzhen tag`: JSON lines in, tags out, in order and in batches."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import orjson

from crawler.items import PlaceHint, RecordError, hints_from_list
from leads.index.codec import symptom_to_dict, tags_to_dict
from leads.ingest.ingestor import batched
from leads.storage import open_tagger
from nlp.models import Tags
from nlp.text.normal import normalise

BATCH = 256
MAX_TEXT = 100_000  # characters, as for imported posts; no post site allows more


def tag_lines(lines: BinaryIO, out: BinaryIO, complain: Callable[[str], None]) -> int:
    """One line of output for each line of input; returns how many lines could not be read.

    A bad line gives `{"error": …}` in its place, so that order and count stay, and a complaint.
    """
    tagger = open_tagger()
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
    """What is meant literally under "symptoms", figures of speech apart."""
    line = tags_to_dict(tags)
    line["symptoms"] = [symptom_to_dict(symptom) for symptom in tags.symptoms if not symptom.figurative]
    line["figurative"] = [symptom_to_dict(symptom) for symptom in tags.symptoms if symptom.figurative]
    return line


def _read(number: int, line: bytes) -> tuple[str, tuple[PlaceHint, ...]] | str:
    """(text, hints), or a sentence saying what is wrong with the line."""
    try:
        data = _parse(line.removeprefix(codecs.BOM_UTF8) if number == 1 else line)
    except (ValueError, RecursionError) as error:
        return f"第 {number} 行不是完整的 JSON（{error}）：请检查这一行。"
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        return f'第 {number} 行没有 text：请写成 {{"text": "…"}}。'
    if len(data["text"]) > MAX_TEXT:
        return f"第 {number} 行的 text 有 {len(data['text']):,} 字，超过 {MAX_TEXT:,} 字的上限：请截短。"
    try:
        hints = hints_from_list(data.get("place_hints") or ())
    except RecordError as error:
        return (
            f"第 {number} 行的 place_hints 看不懂（{error}）："
            '请写成 [{"kind": "ip", "text": "四川"}] 或 [{"kind": "geo", "lat": 30.6, "lon": 104.0}]。'
        )
    return data["text"], tuple(replace(hint, text=normalise(hint.text)) for hint in hints)


def _parse(line: bytes) -> object:
    """The line's value. orjson refuses lone surrogates, of which cut texts are full; json reads them."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line)
