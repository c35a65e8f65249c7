"""The search syntax: what people write, what it means, and that nothing they write breaks it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.errors import QueryError
from leads.rules import MAX_DEPTH, MAX_LENGTH, All, AnyOf, Phrase, Without, holds, parse, subwords
from nlp.tokens import cut, words

TOOTH, WISDOM, ADVERT = Phrase(("牙疼",)), Phrase(("智齿",)), Phrase(("广告",))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", None),
        ("   ", None),
        ("，。！", None),
        ("牙疼", TOOTH),
        ("牙疼 智齿", All((TOOTH, WISDOM))),
        ("牙疼\u3000智齿", All((TOOTH, WISDOM))),
        ("牙疼 AND 智齿", All((TOOTH, WISDOM))),
        ("牙疼 OR 智齿", AnyOf((TOOTH, WISDOM))),
        ("牙疼 -广告", All((TOOTH, Without(ADVERT)))),
        ("牙疼 NOT 广告", All((TOOTH, Without(ADVERT)))),
        ("牙疼 AND NOT 广告", All((TOOTH, Without(ADVERT)))),
        ("-广告", Without(ADVERT)),
        ("－广告", Without(ADVERT)),
        ("NOT NOT 牙疼", TOOTH),
        ("+牙疼", TOOTH),
        ("(牙疼 OR 智齿) -广告", All((AnyOf((TOOTH, WISDOM)), Without(ADVERT)))),
        ("（牙疼 OR 智齿）－广告", All((AnyOf((TOOTH, WISDOM)), Without(ADVERT)))),
        ("((牙疼))", TOOTH),
        ('"智齿 牙疼"', Phrase(("智齿", "牙疼"))),
        ("“智齿 牙疼”", Phrase(("智齿", "牙疼"))),
        ("「牙疼」", TOOTH),
        ("牙疼？", TOOTH),
        ("牙疼 ， 智齿", All((TOOTH, WISDOM))),  # punctuation is no word
        ("ＩＮＶＩＳＡＬＩＧＮ", Phrase(("invisalign",))),
        ("智齒", WISDOM),
    ],
)  # fmt: skip
def test_what_people_write(text: str, rule: object) -> None:
    assert parse(text) == rule


def test_a_word_that_is_cut_in_two_is_a_phrase() -> None:
    rule = parse("安和口腔")
    assert isinstance(rule, Phrase)
    assert "".join(rule.tokens) == "安和口腔"


@pytest.mark.parametrize(
    "text",
    ['"牙疼', "(牙疼", "牙疼)", "牙疼 AND", "OR", "NOT", "source:weibo", "[1 TO 2]", "牙疼~2", "牙疼^3",
     "/牙.*/", ":", ">3", "\\"],
)  # fmt: skip
def test_what_cannot_be_understood_is_said(text: str) -> None:
    with pytest.raises(QueryError, match=r"^搜索词.*：.*。$"):
        parse(text)


def test_length_and_depth_are_limited() -> None:
    assert parse("牙" * MAX_LENGTH) is not None
    with pytest.raises(QueryError, match="太长"):
        parse("牙" * (MAX_LENGTH + 1))
    assert parse(nested(MAX_DEPTH)) is not None
    with pytest.raises(QueryError, match="太深"):
        parse(nested(MAX_DEPTH + 1))


def nested(depth: int) -> str:
    text = "甲"
    for level in range(depth):
        text = f"乙 OR ({text})" if level % 2 else f"乙 ({text})"
    return text


SYNTAX = st.text(alphabet='牙疼智齿 ()"-+ANDORT:*?~^[]{}\\/<>=!&|（）“”－\u3000\x00\ud800', max_size=40)


@given(st.one_of(st.text(max_size=60), SYNTAX))
def test_any_text_is_a_rule_or_a_complaint(text: str) -> None:
    with suppress(QueryError):
        assert holds(parse(text), ("牙疼",)) in (True, False)


def test_many_threads_may_parse_at_once() -> None:
    texts = [
        f"({left} OR {right}) -广告" for left in ("牙疼", "头晕", "智齿") for right in ("失眠", "咳嗽")
    ] * 20
    alone = [parse(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(parse, texts)) == alone


def found(rule: str, text: str) -> bool:
    return holds(parse(rule), tuple(words(cut(text))))


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("", "随便什么", True),
        ("", "", True),
        ("牙疼", "我牙疼", True),
        ("牙疼", "我头晕", False),
        ("牙疼 推荐", "牙疼求推荐", True),
        ("牙疼 推荐", "牙疼", False),
        ("牙疼 OR 头晕", "头晕", True),
        ("-牙疼", "头晕", True),
        ("-牙疼", "", True),
        ("NOT (牙疼 OR 头晕)", "头晕", False),
        ("NOT (牙疼 OR 头晕)", "咳嗽", True),
        ('"推荐 牙疼"', "牙疼推荐", False),  # one after the other
        ("冠周炎", "智齿冠周炎", True),  # inside a longer word
        ("牙", "牙疼", False),  # one character is no word of a longer one
    ],
)
def test_what_a_rule_finds(rule: str, text: str, expected: bool) -> None:
    assert found(rule, text) is expected


TOKENS = st.lists(st.sampled_from(["牙疼", "智齿", "头晕", "推荐", "智齿冠周炎"]), max_size=6).map(tuple)
LEAVES = st.lists(st.sampled_from(["牙疼", "智齿", "冠周炎", "推荐"]), min_size=1, max_size=2).map(
    lambda tokens: Phrase(tuple(tokens))
)
RULES = st.recursive(
    LEAVES,
    lambda rules: st.one_of(
        rules.map(Without),
        st.lists(rules, min_size=2, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(rules, min_size=2, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
    ),
    max_leaves=8,
)


@given(RULES, RULES, TOKENS)
def test_rules_obey_logic(one: object, other: object, tokens: tuple[str, ...]) -> None:
    both, either = All((one, other)), AnyOf((one, other))  # type: ignore[arg-type]  # rules by construction
    assert holds(Without(one), tokens) is not holds(one, tokens)  # type: ignore[arg-type]  # same
    assert holds(both, tokens) is (holds(one, tokens) and holds(other, tokens))  # type: ignore[arg-type]  # same
    assert holds(Without(either), tokens) is holds(All((Without(one), Without(other))), tokens)  # type: ignore[arg-type]  # same


@given(st.lists(st.sampled_from(["牙疼", "智齿", "头晕"]), min_size=1, max_size=6))
def test_every_run_of_tokens_is_found_as_a_phrase(tokens: list[str]) -> None:
    text = tuple(tokens)
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            assert holds(Phrase(text[start:end]), text)


def test_subwords_are_dictionary_words_inside_longer_tokens() -> None:
    assert subwords(("智齿冠周炎",)) >= {"智齿"}
    assert subwords(("牙疼",)) == set()
    assert all(1 < len(part) < 5 for part in subwords(("智齿冠周炎",)))
