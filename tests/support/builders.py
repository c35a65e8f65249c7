"""Records for tests, with defaults for what a test does not care about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crawler.items import Post
from leads.models import Clinic, Lead, Mention, Near, Reason
from nlp.models import Evidence, Intent, IntentLabel, Region, Sentiment, Symptom, Tags
from nlp.text.tokens import cut, words

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
WUHOU = ("510107", "武侯区", "district", "四川省", "成都市", "武侯区", 30.6425, 104.0432, 6.0)
JINJIANG = ("510104", "锦江区", "district", "四川省", "成都市", "锦江区", 30.6574, 104.0809, 5.0)
CHENGDU = ("510100", "成都市", "city", "四川省", "成都市", "", 30.5702, 104.0648, 68.0)
SICHUAN = ("510000", "四川省", "province", "四川省", "", "", 30.6517, 104.0759, 392.0)
MIANYANG = ("510700", "绵阳市", "city", "四川省", "绵阳市", "", 31.4675, 104.6791, 80.0)
CHAOYANG = ("110105", "朝阳区", "district", "北京市", "北京市", "朝阳区", 39.9219, 116.4436, 12.0)
PLACES = {row[1]: row for row in (WUHOU, JINJIANG, CHENGDU, SICHUAN, MIANYANG, CHAOYANG)}
# Long enough to fold with what is like it.
LONG = "这两天右边的智齿肿得厉害，吃了消炎药也没用，晚上根本睡不着，有没有靠谱的牙科推荐一下"
NEAR_WUHOU = Near(lat=30.64, lon=104.04, km=5.0, adcode="510107")


def region(name: str, evidence: Evidence = "self") -> Region:
    code, full, level, province, city, district, lat, lon, radius_km = PLACES[name]
    return Region(
        code=code, name=full, level=level, province=province, city=city, district=district,  # type: ignore[arg-type]  # level is a Literal
        lat=lat, lon=lon, radius_km=radius_km, evidence=evidence, evidence_text=name,
    )  # fmt: skip


def point(lat: float, lon: float) -> Region:
    return Region(
        code="510107", name="武侯区", level="point", province="四川省", city="成都市", district="武侯区",
        lat=lat, lon=lon, radius_km=0.3, evidence="geo",
    )  # fmt: skip


def symptom(code: str = "toothache", specialty: str = "dental", **changes: object) -> Symptom:
    values: dict[str, object] = {
        "code": code, "name": "牙痛", "specialty": specialty, "surface": "牙疼", "start": 0, "end": 2,
    }  # fmt: skip
    return Symptom(**{**values, **changes})  # type: ignore[arg-type]  # values are given by name


def post(number: int = 1, text: str = "牙疼了一晚上，求推荐", **changes: object) -> Post:
    values: dict[str, object] = {
        "source": "forum", "post_id": str(number), "text": text,
        "published_at": NOW - timedelta(hours=1), "fetched_at": NOW, "author_key": f"author{number}",
    }  # fmt: skip
    return Post(**{**values, **changes})  # type: ignore[arg-type]  # values are given by name


def tags(
    text: str,
    *,
    place: Region | None = None,
    symptoms: tuple[Symptom, ...] = (),
    intent: IntentLabel = "seeker",
    seeker: float = 0.9,
) -> Tags:
    rest = round((1 - seeker) / 5, 4)
    return Tags(
        symptoms=symptoms,
        specialties=tuple(dict.fromkeys(item.specialty for item in symptoms)),
        intent=Intent(seeker, rest, rest, rest, rest, rest),
        intent_label=intent,
        region=place,
        tokens=tuple(words(cut(text))),
    )


def lead(
    number: int = 1,
    text: str = "牙疼了一晚上，求推荐",
    *,
    place: Region | None = None,
    symptoms: tuple[Symptom, ...] | None = None,
    need: float = 0.8,
    intent: IntentLabel = "seeker",
    hours: float = 1.0,
    **changes: object,
) -> Lead:
    """A lead published `hours` before NOW."""
    written = post(number, text, published_at=NOW - timedelta(hours=hours), **changes)
    found = (symptom(),) if symptoms is None else symptoms
    return Lead(
        post=written,
        tags=tags(written.full_text, place=place, symptoms=found, intent=intent),
        need=need,
        reasons=(Reason(kind="intent", text="求诊可能性 90%"),),
    )


def mention(number: int = 1, clinic_id: str = "anhe", hours: float = 1.0, **changes: object) -> Mention:
    return Mention(
        post=post(number, "安和口腔很仔细", published_at=NOW - timedelta(hours=hours), **changes),
        clinic_id=clinic_id,
        term="安和口腔",
        sentiment=Sentiment(polarity="praise", severity=0, cues=("仔细",)),
    )


def clinic(**changes: object) -> Clinic:
    values: dict[str, object] = {
        "id": "anhe", "name": "安和口腔", "lat": 30.64, "lon": 104.04, "adcode": "510107",
        "doctors": ("林知远医生",), "specialties": ("dental",),
    }  # fmt: skip
    return Clinic(**{**values, **changes})  # type: ignore[arg-type]  # values are given by name
