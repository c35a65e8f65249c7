"""Erased is erased: index, records, alerts, and whatever comes again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

import pytest
from sqlalchemy import select

from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Target, Task
from crawler.items import Post
from crawler.spiders.forum import targets
from crawler.spiders.forum.targets import ThreadAt
from crawler.spiders.weibo import plan
from crawler.spiders.weibo.plan import LongTextAt
from leads.actions.erase import erase
from leads.actions.schedule import HouseKeeping
from leads.clinics.name_matcher import BrandMatcher
from leads.clinics.strangers import Stranger
from leads.config import Settings
from leads.errors import InputError, StorageError
from leads.index.copying import Copier
from leads.index.sqlite.index import SqliteIndex
from leads.ingest.build import ingestor
from leads.ingest.ingestor import Ingestor
from leads.models import LeadQuery
from leads.quarantine import Quarantine
from leads.records import (
    Records,
    author_keys,
    cases,
    erasures,
    feedback,
    idempotency,
    mentions,
    notes,
    open_records,
    origins,
    strangers,
)
from leads.records.cancellations import EXPIRED
from leads.records.cases import CaseChange
from leads.records.copying import copy
from leads.records.erasures import ErasureKind
from leads.records.mentions import MentionChange
from leads.records.tables.alerts import Alert
from leads.records.tables.people import Audit
from leads.records.tables.work import ErasedPost, Erasure, Feedback
from leads.storage import coverage, open_index, quarantine
from tests.support.builders import NOW, lead, mention, post
from tests.support.commands import finish, run, start
from tests.support.outbox_people import alert, channel, person
from tests.support.plain_tagger import PlainTagger

SAID = "这句话不能留下"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        opened.upsert([lead(1, SAID, author_key="a"), lead(2, "头晕三天", author_key="b")])
        opened.upsert_mentions([mention(3, author_key="a"), mention(4, author_key="b")])
        yield opened


def worked_on(records: Records, index: SqliteIndex, *lead_ids: str) -> None:
    """Everything the desk writes about leads."""
    with records.transaction() as session:
        way = channel(session, person(session))
        for number, lead_id in enumerate(lead_ids):
            cases.change(session, {lead_id: CaseChange(status="seen")}, who="lin", now=NOW)
            notes.add(session, lead_id, f"他说：{SAID}", who="lin", now=NOW)
            stored = index.get(lead_id)
            if stored is not None:
                feedback.add(session, stored, "lead", who="lin", now=NOW)
            made = alert(session, number, way)
            made.post_id, made.payload = lead_id, {"title": SAID}
        heard = [each for each in index.mentions() if each.post.id in lead_ids]
        for each in heard:
            mentions.add_note(session, each, f"他说：{SAID}", who="lin", now=NOW)
            taught = Stranger(clinic_id=each.clinic_id, said="安河", word=SAID)
            wanted = MentionChange(state="not_us", stranger=taught)
            mentions.change(session, each, wanted, who="lin", now=NOW)


def remembered(records: Records, lead_id: str) -> list[object]:
    with records.reading() as session:
        texts = [note.text for note in notes.of(session, lead_id)]
        texts += [row.text for row in feedback.of(session, lead_id)]
        texts += [note.text for note in mentions.notes_of(session, f"{lead_id}#anhe")]
        taught = strangers.learnt_from(session, f"{lead_id}#anhe")
        texts += [taught.word] if taught else []
        found = session.scalars(select(Alert).where(Alert.post_id == lead_id))
        return texts + [each.payload for each in found if SAID in str(each.payload)]


def test_a_post_is_gone_with_all_that_was_written_about_it(records: Records, index: SqliteIndex) -> None:
    worked_on(records, index, "forum/1", "forum/2")
    done = erase(records, index, "post", "forum/1", who="boss", now=NOW, reason="本人要求")
    assert done.posts == 1
    assert index.get("forum/1") is None
    assert [hit.lead.id for hit in index.search(LeadQuery(), now=NOW).items] == ["forum/2"]
    assert remembered(records, "forum/1") == []
    assert len(remembered(records, "forum/2")) == 3, "of others nothing goes"
    with records.reading() as session:
        kept = cases.get(session, "forum/1")
        assert kept is not None
        assert kept.status == "seen", "the case stays, without a word of the post"


def test_an_author_is_gone_with_all_posts(records: Records, index: SqliteIndex) -> None:
    worked_on(records, index, "forum/1", "forum/3", "forum/2")
    assert erase(records, index, "author", "a", who="boss", now=NOW).posts == 2
    assert remembered(records, "forum/1") == remembered(records, "forum/3") == []
    assert [each.post.id for each in index.mentions()] == ["forum/4"]
    assert index.get("forum/2") is not None


@pytest.mark.parametrize("post_id", ["forum/1", "forum/3"], ids=["a lead", "a mention"])
def test_an_author_is_named_by_any_post(records: Records, index: SqliteIndex, post_id: str) -> None:
    done = erase(records, index, "author", post_id, who="boss", now=NOW)
    assert (done.key, done.posts) == ("a", 2)


def test_nothing_of_it_is_stored_again(records: Records, index: SqliteIndex) -> None:
    erase(records, index, "post", "forum/1", who="boss", now=NOW)
    erase(records, index, "author", "b", who="boss", now=NOW)
    posts = [lead(1, author_key="x").post, lead(9, author_key="b").post, lead(8, author_key="x").post]
    with records.reading() as session:
        assert erasures.erased(session, posts) == {"forum/1", "forum/9"}


def test_a_text_judged_without_its_id_goes_too(records: Records, index: SqliteIndex) -> None:
    """As taken over from an older version's file."""
    with records.transaction() as session:
        session.add(Feedback(lead_id="", at=NOW, who="file", kind="lead", intent="seeker", text=SAID))
    erase(records, index, "post", "forum/1", who="boss", now=NOW)
    with records.reading() as session:
        assert session.scalars(select(Feedback)).all() == []


