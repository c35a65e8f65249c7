"""What hurts: the table of invented sentences, the lexicon's promises, the corners."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.models import Symptom
from nlp.symptoms import lexicon
from nlp.symptoms.find import SymptomTagger, specialties
from nlp.text.normal import blank_noise, borders, normalise
from nlp.text.tokens import cut
from tests.support.growth import LIMIT, growth

HERE = Path(__file__).parent
TAGGER = SymptomTagger.load()
LEXICON = tomllib.loads(lexicon.LEXICON.read_text(encoding="utf-8"))
SPECIALTIES = (
    "dental tcm dermatology ophthalmology pediatrics gynecology internal surgery orthopedics cosmetic"
    " andrology ent mental"
)


def find(raw: str) -> tuple[Symptom, ...]:
    text = blank_noise(normalise(raw))
    return TAGGER.find(text, borders(cut(text)))


def marks(symptom: Symptom) -> str:
    """A symptom as the table writes it."""
    person = "" if symptom.person == "self" else f"@{symptom.person}"
    flags = [(symptom.negated, "!"), (symptom.past, "<"), (symptom.figurative, "~")]
    return symptom.code + "".join(sign for flag, sign in flags if flag) + person + "*" * symptom.child


def table() -> list[tuple[str, list[str]]]:
    lines = (HERE / "symptom_sentences.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(text, [] if codes == "-" else codes.split()) for text, codes in rows]


@pytest.mark.parametrize(("text", "expected"), table())
def test_sentences(text: str, expected: list[str]) -> None:
    assert sorted(map(marks, find(text))) == sorted(expected)


def test_table_is_large() -> None:
    assert len(table()) >= 250


class TestLexicon:
    def test_has_all_specialties_and_thousands_of_terms(self) -> None:
        assert list(LEXICON["specialties"]) == SPECIALTIES.split()
        terms = {term for concept in LEXICON["concepts"].values() for term in concept["terms"]}
        assert len(terms) >= 2_000
        assert {concept["specialty"] for concept in LEXICON["concepts"].values()} == set(SPECIALTIES.split())

    def test_terms_are_in_normal_form(self) -> None:
        for code, concept in LEXICON["concepts"].items():
            for term in [*concept["terms"], *concept.get("whole", ())]:
                assert term == normalise(term).strip(), (code, term)

    def test_no_term_is_written_twice_under_one_concept(self) -> None:
        for code, concept in LEXICON["concepts"].items():
            terms = [*concept["terms"], *concept.get("whole", ())]
            assert len(terms) == len(set(terms)), code

    def test_codes_of_parts_merged_and_figures_exist(self) -> None:
        codes = set(LEXICON["concepts"])
        cues = tomllib.loads(lexicon.CUES.read_text(encoding="utf-8"))
        used = {code for part in LEXICON["parts"].values() for kind, code in part.items() if kind != "words"}
        assert used <= codes
        assert set(LEXICON["merged"].values()) <= codes
        assert not set(LEXICON["merged"]) & codes
        assert set(cues["figures"]) <= codes
        assert set(cues["figure_verbs"]["codes"]) <= codes

    @pytest.mark.parametrize("code", sorted(LEXICON["concepts"]))
    def test_every_concept_is_found_by_its_name_or_first_term(self, code: str) -> None:
        concept = LEXICON["concepts"][code]
        texts = [concept["name"], *concept["terms"][:3]]
        assert any(symptom.code == code for text in texts for symptom in find(text))


class TestMatches:
    def test_one_symptom_a_code_and_the_literal_one_first(self) -> None:
        symptoms = find("不发烧。昨天发烧,今天又发烧")
        assert [(s.code, s.negated, s.surface) for s in symptoms] == [("fever", False, "发烧")]

    def test_offsets_are_those_of_the_text(self) -> None:
        text = "昨晚肚子有点疼,还发烧"
        for symptom in find(text):
            assert text[symptom.start : symptom.end] == symptom.surface

    def test_overlapping_terms_do_not_double(self) -> None:
        assert [symptom.code for symptom in find("牙龈炎")] == ["gingivitis"]
        assert [symptom.code for symptom in find("子宫内膜异位症")] == ["endometriosis"]

    def test_concept_travels_with_the_match(self) -> None:
        (symptom,) = find("牙痛")
        assert (symptom.name, symptom.specialty, symptom.urgency, symptom.chronic) == (
            "牙痛",
            "dental",
            "days",
            False,
        )

    @pytest.mark.parametrize(
        "text",
        ["牙　疼", "牙\u200b疼", "牙疼疼疼疼", "ROOT CANAL", "齲齒", "牙疼[泪]", "<b>牙疼</b>", "牙疼&nbsp;"],
    )
    def test_odd_writing(self, text: str) -> None:
        assert find(text)

    def test_present_leaves_out_what_is_not_there(self) -> None:
        assert not any(
            s.present for text in ("不发烧", "发烧好了", "同事发烧", "看得我牙疼") for s in find(text)
        )
        assert all(s.present for s in find("孩子发烧"))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("#牙疼怎么办# 今天天气真好", []),
        ("#口腔溃疡# 溃疡三天了求推荐药", ["mouth_ulcer"]),
        ("#新冠肺炎##减肥打卡# 下班", []),
        ("#拔牙日记# 智齿疼", ["wisdom_tooth"]),
    ],
)
def test_what_stands_only_in_a_hashtag_is_no_symptom(text: str, codes: list[str]) -> None:
    assert [symptom.code for symptom in find(text)] == codes


def test_specialties_start_with_what_is_present_and_ask_a_paediatrician_for_a_child() -> None:
    assert specialties(find("没有牙疼,膝盖疼")) == ("orthopedics", "dental")
    assert specialties(find("孩子发烧还咳嗽")) == ("internal", "pediatrics")
    assert specialties(find("我发烧")) == ("internal",)


@given(st.text(st.characters(), max_size=120))
def test_any_text_is_read(text: str) -> None:
    symptoms = find(text)
    assert list(symptoms) == sorted(symptoms, key=lambda symptom: symptom.start)
    assert len({symptom.code for symptom in symptoms}) == len(symptoms)


PIECES = st.sampled_from(
    [text for text, _ in table()] + [*"不没有,。的我他疼牙头", "没有", "、", "孩子", "\ud83d"]
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_mixed_sentences_are_read(text: str) -> None:
    normal = blank_noise(normalise(text))
    for symptom in find(text):
        assert normal[symptom.start : symptom.end] == symptom.surface


@pytest.mark.parametrize(
    "unit",
    ["疼", "不", "牙疼", "头和", "没有发烧、", "有点", "又疼", "的", "得", "我", "发烧的孩子", "a", "\ud83d"],
)
def test_20000_characters_are_no_slow_path(unit: str) -> None:
    def cut_up(text: str) -> tuple[str, frozenset[int]]:
        clean = blank_noise(normalise(text))
        return clean, borders(cut(clean))

    assert growth(cut_up, lambda given: TAGGER.find(*given), unit) < LIMIT
