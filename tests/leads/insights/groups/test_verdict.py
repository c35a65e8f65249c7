"""When a group should last, when it is for a while, and when there should be none."""

from __future__ import annotations

import pytest

from leads.insights.groups.verdict import Verdict, advise
from nlp.symptoms import lexicon


@pytest.mark.parametrize(
    ("code", "rising", "verdict", "because"),
    [
        ("diabetes", False, "lasting", "病程长"),
        ("eczema", False, "lasting", "病程长"),
        ("pregnancy", False, "lasting", "病程长"),
        ("mouth_ulcer", False, "lasting", "常见，又会反复"),
        ("cold", False, "short", "有这事的人不少"),
        ("wisdom_tooth", False, "short", "有这事的人不少"),
        ("rhinoplasty", False, "none", "少见"),
        ("rhinoplasty", True, "short", "这阵子问的人多"),
        ("dog_bite", True, "none", "急症"),
        ("hiv", True, "none", "一对一"),
        ("self_harm", False, "none", "一对一"),
    ],
)
def test_each_rule(code: str, rising: bool, verdict: Verdict, because: str) -> None:
    advice = advise(lexicon.load().concepts[code], rising=rising)
    assert advice.verdict == verdict
    assert because in advice.rule


def test_every_need_gets_a_rule_that_ends_in_what_to_do() -> None:
    found = [advise(concept) for concept in lexicon.load().concepts.values()]
    assert {each.verdict for each in found} == {"lasting", "short", "none"}
    assert all(each.rule.endswith("。") and "：" in each.rule for each in found)