def test_twice_is_fine_and_the_first_tombstone_stays(records: Records, index: SqliteIndex) -> None:
    erase(records, index, "post", "forum/1", who="boss", now=NOW, reason="本人要求")
    assert erase(records, index, "post", "forum/1", who="lin", now=NOW).posts == 0
    with records.reading() as session:
        (tomb,) = session.scalars(select(Erasure))
        assert (tomb.key, tomb.kind, tomb.who, tomb.reason) == ("forum/1", "post", "boss", "本人要求")
        assert [each.action for each in session.scalars(select(Audit))] == ["erase.post", "erase.post"]


def test_what_is_still_there_afterwards_is_said(records: Records, index: SqliteIndex) -> None:
    """A crawl that looked before the tombstone and stores after the deletion."""

    class Racing(SqliteIndex):
        def delete(self, lead_ids: object) -> int:
            count = super().delete(list(lead_ids))  # type: ignore[call-overload]  # ids, as promised
            self.upsert([lead(1, SAID)])
            return count

    with Racing(index._path) as racing, pytest.raises(StorageError, match="再删一次"):
        erase(records, racing, "post", "forum/1", who="boss", now=NOW)


@pytest.mark.parametrize(
    ("kind", "key", "complaint"),
    [
        ("post", "", "编号不可用"),
        ("post", "1002", "来源/编号"),
        ("post", "a/" + "x" * 200, "编号不可用"),
        ("author", "a\nb", "编号不可用"),
        ("author", "forum/999", "不知道它的作者"),
    ],
)
def test_what_cannot_be_meant(
    records: Records, index: SqliteIndex, kind: str, key: str, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        erase(records, index, kind, key, who="boss", now=NOW)  # type: ignore[arg-type]  # one of the two
    assert index.counts()["leads"] == 2


class TestCommand:
    def test_erases(self, own_folder: Path) -> None:
        folder = own_folder / "data"
        folder.mkdir()
        with SqliteIndex(folder / "leads.sqlite") as index:
            index.upsert([lead(1, author_key="a"), lead(2, "头晕", author_key="a")])
        ran = run("erase", "forum/1", "--yes", "--json")
        assert (ran.code, ran.records[0]["posts"]) == (0, 1)
        ran = run("erase", "--author", "forum/2", "--yes")
        assert "已删除 1 条" in ran.out
        with open_records(Settings(data_dir=folder)) as records, records.reading() as session:
            assert sorted(each.key for each in session.scalars(select(Erasure))) == ["a", "forum/1"]

    @pytest.mark.parametrize("words", [(), ("forum/1", "--author", "a")])
    def test_one_of_the_two(self, own_folder: Path, words: tuple[str, ...]) -> None:
        ran = run("erase", *words, "--yes")
        assert (ran.code, "二选一" in ran.said) == (2, True)

    def test_asks_first(self, own_folder: Path) -> None:
        process = start("erase", "forum/1", cwd=own_folder)
        ran = finish(process, stdin=b"n\n")
        assert ran.code == 1
        assert not (own_folder / "data").exists(), "nothing was touched"


def test_an_expired_post_still_names_its_author_and_what_was_written_about_it_goes(
    records: Records, index: SqliteIndex
) -> None:
    worked_on(records, index, "forum/1")
    with records.transaction() as session:
        origins.keep(session, [lead(1, SAID, author_key="a").post])
    index.delete(["forum/1"])  # as retention does
    erase(records, index, "author", "forum/1", who="boss", now=NOW)
    assert remembered(records, "forum/1") == []
    assert not index.ids_of_author("a")
    with records.reading() as session:
        assert origins.of_author(session, "a") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"author_key": ""},
        {"author_key": "under another key"},
        {"author_key": "", "post_id": "renumbered", "text": "另一份文件里改过的话"},
        {"author_key": "", "post_id": "renumbered", "url": ""},
    ],
    ids=["no author column", "another key", "only the address is left", "only the words are left"],
)
def test_an_erased_authors_post_does_not_come_back_without_its_author(
    records: Records, tmp_path: Path, changes: dict[str, str]
) -> None:
    said = "右边智齿肿了三天，吃药也不见好转"
    mine = post(1, said, author_key="a", url="https://www.forum.example/t/1/")
    with SqliteIndex(tmp_path / "some.sqlite") as index:
        index.upsert([replace(lead(1, said), post=mine)])
        erase(records, index, "author", "forum/1", who="boss", now=NOW)
    again = replace(mine, url="http://forum.example/t/1")
    again = replace(again, **changes)  # type: ignore[arg-type]  # by name
    with records.reading() as session:
        assert erasures.erased(session, [again, post(2, "别人的话")]) == {again.id}


