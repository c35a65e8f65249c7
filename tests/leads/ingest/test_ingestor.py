"""Posts in, leads and mentions out: what is kept, what is dropped, and that everything may be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest
from scrapy.utils.misc import load_object

from crawler.importers import Rejected
from crawler.items import Post
from leads.clinics.name_matcher import BrandMatcher
from leads.clinics.strangers import learnt
from leads.config import Settings
from leads.errors import StorageError
from leads.index.sqlite.index import SqliteIndex
from leads.ingest.ingestor import BATCH, Ingestor, Report, batched
from leads.ingest.scrapy_pipeline import LeadsPipeline
from leads.ingest.tagged import masked, tag_posts
from leads.models import Clinic, Lead, LeadQuery, Mention
from leads.quarantine import Quarantine
from leads.records import Records, headlines, heard, mentions, open_records, strangers
from leads.records.mentions import MentionChange
from nlp import Tagger
from nlp.models import Tags
from tests.support.builders import NOW, clinic, post
from tests.support.plain_tagger import PlainTagger


class FailingIndex(SqliteIndex):
    """A disk that is full when the second batch comes."""

    batches = 0

    def upsert(self, leads: Sequence[Lead]) -> None:
        self.batches += 1
        if self.batches == 2:
            raise StorageError("磁盘已满")
        super().upsert(leads)


class LosesMentions(SqliteIndex):
    """Dies between the leads and the mentions of a batch."""

    def upsert_mentions(self, mentions: Sequence[Mention]) -> int:
        raise StorageError("断电")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        yield opened


def ingestor(index: SqliteIndex, folder: Path, *clinics: Clinic, tagger: Tagger | None = None) -> Ingestor:
    return Ingestor(
        tagger=tagger or PlainTagger(),
        index=index,
        quarantine=Quarantine(folder / "quarantine.jsonl"),
        clinics=clinics,
        brands=BrandMatcher(clinics),
    )


def run(worker: Ingestor, records: Iterable[Post | Rejected]) -> Report:
    return worker.run(records, origin="file.csv", now=NOW)


def found(index: SqliteIndex) -> set[str]:
    page = index.search(LeadQuery(limit=1000), now=NOW)
    return {hit.lead.post.post_id for hit in page.items}


def many(count: int) -> list[Post]:
    """Posts too short to fold, each by another person."""
    return [post(number, f"{number}求推荐") for number in range(count)]


def test_everything_read_is_accounted_for(index: SqliteIndex, tmp_path: Path) -> None:
    records = [
        post(1, "牙疼求推荐"),
        post(2, "今天天气不错"),
        post(3, "牙疼求助", published_at=NOW - timedelta(days=181)),
        Rejected(line=4, reason="没有时间。", raw="x"),
        post(5, "在安和口腔补牙，很仔细"),
    ]
    report = run(ingestor(index, tmp_path, clinic()), records)
    assert report == Report(
        read=5, leads=1, mentions=1, unmatched=2, expired=1, rejected=1, why_rejected={"没有时间。": 1}
    )
    assert report.read == report.leads + report.unmatched + report.expired + report.rejected
    assert found(index) == {"1"}


def test_the_same_posts_twice_change_nothing(index: SqliteIndex, tmp_path: Path) -> None:
    worker = ingestor(index, tmp_path, clinic())
    records = [*many(5), post(9, "安和口腔求评价")]
    first = run(worker, records)
    counts = dict(index.counts())
    second = run(worker, records)
    assert dict(index.counts()) == counts
    assert (first.leads, first.mentions) == (6, 1)
    assert (second.leads, second.mentions) == (6, 0)  # read again, but nobody is mentioned anew


def test_a_crash_in_the_middle_and_a_second_run_give_the_same_as_one_run(tmp_path: Path) -> None:
    posts = many(BATCH + 50)

    def crashing() -> Iterator[Post]:
        yield from posts[: BATCH + 10]
        raise KeyboardInterrupt

    answers = []
    for name, starts in (("whole", [posts]), ("torn", [crashing(), posts])):
        with SqliteIndex(tmp_path / f"{name}.sqlite") as index:
            worker = ingestor(index, tmp_path)
            for records in starts:
                try:
                    run(worker, records)
                except KeyboardInterrupt:
                    assert index.counts()["leads"] == BATCH  # what was stored before stays
            answers.append((dict(index.counts()), found(index)))
    assert answers[0] == answers[1]
    assert answers[0][0]["leads"] == BATCH + 50


def test_a_storage_failure_leaves_the_batches_before_it(tmp_path: Path) -> None:
    with FailingIndex(tmp_path / "leads.sqlite") as index:
        worker = ingestor(index, tmp_path)
        with pytest.raises(StorageError):
            run(worker, many(BATCH * 2))
        assert index.counts()["leads"] == BATCH
        run(worker, many(BATCH * 2))
        assert index.counts()["leads"] == BATCH * 2


def test_what_was_said_to_be_anothers_does_not_come_back(
    records: Records, index: SqliteIndex, tmp_path: Path
) -> None:
    """Neither the post itself, nor the next one in the same words; others do."""
    said = "在绵阳的安河口腔洗牙，很久"
    worker = replace(ingestor(index, tmp_path, clinic()), records=records)
    assert run(worker, [post(1, said)]).mentions == 1
    (found,) = index.mentions()
    with records.transaction() as session:
        wanted = MentionChange(state="not_us", stranger=learnt(found))
        mentions.change(session, found, wanted, who="lin", now=NOW)
        known = strangers.known(session)
    assert [mention.id for mention, _ in hears(worker, post(1, said))] == ["forum/1#anhe"], (
        "by the names alone"
    )
    assert run(worker, [post(1, said)]).mentions == 0
    with records.reading() as session:
        assert heard.shares(session, "anhe", since=date(2000, 1, 1), until=date(2100, 1, 1)) == {}
    taught = replace(worker, brands=BrandMatcher([clinic()], known))
    assert run(taught, [post(2, said), post(3, "武侯的安河口腔怎么样")]).mentions == 1


def hears(worker: Ingestor, *posts: Post) -> list[tuple[Mention, Tags]]:
    return worker.sort_out(tag_posts(worker.tagger, posts))[1].mentions


def test_a_death_between_leads_and_mentions_is_mended_by_the_next_run(tmp_path: Path) -> None:
    records = [post(1, "安和口腔求评价")]
    with LosesMentions(tmp_path / "leads.sqlite") as index, pytest.raises(StorageError):
        run(ingestor(index, tmp_path, clinic()), records)
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        assert run(ingestor(index, tmp_path, clinic()), records).mentions == 1
        assert dict(index.counts()) == {"leads": 1, "folded": 0, "mentions": 1}


def test_contacts_are_masked_before_anything_is_stored(index: SqliteIndex, tmp_path: Path) -> None:
    text = "牙疼求推荐，电话13812345678，加微信 xiaoming_88"
    run(ingestor(index, tmp_path, clinic()), [post(1, text, title="安和口腔 13812345678")])
    stored = (tmp_path / "leads.sqlite").read_bytes() + (tmp_path / "leads.sqlite-wal").read_bytes()
    for secret in ("13812345678", "xiaoming_88"):
        assert secret.encode() not in stored
    lead = index.get("forum/1")
    assert lead is not None
    assert "[电话]" in lead.post.text
    assert "[电话]" in lead.post.title
    assert "[电话]" in index.mentions()[0].post.title


def test_a_post_without_contacts_is_not_copied() -> None:
    plain = post(1, "牙疼求推荐")
    assert masked(plain) is plain


@pytest.mark.parametrize(
    ("kind", "leads"), [("person", 1), ("unknown", 1), ("professional", 0), ("organisation", 0)]
)
def test_experts_and_organisations_are_no_leads_but_may_mention(
    index: SqliteIndex, tmp_path: Path, kind: str, leads: int
) -> None:
    report = run(ingestor(index, tmp_path, clinic()), [post(1, "安和口腔求推荐", author_kind=kind)])
    assert (report.leads, report.mentions) == (leads, 1)


@pytest.mark.parametrize(
    ("text", "clinics", "leads"),
    [
        ("牙疼求推荐", (clinic(),), 1),
        ("牙疼，在武侯区，求推荐", (clinic(),), 1),
        ("牙疼，在朝阳区，求推荐", (clinic(),), 0),  # known to be elsewhere
        ("牙疼，在朝阳区，求推荐", (), 1),  # without clinics every seeker is a lead
        ("湿疹求推荐", (clinic(),), 0),  # a dentist does not treat it
        ("湿疹求推荐", (clinic(), clinic(id="b", specialties=("skin",))), 1),
        ("牙疼", (clinic(),), 0),  # not seeking
        ("牙疼也许求推荐", (clinic(),), 0),  # need under the least
    ],
)
def test_who_becomes_a_lead(
    index: SqliteIndex, tmp_path: Path, text: str, clinics: tuple[Clinic, ...], leads: int
) -> None:
    report = run(ingestor(index, tmp_path, *clinics), [post(1, text)])
    assert (report.leads, report.unmatched) == (leads, 1 - leads)


def test_every_clinic_named_is_mentioned_once_with_how_it_is_spoken_of(
    index: SqliteIndex, tmp_path: Path
) -> None:
    clinics = (clinic(), clinic(id="qingmu", name="青木中医", doctors=()))
    text = "安和口腔态度很差，林知远医生也没道歉，再也不来了，青木中医路过"
    assert run(ingestor(index, tmp_path, *clinics), [post(1, text)]).mentions == 2
    by_clinic = {mention.clinic_id: mention for mention in index.mentions()}
    assert by_clinic["anhe"].term == "安和口腔"
    assert by_clinic["anhe"].sentiment.polarity == "complaint"
    assert set(by_clinic) == {"anhe", "qingmu"}


def test_what_is_kept_too_long_goes_at_the_end_of_a_run(index: SqliteIndex, tmp_path: Path) -> None:
    worker = ingestor(index, tmp_path)
    run(worker, [post(1, "牙疼求推荐", published_at=NOW - timedelta(days=100))])
    worker.run([], origin="later", now=NOW + timedelta(days=81))
    assert index.counts()["leads"] == 0


def test_what_could_not_be_read_is_quarantined_with_its_reason(index: SqliteIndex, tmp_path: Path) -> None:
    rejected = [
        Rejected(line=7, reason="列数不对：表头有 5 列，这一行有 3 列。", raw="a,b,\ud800"),
        Rejected(line=9, reason="列数不对：表头有 5 列，这一行有 9 列。", raw="…"),
    ]
    report = run(ingestor(index, tmp_path), rejected)
    assert report.why_rejected == {"列数不对": 2}  # kinds of faults, without the figures
    lines = [orjson.loads(line) for line in (tmp_path / "quarantine.jsonl").read_bytes().splitlines()]
    assert lines[0] == {
        "at": "2026-11-20T04:00:00+00:00",
        "origin": "file.csv",
        "line": 7,
        "reason": "列数不对：表头有 5 列，这一行有 3 列。",
        "raw": "a,b,?",
    }
    assert lines[1]["line"] == 9


def test_a_quarantine_that_cannot_be_written_stops_the_run(index: SqliteIndex, tmp_path: Path) -> None:
    (tmp_path / "quarantine.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"隔离文件 .*quarantine\.jsonl 写不进去"):
        run(ingestor(index, tmp_path), [Rejected(line=1, reason="坏", raw="")])


def test_progress_is_told_after_every_batch(index: SqliteIndex, tmp_path: Path) -> None:
    seen: list[int] = []
    ingestor(index, tmp_path).run(
        many(BATCH + 1), origin="x", now=NOW, progress=lambda report: seen.append(report.read)
    )
    assert seen == [BATCH, BATCH + 1]


@pytest.mark.parametrize("read", [3, BATCH, BATCH + 3])
def test_what_was_read_before_a_source_breaks_is_kept(index: SqliteIndex, tmp_path: Path, read: int) -> None:
    def breaking() -> Iterator[Post]:
        yield from many(read)
        raise OSError

    report = Report()
    with pytest.raises(OSError):  # noqa: PT011 - the test's own
        ingestor(index, tmp_path).run(breaking(), origin="x", now=NOW, report=report)
    assert report.leads == read


@pytest.mark.parametrize("text", ["", "\x00", "\ud800\udc00\ud800", "牙" * 20_000, "\u202e牙疼求推荐"])
def test_the_real_tagger_takes_any_text(index: SqliteIndex, tmp_path: Path, text: str) -> None:
    worker = ingestor(index, tmp_path, clinic(), tagger=Tagger.load())
    report = Report()
    worker.store([post(1, text.encode("utf-8", "replace").decode())], report, NOW)
    assert report.read == report.leads + report.unmatched == 1


def test_batches() -> None:
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batched([], 2)) == []


def test_of_feeds_of_news_titles_are_kept_whether_leads_or_not(index: SqliteIndex, tmp_path: Path) -> None:
    entries = [
        post(1, "求推荐", source="news", title="口腔集采新规发布", url="https://news.example/1"),
        post(2, "正文", source="news", title="近视防控方案出台", url="https://news.example/2"),
        post(3, "正文", source="forum", title="普通的帖子", url="https://forum.example/3"),
    ]
    with open_records(Settings(data_dir=tmp_path)) as records:
        worker = replace(ingestor(index, tmp_path, clinic(specialties=("dental",))), records=records)
        worker.store(entries, Report(), NOW, news={"news"})
        worker.store(entries, Report(), NOW)
        with records.reading() as session:
            kept = headlines.between(session, NOW - timedelta(days=9), NOW)
        assert {row.title for row in kept} == {"口腔集采新规发布", "近视防控方案出台"}
        assert all(row.fits for row in kept)  # the plain tagger finds a toothache everywhere
    assert found(index) == {"1"}


def test_settings_of_the_first_version_still_name_the_pipeline() -> None:
    assert load_object("leads.ingest.LeadsPipeline") is LeadsPipeline
