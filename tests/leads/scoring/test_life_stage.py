"""Stages of life as people's words tell them."""

from __future__ import annotations

import pytest

from leads.scoring.life_stage import life_stage
from tests.support.builders import symptom, tags


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("孩子咳嗽一周了，去哪看", "child"),
        ("怀孕五个月牙疼怎么办", "pregnant"),
        ("带奶奶看膝盖，她走不动路", "elder"),
        ("室友发烧，学校附近有医院吗", "student"),
        ("牙疼了一晚上", ""),
        ("怀孕了，老大是个孩子，谁来带", "child"),  # the first of the stages that holds
    ],
)
def test_words_say_the_stage(text: str, stage: str) -> None:
    assert life_stage(tags(text)) == stage


def test_a_childs_symptom_says_it_without_a_word() -> None:
    assert life_stage(tags("三十九度了", symptoms=(symptom(child=True),))) == "child"
    assert life_stage(tags("三十九度了", symptoms=(symptom(child=True, past=True),))) == ""


def test_who_aches_from_carrying_children_is_none() -> None:
    assert life_stage(tags("带孩子累得腰疼", symptoms=(symptom(),))) == ""
    assert life_stage(tags("孩子腰疼", symptoms=(symptom(person="family"),))) == "child"