def test_a_post_is_erased_by_its_address(records: Records, tmp_path: Path) -> None:
    url = "https://www.forum.example/thread-7-1-1.html"
    with SqliteIndex(tmp_path / "some.sqlite") as index:
        index.upsert([lead(7, url=url), lead(8)])
        done = erase(records, index, "post", "http://forum.example/thread-7-1-1.html/", who="b", now=NOW)
        assert (done.key, done.posts) == ("forum/7", 1)
        assert index.get("forum/7") is None


WORDS = "左边智齿肿了三天，嘴都张不开，想找个靠谱的牙医"


@pytest.mark.parametrize(
    "said", [WORDS, "肿了三天,嘴都张不开 想找个靠谱的"], ids=["all of it", "a piece, other signs"]
)
def test_a_post_is_erased_by_what_it_says(records: Records, index: SqliteIndex, said: str) -> None:
    index.upsert([lead(7, WORDS, author_key="c")])
    done = erase(records, index, "post", said, who="boss", now=NOW)
    assert (done.key, done.posts, len(done.receipt)) == ("forum/7", 1, 12)
    assert index.get("forum/7") is None
    assert index.get("forum/1") is not None


def test_words_name_an_author_too_and_must_name_one_post_only(records: Records, index: SqliteIndex) -> None:
    index.upsert([lead(7, WORDS, author_key="c"), lead(8, "另一条", author_key="c")])
    index.upsert([lead(9, f"转：{WORDS}，同问", author_key="d")])
    with pytest.raises(InputError, match="有 2 条帖子写着这些字"):
        erase(records, index, "post", WORDS, who="boss", now=NOW)
    with pytest.raises(InputError, match="没有存着写有这些字的帖子"):
        erase(records, index, "post", "这句话谁也没有写过，真的没有", who="boss", now=NOW)
    done = erase(records, index, "author", f"转：{WORDS}", who="boss", now=NOW)
    assert (done.key, done.posts) == ("d", 1)


@pytest.mark.parametrize(
    "by", ["forum/7", "https://forum.example/t/7", WORDS], ids=["id", "address", "words"]
)
@pytest.mark.parametrize("kind", ["post", "author"])
def test_an_erasure_holds_after_a_crawl_an_import_another_index_and_other_records(
    tmp_path: Path, kind: ErasureKind, by: str
) -> None:
    mine = replace(lead(7, WORDS).post, author_key="c", url="https://forum.example/t/7")
    again = [
        mine,
        replace(mine, post_id="x7", source="table", url="", author_key=""),
    ]  # crawled, and from a file
    old, new = Settings(data_dir=tmp_path / "old"), Settings(data_dir=tmp_path / "new")
    with open_index(old) as index, open_records(old) as records:
        index.upsert([replace(lead(7, WORDS), post=mine), lead(8, author_key="e")])
        erase(records, index, kind, by, who="boss", now=NOW, settings=old)
        with open_index(new) as other, open_records(new) as moved:
            Copier(index, other).run()
            copy(records, moved)
    for settings in (old, new):
        with open_index(settings) as index, open_records(settings) as records:
            report = ingestor(settings, index, records).run(again, origin="again", now=NOW)
            assert (report.erased, report.leads) == (2, 0)
            assert index.counts()["leads"] == 1


