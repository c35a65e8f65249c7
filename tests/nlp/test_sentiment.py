"""How mentions speak: a table of invented sentences with polarity and severity."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.sentiment import CUES, by_cues, judge
from nlp.text.normal import DATA
from nlp.tone import TONES, ToneModel
from tests.support.growth import LIMIT, growth
from tests.support.mention_scores import kappas, mentions, scores

PRAISE = """
医生很耐心,一点都不疼
这家真不坑,推荐给大家
没有强制消费,收费透明
强烈推荐这家诊所
大夫人很好,技术也过硬
做完恢复得很好,感谢医生
护士小姐姐超温柔
环境干净,态度超好
洗牙师手法轻,全程没痛感,很满意
虽然有点贵但是技术好
贵是贵了点,不过效果很好
良心诊所,明码标价
医术高明,药到病除,送了锦旗
治好了我多年的鼻炎
下次还来,也会带家人来
拔智齿两分钟搞定,太棒了
宝藏牙医,yyds
没有推销,没有加价
不像别家乱收费,这里很靠谱
孩子补牙没哭,医生特别有办法,真的好
收费合理,服务周到
妙手回春
种完牙吃东西方便多了,值得
效果不错,见效快
医生认真负责,讲得很清楚
牙套终于摘了,牙齿好漂亮
双眼皮很自然,爱了
主任亲自做的,放心
去了好几次,每次都不排队
性价比高
整体体验不错
好评好评
全程没被忽悠
五星好评,回头客了
特别仔细,拍片讲解都有
针灸三次腰就好多了
贴心到还给我倒了热水
不愧是专业的
比之前那家温柔多了
手术很成功,谢谢医生
没想到这么好,惊喜
价格公道实惠
小朋友很喜欢这里的阿姨
麻利,效率高
信得过的老店
"""

COMPLAINT = """
3|拔错牙了,我要起诉
3|已经打了12315投诉
3|医疗事故,没人管
3|手术后流血不止,打电话也不接
3|准备曝光这家医院
3|我妈在他们那做完手术昏迷了
3|去卫健委举报了
3|孩子打完针休克,送去抢救
3|打了玻尿酸结果毁容
3|请了律师,法院见
3|无证行医,大家小心
3|黑诊所,医生没有资质
3|误诊耽误了三个月
3|保安动手打人
3|记者来了他们才肯谈
3|用的是假药
3|要求赔偿,他们装死
3|店关了,老板跑路
3|在这里感染了丙肝
3|断针留在牙根里也不说
3|报警了警察也来了
3|环境好服务好,但是把我的牙拔错了
3|做完脸瘫痪了半边
3|医生偷拍病人
3|手术失败,留下后遗症
2|千万别去,坑人
2|骗钱的,没效果
2|前台态度差
2|要求退款被拒
2|黑心,价格一天一个样
2|不推荐
2|不靠谱
2|强制消费,不买卡不给洗
2|环境很好,但是态度差
2|医生不专业,问啥都说不知道
2|避雷这家
2|后悔死了,花了两万没治好
2|一直推销种植牙
2|根管做了两次还是疼,庸医
2|补的牙两个月就掉了
2|再也不去了
2|乱收费,一个拍片要三百
2|小病大治
2|虚假宣传,说好的免费呢
2|手法粗暴,把我嘴角扯破了
2|器械不消毒就往嘴里放
2|临时加价,签完字才说
2|交了钱就爱搭不理
2|被忽悠做了一堆检查
2|垃圾
2|太坑了
2|售后推诿,踢皮球
2|不负责任
2|护士翻白眼给谁看
2|越治越严重,差评
2|智商税
2|卫生差,有异味
2|技术太差,弄出血了
2|打电话不接,发消息已读不回
2|别去,谁去谁后悔
2|气死我了,约好的号没了
1|等了很久,医生一般
1|有点贵
1|排队两小时
1|停车难
1|医生有点不耐烦
1|效果一般般
1|位置偏,难找
1|不太满意
1|不太好
1|洗牙好疼
1|设备老旧
1|挂不上号
1|环境差
1|医生话少,有点冷淡
1|不怎么样
1|不值这个价
1|人太多了
1|失望
1|没耐心
1|有待改进
"""

NEUTRAL = """
牙疼怎么办
成都哪家牙科好,求推荐
这家店在春熙路
请问周六上班吗
洗牙多少钱
有没有推荐的正畸医生
贵吗
种植牙贵不贵
拔智齿疼吗
预约了周三上午
今天去看牙
朋友推荐来的
没有医疗事故
靠谱吗
医生姓王,在三楼
挂号要带身份证
这个医院几点下班
从地铁口出来左转
肚子疼应该挂什么科
我在法院附近上班
哪家好
贵阳有分院吗
心脏科在哪
不好意思问一下
下周复诊
头疼三天了
一般多少钱
效果怎么样
成功率有多少
她学的专业是护理
路过一家新开的诊所
转发微博
哈哈哈哈
孩子六岁换牙
疫苗第二针什么时候打
手术台数今年多了
"""


def rows(table: str) -> list[str]:
    return [line for line in table.strip().splitlines() if line]


BLAMED = [(int(row[0]), row[2:]) for row in rows(COMPLAINT)]


@pytest.mark.parametrize("text", rows(PRAISE))
def test_praise(text: str) -> None:
    verdict = judge(text)
    assert (verdict.polarity, verdict.severity) == ("praise", 0), verdict
    assert verdict.cues


@pytest.mark.parametrize(("severity", "text"), BLAMED)
def test_complaint(severity: int, text: str) -> None:
    verdict = judge(text)
    assert (verdict.polarity, verdict.severity) == ("complaint", severity), verdict
    assert verdict.cues


@pytest.mark.parametrize("text", rows(NEUTRAL))
def test_neutral(text: str) -> None:
    verdict = judge(text)
    assert (verdict.polarity, verdict.severity, verdict.cues) == ("neutral", 0, ())


def test_tables_are_large() -> None:
    assert len(rows(PRAISE)) + len(BLAMED) + len(rows(NEUTRAL)) >= 120


def test_cues_are_the_words_of_the_text_with_their_negation() -> None:
    assert judge("医生不推荐他家,也不坑人").cues == ("不推荐",)
    assert judge("一点都不疼,很耐心").cues == ("一点都不疼", "很耐心")


def test_width_and_case_do_not_matter() -> None:
    assert judge("態度差，１２３１５").severity == 3
    assert judge("YYDS").polarity == "praise"


@given(st.text(st.characters(), max_size=200))
def test_any_text_is_judged(text: str) -> None:
    verdict = judge(text)
    assert 0 <= verdict.severity <= 3
    assert (verdict.severity > 0) == (verdict.polarity == "complaint")


@pytest.mark.parametrize("unit", ["不", "很", "坑人", "不是", "推荐", "\ud83d", "没有任何", "但", "a"])
def test_20000_characters_are_no_slow_path(unit: str) -> None:
    assert growth(str, judge, unit) < LIMIT


KINDS = """
态度差得离谱 | complaint
坑人,价格还贵 | complaint
排队两个小时,太慢了 | complaint
种植牙做得一般,有点失望 | complaint
一直推销办卡,烦死,不推荐 | complaint
技术不行,补的牙又掉了 | complaint
环境差,设备旧 | complaint
前台不耐烦 | complaint
强制消费,套路深 | complaint
避雷这家 | complaint
收费高,不值 | complaint
没耐心,说不清楚 | complaint
卡办了不退钱 | dispute
钱交了拒绝退款 | dispute
已经打12315了 | dispute
准备起诉他们 | dispute
律师函都发了 | dispute
向卫健委反映了 | dispute
去法院立案 | dispute
消费者协会介入了 | dispute
要求赔偿三万 | dispute
我要举报他们 | dispute
无证行医,黑诊所 | dispute
用的是假药 | dispute
和他们有医疗纠纷 | dispute
家属在门口拉横幅 | dispute
收完钱跑路了 | dispute
医生动手打人 | dispute
前台泄露我的照片 | dispute
报警处理了 | dispute
不认账,翻脸不认人 | dispute
拔错牙了 | injury
拔牙以后面瘫了 | injury
打断神经,嘴唇麻了半年 | injury
术后大出血 | injury
做完感染了 | injury
误诊成龋齿 | injury
针断在牙里面 | injury
麻醉意外 | injury
开错药了 | injury
留下后遗症 | injury
差点毁容 | injury
抢救了一晚上 | injury
医疗事故 | injury
根管钻头断在里面 | injury
人都昏迷了 | injury
打错针 | injury
眼睛失明 | injury
上热搜了 | media
已经联系记者 | media
被媒体曝光 | media
等着上新闻吧 | media
315晚会都点名了 | media
我要曝光他们 | media
拔错牙还不退钱 | dispute injury
误诊,要求赔偿,记者都来了 | dispute injury media
态度差,还拔错牙 | complaint injury
太贵了,退款也不给 | complaint dispute
大出血送医院抢救,家属起诉 | dispute injury
被曝光无证行医 | dispute media
很坑,已投诉到卫健委 | complaint dispute
服务差,医生把钻头断在里面,还不认账 | complaint dispute injury
没有医疗事故,医生很耐心 |
不是黑诊所,很靠谱 |
医生很好,推荐 |
今天路过看了一眼 |
法院对面那家诊所,医生很好 |
没有乱收费,收费透明 |
"""


@pytest.mark.parametrize("row", KINDS.strip().splitlines())
def test_what_a_complaint_is_about(row: str) -> None:
    text, _, kinds = row.partition("|")
    found = judge(text.strip())
    assert list(found.kinds) == kinds.split()
    assert bool(found.kinds) == (found.polarity == "complaint")


@pytest.mark.parametrize("kind", ["dispute", "injury", "media"])
def test_every_word_for_a_kind_is_a_complaints_cue(kind: str) -> None:
    data = tomllib.loads(CUES.read_text(encoding="utf-8"))
    cues = {word for words in data["complaint"].values() for word in words}
    assert set(data["kinds"][kind]) <= cues


def test_a_word_says_one_kind() -> None:
    kinds = tomllib.loads(CUES.read_text(encoding="utf-8"))["kinds"]
    words = [word for kind in kinds.values() for word in kind]
    assert len(words) == len(set(words))


# Least macro-F1 of the polarity and least share of pairs in the order of their severity: what was measured,
# less what two changed sentences can make. See docs/nlp.md.
LEAST = {"words": (0.95, 0.96), "seen": (0.84, 0.90), "read": (0.60, 0.70), "blind": (0.53, 0.72)}


@pytest.mark.parametrize("group", LEAST)
def test_invented_mentions_are_told_apart_and_the_graver_one_comes_first(group: str) -> None:
    found = scores([row for row in mentions() if row.group == group])
    assert found.macro_f1 >= LEAST[group][0]
    assert found.order >= LEAST[group][1]


def test_mentions_were_read_twice_alike() -> None:
    polarity, severity = kappas(mentions())
    assert polarity >= 0.9
    assert severity >= 0.9


def test_no_mention_is_an_example_that_the_model_learnt_from() -> None:
    lines = (DATA / "tone.tsv").read_text(encoding="utf-8").splitlines()
    learnt = {line.partition("\t")[2] for line in lines}
    assert len(learnt) == len(lines)
    assert not learnt & {row.text for row in mentions()}


def test_the_model_knows_its_examples_and_every_tone() -> None:
    lines = (DATA / "tone.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    right = sum(ToneModel.load().tone(text) == tone for tone, text in rows)
    assert {tone for tone, _ in rows} == set(TONES)
    assert right >= 0.95 * len(rows)


@pytest.mark.parametrize(
    ("text", "polarity", "kinds"),
    [
        ("把我上颌打通了，喝水从鼻子里出来", "complaint", ("injury",)),
        ("从进门到出来四十分钟，问什么答什么", "praise", ()),
        ("请问他们家周末几点开门", "neutral", ()),
    ],
)
def test_where_no_word_is_known_a_model_guesses(text: str, polarity: str, kinds: tuple[str, ...]) -> None:
    assert by_cues(text).polarity == "neutral"
    found = judge(text)
    assert (found.polarity, found.kinds, found.cues) == (polarity, kinds, ())


def test_a_known_word_outweighs_the_model() -> None:
    assert judge("没有医疗事故，把我上颌打通了").severity < 3


def test_of_a_long_text_without_a_known_word_nothing_is_guessed() -> None:
    assert judge("把我上颌打通了，喝水从鼻子里出来。" * 20).polarity == "neutral"


@pytest.mark.parametrize(
    "text",
    ["拔智齿把我神经弄伤了，正在找律师", "电视台都来采访了", "打麻药晕过去，叫了救护车", "准备走法律程序"],
)
def test_harm_law_and_media_outrank_rudeness(text: str) -> None:
    assert judge(text).severity > judge("前台翻白眼骂我，态度恶劣").severity
