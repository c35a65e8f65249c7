"""What a place in a text is to its writer: where they are, what they ask about, where from, nothing.

A `Role` is a strength with an evidence kind. The rules read a few characters around the mention and the
shape of the whole text; word lists are in data/places.toml.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from nlp.models import Evidence
from nlp.places import Mention, PlaceWords, alternatives

# Strengths: compared only with each other.
# PASSING counts only where a hint agrees with it.
HERE, SELF, ASKED, TEXT, WEAK, PASSING, NOTHING = 6, 5, 4, 3, 2, 1, 0
# Taiwan, Hong Kong, Macau: on the mainland's sites mostly a topic.
_TALKED_OF = ("71", "81", "82")
LEFT = -1  # the writer says they are not, or no longer, there


class Role(NamedTuple):
    strength: int
    evidence: Evidence
    start: int  # of the words that say so
    end: int
    care: bool = False  # asked of a treatment or a clinic right there


_ME = "我|本人|楼主|lz|俺|咱|我们|咱们|俺们|我家|本宝宝|宝宝|老娘|老子|小弟|在下|人"
_OTHERS = (
    "你|我[弟哥姐妹]|朋友|同学|闺蜜|同事|网友|室友|亲戚|表[姐哥弟妹]|堂[姐哥弟妹]|男友|女友|男朋友|女朋友|邻居|"
    "老师|前任|他们?|她们?|哥哥|姐姐|弟弟|妹妹|姑姑|舅舅|叔叔|阿姨|前男友|前女友|对象"
)
_HERE_BEFORE = re.compile(
    r"(?:坐标|定位|所在地|所在城市|所在地区|地点|位置|常驻|常住地?|发布于|发自|发表于|ip属地|ip地址|ip|属地|现居住?地?|现住|现在住|目前住"
    r"|长居|定居|家住|居住地|(?:我|俺|咱)(?:们|家)?(?:现在|目前|今天|刚|这边|这里|平时|一直|就|也|都|还|已经|现)?(?:住|人)?在|人(?:现在|目前|还|也|就|都)?在|现在在|目前在"
    r"|我在这里|我在|家在|家里在|(?:我|本人|楼主|lz|俺|咱们?|我们|俺们)(?:家|这里|这边|这儿|这|是|们)?(?:是|在)?)"
    r"[\s:：\"'「\[(,，.·\-~～—>]{0,3}(?:是|为|在)?[\s:]{0,2}$"
)
_NEGATED = re.compile(
    r"(?:不|没|没有|如果|要是|假如|假设|若|若是|曾经|以前|当年|之前|那年|小时候|去年|上次|希望|多想|真想|梦见|梦到|好想|以为|当成)(?:我|自己|人|能|你|都|住|曾经?|也)?(?:在|是)$"
)
_IN_BEFORE = re.compile(
    r"(?:在|位于|住|到了?|来到?|抵达|到达|回到?|飞到?|飞回|搬到?|搬来|返回|返|落地|飞往|前往|奔赴|至)\s?$"
)
_ARRIVE_BEFORE = re.compile(
    r"(?:刚到|到了|来到了?|抵达|到达|回到了?|飞到了?|搬到了?|搬来|返回|落地|回了?|来|已到|到|飞回|至|杀到|跑到|调到|转到|嫁到|赶到|出差到|出差去|出差)\s?$"
)
_GO_BEFORE = re.compile(r"(?:去了?|飞往|前往|飞|往|赴|上)\s?$")
_WISH_BEFORE = re.compile(
    r"(?:想|要|打算|准备|计划|希望|想要|欢迎|下次|以后|有机会|暑假|寒假|过年|国庆|五一|有空|什么时候|哪天|带你|约|一起|期待|好想|可以|能|能不能|每次|很想|超想|适合|请|邀请|建议|考虑)(?:[^,。!?;\s]{0,4})(?:去|来|到|回|飞)\s?$"
)
_FROM_BEFORE = re.compile(r"(?:从|由|自|打)\s?$")
_MOVE_AFTER = re.compile(
    r"^[^,。!?;\n]{0,6}?(?:来|到|去|回|飞|赶|出发|寄|发|搬|转|调|出来|往|至|坐|开|出差|过来|带|返|运|走)"
)
_ORIGIN_BEFORE = re.compile(
    r"(?:老家|祖籍|籍贯|原籍|户籍|娘家|婆家|故乡|家乡|老家在|户口)(?:是|在|为)?[\s:]{0,2}$"
)
_GREW_AFTER = re.compile(
    r"^(?:长大|出生|土生土长|的时候|那会|那几年|那段|念过|待过|呆过|读过|住过|工作过|生活过|上过|玩过|旅过|那时)"
)
_LIVE_AFTER = re.compile(
    r"^(?:市区?|这边|这里|这儿|本地|附近|旁边|周边|边上|对面|那边|那里|这块)?(?:上班|上学|读书|读研|读大学|上大学|工作|生活|居住|租房|打工|实习|念书|定居|住院|看病|看牙|看了|治疗|手术|做手术|做了|做的|做个|拔了?牙?|补牙|洗牙|种牙|出差|漂|待了|呆了|住了|混|买房|带娃|备孕|坐月子|待产|生娃|养病|隔离|过年|打拼|北漂|开店|陪读)"
)
_SELF_AFTER = re.compile(
    r"^(?:市)?(?:这边|这里|这儿|这几天|这两天|这天气?|这鬼天气|今天|今晚|今早|昨晚|昨天|的天气|天气|的[冬夏春秋]天[^,。!?]{0,4}(?:太|真|好|也|终于)|(?:海边|郊区|市里|乡下|农村)?[住待呆]了|(?:度假|旅游|出差)第|下雨|下雪|下暴雨|降温|好冷|好热|太冷|太热|真冷|真热|冷死|热死|终于|又下|又开始|现在|入冬|入秋|入夏|的雨|的风|的雾霾|雾霾|地震了?|停电|土著|打工人|宝妈|坐标|本地人|本人|[零]下)"
)
_LOCAL_AFTER = re.compile(r"^(?:本地|当地|同城|周边|附近|市内|市区|这一块)")
_YEARS_AFTER = re.compile(
    r"^(?:都|已经|也|快|有|待了?|呆了?|住了?|工作了?|生活了?|漂了?)*[\s]?(?:[一二两三四五六七八九十半几多好0-9]+)(?:多|来)?(?:年|个月|天|周|个星期)(?!前)"
)
_ASK = re.compile(
    r"哪|推荐|求(?!职)|请问|有[没木冇]有|有冇|怎么样|咋样|怎样|如何|多少|价格|费用|好不好|靠谱|吗|嘛|么|\?|什么|贵|安利|避雷|介绍|找个|想找|想|寻|打听|咨询|好一?点|最好|排名|正规|口碑|便宜|知道|预约|挂号|能不能|谁|没得|边度|边间|几钱"
)
# Asks for a place or a price by itself; the others only beside a treatment.
_ASK_WHERE = re.compile(
    r"去哪|哪家|哪里|哪儿|哪个|哪有|哪些|在哪|那个医院|那些医院|推荐|求助|求问|有[没木冇]有|有冇|多少钱|大概多少|价格|费用|怎么样|靠谱|打听|咨询|预约|安利|避雷|正规|口碑|想找|找个|边度|边间|几钱|没得"
)
_CARE = re.compile(
    r"医院|诊所|门诊|口腔|牙|科室|专家|医生|大夫|挂号|看病|治疗|手术|整形|整容|医美|矫正|正畸|拔|体检|植发|祛|痘|中医|针灸|推拿|康复|月子|产检|试管|医保|专科|治疗|治好|医治|根治|能治|治(?:牙|病|鼻|疼|痛|痘|斑|脚|腰|肺|胃)|看.{0,6}(?:科|症|病)|检查|疫苗|流产|人流|怀孕|产后|孕|心理咨询|近视|眼科|皮肤|疼|(?<![悲惨沉])痛(?![斥恨苦哭快悼心])|发烧|咳|肿|炎|痒|过敏|妇科|男科|儿科|骨科|激光"
)
_NEWS = re.compile(
    r"(?:^|[^#])【(?![^】]{0,4}(?:求|问|咨询|推荐|寻|讨论|分享|避雷))|〖|『|记者|讯[)）]?|日电|据报道|据悉|通报|发布会|客户端|新闻网|警方|目击者|截至|确诊|病例|新华社|央视|晚报|日报|报讯|有限公司|控股|公告|网页链接|视频\)|近日|日前|\d{1,2}月\d{1,2}日(?!号)[^,。]{0,12}(?:报告|发生|通报|新增|举行|召开|消息)"
)
_EVENT = re.compile(
    r"疫情|肺炎|确诊|病例|新增|封城|捐|支援|援助|援|物资|方舱|输入|新冠|医护|加油|通报|感染|病毒|隔离|火神山|雷神山|逆行|解封|复工|清零|疑似|检测|出院|一级响应|驰援|医疗队|防控|阳性|核酸|战疫|抗疫|瘟疫"
)
_TAG = re.compile(r"#[^#\n]{1,40}#")
_TAG_SERVICE = re.compile(
    r"^(?:本地|同城|身边事?|探店|美食|吃喝玩乐|生活|租房|招聘|牙科|口腔|牙医|种植牙|种牙|正畸|矫正|箍牙|拔牙|洗牙|皮肤科?|整形|医美|美容|医院|宝妈|妈妈|亲子|周边|约拍|找工作|相亲|婚礼|打工人|看病|看牙|中医|眼科|超话|\[超话\]|\[地点\]|牙齿矫正|牙齿|祛痘|植发|体检|孕妈|月子|产后修复|植牙|求助|写字楼招租|宠物|漂|日常|你好|同学)*$"
)
_CHIP_AFTER = re.compile(r"[\s?.]*$")
_POI_CHIP = re.compile(r"[^\s#,。!?;:·]{2,12}[·・]\s?[^#,。!?;:\n]{1,60}$")
_END = re.compile(r"[,。!?;\n…]|\s{2}")


_ME_BEFORE = re.compile(
    r"(?:我|咱|俺|本人|楼主|作为|身为|自己|一枚|一只|土生土长|地道|地地道道|正宗|坐标)(?:也|就|还|都|是|一个|个|一枚|这个|们|家|一名|一只|本身|大|真|纯|正宗|地道|土生土长的?|一介|身为|作为)*$"
)
_TRIP_AFTER = re.compile(r"旅游|旅行|出差|度假|游玩|自由行")
_OF_PLACE = re.compile(r"的(?:[,。!?\s]|$)")
_THAT_BEFORE = re.compile(r"(?:那个|某个?|一个|有个|这个|有位|一位|那位|这位)$")
_BACK_AFTER = re.compile(r"^(?:省|市)?(?:回来|过来|来的|寄来|归来|来人|返乡|返回)")
_THIRD_AFTER = re.compile(
    r"^[,\s]?你|^(?:越来越好|要平安|平安|挺过|等你|是英雄|人民(?![医路公广法政街大中南北东西])|前领导人|这个地方|一[名位男女家]|某|一小区|一医院|\w女士|\w先生|\w某)"
)
_PAST_BEFORE = re.compile(r"(?:之前|以前|曾经|上次|去年|前年|那年|当年|小时候|大学时|年前)[^,。!?;\n]{0,4}$")
_CARE_ACT = re.compile(
    r"看病|看牙|看医生|治|手术|拔|就医|就诊|求医|做个?(?:牙|种|矫|手|检|试管|激光|近视|双眼皮|鼻)|整牙|种牙|植牙|矫正|正畸|复查|复诊|挂号|检查|补牙|洗牙|看.{0,4}(?:科|病|症|医)|箍牙|牙|试管"
)
_LOCAL_SIGN = re.compile(
    r"医院|诊所|门诊|牙科|口腔|牙医|卫生院|专科|皮肤科|妇科|骨科|儿科|中医馆|推拿|看病|看牙|拔牙|补牙|洗牙|种牙|整牙|治疗|就医|种植|矫正|正畸"
    r"|天气|下大|高温|\d度|十几?度|天天堵|堵 ?了|下雨|下雪|暴雨|降温|入冬|入秋|入夏|回南天|雾霾|台风"
    r"|好冷|好热|太冷|太热|停电|堵车|堵死|地铁|公交|出租车|打车|房租|租房|物价|居民|小区|投诉|求助"
)
_SEEK_AFTER = re.compile(
    r"(?:[\u4e00-\u9fff]{1,5}(?=附近|周边))?(?:市区?|区|县|这边|那边|这里|本地|附近|周边|旁边|有|的)*"
    r"(?:看(?![到见完着了起似书来过])|治(?!理|安)|求(?!职)|找(?!到)|补牙|拔|洗牙|种[牙植]|整[牙形容]|箍|配|睇|挂号|做(?:个|牙|种|矫|手术|检|产|月子|近视|双眼皮|体检|试管|胃镜|无痛|皮|激光|推拿|按摩)|哪|附近|周边)"
)
_PERSONAL = re.compile(
    r"我|俺|咱|本人|楼主|扰民|投诉|求(?!职)|吗|呢|啊|呀|吧|嘛|哈哈|呜|唉|哎|!|\?|~|…|\.\.\.|太|真的|好(?![评友]|莱坞)|今天|昨|刚|明天|这边|这里|租|转让"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a text says as a whole, read once for all its mentions."""

    text: str
    borders: frozenset[int] | None
    news: bool
    events: bool  # the epidemic and its like: a place is a place is then a topic
    event_tags: str  # hashtags about them, in one
    personal: bool  # somebody speaks; else it informs (a headline, an encyclopaedia)
    repost_from: int  # what follows was written by others
    tags: tuple[tuple[int, int], ...]


