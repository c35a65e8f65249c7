"""The labelled posts this project was written with: data/corpus/*.jsonl, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from nlp.models import IntentLabel
from nlp.symptoms import lexicon
from nlp.text.normal import DATA

CORPUS = DATA / "corpus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled post."""

    text: str
    intent: IntentLabel
    symptoms: frozenset[str] = frozenset()  # codes of everything literally medical
    place: str = ""  # where the writer is, "四川/成都/武侯区"; "" when not told
    group: str = ""  # the file it stands in: folds never split one


class CorpusError(ValueError):
    """A line of a corpus file is wrong; the message names file, line and what to do (zh-CN)."""


def load(folder: Path = CORPUS) -> list[Example]:
    """All examples, in the order of file names and lines.

    Raises:
        CorpusError: a line is not JSON, lacks a text or has an unknown intent.
    """
    return [example for path in sorted(folder.glob("*.jsonl")) for example in read(path)]


def read(path: Path) -> Iterator[Example]:
    """The examples of one file; raises as `load`."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _example(line, path, number)


def _example(line: str, path: Path, number: int) -> Example:
    where = f"语料 {path.name} 第 {number} 行"
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise CorpusError(f"{where}不是 JSON（{error.msg}）：请改正这一行。") from error
    if not isinstance(data, dict) or not isinstance(data.get("text"), str) or not data["text"].strip():
        raise CorpusError(f"{where}没有 text：请补上帖子正文。")
    if data.get("intent") not in get_args(IntentLabel):
        raise CorpusError(
            f"{where}的 intent {data.get('intent')!r} 不认识：可用 {'、'.join(get_args(IntentLabel))}。"
        )
    merged = lexicon.load().merged
    return Example(
        text=data["text"],
        intent=data["intent"],
        symptoms=frozenset(merged.get(code, code) for code in data.get("symptoms", ())),
        place=data.get("place", ""),
        group=path.stem,
    )
