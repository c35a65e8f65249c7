"""The search syntax: what people write, what it means, and that nothing they write breaks it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.errors import QueryError
from leads.models import All, AnyOf, Nearby, Needs, Phrase, Rule, Tagged, Without
from leads.query.holds import Subject, holds, subject, subject_of
from leads.query.words import MAX_DEPTH, MAX_LENGTH, MAX_PAIRS, parse
from nlp.text.dictionary import subwords
from nlp.text.tokens import cut, words
from tests.support.builders import lead, post, region, symptom, tags

TOOTH, WISDOM, ADVERT = Phrase(("牙疼",)), Phrase(("智齿",)), Phrase(("广告",))


def of_tokens(tokens: tuple[str, ...]) -> Subject:
    """What a text of these words is to a rule."""
    return subject(post(), replace(tags(""), tokens=tokens))


def near(left: str, right: str, within: int = 5) -> Nearby:
    return Nearby(tuple(left.split()), tuple(right.split()), within)


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
    ['"牙疼', "(牙疼", "牙疼)", "牙疼 AND", "OR", "NOT", "[1 TO 2]", "牙疼~2", "牙疼^3",
     "/牙.*/", ":", ">3", "\\"],
)  # fmt: skip
def test_what_cannot_be_understood_is_said(text: str) -> None:
    with pytest.raises(QueryError, match=r"^搜索词.*：.*。$"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("牙 NEAR/3 疼", near("牙", "疼", 3)),
        ("牙 NEAR 疼", near("牙", "疼")),
        ("牙 NEAR/0 疼", near("牙", "疼", 0)),
        ('"智齿 牙疼" NEAR 推荐', near("智齿 牙疼", "推荐")),
        ("(牙 OR 头) NEAR/2 疼", AnyOf((near("牙", "疼", 2), near("头", "疼", 2)))),
        ("牙 NEAR 疼 NEAR/1 晚上", All((near("牙", "疼"), near("疼", "晚上", 1)))),
        ("智齿 牙 NEAR 疼 OR 广告", All((WISDOM, AnyOf((near("牙", "疼"), ADVERT))))),
        ("智齿 OR 牙 NEAR 疼 AND 广告", AnyOf((WISDOM, All((near("牙", "疼"), ADVERT))))),
        ("NOT 牙 NEAR 疼", Without(near("牙", "疼"))),
        ("智齿 -牙 NEAR 疼", All((WISDOM, Without(near("牙", "疼"))))),
        ("智齿 -(牙 OR 头) NEAR 疼", All((WISDOM, Without(AnyOf((near("牙", "疼"), near("头", "疼"))))))),
        ("(牙 NEAR 疼)", near("牙", "疼")),
        ("（牙　NEAR/3　疼）", near("牙", "疼", 3)),
        ("near", Phrase(("near",))),  # small letters are a word
        ('"NEAR"', Phrase(("near",))),
    ],
)
def test_near(text: str, rule: Rule) -> None:
    assert parse(text) == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("symptom:toothache", Tagged("symptom", "toothache")),
        ("symptom:牙疼", Tagged("symptom", "toothache")),
        ("symptom：牙疼", Tagged("symptom", "toothache")),
        ("symptom:(牙痛 OR 发热)", AnyOf((Tagged("symptom", "toothache"), Tagged("symptom", "fever")))),
        ("specialty:口腔", Tagged("specialty", "dental")),
        ("intent:求诊", Tagged("intent", "seeker")),
        ("intent:(求诊 OR 经历)", AnyOf((Tagged("intent", "seeker"), Tagged("intent", "experience")))),
        ("city:成都", Tagged("area", "510100")),
        ('area:"成都 武侯"', Tagged("area", "510107")),
        ("area:510107", Tagged("area", "510107")),
        ("source:weibo", Tagged("source", "weibo")),
        ("Source:weibo", Tagged("source", "weibo")),
        ("status:已看", Tagged("status", "seen")),
        ("-status:dismissed", Without(Tagged("status", "dismissed"))),
        ("status:(NOT seen)", Without(Tagged("status", "seen"))),
        ("assignee:chen", Tagged("assignee", "chen")),
        ("assignee:未分配", Tagged("assignee", "")),
        ("need:>0.6", Needs(">", 0.6)),
        ("need:>=0.6", Needs(">=", 0.6)),
        ("need:<0.6", Needs("<", 0.6)),
        ("need:<=1", Needs("<=", 1.0)),
        ("need:[0.3 TO 0.6}", All((Needs(">=", 0.3), Needs("<", 0.6)))),
        ("牙疼 source:weibo", All((TOOTH, Tagged("source", "weibo")))),
        ("牙疼 OR need:>0.6", AnyOf((TOOTH, Needs(">", 0.6)))),
        ("牙疼：智齿", Phrase(("牙疼", "智齿"))),  # punctuation
    ],
)
def test_fields(text: str, rule: Rule) -> None:
    assert parse(text) == rule


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("牙* 疼", ("牙*", "通配符", "OR")),
        ("牙?疼", ("牙?疼", "通配符")),
        ("source:wei*", ("wei*", "通配符")),
        ("牙疼~2", ("牙疼~2", "NEAR")),
        ('"牙 疼"~3', ("~3", "NEAR")),
        ("牙疼^3", ("^3", "权重")),
        ("/牙.*/", ("正则", "引号")),
        ("[1 TO 2]", ("范围", "need")),
        ("source:[a TO b]", ("范围", "need")),
        ("12:30 出发", ("12:", "symptom:", "引号")),
        ("symptom:霍格沃茨病", ("symptom", "霍格沃茨病")),
        ("specialty:占星", ("specialty", "占星")),
        ("intent:买房", ("intent", "seeker")),
        ("city:亚特兰蒂斯", ("亚特兰蒂斯",)),
        ("status:done", ("status", "done", "dismissed")),
        ('source:""', ("source:", "空")),
        ("need:0.6", ("need:>0.6",)),
        ("need:>很高", ("need", "很高", "0 到 1")),
        ("need:>2", ("need", "2")),
        ("need:>nan", ("need", "nan")),
        ("NEAR", ("NEAR",)),
        ("牙 NEAR", ("NEAR",)),
        ("NEAR/3 牙", ("NEAR",)),
        ("牙 NEAR NEAR 疼", ("NEAR",)),
        ("牙 NEAR OR 疼", ("NEAR",)),
        ("(牙 NEAR) 疼", ("NEAR",)),
        ("牙 NEAR (疼 痛)", ("NEAR", "OR")),
        ("牙 NEAR source:weibo", ("NEAR", "source:weibo")),
        ("牙 NEAR ，", ("NEAR", "，")),
        ("牙 NEAR/101 疼", ("NEAR", "100")),
        ("牙 NEAR/x 疼", ("NEAR",)),
        (
            f"({' OR '.join('甲乙丙丁戊己庚辛壬')}) NEAR ({' OR '.join('子丑寅卯辰巳午未')})",
            ("NEAR", str(MAX_PAIRS)),
        ),
    ],
)
def test_what_is_not_supported_is_named(text: str, named: tuple[str, ...]) -> None:
    with pytest.raises(QueryError) as complaint:
        parse(text)
    for part in named:
        assert part in str(complaint.value)
    assert str(complaint.value).endswith("。")


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


PIECES = st.lists(
    st.sampled_from(["牙", "疼", "NEAR", "NEAR/2", "AND", "OR", "NOT", "(", ")", '"', "-", "symptom:",
                     "need:>", "0.5", "source:weibo", "[0 TO 1]", "~2", "*", "?", "\\"]),
    max_size=12,
)  # fmt: skip
SYNTAX = (
    PIECES.map(" ".join)
    | PIECES.map("".join)
    | st.text(alphabet='牙疼智齿 ()"-+ANDORT:*?~^[]{}\\/<>=!&|（）“”－\u3000\x00\ud800', max_size=40)
)


@given(st.one_of(st.text(max_size=60), SYNTAX))
def test_any_text_is_a_rule_or_a_complaint(text: str) -> None:
    with suppress(QueryError):
        assert holds(parse(text), of_tokens(("牙疼",))) in (True, False)


def test_many_threads_may_parse_at_once() -> None:
    texts = [
        f"({left} OR {right}) -广告" for left in ("牙疼", "头晕", "智齿") for right in ("失眠", "咳嗽")
    ] * 20
    alone = [parse(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(parse, texts)) == alone


def found(rule: str, text: str) -> bool:
    return holds(parse(rule), of_tokens(tuple(words(cut(text)))))


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
        ("牙 NEAR/2 疼", "牙真的很疼", True),
        ("牙 NEAR/1 疼", "牙真的很疼", False),
        ("疼 NEAR/2 牙", "牙真的很疼", True),  # in either order
        ("疼 NEAR 疼", "疼", True),
        ("牙", "牙疼", False),  # one character is no word of a longer one
    ],
)
def test_what_a_rule_finds(rule: str, text: str, expected: bool) -> None:
    assert found(rule, text) is expected


TOKENS = st.lists(st.sampled_from(["牙疼", "智齿", "头晕", "推荐", "智齿冠周炎"]), max_size=6).map(
    lambda tokens: of_tokens(tuple(tokens))
)
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
def test_rules_obey_logic(one: object, other: object, tokens: Subject) -> None:
    both, either = All((one, other)), AnyOf((one, other))  # type: ignore[arg-type]  # rules by construction
    assert holds(Without(one), tokens) is not holds(one, tokens)  # type: ignore[arg-type]  # same
    assert holds(both, tokens) is (holds(one, tokens) and holds(other, tokens))  # type: ignore[arg-type]  # same
    assert holds(Without(either), tokens) is holds(All((Without(one), Without(other))), tokens)  # type: ignore[arg-type]  # same


@given(st.lists(st.sampled_from(["牙疼", "智齿", "头晕"]), min_size=1, max_size=6))
def test_every_run_of_tokens_is_found_as_a_phrase(tokens: list[str]) -> None:
    text = tuple(tokens)
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            assert holds(Phrase(text[start:end]), of_tokens(text))


def test_subwords_are_dictionary_words_inside_longer_tokens() -> None:
    assert subwords(("智齿冠周炎",)) >= {"智齿"}
    assert subwords(("牙疼",)) == set()
    assert all(1 < len(part) < 5 for part in subwords(("智齿冠周炎",)))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("symptom:toothache", True),
        ("symptom:gum_bleeding", False),  # denied
        ("specialty:dental", True),
        ("intent:seeker", True),
        ("intent:advert", False),
        ("area:510107", True),
        ("area:510000", True),
        ("area:510104", False),
        ("source:forum", True),
        ("source:weibo", False),
        ("status:talking", True),
        ("status:new", False),
        ("assignee:chen", True),
        ("assignee:未分配", False),
        ("need:>=0.8", True),
        ("need:>0.8", False),
        ("need:[0.5 TO 0.8]", True),
        ("牙疼 symptom:toothache -source:weibo need:>0.5", True),
        ("头晕 OR need:<0.5", False),
    ],
)
def test_what_a_field_finds(rule: str, expected: bool) -> None:
    found = (symptom(), symptom("gum_bleeding", negated=True))
    asked = replace(lead(place=region("武侯区"), symptoms=found), status="talking", assignee="chen")
    assert holds(parse(rule), subject_of(asked)) is expected


def test_a_post_that_is_no_lead_has_no_need_and_no_case() -> None:
    written = subject(post(), tags("牙疼"))
    assert holds(parse("牙疼 source:forum"), written)
    assert not any(holds(parse(rule), written) for rule in ("need:>0", "status:new", "assignee:chen"))


def test_rules_can_be_keys() -> None:
    texts = ("牙 NEAR 疼", "(牙 OR 头) -source:weibo need:>0.5", "symptom:牙痛")
    assert len({parse(text) for text in (*texts, *texts)}) == 3
