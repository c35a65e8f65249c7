"""What is masked and what must not be. All numbers, names and addresses are invented."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.pii import MASKS, Kind, find, mask, without_users
from tests.support.growth import LIMIT, growth

# text → what is left of it
MASKED: dict[Kind, list[tuple[str, str]]] = {
    "phone": [
        ("电话13800001234", "电话[电话]"),
        ("138 0000 1234", "[电话]"),
        ("138-0000-1234", "[电话]"),
        ("138 00001234", "[电话]"),
        ("1380000 1234", "[电话]"),
        ("13800 001234", "[电话]"),
        ("138000 01234", "[电话]"),
        ("138 000 01234", "[电话]"),
        ("1380 000 1234", "[电话]"),
        ("138.0000.1234", "[电话]"),
        ("138_0000_1234", "[电话]"),
        ("138——0000——1234", "[电话]"),
        ("１３８００００１２３４", "[电话]"),
        ("一三八零零零零一二三四", "[电话]"),
        ("壹叁捌零零零零壹贰叁肆", "[电话]"),
        ("幺三八〇〇〇〇幺二三四", "[电话]"),
        ("138零零零零1234", "[电话]"),
        ("1 3 8 0 0 0 0 1 2 3 4", "[电话]"),
        ("1-3-8-0-0-0-0-1-2-3-4", "[电话]"),
        ("1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣0️⃣1️⃣2️⃣3️⃣4️⃣", "[电话]️⃣"),
        ("+86 13800001234", "[电话]"),
        ("+86-138-0000-1234", "[电话]"),
        ("008613800001234", "[电话]"),
        ("(+86)13800001234", "[电话]"),
        ("手机:19900005678,急", "手机:[电话],急"),
        ("打我电话17700009999谢谢", "打我电话[电话]谢谢"),
        ("联系15500001111或16600002222", "联系[电话]或[电话]"),
        ("028-85551234", "[电话]"),
        ("(028)85551234", "[电话]"),
        ("028 8555 1234", "[电话]"),
        ("02885551234", "[电话]"),
        ("0755-22223333转801", "[电话]"),
        ("0831-2223334", "[电话]"),
        ("010-66668888", "[电话]"),
        ("400-123-4567", "[电话]"),
        ("4001234567", "[电话]"),
        ("400 1234 567", "[电话]"),
        ("800-820-1234", "[电话]"),
        ("座机85551234", "座机[电话]"),
        ("致电:6655-4433", "致电:[电话]"),
    ],
    "wechat": [
        ("加V：abc12345", "加V：[微信]"),
        ("加v abc12345", "加v [微信]"),
        ("+v 88sunny", "+v [微信]"),
        ("➕V:lucky_99", "➕V:[微信]"),
        ("薇信 zhangsan_88", "薇信 [微信]"),
        ("薇信：kele2020a", "薇信：[微信]"),
        ("威信号mmj_5566", "威信号[微信]"),
        ("维信同号 hello-2021", "维信同号 [微信]"),
        ("微信号是doudou123", "微信号是[微信]"),
        ("微信13800001234", "微信[微信]"),
        ("vx13800001234", "vx[微信]"),
        ("vx:yayaya99", "vx:[微信]"),
        ("VX yayaya99", "VX [微信]"),
        ("wx：smile_2022", "wx：[微信]"),
        ("WX号 smile_2022", "WX号 [微信]"),
        ("v信smile2022", "v信[微信]"),
        ("V❤xiao_mei2020", "V❤[微信]"),
        ("加我微信lele8899", "加我微信[微信]"),
        ("加薇nini7788", "加薇[微信]"),
        ("加威:nini7788", "加威:[微信]"),
        ("卫星号happyday1", "卫星号[微信]"),
        ("weixin: peach_01", "weixin: [微信]"),
        ("wechat:peachpeach", "wechat:[微信]"),
        ("微信:onlyletters", "微信:[微信]"),
        ("微 信 tiantian66", "微 信 [微信]"),
        ("微信 123456789", "微信 [微信]"),
    ],
    "qq": [
        ("扣扣123456789", "扣扣[QQ]"),
        ("QQ 123456789", "QQ [QQ]"),
        ("qq:55667788", "qq:[QQ]"),
        ("加Q 55667788", "加Q [QQ]"),
        ("QQ群：876543210", "QQ群：[QQ]"),
        ("企鹅号88776655", "企鹅号[QQ]"),
        ("扣群 345678912", "扣群 [QQ]"),
        ("QQ号是10203040", "QQ号是[QQ]"),
    ],
    "account": [
        ("小红书号：yaya_88", "小红书号：[账号]"),
        ("抖音号abc.123", "抖音号[账号]"),
        ("支付宝账号:foo_bar1", "支付宝账号:[账号]"),
    ],
    "email": [
        ("邮箱 zhang.san@example.com", "邮箱 [邮箱]"),
        ("发到a_b-c@mail.example.cn谢谢", "发到[邮箱]谢谢"),
        ("ZHANG@EXAMPLE.ORG", "[邮箱]"),
        ("123456@qq.com", "[邮箱]"),
        ("ｚｓ＠ｅｘａｍｐｌｅ．ｃｏｍ", "[邮箱]"),
    ],
    "id": [
        ("身份证11010519491231002X", "身份证[证件号]"),
        ("身份证11010519491231002x的", "身份证[证件号]的"),
        ("110105 19491231 002X", "[证件号]"),
        ("110105-19491231-002X", "[证件号]"),
        ("老身份证110105491231002", "老身份证[证件号]"),
        ("１１０１０５１９４９１２３１００２Ｘ", "[证件号]"),
    ],
    "card": [
        ("卡号6222021234567890128", "卡号[银行卡]"),
        ("4111 1111 1111 1111", "[银行卡]"),
        ("打到5500-0000-0000-0004", "打到[银行卡]"),
        ("4111111111111111工行", "[银行卡]工行"),
    ],
    "plate": [
        ("车牌川A12345", "车牌[车牌]"),
        ("沪B·88888堵门口", "[车牌]堵门口"),
        ("粤BD12345是新能源", "[车牌]是新能源"),
        ("京 N8P8F8", "京 N8P8F8"),
        ("苏E05EV8剐了我", "[车牌]剐了我"),
        ("浙a8888警", "[车牌]"),
    ],
    "address": [
        ("天府大道12号3栋2单元401", "天府大道***"),
        ("春熙路8号", "春熙路***"),
        ("春熙路8号2楼", "春熙路***"),
        ("解放路 18号附3号", "解放路***"),
        ("中山路100弄5号602室", "中山路***"),
        ("人民街15-3号", "人民街***"),
        ("建设巷7号院2号楼1单元501", "建设巷***"),
        ("阳光小区3栋2单元401室", "阳光小区***"),
        ("住3栋1502", "住***"),
        ("5号楼2单元", "***"),
        ("金色家园一幢二单元三零一室", "金色家园***"),
        ("学校7栋宿舍", "学校7栋宿舍"),
        ("锦绣花园B座1203", "锦绣花园***"),
    ],
    "name": [
        ("联系人张女士", "联系人[姓名]"),
        ("联系人：李强", "联系人：[姓名]"),
        ("联系人: 王先生,随时", "联系人: [姓名],随时"),
        ("收件人：赵小明", "收件人：[姓名]"),
        ("姓名：陈某", "姓名：[姓名]"),
        ("请找刘经理", "请找[姓名]"),
        ("联系周阿姨", "联系[姓名]"),
    ],
    "handle": [
        ("@小鱼儿 在吗", "@某人 在吗"),
        ("//@abc_1:转", "//@某人:转"),
        ("＠小鱼儿", "@某人"),
        ("谢谢@牙医-小李!", "谢谢@某人!"),
    ],
    "link": [
        ("weibo.com/u/1234567890", "[链接]"),
        ("https://weibo.com/1234567890/AbCdE1234", "[链接]"),
        ("看https://m.weibo.cn/profile/1234567890吧", "看[链接]吧"),
        ("https://weibo.com/n/somebody_x", "[链接]"),
    ],
}

# Nothing personal in these.
LEFT_ALONE = [
    "微信支付很方便",
    "QQ音乐年费",
    "微信公众号",
    "打120急救",
    "投诉12315",
    "拨打12345",
    "血压120/80",
    "高压150低压100",
    "2023-01-15复诊",
    "2023年1月15日",
    "圆周率3.1415926535897",
    "股票600519涨了",
    "ISBN 9787302423287",
    "订单号20230115123456789",
    "快递单号 773012345678901",
    "微信8.0.16版本",
    "微信 android 版",
    "微信iphone都能用",
    "价格13800元",
    "花了138000块",
    "38.5度烧了3天",
    "孩子13岁14斤",
    "人民路2号线地铁",
    "坐3号线到天府广场",
    "2号楼梯间太黑",
    "第3栋楼真高",
    "3楼302诊室",
    "门诊5楼",
    "1楼大厅",
    "加油加油666666",
    "身高175体重65",
    "空腹血糖6.1,餐后7.8",
    "2020年新冠13.5万例",
    "5G手机12+256",
    "10086营业厅",
    "95588客服",
    "19岁20岁21岁22岁",
    "百分之99.99",
    "胎心率140-150",
    "近视500度,散光100",
    "HPV16 18 52 58阳性",
    "13 14 15 16 17 18号都行",
    "1 2 3 4 5 6 7 8 9",
    "2019-2020赛季",
    "价格区间3000-5000-8000",
    "京A股票和B股票",
    "豫剧ABC",
    "川A牌照限行",
    "我的微信里有你",
    "企鹅很可爱",
    "加号键坏了",
    "VX公司上市",
    "路1公里就到",
    "里程12345公里",
    "十二三四五六七",
    "一二三四五六七八九十",
    "三五成群七上八下",
    "联系人很多",
    "姓名不重要",
    "找李医生看牙",
    "联系客服",
    "挂王主任的号",
    "@某人 你好",
    "0.618黄金比例",
    "iphone13800大洋",
    "cpu i7-12700k",
    "4000000000元",
    "药品国药准字H20055007",
    "药品批号201907151234567",
    "2021/08/09 10:30:45",
    "转发1234567次",
    "qq邮箱登不上",
]


@pytest.mark.parametrize(
    ("kind", "text", "masked"), [(kind, *case) for kind, cases in MASKED.items() for case in cases]
)
def test_masks(kind: Kind, text: str, masked: str) -> None:
    assert mask(text) == masked
    assert {found.kind for found in find(text)} <= {kind}


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_leaves_alone(text: str) -> None:
    assert mask(text) == text


def test_table_is_large_and_its_figures_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    cases = [case for cases in MASKED.values() for case in cases if case[0] != case[1]]
    caught = sum(mask(text) == masked for text, masked in cases)
    false_alarms = sum(mask(text) != text for text in LEFT_ALONE)
    with capsys.disabled():
        print(f"\npii: {caught}/{len(cases)} masked, {false_alarms}/{len(LEFT_ALONE)} false alarms")
    assert len(cases) + len(LEFT_ALONE) >= 150
    assert len(LEFT_ALONE) >= 50
    assert caught == len(cases)
    assert false_alarms == 0


PIECES = st.sampled_from(
    [text for cases in MASKED.values() for text, _ in cases] + list(MASKS.values()) + LEFT_ALONE
)
ANY = st.text(st.characters(), max_size=60)


@given(st.lists(PIECES | ANY, max_size=6).map("".join))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(ANY)
def test_findings_are_in_order_and_apart(text: str) -> None:
    found = find(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))


def test_lone_surrogates_pass_through() -> None:
    assert mask("\ud83d 电话13800001234 \udc00") == "\ud83d 电话[电话] \udc00"


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "一",
        "1 ",
        "a",
        "微信",
        "@",
        "路1号",
        "1栋",
        "加v",
        "13 ",
        "a.",
        "-",
        "电话",
        "联系人",
        "6222 ",
        "东",
        "川a",
        "weibo.com/",
    ],
)
def test_junk_of_20000_characters_is_no_slow_path(unit: str) -> None:
    assert growth(str, find, unit) < LIMIT


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("看牙记 L某某牙科日记的微博视频", "看牙记 L@某人的微博视频"),
        ("我先看看。某某护肤的微博视频", "我先看看。@某人的微博视频"),
        ("回复 小石榴的妈 : 我也是", "回复 @某人 : 我也是"),
        ("回复小石榴：我也是", "回复@某人：我也是"),
        ("护照号 E12345678 丢了", "护照号 [证件号] 丢了"),
        ("薇 tooth779", "薇 [微信]"),
        ("身份证510107199003072215", "身份证[证件号]"),
        ("卡号 6222 0212 3456 7890 123", "卡号 [银行卡]"),
    ],
)
def test_what_weibo_writes_around_names_and_numbers_with_a_wrong_check_digit(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize("text", ["医生的回复：先拍片", "请回复 ：好的", "大家都在看的微博视频里说过"])
def test_a_reply_without_a_name_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://weibo.com/u/1234567890?x=1 牙疼", "[链接] 牙疼"),
        ("https://forum.example/space-uid-77.html", "https://forum.example/space-uid-[账号]"),
        (
            "https://forum.example/home.php?mod=space&uid=77&do=x",
            "https://forum.example/home.php?mod=space&uid=[账号]&do=x",
        ),
        (
            "https://www.xiaohongshu.com/user/profile/5f0a?x=1",
            "https://www.xiaohongshu.com/user/profile/[账号]?x=1",
        ),
        (
            "https://tieba.baidu.com/home/main?id=tb.1.ab&fr=pb",
            "https://tieba.baidu.com/home/main?id=[账号]&fr=pb",
        ),
        ("https://forum.example/u/lin/summary", "https://forum.example/u/[账号]/summary"),
        ("https://forum.example/thread-1-1-1.html?id=5", "https://forum.example/thread-1-1-1.html?id=5"),
        ("@虚构昵称 帮看看，lin@example.com", "@某人 帮看看，lin@example.com"),
    ],
)
def test_what_says_who_goes_and_the_rest_of_a_record_stays(text: str, kept: str) -> None:
    assert without_users(text) == kept
    assert without_users(kept) == kept
