"""大家在问: what a sentence asks, which sentences ask the same, and who is counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from io import BytesIO

import pytest
from docx import Document

from leads.insights.few import LEAST
from leads.insights.questions.clusters import clusters
from leads.insights.questions.kinds import OTHER, asked, kind_of, load
from leads.insights.questions.outline import Outline, docx, markdown
from leads.insights.questions.questions import CommonQuestion, of_leads
from leads.models import Lead
from leads.replies.compliance import check
from tests.support.builders import lead, symptom
from tests.support.paths import ROOT

# kind, tab, a question in our own words: 165, fifteen of a kind
LABELLED = ROOT / "tests" / "fixtures" / "insights" / "questions.tsv"


def labelled() -> list[tuple[str, str]]:
    rows = (line.split("\t") for line in LABELLED.read_text(encoding="utf-8").splitlines())
    return [(kind, text) for kind, text in rows]


def test_what_is_put_together_asks_the_same() -> None:
    """Purity: the part of the questions told that are of the commonest true kind of their group."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, text in labelled():
        groups[kind_of(text)][kind] += 1
    told = {kind: counts for kind, counts in groups.items() if kind != OTHER}
    pure = sum(max(counts.values()) for counts in told.values())
    assert pure / sum(sum(counts.values()) for counts in told.values()) >= 0.95
    assert 1 - groups[OTHER].total() / len(labelled()) >= 0.9
    assert set(told) == set(load().kinds)


def test_an_outline_starts_with_nothing_that_must_not_be_said() -> None:
    assert [kind.title for kind in load().kinds.values() if check(kind.title)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("昨晚开始疼。要挂什么科？多少钱能治好", [("要挂什么科？", "department"), ("多少钱能治好", "cost")]),
        ("去医院检查过了，没事，怎么缓解？", [("去医院检查过了，没事，怎么缓解？", "what_to_do")]),
        ("今天天气很好。", []),
        # Told, not asked: the medicine, the test, the days; a story's words do not say what its end asks.
        ("昨天吃药膏抹了还是痒，这是怎么回事？", [("昨天吃药膏抹了还是痒，这是怎么回事？", "cause")]),
        ("检查说牙龈发炎，怎么治？", [("检查说牙龈发炎，怎么治？", "what_to_do")]),
        ("吃了药可还是觉得头晕想吐", []),
    ],
)
def test_the_questions_of_a_post(text: str, found: list[tuple[str, str]]) -> None:
    assert [(each.text, each.kind) for each in asked(text)] == found


def test_a_pregnancy_is_not_the_complaint_where_another_is_named() -> None:
    cold, pregnant = symptom(), replace(symptom(), code="pregnancy", name="怀孕", surface="怀孕")
    text = f"怀孕了{cold.surface}怎么办？"
    found = of_leads([lead(n, text, symptoms=(pregnant, cold), author_key=f"p{n}") for n in range(LEAST)])
    assert [each.symptom for each in found] == [cold.code]


def test_questions_of_their_own_are_put_together_by_their_words() -> None:
    sentences = [
        "隐形牙套和钢丝牙套选哪个",
        "钢丝牙套还是隐形牙套舒服",
        "隐形牙套比钢丝牙套慢吗",
        "打鼾声音大会吵到人吗",
        "半夜打鼾声音大",
    ]
    found = clusters(sentences)
    assert [set(each.members) for each in found] == [{0, 1, 2}, {3, 4}]
    assert "牙套" in "".join(found[0].shared)
    assert clusters([]) == []
    assert clusters(["打鼾声音大"])[0].members == (0,)


def ask(number: int, text: str, *, replies: int | None = None, person: str = "") -> Lead:
    return lead(number, text, symptoms=(symptom(),), replies=replies, author_key=person or f"p{number}")


def the(found: tuple[CommonQuestion, ...]) -> CommonQuestion:
    (question,) = found
    return question


def test_people_are_counted_not_posts() -> None:
    asked_by_six = [ask(n, f"牙疼第{n}天，挂什么科？", replies=0) for n in range(6)]
    again = [ask(n, f"牙疼第{n}天，到底挂什么科？", replies=0, person="p1") for n in range(10, 15)]
    question = the(of_leads([*asked_by_six, *again]))
    assert (question.title, question.people, question.unanswered) == ("该挂什么科", 6, "6")
    assert len(question.posts) == 11
    assert of_leads(again) == (), "one person five times"
    assert of_leads(asked_by_six[: LEAST - 1]) == ()


@pytest.mark.parametrize(
    ("waiting", "told"), [(0, "0"), (3, "不足 5"), (5, "5"), (8, "绝大多数"), (10, "10")]
)
def test_few_are_told_neither_as_waiting_nor_as_answered(waiting: int, told: str) -> None:
    leads = [ask(n, f"牙疼第{n}天，挂什么科？", replies=0 if n < waiting else 2) for n in range(10)]
    assert the(of_leads(leads)).unanswered == told


def test_replies_that_are_not_known_are_not_called_missing() -> None:
    assert the(of_leads([ask(n, f"牙疼第{n}天，挂什么科？") for n in range(6)])).unanswered == "0"


def test_a_question_is_about_the_symptom_it_names() -> None:
    both = (symptom("cough", "internal", name="咳嗽", surface="咳嗽"), symptom(surface="牙疼"))
    leads = [replace(ask(n, ""), post=ask(n, f"咳嗽{n}天。牙疼挂什么科？").post) for n in range(6)]
    leads = [replace(one, tags=replace(one.tags, symptoms=both)) for one in leads]
    assert [each.symptom for each in of_leads(leads)] == ["toothache"]
    assert of_leads(leads, only="cough") == ()


class TestOutline:
    @pytest.fixture
    def outline(self) -> Outline:
        leads = [ask(n, f"牙疼第{n}天，秘密暗号，挂什么科？多少钱？", replies=0) for n in range(6)]
        return Outline(place="成都市", stretch="2026-11-01 到 2026-11-30", questions=of_leads(leads))

    def test_as_markdown(self, outline: Outline) -> None:
        text = markdown(outline)
        assert text.startswith("# 牙痛：大家在问什么\n")
        assert "### 1. 要花多少钱，医保能报吗（6 人问过，6人没人回答）" in text
        assert "暗号" not in text, "no words of a post"

    def test_as_a_word_file(self, outline: Outline) -> None:
        document = Document(BytesIO(docx(outline)))
        said = [each.text for each in document.paragraphs]
        assert said[0] == "牙痛：大家在问什么"
        assert any("该挂什么科" in each for each in said)
        assert not any("暗号" in each for each in said)

    def test_of_nothing(self) -> None:
        empty = Outline(place="成都市", stretch="今天", questions=())
        assert markdown(empty).startswith("# 大家在问什么")
        assert docx(empty)
