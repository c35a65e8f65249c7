"""Invented leads for benchmarks: seeded, spread over real divisions and half a year, no two texts alike."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from crawler.items import Post
from leads.models import Lead, Reason
from nlp.models import Intent, Region, Symptom, Tags
from nlp.places.gazetteer import Division, Gazetteer
from nlp.text.tokens import cut, words

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
DAYS = 180
SYMPTOMS = (
    ("toothache", "牙痛", "dental", "牙疼"), ("wisdom_tooth", "智齿", "dental", "智齿发炎"),
    ("gum_bleeding", "牙龈出血", "dental", "牙龈出血"), ("fever", "发热", "pediatrics", "发烧"),
    ("cough", "咳嗽", "pediatrics", "咳嗽"), ("insomnia", "失眠", "psychiatry", "失眠"),
    ("headache", "头痛", "neurology", "头疼"), ("rash", "皮疹", "dermatology", "起疹子"),
    ("knee_pain", "膝痛", "orthopedics", "膝盖疼"), ("stomach_ache", "胃痛", "gastroenterology", "胃疼"),
)  # fmt: skip
OPENINGS = (
    "求助", "想问一下", "有没有人遇到过", "真的受不了", "救命", "大家帮忙看看", "新手求问", "在线等",
)  # fmt: skip
COURSES = (
    "从昨天晚上开始", "已经三天了", "吃了药也不见好", "半夜疼醒", "越来越严重", "一碰就疼", "时好时坏",
    "上班都没精神", "换季就犯", "反反复复一个月", "去年也有过一次", "早上起来更明显", "晚上睡不着",
    "喝水都难受", "洗完澡之后", "跑步以后",
)  # fmt: skip
ASKS = (
    "要挂什么科", "有没有靠谱的诊所推荐", "大概多少钱", "需要拍片吗", "附近哪家好", "周末能看吗",
    "要不要做手术", "用不用验血", "医保能报吗", "几天能好", "是不是要去大医院", "预约要多久",
)  # fmt: skip
THINGS = (
    "火锅", "咖啡", "地铁", "加班", "考试", "孩子", "爸妈", "对象", "室友", "空调", "快递", "猫", "花粉",
    "螃蟹", "奶茶", "跑步机", "枕头", "键盘", "方案", "年会", "体检", "报告", "药店", "挂号", "排队",
    "楼下", "小区", "公园", "单位", "学校",
)  # fmt: skip


class Places:
    """Divisions as writers are spread over them: few large cities have most."""

    def __init__(self, rng: random.Random) -> None:
        self._gazetteer = Gazetteer.load()
        divisions = list(self._gazetteer)
        rng.shuffle(divisions)
        # A few known cities first, so that queries around them find something.
        divisions.sort(key=lambda division: division.code[:4] not in ("5101", "3101", "1101", "4403", "3301"))
        self._divisions = divisions
        self._weights = [1 / (rank + 20) for rank in range(len(divisions))]
        self._rng = rng

    def draw(self, count: int) -> Iterator[Region | None]:
        for division in self._rng.choices(self._divisions, self._weights, k=count):
            yield self._region(division)

    def _region(self, division: Division) -> Region | None:
        kind = self._rng.random()
        if kind < 0.1:
            return None
        region = self._gazetteer.region(division, "text")
        if kind > 0.75 and division.level == "district":
            lat = division.lat + self._rng.gauss(0, 0.03)
            lon = division.lon + self._rng.gauss(0, 0.03)
            return self._gazetteer.at(lat, lon) or region
        return region


def leads(count: int, seed: int = 20261122) -> Iterator[Lead]:
    """`count` leads, the same for the same seed."""
    rng = random.Random(seed)
    places = Places(rng)
    number = 0
    while number < count:
        for place in places.draw(min(10_000, count - number)):
            yield _lead(rng, number, place)
            number += 1


def _lead(rng: random.Random, number: int, place: Region | None) -> Lead:
    found = rng.sample(SYMPTOMS, rng.choice((1, 1, 1, 2)))
    parts = [rng.choice(OPENINGS), *(symptom[3] for symptom in found), *rng.sample(COURSES, 2),
             *rng.sample(THINGS, 3), rng.choice(ASKS), f"第{number}楼"]  # fmt: skip
    text = "，".join(parts)
    published = NOW - timedelta(seconds=rng.randrange(DAYS * 86400))
    symptoms = tuple(
        Symptom(code=code, name=name, specialty=specialty, surface=surface, start=0, end=len(surface))
        for code, name, specialty, surface in found
    )
    seeker = 0.5 + rng.random() / 2
    rest = (1 - seeker) / 5
    post = Post(
        source=rng.choice(("forum", "weibo", "tieba")), post_id=str(number), text=text,
        author_key=f"{rng.getrandbits(64):016x}", published_at=published, fetched_at=NOW,
        url=f"https://forum.example/{number}",
    )  # fmt: skip
    tags = Tags(
        symptoms=symptoms, specialties=tuple(dict.fromkeys(s.specialty for s in symptoms)),
        intent=Intent(seeker, rest, rest, rest, rest, rest), intent_label="seeker", region=place,
        tokens=tuple(words(cut(text))),
    )  # fmt: skip
    return Lead(
        post=post, tags=tags, need=round(seeker * rng.uniform(0.5, 1), 4),
        reasons=(Reason(kind="intent", text=f"求诊可能性 {seeker:.0%}"),),
    )  # fmt: skip
