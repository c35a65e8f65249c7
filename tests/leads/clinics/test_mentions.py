"""What a batch says of the clinics: threads, answers to own posts, own accounts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crawler.items import Post
from leads.clinics.mentions import Heard, hear
from leads.clinics.name_matcher import BrandMatcher
from leads.clinics.threads import Mark, keys_of, own_keys
from nlp import Tagger
from nlp.models import Sentiment, Tags
from nlp.sentiment import judge
from nlp.text.normal import normalise
from tests.support.builders import clinic, post, tags

ANHE = clinic(doctors=("张伟医生",), own_accounts=("own",), competitors=("康贝齿科",))
OWN_THREAD = Mark("weibo#9", "anhe", "own")


class Listens(Tagger):
    """Only for sentiment."""

    def __init__(self) -> None:
        """Without the models."""

    def sentiment(self, text: str, tokens: Sequence[str] = ()) -> Sentiment:
        return judge(text)


def heard(*posts: Post, marks: Sequence[Mark] = ()) -> Heard:
    texts = [normalise(each.full_text) for each in posts]
    tagged: list[Tags] = [tags(text) for text in texts]
    return hear(posts, tagged, texts, brands=BrandMatcher([ANHE]), tagger=Listens(), marks=marks)


def said(found: Heard) -> list[tuple[str, str, str]]:
    return [(mention.post.post_id, mention.how, mention.term) for mention, _ in found.mentions]


@pytest.mark.parametrize(
    ("made", "keys", "own"),
    [
        (post(1), (), ("forum/1", "forum#1")),
        (post(9, thread_id="9"), ("forum#9",), ("forum/9", "forum#9")),
        (post(1, thread_id="9"), ("forum#9",), ("forum/1",)),  # a comment below another's post
        (post(1, thread_id="9", floor=1), ("forum#9",), ("forum/1", "forum#9")),
        (post(1, thread_id="9", floor=4), ("forum#9",), ("forum/1",)),  # a floor in another's thread
        (post(1, repost_of="weibo/5"), ("weibo/5",), ("forum/1", "forum#1")),
    ],
)
def test_what_a_post_answers_and_how_answers_find_it(
    made: Post, keys: tuple[str, ...], own: tuple[str, ...]
) -> None:
    assert keys_of(made) == keys
    assert own_keys(made) == own


def test_own_posts_are_no_mentions_and_are_remembered() -> None:
    found = heard(post(9, "安和口腔今天义诊", source="weibo", author_key="own"))
    assert said(found) == []
    assert found.marks == {Mark("weibo/9", "anhe", "own"), OWN_THREAD}
    assert found.counted == []


@pytest.mark.parametrize(
    "answer",
    [
        post(10, "上次给我拔错牙", source="weibo", thread_id="9"),
        post(10, "上次给我拔错牙", source="weibo", repost_of="weibo/9"),
    ],
)
def test_answers_to_own_posts_are_mentions_without_a_name(answer: Post) -> None:
    own = post(9, "今天义诊", source="weibo", author_key="own")
    together = heard(own, answer)
    later = heard(answer, marks=sorted(heard(own).marks, key=str))
    for found in (together, later):
        assert said(found) == [("10", "comment", "安和口腔")]
        [(mention, _)] = found.mentions
        assert (mention.sentiment.polarity, mention.score) == ("complaint", 0.5)


def test_an_answer_that_names_the_clinic_is_found_by_the_name() -> None:
    assert said(heard(post(10, "安和口腔很好", source="weibo", thread_id="9"), marks=[OWN_THREAD])) == [
        ("10", "exact", "安和口腔")
    ]


def test_answers_of_the_clinic_itself_are_none() -> None:
    found = heard(post(10, "谢谢", source="weibo", thread_id="9", author_key="own"), marks=[OWN_THREAD])
    assert said(found) == []


def test_what_is_said_below_somebody_elses_post_is_none_because_the_clinic_answered_there() -> None:
    by_clinic = post("c1", "欢迎咨询", source="weibo", thread_id="9", author_key="own")
    other = post("c2", "今天真热", source="weibo", thread_id="9")
    to_clinic = post("c3", "上次给我拔错牙", source="weibo", thread_id="9", repost_of="weibo/c1")
    assert said(heard(by_clinic, other, to_clinic)) == [("c3", "comment", "安和口腔")]


def test_a_thread_that_names_the_clinic_says_which_doctor_is_meant() -> None:
    opening = post(1, "安和口腔怎么样", thread_id="7", floor=1)
    answer = post(2, "张伟医生补的牙，还行", thread_id="7", floor=2)
    other = post(3, "张伟医生补的牙，还行", thread_id="8", floor=2)
    assert said(heard(answer, other, opening)) == [("2", "doctor", "张伟医生"), ("1", "exact", "安和口腔")]
    assert said(heard(answer, marks=[Mark("forum#7", "anhe", "named")])) == [("2", "doctor", "张伟医生")]
    assert said(heard(answer)) == []


def test_the_clinic_and_its_competitors_are_counted() -> None:
    found = heard(post(1, "康贝齿科坑人"), post(2, "安和口腔和康贝齿科哪个好"), post(3, "今天天气好"))
    assert [(each.post_id, term, mood.polarity) for each, _, term, mood in found.counted] == [
        ("1", "康贝齿科", "complaint"), ("2", "", "neutral"), ("2", "康贝齿科", "neutral"),
    ]  # fmt: skip
    assert said(found) == [("2", "exact", "安和口腔")]


def test_what_answers_or_repeats_a_mention_echoes_it() -> None:
    complaint = post(9, "安和口腔太坑了", source="weibo")
    answer = post(10, "我也遇到过", source="weibo", thread_id="9")
    repeated = post(11, "转发微博", source="weibo", repost_of="weibo/9")
    elsewhere = post(12, "我也遇到过", source="weibo", thread_id="8")
    found = heard(complaint, answer, repeated, elsewhere)
    assert [(each.post.post_id, each.key, each.kind) for each in found.echoes] == [
        ("10", "weibo#9", "reply"), ("11", "weibo/9", "repost"),
    ]  # fmt: skip
    assert said(found) == [("9", "exact", "安和口腔")]
    later = heard(answer, repeated, marks=sorted(found.marks, key=str))
    assert later.echoes == found.echoes


def test_nothing_said_is_nothing_heard() -> None:
    assert not heard(post(1, "今天天气好"))
    assert not hear([], [], [], brands=BrandMatcher([]), tagger=Listens())
