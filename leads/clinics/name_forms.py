"""The names of a clinic and of its doctors, in the ways people write them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from leads.models import Clinic, How
from nlp.places.gazetteer import Gazetteer
from nlp.text.normal import normalise

HAN = re.compile("[\u4e00-\u9fff]+")
# Legal forms and kinds of house, which people leave out. The field (口腔, 中医) stays: without it a name is
# an ordinary word.
_COMPANY = re.compile(r"(?:有限责任公司|股份有限公司|有限公司|集团|连锁|\(.{1,12}\))+$")
_HOUSE = re.compile(
    r"(?:综合门诊部|专科门诊部|门诊部|专科医院|医院|诊所|门诊|(?<![中国])医馆|诊疗中心|医疗中心|中心|馆)$"
)
_FIELDS = (
    "口腔", "牙科", "齿科", "中医", "国医", "皮肤", "眼科", "儿科", "妇科", "骨科", "耳鼻喉", "康复", "推拿",
    "整形", "医美", "医疗美容", "美容", "体检", "心理", "肛肠", "妇产", "医疗",
)  # fmt: skip
_GENERIC = re.compile(
    "|".join(sorted((*_FIELDS, "门诊部", "门诊", "医院", "诊所", "医馆", "健康", "科"), key=len)[::-1])
)
TITLES = (
    *("副主任医师", "主任医师", "主治医师", "副主任"),
    *("医师", "医生", "大夫", "主任", "院长", "教授", "博士", "牙医"),
)
_TITLE = re.compile(f"(?:{'|'.join(TITLES)})+$")
_SHORTEST = 4

# The most frequent surnames, and given names that tens of thousands share with them; general knowledge of the
# yearly name reports, as a rough measure of how much a name alone tells.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈"
)
_GIVEN = frozenset(
    re.findall(
        "..",
        "秀英桂英建国建华建军建平志强志明志远国强国庆海燕海涛晓东晓明小红小明丽娟丽华玉兰玉梅淑珍淑华秀兰秀珍文静文杰俊杰"
        "子轩梓涵浩然雨欣佳怡婷婷丹丹春梅红梅永强永红天宇欣怡子涵宇航",
    )
) | frozenset(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚辉鹏华飞斌波宁琳玲燕红梅兰英云峰亮健俊浩宇欣婷雪慧鑫博凯龙建文志"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One way to write a name. `need`: points of support a text must give before it counts."""

    clinic_id: str
    term: str  # as the clinic writes it
    text: str  # normalised, what is looked for
    how: How
    need: int = 0
    core: str = ""  # of a clinic's name: what is its own, without field and kind of house

    @property
    def short(self) -> bool:
        """So short that it is part of many words."""
        return len(self.text) <= (2 if HAN.fullmatch(self.text) else 3)


def names(clinic: Clinic) -> list[Name]:
    """Every way to write the clinic and its doctors; the same text once, in the best of its senses."""
    found: dict[str, Name] = {}
    own = (clinic.name, *clinic.aliases)
    made = [_of_clinic(clinic.id, term, "alias" if number else "exact") for number, term in enumerate(own)]
    made += [_of_clinic(clinic.id, term, "short", short_name(normalise(term).strip())) for term in own]
    made += [_of_doctor(clinic.id, term) for term in clinic.doctors]
    for name in made:
        if name.text:
            found.setdefault(name.text, name)
    return list(found.values())


def _of_clinic(clinic_id: str, term: str, how: How, text: str | None = None) -> Name:
    text = normalise(term).strip() if text is None else text
    name = Name(clinic_id=clinic_id, term=term, text=text, how=how, core=core_of(text))
    return replace(name, need=1) if name.short else name


def _of_doctor(clinic_id: str, term: str) -> Name:
    text = normalise(term).strip()
    person = _TITLE.sub("", text)
    if len(person) < 2:  # 林医生: there are thousands
        return Name(clinic_id=clinic_id, term=term, text=text, how="doctor", need=4)
    return Name(clinic_id=clinic_id, term=term, text=person, how="doctor", need=commonness(person))


def short_name(name: str) -> str:
    """What people call 成都安和口腔门诊部有限公司: 安和口腔; "" when there is nothing to leave out.

    What stays has at least four characters and says its field; 安和诊所 has no short name.
    """
    bare = _HOUSE.sub("", _COMPANY.sub("", name))
    for candidate in (_without_places(bare), bare):
        if candidate != name and len(candidate) >= _SHORTEST and _own(candidate):
            return candidate
    return ""


def _own(name: str) -> bool:
    """Has a field, and at least two characters besides."""
    return any(field in name for field in _FIELDS) and len(core_of(name)) >= 2


def core_of(name: str) -> str:
    """The part of a clinic's name that is its own: 安和 of 成都安和口腔门诊部."""
    bare = _HOUSE.sub("", _COMPANY.sub("", name))
    core = _GENERIC.sub("", _without_places(bare))
    return core or _GENERIC.sub("", bare) or bare


def _without_places(name: str) -> str:
    """Without the divisions at its beginning; one of two characters may be the name itself, so some stays."""
    for _ in range(3):
        place = next((part for part in _places() if name.startswith(part)), "")
        rest = name.removeprefix(place)
        if not place or len(rest) < _SHORTEST:
            break
        name = rest.removeprefix("市")
    return name


@cache
def _places() -> tuple[str, ...]:
    """Names of divisions, which stand before many clinics' names; longest first."""
    found = {name for each in Gazetteer.load() for name in (each.name, *each.shorts) if len(name) >= 2}
    return tuple(sorted(found, key=lambda name: (-len(name), name)))


def commonness(person: str) -> int:
    """How much support a person's name needs, 1 to 3: the more people share it, the more."""
    surname, given = person[0], person[1:]
    shared = surname in _SURNAMES and given in _GIVEN
    return (2 if len(person) == 2 else 1) + shared
