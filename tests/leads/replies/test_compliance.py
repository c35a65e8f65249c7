"""The compliance check: what clinics must not say is found however written; plain advice is let pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.replies import compliance
from leads.replies.compliance import check
from tests.support.growth import LIMIT, growth

FORBIDDEN = [
    # 绝对化用语
    ("我们有最好的牙医", "最好的牙医"),
    ("全市最好的口腔科", "全市最好"),
    ("这边技术最先进", "最先进"),
    ("最专业的团队为您服务", "最专业"),
    ("顶级专家坐诊", "顶级"),
    ("国家级名医", "国家级"),
    ("行业领先的种植中心", "行业领先"),
    ("口碑第一的诊所", "口碑第一"),
    ("我们是附近唯一的正规诊所", "唯一的正规"),
    ("价格最低，质量最优质", "最优质"),
    ("选我们是您最佳选择", "最佳"),
    ("独家技术，种牙首选", "独家技术"),
    ("本地最好", "本地最好"),
    ("医生最好，服务也好", "医生最好"),
    ("卫健委指定诊所", "卫健委指定诊所"),
    # 保证
    ("保证治好", "保证"),
    ("我们向您保证不疼", "保证"),
    ("一次根治，永不复发", "根治"),
    ("包治百病", "包治"),
    ("包好，不好不要钱", "包好"),
    ("牙周炎可以断根", "断根"),
    ("药到病除", "药到病除"),
    ("三天见效", "三天见效"),
    ("两次就能治好", "两次就能治好"),
    ("7天内痊愈", "7天内痊愈"),
    ("百分百有效", "百分百有效"),
    ("肯定能治好的，放心", "肯定能治好"),
    ("绝对不疼", "绝对不疼"),
    ("无痛拔牙", "无痛"),
    ("没有任何副作用", "没有任何副作用"),
    ("零风险手术", "零风险"),
    ("无效全额退款", "无效全额退款"),
    ("疗效显著", "疗效显著"),
    ("特效治疗口腔溃疡", "特效"),
    ("不会复发的，来就行", "不会复发"),
    ("不用担心，保证看好", "保证"),
    ("牙疼不能拖来我们这里保证治好", "保证"),
    ("彻底解决你的烦恼", "彻底解决"),
    ("轻松告别牙痛", "轻松告别"),
    ("不满意可以退", "不满意可以退"),
    ("效果非常好", "效果非常好"),
    # 治愈率
    ("做过很多例种植", "做过很多例"),
    ("治愈率98%", "治愈率"),
    ("有效率高达九成", "有效率"),
    ("成功率99.5%以上", "成功率"),
    ("95%的患者都好了", "95%的患者都好了"),
    ("百分之九十八的人治好", "百分之九十八的人治好"),
    ("已经治好了3000多名患者", "治好了3000多名患者"),
    ("做过上千例种植", "上千例种植"),
    ("复发率不到百分之一", "复发率不到"),
    # 证明
    ("这里有真实案例", "真实案例"),
    ("发你一张治疗前后对比图", "治疗前后对比"),
    ("患者都说好", "患者都说好"),
    ("好评如潮", "好评如潮"),
    ("很多明星都来这里", "明星都来"),
    ("专家推荐的诊所", "专家推荐"),
    ("上周有个患者跟你一样，做完就不疼了", "上周有个患者跟你一样"),
    ("王女士在我们这里治好了", "王女士在我们这里治好"),
    ("军医背景，值得信任", "军医背景"),
    ("退休主任坐诊", "退休主任坐诊"),
    # 比较
    ("比大医院便宜", "比大医院便宜"),
    ("比隔壁诊所专业", "比隔壁诊所专业"),
    ("千万别去公立医院", "千万别去公立医院"),
    ("别家都是坑", "别家都是坑"),
    ("大医院看不好的来我们这里", "大医院看不好的来我们"),
    ("隔壁那家诊所不专业", "诊所不专业"),
    # 优惠
    ("洗牙限时特价", "限时"),
    ("种植牙8折", "8折"),
    ("免费拍片", "免费拍片"),
    ("仅需99元", "仅需99元"),
    ("到店送洗牙", "送洗牙"),
    ("名额有限，先到先得", "名额有限"),
    # 技术
    ("祖传秘方专治牙疼", "祖传秘方"),
    ("德国进口设备", "德国进口设备"),
    ("采用即刻种植技术", "采用即刻种植技术"),
    # 商品
    ("这款牙膏能治疗牙周炎", "牙膏能治疗"),
    ("泡脚可以治失眠", "泡脚可以治"),
    # 联系方式
    ("电话13800138000", "13800138000"),
    ("打028-85551234找我", "028-85551234"),
    ("010 8888 6666", "01088886666"),
    ("加微信聊", "加微信"),
    ("vx: abc12345", "vx:abc12345"),
    ("私信我领优惠", "私信我领"),
    ("地址：人民路12号", "地址:"),
    ("看 https://clinic.example/a", "https://clinic.example/a"),
]

VARIANTS = [
    "保 证治好",
    "保·证治好",
    "保.证治好",
    "保*证治好",
    "保-证治好",
    "保_证治好",
    "保\u200b证治好",
    "保/证治好",
    "保👍证治好",
    "保證治好",
    "保 · 证 治 好",
    "治愈率98％",
    "治愈率９８%",
    "治癒率百分之九十八",
    "治 愈 率 98 %",
    "１００％有效",
    "最 佳选择",
    "最\u2060佳选择",
    "無效退款",
    "無痛拔牙",
    "全国第壹家顶级诊所",
    "加 V 信",
    "加VX",
    "加ｖｘ",
    "【保证】治好",
    "“根治”牙周炎",
]

ALLOWED = [
    "不能保证一次就好，要检查后才知道",
    "没有医生能打包票，谁也不能保证",
    "我们无法保证不疼，但会打麻药",
    "疗效因人而异，没人能保证",
    "医生不承诺治愈率",
    "不要相信包治百病的说法",
    "谨防声称根治的广告",
    "很难根治，但可以控制",
    "牙周炎难以断根，需要长期维护",
    "并非百分百有效",
    "这不代表治愈率",
    "最近的医院在哪",
    "最好尽快就医",
    "最好先去拍个片子",
    "最好不要自己掏耳朵",
    "最好的办法是让医生看一下",
    "最近一周有没有发烧",
    "最后一颗牙的位置",
    "最多用三天，不见好就去医院",
    "最少要漱口半分钟",
    "最初的疼是冷热痛吗",
    "最安全的做法是去急诊",
    "第一时间去急诊",
    "第一次看牙的话带上身份证",
    "第一步先用温水漱口",
    "第一磨牙疼",
    "最常见的是牙髓炎",
    "最主要的原因是缺血",
    "最新的指南建议半年洗一次牙",
    "大多数人两周内恢复",
    "消肿后两天内就能拔",
    "唯一要注意的是别用舌头舔",
    "请保证充足睡眠",
    "保证每天喝够水",
    "注意保证休息",
    "先保证呼吸通畅，再打120",
    "把冰袋用毛巾包好敷在脸上",
    "包好伤口，去医院打破伤风",
    "书包好重会压肩膀",
    "如果疼得厉害，请立即就医",
    "如有发烧、脸肿、张口困难，请立即就医",
    "止痛药按说明书吃，不要超量",
    "用温盐水轻轻漱口，别用热敷",
    "不要自己用偏方",
    "民间偏方不可信",
    "有可能会反复，需要复查",
    "智齿要不要拔，要看片子",
    "可能会有点疼，医生会先打麻药",
    "费用要看检查结果",
    "我们诊所有口腔科，周末也开诊",
    "安和口腔，口腔科，早上八点半到晚上八点接诊",
    "离您大概3公里",
    "可以挂口腔科或者口腔颌面外科",
    "先挂急诊",
    "孩子发烧超过38.5度可以吃退热药",
    "有30%的烫伤面积要马上送医院",
    "血压160/100要当心",
    "三天后复诊",
    "一天刷两次牙",
    "吃完两小时再躺下",
    "拔牙后24小时内不要漱口",
    "缝针七天后拆线",
    "请医生当面看看再决定",
    "有疑问可以去大医院再看看",
    "也可以去公立医院挂号",
    "您之前治疗过吗",
    "治疗前先拍片",
    "这种情况大多是牙髓炎引起的",
    "绝大多数口腔溃疡一两周会自己长好",
    "没有什么特效药",
    "比昨天更肿了吗",
    "比体温计量一下更好",
    "请打120",
    "拨打120或者去最近的急诊",
    "去路口的药店买支体温计",
    "地上滑，小心摔跤",
    "位置在左边还是右边",
    "我们不搞促销",
    "不参加打折活动",
    "国家免费疫苗可以在社区打",
    "牙膏选含氟的就行",
    "漱口水不能代替刷牙",
    "茶喝多了牙会变黄",
    "成功与否要看骨头的条件",
    "有效的办法是每天用牙线",
    "患者需要先填表",
    "专家门诊要提前挂号",
    "教授今天停诊",
    "打折了的骨头要固定",
    "骨折三天了还肿",
    "曲折的根管治起来慢一些",
    "",
    "   ",
]


@pytest.mark.parametrize(("text", "words"), FORBIDDEN)
def test_what_is_forbidden_is_found(text: str, words: str) -> None:
    assert words in "|".join(found.words.replace(" ", "").replace("：", ":") for found in check(text))


@pytest.mark.parametrize("text", VARIANTS)
def test_other_spellings_are_found_too(text: str) -> None:
    assert check(text)


@pytest.mark.parametrize("text", ALLOWED)
def test_plain_advice_is_let_pass(text: str) -> None:
    assert check(text) == ()


def test_a_finding_says_where_which_rule_and_what_instead() -> None:
    text = "您好，\n我们治 愈 率98％哦"
    (found,) = check(text)
    assert text[found.start : found.end] == found.words == "治 愈 率"
    assert "第十六条" in found.law
    assert "《医疗广告管理办法》第七条" in found.law
    assert found.instead


def test_every_kind_of_words_names_a_law_and_an_alternative() -> None:
    codes = [entry.code for entry in compliance.entries()]
    assert len(codes) == len(set(codes)) >= 9
    for entry in compliance.entries():
        assert entry.law.startswith("《"), entry.code
        assert "第" in entry.law, entry.code
        assert entry.instead.endswith("。"), entry.code
        assert check(entry.instead) == (), entry.code  # what is proposed passes itself


def test_every_pattern_is_one_that_finds_something() -> None:
    """An entry that no line of the table reaches would be untested."""
    titles = {found.title for text, _ in FORBIDDEN for found in check(text)}
    assert titles == {entry.title for entry in compliance.entries()}


@given(st.text(max_size=300))
def test_findings_lie_in_the_text_in_order(text: str) -> None:
    found = check(text)
    assert all(text[each.start : each.end] == each.words != "" for each in found)
    assert [each.start for each in found] == sorted(each.start for each in found)


@given(st.sampled_from(FORBIDDEN), st.text("。，\n哦呀 ", max_size=10), st.text("。，\n哦呀 ", max_size=10))
def test_what_stands_around_does_not_hide_it(line: tuple[str, str], before: str, after: str) -> None:
    assert check(before + line[0] + after)


def test_a_long_text_is_no_slow_path() -> None:
    assert growth(str, check, "最比的患者保证不") < LIMIT
