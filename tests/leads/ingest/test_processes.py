"""Tagging in several processes: the same as in one, in order, and nobody is left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.importers import Rejected
from crawler.items import Post
from leads.clinics.name_matcher import BrandMatcher
from leads.errors import StorageError
from leads.index.sqlite.index import SqliteIndex
from leads.ingest.ingestor import ALONE, BATCH, Ingestor, Report
from leads.ingest.processes import TagProcesses
from leads.models import LeadQuery
from leads.quarantine import Quarantine
from nlp import Tagger
from nlp.intent.model import MODEL
from nlp.models import NO_WORDS
from tests.support.builders import NOW, clinic, post
from tests.support.commands import post_line, run, start, write_lines

TEXTS = (
    "智齿疼了三天，求推荐",
    "坐标成都武侯，孩子发烧怎么办，电话13812345678",
    "安和口腔补牙很仔细",
    "今天天气不错",
)


def processes(count: int = 2) -> TagProcesses:
    return TagProcesses(count, model=MODEL, own=NO_WORDS)


def records(count: int) -> Iterator[Post | Rejected]:
    for number in range(count):
        yield post(number, f"{number}号：{TEXTS[number % len(TEXTS)]}")
        if number % 700 == 0:
            yield Rejected(line=number, reason="没有时间。", raw="x")


def lengths(tagger: Tagger, texts: list[str]) -> list[int]:
    return [len(tags.tokens) for tags in tagger.tag_many(texts)]


def end_yourself(tagger: Tagger, text: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    """Leads, documents, mentions, what cannot be read and every count, beyond the batches tagged here."""
    with processes() as others:
        alone, together = outcome(tmp_path / "one", None), outcome(tmp_path / "two", others)
    assert alone == together
    report = alone[0]
    assert report.leads > BATCH
    assert report.rejected == 6


def outcome(folder: Path, others: TagProcesses | None) -> tuple[Report, object]:
    """What became of the records, and all that can be seen of it."""
    folder.mkdir()
    quarantine = Quarantine(folder / "quarantine.jsonl")
    clinics, steps = (clinic(),), list[int]()
    with SqliteIndex(folder / "leads.sqlite") as index:
        worker = Ingestor(
            tagger=Tagger.load(), index=index, quarantine=quarantine,
            clinics=clinics, brands=BrandMatcher(clinics), processes=others,
        )  # fmt: skip
        report = worker.run(
            records(BATCH * (ALONE + 3)), origin="f", now=NOW, progress=lambda told: steps.append(told.read)
        )
        leads = [hit.lead for hit in index.search(LeadQuery(limit=9000), now=NOW).items]
        return report, (steps, leads, index.mentions(limit=9000), quarantine.path.read_bytes())


def test_answers_come_in_order_and_those_before_an_error_of_the_source_come_first() -> None:
    def torn() -> Iterator[list[str]]:
        yield from ([text] for text in TEXTS)
        raise OSError("the file ends here")

    with processes() as others:
        found = others.over(lengths, torn())
        pieces = [next(found) for _ in TEXTS]
        with pytest.raises(OSError, match="ends here"):
            next(found)
    assert [piece for piece, _ in pieces] == [[text] for text in TEXTS]
    tagger = Tagger.load()
    assert [made for _, made in pieces] == [lengths(tagger, [text]) for text in TEXTS]


def test_a_process_that_somebody_ended_is_said() -> None:
    with processes() as others, pytest.raises(StorageError, match="--workers 1"):
        list(others.over(end_yourself, ["x"]))


def test_a_kill_leaves_no_process_behind_and_the_next_run_goes_on(own_folder: Path) -> None:
    count = BATCH * (ALONE + 3)
    write_lines(
        own_folder / "posts.jsonl", [post_line(n, f"{n}号，{TEXTS[n % 4]}", floor=n) for n in range(count)]
    )
    process = start("ingest", "--workers", "2", "posts.jsonl", cwd=own_folder)
    while not (helpers := children(process.pid)):
        assert process.poll() is None, "it was done before it had asked for help"
        time.sleep(0.01)
    process.kill()
    process.communicate()
    while any(map(alive, helpers)):
        time.sleep(0.01)
    again = run("ingest", "--workers", "2", "--json", "posts.jsonl")
    assert again.records[0]["read"] == count
    assert again.records[0]["leads"] == BATCH * (ALONE + 3) // 2


def children(pid: int) -> list[int]:
    file = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in file.read_text().split()] if file.exists() else []


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
