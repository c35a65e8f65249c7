"""Near-duplicates: what folds, what does not, and that order never matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.scoring.duplicates import SIMILAR, bands, shingles, similar

QUESTION = "右下面的大牙疼三天了，昨晚疼得睡不着，吃了布洛芬只能顶四个小时，武侯区哪家口腔诊所靠谱？"
SHORT = "智齿发炎怎么办"


def folds(one: str, other: str, *, same_author: bool = False) -> bool:
    """As the index does it: share a band, then compare."""
    parts, others = shingles(one), shingles(other)
    first, second = bands([parts, others])
    return bool(set(first) & set(second)) and similar(parts, others, same_author=same_author)


@pytest.mark.parametrize(
    "other",
    [
        QUESTION,
        QUESTION + "急急",
        QUESTION.replace("，", " ") + "！！！[泪][泪]",
        "@某人 " + QUESTION + " https://example.com/a",
        QUESTION.replace("武侯区", "武侯區"),
        "转发//" + QUESTION,
    ],
)
def test_the_same_question_dressed_up_folds(other: str) -> None:
    assert folds(QUESTION, other)


@pytest.mark.parametrize(
    "other",
    [
        "孩子烧到三十九度，吃了退烧药又烧起来，大家一般去哪家医院看儿科，要不要验血",
        "昨晚疼得睡不着，是智齿发炎，已经去医院看过了，医生说先消炎，过一周再去拔掉它",
        "",
        "牙疼",
    ],
)
def test_other_texts_do_not_fold(other: str) -> None:
    assert not folds(QUESTION, other)


def test_two_people_may_write_the_same_few_words_but_one_person_repeats_herself() -> None:
    assert not folds(SHORT, SHORT)
    assert folds(SHORT, SHORT, same_author=True)
    assert not folds(SHORT, "腰疼了三天怎么办", same_author=True)


@given(st.text(max_size=300))
def test_identical_text_by_one_author_always_folds(text: str) -> None:
    assert folds(text, text, same_author=True)


@given(st.text(alphabet="牙疼得睡不着求推荐武侯口腔诊所一二三四五六七八九十", min_size=60, max_size=200))
def test_identical_long_text_folds_whoever_wrote_it(text: str) -> None:
    long_enough = len(shingles(text)) >= 12
    assert folds(text, text) is long_enough


@given(st.text(max_size=80), st.text(max_size=80), st.booleans())
def test_the_order_of_two_texts_does_not_matter(one: str, other: str, same_author: bool) -> None:
    assert folds(one, other, same_author=same_author) is folds(other, one, same_author=same_author)


@given(st.lists(st.text(max_size=40), max_size=6))
def test_the_company_of_a_batch_does_not_change_a_signature(texts: list[str]) -> None:
    parts = [shingles(text) for text in texts]
    assert bands(parts) == [bands([one])[0] for one in parts]


@given(st.lists(st.text(max_size=40), max_size=4))
def test_signatures_are_sixteen_keys_that_sqlite_can_store(texts: list[str]) -> None:
    for keys in bands([shingles(text) for text in texts]):
        assert len(keys) == 16
        assert all(-(2**63) <= key < 2**63 for key in keys)


@given(st.frozensets(st.integers(0, 40).map(str), max_size=40), st.frozensets(st.integers(0, 40).map(str)))
def test_similar_is_the_jaccard_similarity(one: frozenset[str], other: frozenset[str]) -> None:
    union = one | other
    expected = len(one & other) >= SIMILAR * len(union)
    assert similar(one, other, same_author=True) is expected


@pytest.mark.parametrize("text", ["", "。", "\ud800", "\x00", "牙", "🦷"])
def test_texts_of_next_to_nothing_have_a_signature(text: str) -> None:
    assert len(shingles(text)) == 1
    assert len(bands([shingles(text)])[0]) == 16
