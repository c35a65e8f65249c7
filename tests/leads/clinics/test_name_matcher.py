"""Who is spoken of: every form of a name, and what only looks like one. All names are invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.clinics.name_forms import commonness, core_of, names, short_name
from leads.clinics.name_matcher import BrandMatcher, Context
from leads.models import Clinic
from nlp.text.normal import normalise
from tests.support.builders import clinic, region

ANHE = clinic(
    name="成都安和口腔门诊部",
    aliases=("安和齿科", "AnHe", "安和"),
    doctors=("林知远医生", "张伟医生", "王建国主任"),
    exclude=("安和口腔器械",),
    competitors=("康贝齿科", "安禾口腔连锁"),
)
QINGMU = clinic(
    id="qingmu", name="青木中医馆", doctors=("顾长青", "林知远"), specialties=("tcm",), adcode="510104"
)
STAR = clinic(id="star", name="华星美齿口腔", doctors=("李医生",), specialties=("dental",))
MATCHER = BrandMatcher((ANHE, QINGMU, STAR))

# text | clinic:how, in the order of the text; nothing after the bar: nobody is meant
FOUND = """
在成都安和口腔门诊部补了牙 | anhe:exact
成都安和口腔门诊部:很仔细 | anhe:exact
安和齿科怎么样 | anhe:alias
ANHE的牙套 | anhe:alias
ａｎｈｅ 洗牙很好 | anhe:alias
在安和口腔补了牙 | anhe:short
安和口腔坑人 | anhe:short
我妈在安和口腔种的牙,安和口腔靠谱 | anhe:short
成都安和口腔好不好 | anhe:short
青木中醫館 | qingmu:exact
青木中医调理半年 | qingmu:short
青木中医和安和口腔都去过 | qingmu:short anhe:short
华星美齿口腔做正畸 | star:exact
去安和补牙 | anhe:alias
武侯的安和不错 | anhe:alias
安河口腔补牙怎么样 | anhe:homophone
安合口腔怎么样 | anhe:homophone
青目中医怎么样 | qingmu:homophone
华兴美齿口腔怎么样 | star:homophone
华星美池口腔做正畸 | star:homophone
安和口控补牙,在武侯 | anhe:typo
安和口强补牙 | anhe:homophone
华星美智口腔,在武侯矫正牙齿 | star:typo
星华美齿口腔,在武侯矫正牙齿 | star:typo
林知远医生很耐心 | anhe:doctor qingmu:doctor
林知远大夫看牙 | anhe:doctor qingmu:doctor
在武侯区找林知远看的 | anhe:doctor
顾长青医生开的中药 | qingmu:doctor
顾长青主任 | qingmu:doctor
林之远医生补牙很好,成都的 | anhe:homophone qingmu:homophone
成都张伟医生看牙很好 | anhe:doctor
武侯张伟医生 | anhe:doctor
安和口腔的张伟 | anhe:short
王建国主任拔牙 | anhe:doctor
王建国医生在成都 | anhe:doctor
张伟 |
张伟医生 |
张伟医生是哪个医院的 |
张伟羽毛球打得真好 |
成都张伟羽毛球馆,教练很好,牙好 |
今天张伟主演的电影,牙都笑掉了,成都 |
张伟律师在武侯,牙疼 |
我同学张伟在成都,牙疼 |
王建国 |
王建国的小说 |
王建国在成都 |
林知远 |
林知远方的家 |
张伟大的一生 |
李医生看牙很好 |
成都李医生看牙 |
顾长青 |
安和县有家口腔诊所 |
安和镇补牙多少钱 |
安和路口有家牙科 |
平安和谐的小区 |
保平安和口腔健康 |
岁岁平安和牙齿健康 |
陈安和是我同学,牙疼 |
安和 |
住在安和小区,想补牙 |
安和口腔器械厂招聘 |
安禾口腔连锁很好 |
安禾口腔连锁旁边 |
康贝齿科不错 |
平和口腔补牙,武侯 |
安康口腔补牙,武侯 |
安贞口腔补牙,武侯 |
安和宾馆住了一晚 |
安和口服液 |
青木瓜牛奶 |
青木医院 |
青木川古镇 |
清木家具 |
华星电影院 |
美齿口腔 |
shanhecheng |
anhes |
口腔诊所推荐 |
中医馆推荐 |
门诊部几点开门 |
今天天气很好 |
"""


def found(text: str, context: Context | None = None, matcher: BrandMatcher = MATCHER) -> list[str]:
    return [f"{brand.clinic_id}:{brand.how}" for brand in matcher.find(normalise(text), context)]


@pytest.mark.parametrize("row", FOUND.strip().splitlines())
def test_who_is_spoken_of(row: str) -> None:
    text, _, expected = row.partition("|")
    assert found(text.strip()) == expected.split()


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        (
            "张伟医生补的牙",
            Context(named=frozenset({"anhe"})),
            ["anhe:doctor"],
        ),  # its thread names the clinic
        ("张伟医生补的牙", Context(region=region("武侯区")), ["anhe:doctor"]),  # the writer lives there
        ("张伟医生补的", Context(region=region("成都市")), []),
        ("张伟医生补的", Context(region=region("成都市"), specialties=("dental",)), ["anhe:doctor"]),
        ("林知远医生补的牙", Context(region=region("朝阳区")), []),  # another city's
        ("林知远医生补的牙", Context(region=region("朝阳区", "ip")), ["anhe:doctor", "qingmu:doctor"]),
        ("安河口腔补牙", Context(region=region("朝阳区")), []),  # only sounds like it, elsewhere
        ("安和口腔补牙", Context(region=region("朝阳区")), []),  # there are more of a short name
        ("成都安和口腔门诊部补牙", Context(region=region("朝阳区")), ["anhe:exact"]),
        ("林知远", Context(named=frozenset({"qingmu"})), ["qingmu:doctor"]),
    ],
)
def test_what_is_known_besides_the_words_decides(text: str, context: Context, expected: list[str]) -> None:
    assert found(text, context) == expected


@pytest.mark.parametrize(
    ("text", "score", "support"),
    [
        ("成都安和口腔门诊部", 1.0, ("成都市", "口腔科")),
        ("安和口腔", 0.9, ()),
        ("安河口腔", 0.7, ()),
        ("武侯安河口腔补牙", 0.9, ("武侯", "牙")),
        ("武侯张伟医生", 0.6, ("武侯", "医生")),
        ("武侯张伟医生看牙", 0.7, ("武侯", "医生", "牙")),
    ],
)
def test_how_sure_and_why(text: str, score: float, support: tuple[str, ...]) -> None:
    [brand] = [each for each in MATCHER.find(normalise(text)) if each.clinic_id == "anhe"]
    assert brand.score == pytest.approx(score, abs=0.01) or brand.how == "exact"
    if brand.how != "exact":
        assert brand.support == support


def test_the_surest_form_of_several_is_kept_with_the_name_as_the_clinic_writes_it() -> None:
    [brand] = MATCHER.find("张伟医生在安河口腔,以前叫安和齿科")
    assert (brand.how, brand.term) == ("alias", "安和齿科")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("康贝齿科不错", [("anhe", "康贝齿科")]),
        ("安禾口腔连锁和康贝齿科", [("anhe", "安禾口腔连锁"), ("anhe", "康贝齿科")]),
        ("康贝齿科康贝齿科", [("anhe", "康贝齿科")]),
        ("安和口腔", []),
    ],
)
def test_competitors_are_counted_by_name(text: str, expected: list[tuple[str, str]]) -> None:
    assert MATCHER.read(text)[1] == expected


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("安和口腔门诊部", "安和口腔"),
        ("成都安和口腔门诊部有限公司", "安和口腔"),
        ("成都市武侯区安和口腔诊所", "安和口腔"),
        ("安和口腔(武侯店)", "安和口腔"),
        ("青木中医馆", "青木中医"),
        ("华星整形美容医院", "华星整形美容"),
        ("安和口腔", ""),
        ("安和诊所", ""),  # 安和 alone is part of too many words
        ("仁爱医院", ""),
        ("口腔门诊部", ""),
        ("", ""),
    ],
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("成都安和口腔门诊部", "安和"),
        ("青木中医馆", "青木"),
        ("华星美齿口腔", "华星美齿"),
        ("朝阳口腔", "朝阳"),
    ],
)
def test_what_of_a_name_is_its_own(name: str, core: str) -> None:
    assert core_of(name) == core


@pytest.mark.parametrize(
    ("person", "need"), [("林知远", 1), ("欧阳明远", 1), ("王建国", 2), ("顾青", 2), ("张伟", 3), ("李娜", 3)]
)
def test_commoner_names_need_more(person: str, need: int) -> None:
    assert commonness(person) == need


def test_a_name_that_is_two_things_counts_as_the_better() -> None:
    both = clinic(name="安和口腔", aliases=("安和口腔", "林知远"), doctors=("林知远",))
    assert [(name.text, name.how) for name in names(both)] == [("安和口腔", "exact"), ("林知远", "alias")]


def test_own_accounts_by_their_keys() -> None:
    two = (clinic(own_accounts=("k1", "k2")), clinic(id="b", own_accounts=("k2",)))
    assert BrandMatcher(two).own_accounts == {"k1": ("anhe",), "k2": ("anhe", "b")}


@pytest.mark.parametrize("clinics", [(), (clinic(name="\u200b", doctors=("\u200b",)),)])
def test_without_names_nothing_is_found(clinics: tuple[Clinic, ...]) -> None:
    assert BrandMatcher(clinics).find("安和口腔") == []


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from("安和口腔齿科张伟林知远医生成都华星美县平"), max_size=30).map("".join)
)
def test_any_text_is_read_and_gives_one_brand_a_clinic(text: str) -> None:
    brands = MATCHER.find(normalise(text))
    assert len({brand.clinic_id for brand in brands}) == len(brands)
    assert all(0 < brand.score <= 1 for brand in brands)