def test_a_post_that_is_not_here_is_kept_out_by_its_address(records: Records, index: SqliteIndex) -> None:
    url = "https://forum.example/thread-99-1-1.html"
    assert erase(records, index, "post", url, who="boss", now=NOW).posts == 0
    with records.reading() as session:
        assert erasures.erased(session, [post(99, url=url)]) == {"forum/99"}


MID, BID = "3501756485200075", "z0JH2lOMb"
WEIBO = [
    f"https://weibo.com/1234500001/{BID}?refer_flag=1",
    f"weibo.com/1234500001/{MID}",
    f"https://m.weibo.cn/status/{BID}",
    f"https://m.weibo.cn/status/{MID}",
    f"https://m.weibo.cn/detail/{MID}",
]


@pytest.mark.parametrize("address", WEIBO)
@pytest.mark.parametrize("stored", ["as a crawl does", "from somebody's own table"])
def test_all_addresses_of_a_weibo_post_name_it(
    records: Records, tmp_path: Path, address: str, stored: str
) -> None:
    ours = {"source": "weibo", "post_id": MID, "url": f"https://m.weibo.cn/detail/{MID}"}
    theirs = {"source": "table", "post_id": "17", "url": WEIBO[0]}
    held = post(1, **(ours if stored == "as a crawl does" else theirs))
    with SqliteIndex(tmp_path / "some.sqlite") as index:
        index.upsert([replace(lead(1), post=held)])
        assert erase(records, index, "post", address, who="boss", now=NOW).posts == 1
    with records.reading() as session:
        again = [post(1, **ours), post(2, **theirs), post(3)]
        assert erasures.erased(session, again) == {f"weibo/{MID}", "table/17"}


@pytest.mark.parametrize("address", WEIBO)
def test_a_weibo_post_that_is_not_here_is_kept_out_by_any_address(
    records: Records, index: SqliteIndex, address: str
) -> None:
    assert erase(records, index, "post", address, who="boss", now=NOW).key == f"weibo/{MID}"
    with records.reading() as session:
        again = [post(1, source="weibo", post_id=MID), post(2, source="table", url=WEIBO[2])]
        assert erasures.erased(session, again) == {f"weibo/{MID}", "table/2"}


def test_a_tombstone_of_an_older_version_still_holds(records: Records) -> None:
    """It hashed each address of a Weibo post as it was written."""
    url = f"https://weibo.com/1234500001/{BID}"
    with records.transaction() as session:
        session.add(Erasure(key=url, kind="post", at=NOW, who="boss"))
        plain = blake2b(f"weibo.com\n/1234500001/{BID}\n\n".encode(), digest_size=16).hexdigest()
        session.add(ErasedPost(post_id=url, address=plain, words=""))
    with records.reading() as session:
        assert erasures.erased(session, [post(1, url=url), post(2)]) == {"forum/1"}


def test_a_comments_tombstone_leaves_the_post_it_answers_alone(records: Records, tmp_path: Path) -> None:
    url = f"https://m.weibo.cn/detail/{MID}"
    comment = post(1, source="weibo", post_id="c9", url=url, thread_id=MID)
    with SqliteIndex(tmp_path / "some.sqlite") as index:
        index.upsert([replace(lead(1), post=comment)])
        assert erase(records, index, "post", url, who="boss", now=NOW).posts == 0
        assert erase(records, index, "post", "weibo/c9", who="boss", now=NOW).posts == 1
    with records.reading() as session:
        other = post(2, source="weibo", post_id="c10", url=url, thread_id=MID)
        assert erasures.erased(session, [comment, other]) == {"weibo/c9"}


