"""Whether people of one need should be gathered in a group, and by which rule. Pure.

High frequency or a long course suit a group that lasts; what is short a group for a while, or an article.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nlp.symptoms.lexicon import Concept

Verdict = Literal["lasting", "short", "none"]
VERDICTS: tuple[Verdict, ...] = ("lasting", "short", "none")

# Who is seen in such a group is known to have it.
_TELLING = frozenset(
    (
        "hiv", "syphilis", "gonorrhea", "condyloma", "herpes", "hpv", "suicidal", "self_harm",
        "schizophrenia", "bipolar", "addiction", "abortion", "miscarriage", "erectile_dysfunction",
        "premature_ejaculation", "low_libido", "spermatorrhea", "eating_disorder",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A verdict and the rule that led to it, as people read it."""

    verdict: Verdict
    rule: str  # zh-CN


def advise(concept: Concept, *, rising: bool = False) -> Advice:
    """The first rule that fits; `rising`: more people than usual speak of it just now."""
    verdict, rule = _rule(concept, rising)
    return Advice(verdict=verdict, rule=rule)


def _rule(concept: Concept, rising: bool) -> tuple[Verdict, str]:
    if concept.code in _TELLING:
        return "none", "在群里露面就等于说出了自己的病：不建群，一对一地谈。"
    if concept.urgency == "hours" and not concept.chronic:
        return "none", "急症，要先看病：不建群，写一篇什么时候要马上去医院的文章。"
    if concept.chronic and (concept.recurring or concept.gathers):
        return "lasting", "病程长，一直有要问的：建长期群。"
    if concept.recurring and concept.prevalence == "common":
        return "lasting", "常见，又会反复：建长期群。"
    if rising:
        return "short", "病程不长，但这阵子问的人多：建短期群，过后解散。"
    if concept.prevalence != "rare":
        return "short", "一次就过去，但有这事的人不少：建短期群，好了就散。"
    return "none", "少见，一次就过去：不建群，写一篇文章。"