def scene(text: str, borders: frozenset[int] | None) -> Scene:
    tags = tuple(match.span() for match in _TAG.finditer(text)) if "#" in text else ()
    repost = text.find("//")
    own = text if repost < 0 else text[:repost]
    bare = _TAG.sub("", own) if tags else own
    return Scene(
        text=text,
        borders=borders,
        news=bool(_NEWS.search(bare)),
        events=bool(_EVENT.search(bare)),
        event_tags="".join(text[a:b] for a, b in tags if _EVENT.search(text, a, b)),
        personal=len(text) < 12 or bool(_PERSONAL.search(bare) or _CARE.search(bare)),
        repost_from=len(text) if repost < 0 else repost,
        tags=tags,
    )


class Roles:
    """Judges mentions. Built from the word lists of places.toml."""

    def __init__(self, words: PlaceWords) -> None:
        stop = words.words("stop", "after")
        self._stop_after = re.compile(alternatives(stop))
        self._school_after = re.compile(alternatives(words.words("stop", "school_after")))
        self._origin_after = re.compile(
            f"(?:的|本地)?(?:{alternatives(words.words('stop', 'origin_after'))})"
        )
        self._people_after = re.compile(
            f"(?:的|本地)?(?:{alternatives(words.words('stop', 'people_after'))})"
        )
        self._stop_before = re.compile(f"(?:{alternatives(words.words('stop', 'before'))})$")

    def judge(self, mention: Mention, here: Scene) -> Role:
        """The strongest role of `mention`."""
        text, start, end = here.text, mention.start, mention.end
        for first, last in here.tags:
            if first < start < last:
                return self._in_tag(mention, here, first, last)
        if mention.kind == "code":
            return Role(SELF, "self", start, end)
        before, after = text[max(0, start - 14) : start], text[end : end + 14]
        if self._is_chip(mention, here, before):
            return Role(HERE, "self", start, end)
        if self._stopped(mention, here, before, after):
            return Role(NOTHING, "text", start, end)
        if here.event_tags and text[start:end] in here.event_tags and not here.events:
            here = replace(here, events=True)
        if start >= here.repost_from:
            return Role(NOTHING, "text", start, end)
        strength, lead = self._phrase(mention, here, before, after)
        evidence: Evidence = "self" if strength >= SELF else "text"
        if strength in (ASKED, TEXT, WEAK) and self._reported(mention, here):
            strength = NOTHING
        if strength == WEAK and (here.events or not here.personal):
            strength = NOTHING
        if strength == TEXT and mention.divisions and mention.divisions[0].code[:2] in _TALKED_OF:
            strength = NOTHING
        if strength == TEXT and (here.events or not here.personal or _other_person(text, start)):
            strength = NOTHING
        if strength == TEXT and not self._anchored(mention, here, before):
            strength = PASSING
        if mention.kind == "weak" and strength in (ASKED, TEXT):
            strength = WEAK if self._asked(mention, here) or _IN_BEFORE.search(before) else NOTHING
        return Role(
            strength, evidence, start - lead, end, strength == ASKED and self._care_near(mention, here)
        )

    def _anchored(self, mention: Mention, here: Scene, before: str) -> bool:
        """Does a bare mention read as a whereabouts: in a place, weather, a service, its own line?"""
        if mention.kind == "landmark" or _IN_BEFORE.search(before):
            return True
        if mention.full and mention.divisions[0].level == "district":
            return True
        left = here.text[max(0, mention.start - 20) : mention.start]
        right = _END.split(here.text[mention.end : mention.end + 24])[0]
        clause = _END.split(left)[-1] + "," + right
        if _LOCAL_SIGN.search(clause) or _SEEK_AFTER.match(here.text, mention.end):
            return True
        alone = not right.strip() or right[0].isspace()
        return alone and (not left or not left[-1].isalnum())

    def _in_tag(self, mention: Mention, here: Scene, first: int, last: int) -> Role:
        rest = here.text[mention.end : last - 1].strip()
        if here.news or here.events:
            return Role(NOTHING, "text", mention.start, mention.end)
        fits = here.text[first + 1 : mention.start].strip() == "" and _TAG_SERVICE.match(rest)
        return Role(WEAK if fits else NOTHING, "text", mention.start, mention.end)

    def _is_chip(self, mention: Mention, here: Scene, before: str) -> bool:
        """Weibo puts the place of a post at its very end: "…了 成都·春熙路"."""
        if len(here.text) - mention.end > 70 or not mention.divisions:
            return False
        if _POI_CHIP.match(here.text, mention.start):
            return True
        return mention.start > 3 and bool(_CHIP_AFTER.match(here.text, mention.end)) and before[-1:].isspace()

    def _stopped(self, mention: Mention, here: Scene, before: str, after: str) -> bool:
        if self._whole_after(self._stop_after, after, mention.end, here):
            return not (_TRIP_AFTER.match(after) and _IN_BEFORE.search(before))
        match = self._stop_before.search(before)
        if not match:
            return False
        at = mention.start - len(match[0])
        if here.borders is not None and at not in here.borders:
            return False
        return match[0] not in ("从", "由", "不", "想") and not self._care_near(mention, here)

    def _whole_after(self, pattern: re.Pattern[str], after: str, end: int, here: Scene) -> bool:
        match = pattern.match(after)
        return bool(match) and (here.borders is None or end + len(match[0]) in here.borders)  # type: ignore[index]

    def _phrase(self, mention: Mention, here: Scene, before: str, after: str) -> tuple[int, int]:
        """Strength, and how many characters before the mention say so."""
        asked = self._asked(mention, here)
        origin = self._whole_after(self._origin_after, after, mention.end, here)
        if _NEGATED.search(before):
            return LEFT, 0
        if _PAST_BEFORE.search(before) or _BACK_AFTER.match(after):
            return LEFT, 0
        if _FROM_BEFORE.search(before):
            return (LEFT if _MOVE_AFTER.match(after) else TEXT), 0
        if _THIRD_AFTER.match(after):
            return NOTHING, 0
        other = _other_person(here.text, mention.start)
        if _ORIGIN_BEFORE.search(before) or _GREW_AFTER.match(after):
            return (NOTHING if other else WEAK), 0
        if origin:
            mine = _ME_BEFORE.search(before) and not other
            return (WEAK if mine or (asked and self._care_near(mention, here)) else NOTHING), 0
        people = self._whole_after(self._people_after, after, mention.end, here)
        if not asked and (people or (_THAT_BEFORE.search(before) and after.startswith("的"))):
            return NOTHING, 0
        if re.search(r"[我咱俺]大$", before):
            return WEAK, 0
        if self._whole_after(self._school_after, after, mention.end, here):
            return WEAK, 0
        found = _HERE_BEFORE.search(before)
        if found and not people and not _other_person(here.text, mention.start - len(found[0])):
            return SELF, len(found[0])
        return self._moving(mention, here, before, after, asked=asked, people=people), 0

    def _moving(
        self, mention: Mention, here: Scene, before: str, after: str, *, asked: bool, people: bool
    ) -> int:
        other = _other_person(here.text, mention.start)
        told = self._reported(mention, here)
        act = bool(_CARE_ACT.search(_END.split(after)[0])) and not here.news
        if _WISH_BEFORE.search(before):
            return ASKED if act else NOTHING
        if re.search(r"(?:来|在|到)\s?$", before) and _YEARS_AFTER.match(after):
            return NOTHING if other else WEAK if told else SELF
        if _IN_BEFORE.search(before) and before.rstrip()[-1:] == "在":
            return self._inside(mention, here, after, asked=asked)
        if _ARRIVE_BEFORE.search(before):
            if act and not other:
                return SELF
            away = here.events and not _ME_BEFORE.search(before)
            return TEXT if other or told or away else SELF
        if _GO_BEFORE.search(before):
            return ASKED if act or (asked and not told) else WEAK
        if _OF_PLACE.match(after) and (not before or not before[-1].isalnum()):
            return SELF
        if asked:
            return ASKED
        if re.search(r"(?:今天|今早|今晚|昨晚|现在|此刻)\s?$", before) and not told:
            return SELF
        if _SELF_AFTER.match(after) and not people and not told:
            return SELF
        return TEXT

    def _inside(self, mention: Mention, here: Scene, after: str, *, asked: bool) -> int:
        """在X: with the writer as the one who is there, else only named."""
        if _other_person(here.text, mention.start):
            return WEAK if asked else NOTHING
        if self._reported(mention, here):
            return TEXT
        mine = re.search(
            rf"(?:{_ME})[^,。!?;\n]{{0,8}}在\s?$", here.text[max(0, mention.start - 14) : mention.start]
        )
        if mine or _LIVE_AFTER.match(after):
            return SELF
        return ASKED if asked else TEXT

    def _sentence(self, mention: Mention, here: Scene) -> str:
        left = max(0, mention.start - 30)
        return here.text[left : mention.end + 45]

    def _asked(self, mention: Mention, here: Scene) -> bool:
        near = self._sentence(mention, here)
        if here.news:
            return False
        if not here.events and (_ASK_WHERE.search(near) or _SEEK_AFTER.match(here.text, mention.end)):
            return True
        return (
            bool(_ASK.search(near))
            and bool(_CARE.search(near))
            and (not here.events or bool(_ASK_WHERE.search(near)))
        )

    def _care_near(self, mention: Mention, here: Scene) -> bool:
        return bool(_CARE.search(here.text[max(0, mention.start - 12) : mention.end + 16])) and not here.news

    def _reported(self, mention: Mention, here: Scene) -> bool:
        """News, or a clause about events: naming a place there says nothing of the writer."""
        if here.news:
            return True
        left = here.text[max(0, mention.start - 24) : mention.start]
        cut = max((match.end() for match in _END.finditer(left)), default=0)
        right = here.text[mention.end : mention.end + 24]
        stop = _END.search(right)
        clause = left[cut:] + (right[: stop.start()] if stop else right)
        return bool(_EVENT.search(clause)) and not _ASK.search(clause)


def _other_person(text: str, position: int) -> bool:
    """Whether somebody outside the family is the subject of the clause that ends at `position`."""
    left = text[max(0, position - 12) : position]
    clause = re.split(r"[,。!?;\n]", left)[-1]
    return bool(re.search(_OTHERS, clause))
