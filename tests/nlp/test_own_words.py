"""A clinic's own words for symptoms and places are found beside the shipped ones, with all their rules."""

from __future__ import annotations

import pytest

from nlp import Tagger
from nlp.models import OwnWords, Tags

OWN = OwnWords(
    symptoms={"后槽牙蹦迪": "toothache", "头晕": "toothache", "什么都不是": "no-such-code"},
    places={"小鹿湾": "510107", "火星湾": "999999"},
)


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.load(own=OWN)


def codes(tags: Tags) -> dict[str, bool]:
    return {symptom.code: symptom.present for symptom in tags.symptoms}


def test_an_own_word_is_a_symptom_with_all_the_rules(tagger: Tagger) -> None:
    assert codes(tagger.tag("昨晚后槽牙蹦迪，怎么办")) == {"toothache": True}
    assert codes(tagger.tag("没有后槽牙蹦迪")) == {"toothache": False}


def test_an_own_meaning_outweighs_the_shipped_one(tagger: Tagger) -> None:
    assert codes(tagger.tag("今天头晕")) == {"toothache": True}


def test_an_own_name_is_a_place(tagger: Tagger) -> None:
    region = tagger.tag("我在小鹿湾，求推荐牙医").region
    assert region is not None
    assert (region.code, region.district) == ("510107", "武侯区")


def test_what_no_code_stands_for_is_passed_over(tagger: Tagger) -> None:
    tags = tagger.tag("我在火星湾，什么都不是")
    assert (tags.region, tags.symptoms) == (None, ())


def test_the_shipped_words_stay(tagger: Tagger) -> None:
    text = "坐标成都武侯，牙疼三天了，求推荐口腔诊所"
    assert tagger.tag(text) == Tagger.load().tag(text)
