"""What is said on the invented sites of a soak: the same for the same seed.

Every post has a writer's name and every fourth a telephone number; none of them may be found in any file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.synthetic import ASKS, COURSES, OPENINGS, THINGS
from leads.scoring.need import rate
from nlp import Tagger
from nlp.places.gazetteer import Division, Gazetteer

SHARE = 0.15  # of posts that are leads; about what forums about health have
SURFACES = (
    "牙疼得厉害",
    "智齿发炎了",
    "牙龈老是出血",
    "发烧不退",
    "咳嗽不停",
    "失眠",
    "头疼",
    "身上起疹子",
    "膝盖疼",
    "胃疼",
)
NEWS = (
    "本市轨道交通新线今日开通，全程票价七元", "周末天气晴好，公园里来了很多游客",
    "图书馆新到一批科幻小说，欢迎借阅",
    "小区停车位重新划线，请业主配合移车", "羽毛球馆本月优惠，双人畅打", "二手书桌转让，九成新，自提",
    "新买的机械键盘声音很轻", "今天的电影比想象中好看", "晚上八点直播间抽奖", "地铁口捡到一把雨伞，失主联系",
)  # fmt: skip
CALM = tuple(each for each in THINGS if each not in ("药店", "挂号", "体检", "报告", "排队"))
NAME = "漏名"  # every writer's name begins so
TELEPHONE = "1380013"  # every telephone number begins so


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One post: `number` counts within its source."""

    source: int
    number: int
    text: str
    writer: str
    lead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`sources` sites, each of which says `posts` new things a turn; `clinics` stand in as many districts."""

    sources: int
    clinics: int
    posts: int
    seed: int

    def districts(self) -> list[Division]:
        """Where the clinics are: districts whose name within their city is no other's."""
        known = [each for each in Gazetteer.load() if each.level == "district" and len(each.name) > 2]
        names = [each.name for each in known]
        alone = sorted((each for each in known if names.count(each.name) == 1), key=lambda each: each.code)
        chosen = random.Random(self.seed).sample(alone, len(alone))
        sure = [each for each in chosen if _found(each)]
        if len(sure) < self.clinics:
            raise SystemExit(f"only {len(sure)} districts can be told apart by name: ask for fewer clinics")
        return sure[: self.clinics]

    def said(self, source: int, turn: int, districts: list[str]) -> Iterator[Said]:
        """What a source says in a turn. `districts`: names, of which a lead's writer says one."""
        for number in range(turn * self.posts, (turn + 1) * self.posts):
            rng = random.Random(f"{self.seed}/{source}/{number}")
            lead = rng.random() < SHARE
            text = _need(rng, rng.choice(districts)) if lead else _other(rng)
            tail = f"，电话{TELEPHONE}{rng.randrange(10_000):04d}" if number % 4 == 0 else ""
            yield Said(
                source=source,
                number=number,
                text=f"{text}{tail}",
                writer=f"{NAME}{source}的{rng.randrange(5000)}",
                lead=lead,
            )


def _found(division: Division) -> bool:
    place = Gazetteer.load().resolve(division.name)
    return place is not None and place.code == division.code


def _need(rng: random.Random, district: str) -> str:
    """Somebody who asks for a doctor, in words that no other post puts together so."""
    parts = (rng.choice(OPENINGS), f"人在{district}", rng.choice(SURFACES), *rng.sample(COURSES, 3),
             f"跟{rng.choice(THINGS)}和{rng.choice(THINGS)}有关系吗", *rng.sample(THINGS, 4),
             "附近有没有靠谱的医生推荐", rng.choice(ASKS))  # fmt: skip
    return "，".join(parts)


def _other(rng: random.Random) -> str:
    return "，".join((rng.choice(NEWS), *rng.sample(CALM, 5), f"第{rng.getrandbits(40)}期"))


def proven(world: World, tagger: Tagger, min_need: float) -> None:
    """Look that the tagger takes leads for leads and nothing else for one: the ledger rests on it.

    Raises:
        SystemExit: it does not, for this many of a sample.
    """
    names = [each.name for each in world.districts()]
    sample = [said for source in range(min(world.sources, 20)) for said in world.said(source, 0, names)][
        :4000
    ]
    tagged = tagger.tag_many([said.text for said in sample])
    wrong = [
        said.text
        for said, tags in zip(sample, tagged, strict=True)
        if (rate(said.text, tags)[0] >= min_need) != said.lead
    ]
    if wrong:
        raise SystemExit(
            f"{len(wrong)} of {len(sample)} invented posts are not taken for what they are: {wrong[:3]}"
        )
