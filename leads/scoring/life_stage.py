"""The stage of life of who needs care, as far as the words say: child, pregnant, elder or student. Pure.

Clinics gather people by it, so it is a coarse mark for counting, not a fact about a person: it stands in no
answer that fewer than five share (leads.insights.few).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from nlp.models import Symptom, Tags

LifeStage = Literal["child", "pregnant", "elder", "student", ""]
LIFE_STAGES: tuple[LifeStage, ...] = ("child", "pregnant", "elder", "student", "")

# Words as jieba cuts them. "妈妈" and "爸爸" are left out: in forums of parents they are the writers.
_WORDS: Mapping[LifeStage, str] = {
    "child": "孩子 小孩 小孩子 小朋友 宝宝 宝贝 宝 娃 娃娃 儿子 女儿 闺女 婴儿 幼儿 新生儿 小儿 儿童 幼儿园 "
    "小学生 大宝 二宝 月龄 一岁 两岁 三岁",
    "pregnant": "怀孕 孕妇 孕期 孕 备孕 孕早期 孕中期 孕晚期 孕周 产检 待产 临产 产后 月子 坐月子 哺乳期 "
    "胎动",
    "elder": "老人 老人家 老年 老年人 老爷子 老太太 奶奶 爷爷 外婆 外公 姥姥 姥爷 公公 婆婆 岳父 岳母 "
    "我妈 我爸 老妈 老爸 父母 爸妈",
    "student": "学生 大学生 高中生 初中生 宿舍 寝室 室友 学校 校医院 大一 大二 大三 大四 高一 高二 高三 "
    "初中 高中 考研 军训 研究生 本科",
}
_STAGE_OF: Mapping[str, LifeStage] = {
    word: stage for stage, words in _WORDS.items() for word in words.split()
}


def life_stage(tags: Tags) -> LifeStage:
    """Of the first of `LIFE_STAGES` that holds: a child's symptom, or a word that says so; "" for none."""
    if any(each.present and each.child for each in tags.symptoms):
        return "child"
    return _said(tags.tokens, tags.symptoms)


def _said(tokens: Iterable[str], symptoms: Iterable[Symptom]) -> LifeStage:
    found = {_STAGE_OF[token] for token in tokens if token in _STAGE_OF}
    # Who speaks of their own trouble beside a child's word ("带孩子累得腰疼") is no child.
    if "child" in found and any(each.present and each.person == "self" for each in symptoms):
        found.discard("child")
    return next((stage for stage in LIFE_STAGES if stage in found), "")
