"""What a mention of somebody else teaches, and what it does to the next one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leads.clinics.name_matcher import BrandMatcher
from leads.clinics.strangers import Stranger, learnt
from leads.errors import InputError
from leads.models import Mention
from nlp.text.normal import normalise
from tests.support.builders import clinic, mention, post

ANHE = clinic(id="anhe", name="安和口腔", aliases=("安和齿科",))
SAID = "绵阳的安河口腔在武侯大道，洗牙很久"


def heard(text: str, known: list[Stranger]) -> list[str]:
    return [found.said for found in BrandMatcher([ANHE], known).find(normalise(text))]


def of(text: str, said: str, how: str = "homophone") -> Mention:
    return replace(mention(1), post=post(1, text), said=said, how=how)  # type: ignore[arg-type]  # one of them


def taught(text: str, said: str, **how: object) -> list[Stranger]:
    found = learnt(of(text, said), **how)  # type: ignore[arg-type]  # by name
    assert found is not None
    return [found]


def test_nothing_is_known_at_first() -> None:
    assert heard(SAID, []) == ["安河口腔"]


def test_the_next_identical_post_is_no_mention() -> None:
    known = taught(SAID, "安河口腔")
    assert heard(SAID, known) == []
    assert heard("转：" + SAID, known) == ["安河口腔"], "other words before the name"
    assert heard("武侯的安河口腔怎么样", known) == ["安河口腔"]


def test_a_word_says_that_another_is_meant_whatever_the_form() -> None:
    known = taught(SAID, "安河口腔", word="绵阳")
    assert heard("绵阳安河口腔洗牙，安和口腔？", known) == []
    assert heard("武侯的安河口腔怎么样", known) == ["安河口腔"]
    assert heard("绵阳人问：成都安和口腔好吗", known) == ["安和口腔"], "the form that was wrong is not in it"


def test_a_form_may_never_be_the_clinic() -> None:
    known = taught(SAID, "安河口腔", always=True)
    assert heard("武侯的安河口腔怎么样", known) == []
    assert heard("武侯的安和口腔怎么样", known) == ["安和口腔"]


def test_what_is_learnt_holds_no_text() -> None:
    (known,) = taught(SAID, "安河口腔")
    assert known.word == ""
    assert "绵阳" not in repr(known)


@pytest.mark.parametrize(
    ("how", "words", "why"),
    [
        ("homophone", {"word": "绵"}, "2 到 20"),
        ("homophone", {"word": "口腔"}, "名字的一部分"),
        ("homophone", {"word": "德阳"}, "帖子里没有"),
        ("exact", {"always": True}, "不能整个排除"),
    ],
)
def test_what_teaches_nothing_is_refused(how: str, words: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        learnt(of(SAID, "安河口腔", how), **words)  # type: ignore[arg-type]  # by name


def test_a_comment_has_no_name_to_learn() -> None:
    assert learnt(of("洗牙挺疼的", "", "comment")) is None
