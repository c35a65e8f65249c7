"""The whole way: `tingzhen demo` on the sample forum, as a user runs it, twice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from crawler.sample.topics import load_topics
from tests.support.builders import NOW
from tests.support.commands import Ran, finish, start

# Posts of the sample forum that name the clinic or its doctor: thread id → how they speak of it.
PRAISE, COMPLAINT = "praise", "complaint"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def demo(folder: Path) -> dict[str, int]:
    ran: Ran = finish(start("demo", "--no-stay", "--json", cwd=folder))
    assert ran.code == 0, ran.err
    assert "Traceback" not in ran.err
    (counts,) = ran.records
    return counts  # type: ignore[return-value]  # counts but for the address


@pytest.fixture(scope="module")
def first(folder: Path) -> dict[str, int]:
    return demo(folder)


@pytest.fixture(scope="module")
def second(folder: Path, first: dict[str, int]) -> dict[str, int]:
    return demo(folder)


def documents(folder: Path, table: str) -> list[dict[str, object]]:
    with closing(sqlite3.connect(folder / "demo-data" / "data" / "leads.sqlite")) as database:
        rows = database.execute(f"SELECT doc FROM {table}").fetchall()  # noqa: S608 - our own names
    return [orjson.loads(row[0]) for row in rows]


def text_of(document: dict[str, object]) -> str:
    post = document["post"]
    assert isinstance(post, dict)
    return f"{post.get('title', '')}\n{post['text']}"


def test_every_post_of_the_forum_that_a_guest_may_read_is_read(first: dict[str, int]) -> None:
    _, topics = load_topics(NOW)
    readable = [
        topic for topic in topics if not topic.level and topic.board != "38" and topic.pin != "global"
    ]
    most = sum(len(topic.shown) for topic in readable)
    # Floors a moderator emptied or that open after a reply have no text of their own.
    withheld = sum(post.trait in ("shielded", "hidden") for topic in readable for post in topic.shown)
    assert most - withheld - 5 <= first["posts"] <= most
    assert first["pages"] > len(readable)


def test_refusals_are_counted_not_hidden(first: dict[str, int]) -> None:
    assert first["refused"] == 2  # the members' board, and the thread that takes a reading level


def test_praise_and_complaint_about_the_clinic_are_mentions(first: dict[str, int], folder: Path) -> None:
    found = documents(folder, "mentions")
    assert first["mentions"] == len(found) == 5
    assert {document["clinic_id"] for document in found} == {"anhe"}
    moods = {text_of(document): document["sentiment"] for document in found}

    def mood(words: str) -> object:
        (sentiment,) = [sentiment for text, sentiment in moods.items() if words in text]
        assert isinstance(sentiment, dict)
        return sentiment["polarity"]

    assert mood("等到快四点") == COMPLAINT
    assert mood("给好评") == PRAISE
    assert mood("小牙虫的故事") == PRAISE
    assert mood("同事推荐了武侯的安和口腔") is not None
    assert mood("好像开到九点") is not None


def test_who_seeks_care_near_the_clinic_is_a_lead(first: dict[str, int], folder: Path) -> None:
    texts = [text_of(document) for document in documents(folder, "leads")]
    assert len(texts) == first["leads"] + first["folded"]
    for words in ("武侯区磨子桥", "锦江区九眼桥", "牙冠啃掉了", "落枕一周", "怕看牙"):
        assert any(words in text for text in texts), words


def test_who_is_far_away_is_no_lead(first: dict[str, int], folder: Path) -> None:
    assert first["leads"] > 0
    texts = [text_of(document) for document in documents(folder, "leads")]
    for words in ("重庆渝北", "北京朝阳"):
        assert not any(words in text for text in texts), words


def test_who_seeks_nothing_is_hardly_ever_a_lead(first: dict[str, int], folder: Path) -> None:
    """The model may err once; it learns anew now and then, and this is no measure of it."""
    assert first["leads"] > 0
    texts = "\n".join(text_of(document) for document in documents(folder, "leads"))
    others = ("蛋烘糕", "健身年卡", "婴儿车", "祖传秘方", "免费量血压", "消防通道", "停课十天", "爬山")
    assert sum(words in texts for words in others) <= 1


def test_the_same_question_twice_is_one_lead(first: dict[str, int]) -> None:
    assert first["folded"] >= 1


def test_contacts_are_masked_and_names_never_stored(first: dict[str, int], folder: Path) -> None:
    assert first["posts"] > 0
    stored = b"".join(file.read_bytes() for file in (folder / "demo-data" / "data").glob("leads.sqlite*"))
    for secret in ("xiaozhushou0000", "清溪小满", "双楠一枝花"):
        assert secret.encode() not in stored, secret


def test_a_second_run_adds_nothing_and_loses_nothing(
    first: dict[str, int], second: dict[str, int], folder: Path
) -> None:
    # The sample forum dates its threads back from its own start: a minute later every page has changed and is
    # read again, which must make no difference.
    assert second["posts"] in (0, first["posts"])
    kept = ("leads", "folded", "mentions", "refused")
    assert {name: second[name] for name in kept} == {name: first[name] for name in kept}
    assert len(documents(folder, "mentions")) == first["mentions"]
