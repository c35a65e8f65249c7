"""One process stores for all crawls: what it acknowledges is stored, and whoever dies, nothing is lost."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import pytest

from crawler.items import Post
from leads.clinics.name_matcher import BrandMatcher
from leads.config import Settings
from leads.errors import ConfigError, StorageError
from leads.index.sqlite.index import SqliteIndex
from leads.ingest import line as crawl_end
from leads.ingest.ingestor import Ingestor
from leads.ingest.intake import Intake
from leads.ingest.letters import (
    Farewell,
    Followed,
    FromCrawl,
    FromIntake,
    Gone,
    Greeting,
    PostsRead,
    Receipt,
    Trouble,
    Welcome,
)
from leads.ingest.line import HANDED, IntakeLine, Running
from leads.models import LeadQuery
from leads.quarantine import Quarantine
from leads.storage import open_index
from nlp.models import PlaceHintLike, Tags
from tests.support.builders import NOW, post
from tests.support.plain_tagger import PlainTagger

HELLO = Greeting(secret=b"x" * 32, news=frozenset())


class CountingTagger(PlainTagger):
    """Notes how many texts come at once, and trips over one of them."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def tag_many(
        self, texts: Sequence[str], hints: Sequence[Sequence[PlaceHintLike]] | None = None
    ) -> list[Tags]:
        self.batches.append(len(texts))
        if any("绊倒" in text for text in texts):
            raise ZeroDivisionError
        return super().tag_many(texts, hints)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        yield opened


def ingestor(index: SqliteIndex, folder: Path, tagger: PlainTagger) -> Ingestor:
    return Ingestor(
        tagger=tagger,
        index=index,
        quarantine=Quarantine(folder / "quarantine.jsonl"),
        clinics=(),
        brands=BrandMatcher(()),
    )


def page(*numbers: int, text: str = "求推荐") -> PostsRead:
    return PostsRead(posts=tuple(post(number, f"{number}{text}") for number in numbers))


def answers(ready: Callable[[], Ingestor], *crawls: Sequence[FromCrawl]) -> list[list[FromIntake]]:
    """What each crawl is answered to its letters, all of which lie there when the intake begins."""
    door, theirs = socket.socketpair()
    with ExitStack() as stack:
        ends = []
        for letters in crawls:
            ours, his = socket.socketpair()
            socket.send_fds(door, [b"+"], [his.fileno()])
            his.close()
            ends.append(stack.enter_context(Connection(os.dup(ours.fileno()))))
            for letter in letters:
                ends[-1].send(letter)
            ours.shutdown(socket.SHUT_WR)
            ours.close()
        door.close()
        Intake(ready, theirs, clock=lambda: NOW).run()
        return [_all(end) for end in ends]


def _all(end: Connection) -> list[FromIntake]:
    found = []
    try:
        while True:
            found.append(end.recv())
    except EOFError:
        return found


def found(index: SqliteIndex) -> set[str]:
    return {hit.lead.post.post_id for hit in index.search(LeadQuery(limit=1000), now=NOW).items}


def test_pages_that_come_close_together_are_tagged_as_one_batch(index: SqliteIndex, tmp_path: Path) -> None:
    tagger = CountingTagger()
    (got,) = answers(
        lambda: ingestor(index, tmp_path, tagger),
        [HELLO, page(1, 2), page(3, text="天气不错"), page(4, 5), Farewell()],
    )
    assert tagger.batches == [5]
    assert [type(answer) for answer in got] == [Welcome, Receipt, Receipt, Receipt, Followed]
    assert [answer.kept for answer in got if isinstance(answer, Receipt)] == [(0, 1), (), (0, 1)]
    assert got[3].counts | {"leads": 4, "unmatched": 1} == got[3].counts  # type: ignore[union-attr]  # Receipt
    assert found(index) == {"1", "2", "4", "5"}


def test_a_page_that_cannot_be_stored_costs_no_other(index: SqliteIndex, tmp_path: Path) -> None:
    (got,) = answers(
        lambda: ingestor(index, tmp_path, CountingTagger()),
        [HELLO, page(1), page(2, text="求绊倒"), page(3), Farewell()],
    )
    assert [type(answer) for answer in got] == [Welcome, Receipt, Trouble, Receipt, Followed]
    assert found(index) == {"1", "3"}


