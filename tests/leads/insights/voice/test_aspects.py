"""What praise and complaint are about, by the words that say so."""

from __future__ import annotations

from leads.insights.voice.aspects import aspects, spoken_of
from nlp.sentiment import judge
from tests.support.paths import ROOT

LABELLED = ROOT / "tests" / "fixtures" / "insights" / "aspects.tsv"
LINES = LABELLED.read_text(encoding="utf-8").splitlines()


def about(text: str) -> set[str]:
    return set(spoken_of(text, judge(text).cues))


def test_labelled_sentences_are_about_what_they_say() -> None:
    """Forty of our own; 35 were right before any of them had been looked at."""
    labelled = [
        (text, set(filter(None, codes.split(","))))
        for text, _, codes in (line.partition("\t") for line in LINES)
    ]
    right = [about(text) == codes for text, codes in labelled]
    assert len(right) == 40
    assert sum(right) / len(right) >= 0.9


def test_the_words_that_decided_stand_beside_what_they_are_about() -> None:
    text = "技术不错，就是太贵，前台态度差，贵得离谱"
    assert spoken_of(text, judge(text).cues) == {"service": ("态度差",), "price": ("太贵", "贵")}


def test_a_word_that_says_nothing_is_known_by_its_sentence_alone() -> None:
    assert about("前台真的很差劲") == {"service"}
    assert about("前台在一楼。真的很差劲") == set()


def test_there_is_a_name_for_everything() -> None:
    assert [each.name for each in aspects().values()] == ["服务", "价格", "疼痛", "等候", "效果", "环境"]
