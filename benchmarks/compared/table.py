"""From posts to a table for the spreadsheet: ours beside the script that most people write.

The script: the CSV that weibo-search leaves (its columns), jieba's words, keywords by set, a workbook by
openpyxl. Ours ends in the same workbook, but has looked for adverts, need, place and copies before.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import jieba
from openpyxl import Workbook

from benchmarks.pipeline import NOW, as_post, corpus_texts, ingestor
from leads.actions.export import every_hit, xlsx_chunks
from leads.index.sqlite.index import SqliteIndex
from leads.models import LeadQuery
from nlp import Tagger
from nlp.symptoms import lexicon

HEADINGS = ("id", "bid", "user_id", "用户昵称", "微博正文", "发布时间")


def compare(count: int, folder: Path) -> list[tuple[str, str, str]]:
    """(what, ours, theirs): posts a second and rows. How right ours are is told in docs/nlp.md."""
    texts = corpus_texts(count)
    tagger = Tagger.load()
    tagger.tag_many(texts[:256])
    jieba.initialize()
    source = folder / "weibo.csv"
    _write(source, texts)
    started = time.process_time()
    found = _script(source, folder / "theirs.xlsx")
    theirs = time.process_time() - started
    started = time.process_time()
    ours_found = _ours(tagger, texts, folder)
    ours = time.process_time() - started
    return [
        ("posts to workbook, posts/s of processor", f"{count / ours:,.0f}", f"{count / theirs:,.0f}"),
        ("rows in the workbook", f"{ours_found:,}", f"{found:,}"),
    ]


def _write(file: Path, texts: Sequence[str]) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADINGS)
        writer.writerows((n, n, n, "", text, "2026-11-20 12:00") for n, text in enumerate(texts))


def _script(source: Path, target: Path) -> int:
    """What is usual: a row for each post that has one of the symptom words among its tokens."""
    keywords = {entry.word for entry in lexicon.load().entries if entry.codes}
    book = Workbook(write_only=True)
    sheet = book.create_sheet("微博")
    found = 0
    with source.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            hits = keywords.intersection(jieba.cut(row["微博正文"]))
            if hits:
                sheet.append([row["id"], row["发布时间"], "、".join(sorted(hits)), row["微博正文"]])
                found += 1
    book.save(target)
    return found


def _ours(tagger: Tagger, texts: Sequence[str], folder: Path) -> int:
    with SqliteIndex(folder / "leads.sqlite") as index:
        posts = [as_post(number, text) for number, text in enumerate(texts)]
        ingestor(tagger, index, str(folder)).run(posts, origin="bench", now=NOW)
        hits = list(every_hit(index, LeadQuery(), now=datetime.now(UTC), most=len(texts)))
        with (folder / "ours.xlsx").open("wb") as out:
            out.writelines(xlsx_chunks(hits))
        return len(hits)
