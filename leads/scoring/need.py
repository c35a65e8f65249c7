"""How much a writer seems to need care, with the reasons shown to a person. Pure.

need = p(seeker) x (0.35 + 0.65 x care), where care gathers what makes a post worth an answer: a symptom that
is present now, how urgent it is, and whether the writer asks. The weights are a judgement, not a fit: a plain
report of pain by a certain seeker is about 0.75, a certain seeker without any known symptom 0.35.
"""

from __future__ import annotations

import re
from datetime import datetime

from leads.models import Reason
from nlp.models import Region, Symptom, Tags

HALF_LIFE_HOURS = 72.0

_CARE = {"hours": 0.8, "days": 0.6, "elective": 0.5}
URGENCY_NAMES = {"hours": "几小时内需要处理", "days": "几天内需要处理", "elective": "择期"}
EVIDENCE_NAMES = {
    "geo": "定位",
    "checkin": "签到",
    "self": "自述",
    "text": "文中提到",
    "board": "版块所在地",
    "ip": "IP属地",
    "profile": "资料所在地",
}
_ASKS = re.compile(
    r"怎么办|咋办|怎么治|怎么弄|吃什么药|挂什么科|求推荐|推荐|哪家|哪里|哪儿|多少钱|价格|要不要|需要.{0,6}吗|有没有.{0,8}[吗?]|求助|\?"
)
_PERSON = {"family": "家人"}


def rate(text: str, tags: Tags) -> tuple[float, tuple[Reason, ...]]:
    """(need 0..1, reasons). `text` is the normalised post; reasons come strongest first, in zh-CN."""
    present = [symptom for symptom in tags.symptoms if symptom.present]
    ask = _ASKS.search(text)
    care = max((_CARE[symptom.urgency] for symptom in present), default=0.0) + (0.2 if ask else 0.0)
    need = tags.intent.seeker * (0.35 + 0.65 * min(1.0, care))
    reasons = [Reason(kind="intent", text=f"求诊可能性 {tags.intent.seeker:.0%}")]
    reasons += [_symptom_reason(symptom) for symptom in _distinct(present)]
    if ask:
        said = "有提问" if ask[0] == "?" else f"在询问：{ask[0]}"
        reasons.append(Reason(kind="words", text=said, words=ask[0]))
    if tags.region is not None:
        reasons.append(_place_reason(tags.region))
    return round(need, 4), tuple(reasons)


def _distinct(symptoms: list[Symptom]) -> list[Symptom]:
    return list({symptom.code: symptom for symptom in reversed(symptoms)}.values())[::-1]


def _symptom_reason(symptom: Symptom) -> Reason:
    whose = _PERSON.get(symptom.person, "")
    text = f"{whose}{symptom.name}（{URGENCY_NAMES[symptom.urgency]}）"
    return Reason(kind="symptom", text=text, words=symptom.surface)


def _place_reason(region: Region) -> Reason:
    place = "".join(dict.fromkeys(part for part in (region.province, region.city, region.district) if part))
    return Reason(
        kind="place", text=f"{EVIDENCE_NAMES[region.evidence]}：{place}", words=region.evidence_text
    )


def freshness(published: datetime, now: datetime) -> float:
    """1 when just published, half after each 72 hours."""
    hours = max(0.0, (now - published).total_seconds() / 3600)
    return float(2.0 ** (-hours / HALF_LIFE_HOURS))