def test_what_is_gone_at_its_source_goes_after_what_came_before(index: SqliteIndex, tmp_path: Path) -> None:
    answers(
        lambda: ingestor(index, tmp_path, CountingTagger()),
        [HELLO, page(1, 2), Gone(ids=(post(1, "").id,)), Farewell()],
    )
    assert found(index) == {"2"}


def test_a_lead_that_was_edited_into_none_leaves(index: SqliteIndex, tmp_path: Path) -> None:
    answers(
        lambda: ingestor(index, tmp_path, CountingTagger()),
        [HELLO, page(1, 2), Gone(ids=()), page(1, text="好了，谢谢"), Farewell()],
    )
    assert found(index) == {"2"}


def test_a_crawl_that_dies_costs_the_others_nothing(index: SqliteIndex, tmp_path: Path) -> None:
    tagger = CountingTagger()
    dead, alive = answers(
        lambda: ingestor(index, tmp_path, tagger),
        [HELLO, page(1)],  # and not a word more
        [HELLO, page(2), Farewell()],
    )
    assert [type(answer) for answer in dead] == [Welcome]
    assert [type(answer) for answer in alive] == [Welcome, Receipt, Followed]
    assert found(index) == {"2"}  # the first was not acknowledged: its page stays open


def test_a_page_without_a_greeting_is_trouble(index: SqliteIndex, tmp_path: Path) -> None:
    (got,) = answers(lambda: ingestor(index, tmp_path, CountingTagger()), [page(1), Farewell()])
    assert [type(answer) for answer in got] == [Trouble, Trouble]


# the crawl's end ──────────────────────────────────────────────────────────────────────────────────────────


class Crawl:
    """What a crawl does with its line."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.listens: list[int] = []
        self.line = IntakeLine(HELLO, stored=self._stored, moved=self._moved)

    def _stored(self, page: PostsRead, answer: Receipt) -> None:
        self.stored += [page.posts[at].post_id for at in answer.kept]

    def _moved(self, before: int, after: int) -> None:
        self.listens = [number for number in (*self.listens, after) if number not in (before, -1)]


def test_what_the_intake_cannot_do_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Ingestor:
        raise ConfigError("tingzhen.toml 里的诊所没有名字。")

    door, theirs = socket.socketpair()
    intake = Thread(target=Intake(broken, theirs).run)
    intake.start()
    ours, his = socket.socketpair()
    with his, door:
        socket.send_fds(door, [b"+"], [his.fileno()])
    monkeypatch.setenv(HANDED, f"fd:{ours.detach()}")
    with pytest.raises(StorageError, match="诊所没有名字"):
        Crawl()
    intake.join()


def test_an_intake_that_is_killed_takes_nothing_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINGZHEN_DATA_DIR", str(tmp_path / "data"))
    first = Running(os.environ)
    monkeypatch.setenv(HANDED, f"fd:{first.line().detach()}")
    crawl = Crawl()
    crawl.line.hand_over([seeker(1), seeker(2)])
    os.kill(first.pid, signal.SIGKILL)
    first.close()
    crawl.line.hand_over([seeker(3)])
    assert len(crawl.listens) == 1
    crawl.line.close()
    assert crawl.listens == []
    assert sorted(set(crawl.stored)) == ["1", "2", "3"]
    with open_index(Settings(data_dir=tmp_path / "data")) as index:
        assert len(index.posts([seeker(number).id for number in (1, 2, 3)])) == 3


def seeker(number: int) -> Post:
    sore = ("牙疼", "失眠", "胃疼")[number % 3]
    return post(number, f"{sore}三天了，求推荐靠谱的诊所", published_at=datetime.now(UTC))


def test_posts_that_kill_every_intake_end_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stillborn:
        def __init__(self, environment: object) -> None: ...

        def line(self) -> socket.socket:
            ours, theirs = socket.socketpair()
            theirs.close()
            return ours

        def close(self) -> None: ...

    monkeypatch.delenv(HANDED, raising=False)
    monkeypatch.setattr(crawl_end, "Running", Stillborn)
    with pytest.raises(StorageError, match="一再中断"):
        Crawl()