def test_what_was_written_of_a_mention_goes_after_it_expired(records: Records, tmp_path: Path) -> None:
    """Also when it was written before origins were kept: they are learnt while the index knows."""
    said = mention(3, author_key="a")
    with SqliteIndex(tmp_path / "some.sqlite") as index:
        index.upsert_mentions([said])
        worked_on(records, index, said.post.id)
        ingestor = Ingestor(
            tagger=PlainTagger(), index=index, quarantine=Quarantine(tmp_path / "q.jsonl"),
            clinics=(), brands=BrandMatcher(()), records=records,
        )  # fmt: skip
        ingestor.expire(said.post.published_at + timedelta(days=181))
        assert not index.mentions()
        assert remembered(records, said.post.id)
        erase(records, index, "author", said.post.id, who="boss", now=NOW)
    assert remembered(records, said.post.id) == []


def test_an_alert_still_knows_the_address_of_a_post_that_left_before_origins_were_kept(
    records: Records, index: SqliteIndex
) -> None:
    worked_on(records, index, "forum/77")
    url = "https://forum.example/thread-77-1-1.html"
    with records.transaction() as session:
        for told in session.scalars(select(Alert)):
            told.payload = {"title": SAID, "post_url": url}
    assert erase(records, index, "post", url, who="boss", now=NOW).key == "forum/77"
    assert remembered(records, "forum/77") == []


def test_a_replys_tombstone_leaves_the_rest_of_its_thread_alone(records: Records, tmp_path: Path) -> None:
    url = "https://forum.example/t/5"
    with SqliteIndex(tmp_path / "some.sqlite") as index:
        index.upsert([lead(52, url=url, thread_id="5", floor=2)])
        erase(records, index, "post", "forum/52", who="boss", now=NOW)
    with records.reading() as session:
        assert not erasures.erased(session, [post(5, url=url), post(53, url=url, floor=3)])


def test_origins_go_with_the_last_that_was_written_about_an_old_post(records: Records) -> None:
    with records.transaction() as session:
        origins.keep(session, [post(1), post(2)])
        notes.add(session, "forum/1", "打过电话", who="lin", now=NOW)
        origins.forget(session, NOW)
        assert [row.post_id for row in origins.of_posts(session, ["forum/1", "forum/2"])] == ["forum/1"]


def test_another_author_key_is_noticed_until_the_posts_under_the_old_one_are_gone(records: Records) -> None:
    kept = timedelta(days=180)
    with records.transaction() as session:
        assert author_keys.note_use(session, b"old", now=NOW, kept=kept) == ""
        said = author_keys.note_use(session, b"new", now=NOW + timedelta(days=1), kept=kept)
        assert "author.key" in said
        assert author_keys.note_use(session, b"new", now=NOW + timedelta(days=90), kept=kept) == said
        assert author_keys.note_use(session, b"new", now=NOW + timedelta(days=182), kept=kept) == ""
        assert author_keys.note_use(session, b"old", now=NOW + timedelta(days=2), kept=kept) == ""


RARE = "珊瑚色的牙套"
KINDS = {**targets.TARGETS, **plan.TARGETS}


