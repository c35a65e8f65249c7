"""The questions of a town as the outline of a talk or an article: Markdown, and Word for printing. Pure.

An outline has the questions and how many asked them, never the words of a post.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby

from docx import Document

from leads.insights.questions.questions import CommonQuestion

_POINTS = ("要点：", "什么时候该来看：")  # what the speaker fills in
_NOTE = "说明：来自公开帖子里的提问，只计 5 人以上问过的；只说大家问什么，不是诊断，也不含任何人的原话。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What an outline is about: "成都市", "2026-11-01 到 2026-11-30", and its questions."""

    place: str
    stretch: str
    questions: Sequence[CommonQuestion]

    @property
    def title(self) -> str:
        names = list(dict.fromkeys(each.symptom_name for each in self.questions))
        return f"{names[0]}：大家在问什么" if len(names) == 1 else "大家在问什么"

    @property
    def chapters(self) -> list[tuple[str, list[CommonQuestion]]]:
        """By symptom, that with most people first."""
        names = list(dict.fromkeys(each.symptom_name for each in self.questions))
        ordered = sorted(self.questions, key=lambda each: names.index(each.symptom_name))
        return [(name, list(group)) for name, group in groupby(ordered, lambda each: each.symptom_name)]


def said(question: CommonQuestion) -> str:
    """ "12 人问过，7 人没人回答"."""
    waiting = "" if question.unanswered == "0" else f"，{question.unanswered}人没人回答"
    return f"{question.people} 人问过{waiting}"


def markdown(outline: Outline) -> str:
    """The outline as text."""
    lines = [f"# {outline.title}", "", f"{outline.place}，{outline.stretch}。", ""]
    for name, questions in outline.chapters:
        lines += [f"## {name}", ""]
        for number, each in enumerate(questions, 1):
            lines += [
                f"### {number}. {each.title}（{said(each)}）",
                "",
                *(f"- {point}" for point in _POINTS),
                "",
            ]
    return "\n".join([*lines, _NOTE, ""])


def docx(outline: Outline) -> bytes:
    """The outline as a Word file."""
    document = Document()
    document.core_properties.author = "听诊"
    document.core_properties.title = outline.title
    document.add_heading(outline.title, 0)
    document.add_paragraph(f"{outline.place}，{outline.stretch}。")
    for name, questions in outline.chapters:
        document.add_heading(name, 1)
        for number, each in enumerate(questions, 1):
            document.add_heading(f"{number}. {each.title}（{said(each)}）", 2)
            for point in _POINTS:
                document.add_paragraph(point, style="List Bullet")
    document.add_paragraph(_NOTE)
    out = BytesIO()
    document.save(out)
    return out.getvalue()