class Clinic:
    """A clinic's data folder in which every file that may hold words of posts holds those of a lead and of a
    mention by one author."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder)
        self.mine = replace(lead(1), post=self._post(1))
        self.told = replace(mention(2), post=self._post(2))
        with open_index(self.settings) as index, open_records(self.settings) as records:
            index.upsert([lead(n, f"{n}号牙疼，求推荐") for n in range(3, 60)])
            index.upsert([self.mine])
            index.upsert_mentions([self.told])
            with records.transaction() as session:
                origins.keep(session, [self.mine.post, self.told.post])
                way = channel(session, person(session))
                for post_ in (self.mine.post, self.told.post):
                    made = alert(session, int(post_.post_id), way)
                    made.post_id, made.payload = post_.id, {"title": RARE, "post_url": post_.url}
        with coverage(self.settings) as crawls:
            for post_ in (self.mine.post, self.told.post):
                at = ThreadAt(thread=post_.thread_id, title=post_.title)
                task = Task(source="s", key=post_.post_id, group="g", kind="thread", at=at)
                crawls.add_task(task)
                crawls.rechecks.keep([post_], replace(task, key=f"visit:{post_.post_id}"), NOW)
                cut = LongTextAt(mid=post_.post_id, post=json.dumps({"text": post_.text}, ensure_ascii=False))
                crawls.add_task(replace(task, key=f"cut:{post_.post_id}", kind="extend", at=cut))

    def _post(self, number: int) -> Post:
        return post(
            number, f"安和口腔给的{RARE}掉了，右边肿了三天", author_key="a", thread_id=str(number), floor=1,
            title=f"{RARE}掉了{number}", url=f"https://forum.example/thread-{number}-1-1.html",
        )  # fmt: skip

    tasks = ("1", "cut:1", "2", "cut:2")

    def write_about_it(self, *, quarantined: bool = True) -> None:
        """What people and files say of the posts."""
        with open_records(self.settings) as records, records.transaction() as session:
            for post_ in (self.mine.post, self.told.post):
                notes.add(session, post_.id, RARE, who="lin", now=NOW)
                feedback.add(session, replace(self.mine, post=post_), "lead", who="lin", now=NOW)
            idempotency.reserve(session, "1:a", "hash", now=NOW)
            idempotency.keep(session, "1:a", status=201, body=f'{{"text":"{RARE}"}}')
        if not quarantined:
            return
        for raw in (self.mine.post.text, json.dumps({"内容": self.told.post.text}), "某人的话没有时间"):
            quarantine(self.settings).add(origin="f.csv", line=1, reason="没有时间", raw=raw, now=NOW)

    def erase(self, kind: ErasureKind, key: str, *, clean: bool = True) -> None:
        """With `clean` no word of either post is left afterwards."""
        with open_index(self.settings) as index, open_records(self.settings) as records:
            erase(records, index, kind, key, who="boss", now=NOW, settings=self.settings)
            if clean:
                self.holds_no_word()

    def holds_no_word(self) -> None:
        """While everything is open, and logs have not been merged by closing."""
        files = [file for file in self.settings.data_dir.rglob("*") if file.is_file()]
        assert {"leads.sqlite-wal", "records.sqlite-wal"} <= {file.name for file in files}
        forms = [form for text in (RARE, "珊瑚") for form in (text.encode(), json.dumps(text)[1:-1].encode())]
        left = {file.name for file in files for form in forms if form in file.read_bytes()}
        assert left == set()


def test_an_authors_erasure_leaves_no_word_in_any_file(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / "data")
    clinic.write_about_it()
    clinic.erase("author", "forum/2")
    with open_records(clinic.settings) as records, records.reading() as session:
        again = idempotency.find(session, "1:a", "hash", now=NOW)
    assert again is not None
    assert (again.status, again.body) == (410, "")
    kept = quarantine(clinic.settings).path.read_text("utf-8")
    assert ("某人的话" in kept, kept.count("已按要求删除")) == (True, 2)


def test_erasures_by_address_leave_no_word_in_any_file(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / "data")
    clinic.write_about_it()
    clinic.erase("post", clinic.mine.post.url, clean=False)
    clinic.erase("post", clinic.told.post.url)


def test_an_erasure_leaves_other_pages_of_the_crawl_as_they_are(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / "data")
    clinic.erase("post", "forum/1", clean=False)
    with closing(Coverage(clinic.settings.data_dir / "coverage.sqlite", targets=KINDS)) as crawls:
        left = {task.key: task.at for task in crawls.tasks("s")}
    assert left == {
        "1": ThreadAt(thread="1"),
        "2": ThreadAt(thread="2", title=clinic.told.post.title),
        "cut:2": left["cut:2"],
    }


def test_what_is_no_longer_kept_leaves_no_word_in_any_file(tmp_path: Path) -> None:
    """Posts and alerts after half a year, what was written about them after two, kept answers after a day."""
    clinic = Clinic(tmp_path / "data")
    clinic.write_about_it(quarantined=False)
    with coverage(clinic.settings) as crawls:  # pages were read; posts are too old to be looked for
        for task in (Task(source="s", key=key, group="g", kind="", at=Target()) for key in clinic.tasks):
            crawls.complete(task)
        crawls.rechecks.prune("s", NOW + timedelta(days=1))
    with open_index(clinic.settings) as index, open_records(clinic.settings) as records:
        HouseKeeping(clinic.settings, records, index, clock=lambda: NOW + timedelta(days=731)).purge()
        clinic.holds_no_word()


def test_posts_that_expired_are_out_of_alerts_while_notes_stay(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / "data")
    clinic.write_about_it()
    with open_index(clinic.settings) as index, open_records(clinic.settings) as records:
        HouseKeeping(clinic.settings, records, index, clock=lambda: NOW + timedelta(days=190)).purge()
        with records.reading() as session:
            assert [each.payload for each in session.scalars(select(Alert))] == [EXPIRED, EXPIRED]
            assert {each.state for each in session.scalars(select(Alert))} == {"cancelled"}
            assert [note.text for note in notes.of(session, "forum/1")] == [RARE]
        assert index.counts()["mentions"] == 0
