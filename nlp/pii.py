"""Finds and masks what identifies or reaches a private person. Standard library only.

Phones, messenger handles, e-mail, identity cards, passports and bank cards, number plates, addresses below
street level, names given as contact, @handles and links to Weibo users. The mask says what was there
("[电话]"), masking twice changes nothing, and every pattern runs in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal, NamedTuple

Kind = Literal[
    "phone", "wechat", "qq", "account", "email", "id", "card", "plate", "address", "name", "handle", "link"
]

MASKS: dict[Kind, str] = {
    "phone": "[电话]",
    "wechat": "[微信]",
    "qq": "[QQ]",
    "account": "[账号]",
    "email": "[邮箱]",
    "id": "[证件号]",
    "card": "[银行卡]",
    "plate": "[车牌]",
    "address": "***",
    "name": "[姓名]",
    "handle": "@某人",
    "link": "[链接]",
}

# Full width → half width and Chinese numerals → digits, one character for one: positions stay.
_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_NUMERALS = str.maketrans("零〇○一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖", "000112234567891234567" + "89")
_MAY_MATTER = re.compile(
    r"[\d@＠]|微博视频|回复|[零〇○一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖]{7}|[找系]|收件人|收货人|经办人|联络人|姓名|[栋幢座弄]|单元|微信|薇|威信|vx|wx|wei|wechat|维信|加v|\\+v|号",
    re.I,
)

_S = r"[\s\-—–_.·•*/\u200b\ufe0f\u20e3]{1,3}"  # what stands between groups of digits
_END = r"(?![\d])(?!\.\d)"
_MONEY = r"(?!\s{0,2}(?:元|块|万|亿|千|人|件|名|次|年|美元|rmb|步|粉|%|％|米|公里|克|毫升|ml|mg))"
_MOBILE = (
    rf"1[3-9]\d(?:\d{{8}}|{_S}\d{{4}}{_S}\d{{4}}|{_S}\d{{8}}|\d{{4}}{_S}\d{{4}}|{_S}\d{{3}}{_S}\d{{5}}"
    rf"|\d{_S}\d{{3}}{_S}\d{{4}}|\d{{2}}{_S}\d{{6}}|\d{{3}}{_S}\d{{5}}|(?:{_S}\d){{8}})"
    rf"|1{_S}[3-9](?:{_S}\d){{9}}"
)
_PHONE = re.compile(
    rf"(?<!\d)(?<!\d\.)(?:(?:\(?\+?(?:00)?86\)?[\s\-]?)?(?:{_MOBILE}){_END}"
    rf"|\(?0(?:10|2\d|[3-9]\d{{2}})(?:\)|{_S}|\){_S})[2-8]\d{{2,3}}[\s\-]?\d{{4}}(?:(?:-|转)\d{{1,5}})?{_END}"
    rf"|0(?:10|2\d)[2-8]\d{{7}}{_END}|0[3-9]\d{{2}}[2-8]\d{{6,7}}{_END}"
    rf"|[48]00(?:\d{{7}}|{_S}\d{{3}}{_S}\d{{4}}|{_S}\d{{4}}{_S}\d{{3}}|{_S}\d{{7}}|{_S}\d{{2}}{_S}\d{{5}}){_END}{_MONEY})"
)
_CALLED = re.compile(
    rf"(?:电话|座机|热线|致电|拨打|来电|tel)[^\d\n\]]{{0,6}}([2-8]\d{{2,3}}[\s\-]?\d{{4}}){_END}{_MONEY}",
    re.I,
)

_GLUE = r"[\s:：=是为→👉,，~、\-(（]{0,4}"
_WX_WORD = (
    r"(?:微\s?信|薇\s?信|威\s?信|维\s?信|徽信|徵信号|嶶信|薇芯|微芯|微❤️?|微星|卫星号|v\s?信|v\s?x|w\s?x|v❤️?|v心|weixin|wechat|微x|薇x)"
    r"(?:同?号码?|账号|帐号|id|群号)?|(?:加|\+|➕|十|家|嘉|扫)\s?(?:我|个|一下)?\s?(?:v|薇|威|微|徽|卫星|❤)(?:号|我)?|[薇威微](?=[:：]\s?[a-z0-9])|[薇威](?=\s[a-z][a-z0-9_\-]{4,19}(?![a-z0-9]))"
)
_HANDLE = r"[a-z][a-z0-9_\-]{5,19}|\d{5,12}(?![a-z0-9_])|\d{1,6}[a-z_][a-z0-9_\-]{3,18}|[a-z]\d{4,19}"
_WECHAT = re.compile(
    rf"(?:(?<![a-z0-9])|(?<=加))(?:{_WX_WORD})({_GLUE})({_HANDLE})(?![a-z0-9_]){_MONEY}", re.I
)
_QQ = re.compile(
    r"(?:(?<![a-z0-9])q\s?q|扣\s?扣|企鹅号?|口口|球球|(?<![a-z])q群|扣群|(?:加|\+|➕)\s?(?:q|扣))(?:群|号|号码|群号|交流群)*"
    rf"{_GLUE}([1-9]\d{{4,11}}){_END}{_MONEY}",
    re.I,
)
_ACCOUNT = re.compile(
    r"(?:小红书|抖音|快手|陌陌|探探|支付宝|淘宝|闲鱼|telegram|飞机|钉钉|推特|ins)(?:号|id|账号|帐号|用户名)"
    rf"{_GLUE}([a-z0-9_.\-]{{5,30}})",
    re.I,
)
_EMAIL = re.compile(
    r"(?<![a-z0-9._%+\-])[a-z0-9._%+\-]{1,64}@[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){0,3}\.[a-z]{2,10}(?![a-z])",
    re.I,
)
_ID18 = re.compile(r"(?<!\d)[1-8]\d{5}[\s\-]?(?:19|20)\d{2}[\s\-]?\d{4}[\s\-]?\d{3}[\dx](?![\da-z])", re.I)
_ID15 = re.compile(r"(?<!\d)[1-8]\d{14}(?!\d)")
_CARD = re.compile(
    r"(?<!\d)(?<!\d\.)[3-6]\d{3}(?:[\s\-]?\d{4}){2}(?:[\s\-]?\d{4}(?:[\s\-]?\d{1,3})?|[\s\-]?\d{3})(?!\d)"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-hj-np-z][·•.\s\-]?"
    r"(?=[a-hj-np-z\d]{0,5}\d[a-hj-np-z\d]{0,5})(?=(?:[a-hj-np-z]?\d){2})[a-hj-np-z\d]{4,5}[a-hj-np-z\d挂学警港澳](?![a-z\d])",
    re.I,
)
_NUMBER = (
    r"(?:\d{1,5}(?:[\-–]\d{1,4}){0,3}|[零〇一二三四五六七八九十百]{1,4}|[a-z]\d{0,3}|[甲乙丙丁东西南北])"
)
_UNIT = r"(?:号院|号楼|号|弄|栋|幢|座|单元|层|楼|室|房间|房|户|门|宿舍|寝室|铺)"
_STREET = re.compile(
    rf"(?<=[路街道巷弄同里村庄园区组队])\s?\d{{1,5}}(?:[\-–之]\d{{1,4}})?\s?(?:号|弄|#)(?!线|口|出口|机|文|令|公交|车|地铁|站|门诊|选手|病|染|楼梯|球|字|台|柜|针|粉|色|链|抽)"
    rf"(?:院|楼)?(?:附\d{{1,4}}号)?(?:[一-龥]{{0,8}}?\s?{_NUMBER}\s?{_UNIT}){{0,5}}(?:\s?\d{{3,4}}(?!\d|元|年))?",
    re.I,
)
_HOME = re.compile(
    rf"(?:{_NUMBER}\s?(?:号楼|栋|幢|弄|座|单元)[\s,，\-]?)(?:{_NUMBER}\s?{_UNIT}[\s,，\-]?){{0,4}}(?:{_NUMBER}\s?{_UNIT}|\d{{3,4}}(?!\d|元|年|人|块|平))",
    re.I,
)
_SURNAME = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹喻苏潘葛范彭鲁韦马方俞任袁柳鲍史唐"
    "薛雷贺倪汤滕罗毕郝安常于傅康伍余顾孟黄萧尹姚邵汪毛戴宋庞熊纪舒屈项祝董梁杜阮蓝季贾江童颜郭梅林钟徐邱"
    "骆高夏蔡田樊胡凌霍万柯管卢莫房解丁邓洪包石崔龚程邢裴陆翁曾叶白蒲邰温庄柴瞿阎连习易廖文耿欧龙刘"
)
_POLITE = r"(?:女士|先生|小姐|老师|经理|阿姨|叔叔|师傅|大姐|大哥|姐|哥|总|同学|太太)"
_NAME = re.compile(
    rf"(?:联系人|收件人|收货人|经办人|联络人|姓名|患者姓名)(?:[:：是为\s]{{1,3}}|(?=[{_SURNAME}]))"
    rf"([{_SURNAME}][一-龥]{{0,2}}?{_POLITE}|[{_SURNAME}][一-龥]{{1,2}}(?![一-龥])|[{_SURNAME}]某{{1,2}})"
    rf"|(?:请找|请联系|可联系|电联|找|联系)([{_SURNAME}][一-龥]{{0,2}}?(?:女士|先生|小姐|经理|阿姨|叔叔|师傅|大姐|大哥|太太))"
)
# What Weibo itself writes around a nickname without an @.
_NICK = re.compile(
    r"(?<![a-z])l(?!某人)([\w\-·]{2,30}?)的微博视频|(?:^|(?<=[\s。！？!?，,：:#]))([\w\-·]{2,30})的微博视频(?=\s|$)|(?:^|(?<=[\s/。！？!?,，]))回复\s?(?!某人)([\w\-·]{1,30})\s?[:：]",
    re.I | re.M,
)
_PASSPORT = re.compile(
    r"(?:护照|passport)[^\da-z\n\]]{0,8}([a-z]{1,2}\d{7,8})(?![a-z\d])"
    r"|(?<![a-z\d])((?:[eg]\d{8}|e[a-hj-np-z]\d{7}))(?![a-z\d])",
    re.I,
)
_CALLED_CARD = re.compile(
    r"(?:卡号|银行卡|信用卡|储蓄卡|借记卡)[^\d\n\]]{0,10}(\d{4}(?:[\s\-]?\d{4}){2,3}(?:[\s\-]?\d{1,4})?)(?!\d)"
)
_AT = re.compile(r"(?<![a-z0-9._%+\-])@(?!某人)[\w\-·]{1,30}", re.I)
_LINK = re.compile(
    r"(?:https?://)?(?:www\.|m\.)?weibo\.(?:com|cn)/(?:(?:u|profile)/\d{5,20}|n/[\w%\-]{1,60}|\d{5,20})(?:/\w{1,20})?(?:\?[\w=&%.\-]{0,200})?",
    re.I,
)
# In links of forums, Tieba, Xiaohongshu, Zhihu, Douban and their like.
_USER_PART = re.compile(
    r"((?:/(?:user/profile|people|space|users?(?!/profile/)|u)/|space-(?:uid|username)-"
    r"|[?&](?:uid|user_?id|user_?name|un|portrait)=|[?&]id=(?=tb\.)))(?!\[)[^/?&#\s\"\\]{1,200}",
    re.I,
)
_ORDERED = re.compile(
    r"(?:订单|单号|运单|编号|快递|流水|isbn|批号|货号|文号|序列|条码|edition|案号|发票|型号|股票|代码)[^\d\n]{0,8}$",
    re.I,
)
# What follows 微信 in Latin letters and is no handle.
_NO_HANDLE = frozenset(
    [
        "android",
        "iphone",
        "windows",
        "wechat",
        "weixin",
        "version",
        "official",
        "harmony",
        "macbook",
        "service",
        "payment",
        "public",
        "mini-program",
        "app-store",
    ]
)


class Identifier(NamedTuple):
    """A stretch of the original text and what it is."""

    start: int
    end: int
    kind: Kind


def find(text: str) -> list[Identifier]:
    """Everything to be masked, in order, without overlaps. Positions are those of `text`."""
    if not _MAY_MATTER.search(text):
        return []
    plain = text.translate(_WIDTH)
    taken = bytearray(len(text))
    found: list[Identifier] = []
    digits = len(_DIGIT.findall(plain))
    for may_match, finder in _FINDERS:
        if not may_match(plain, digits):
            continue
        for start, end, kind in finder(plain):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(Identifier(start, end, kind))
    return sorted(found)


def mask(text: str) -> str:
    """`text` with everything `find` finds replaced by what it was. Masking twice changes nothing."""
    for _ in range(8):  # a mask can set free a number that its neighbour had hidden
        found = find(text)
        if not found:
            break
        text = _replace(text, found)
    return text


def without_users(text: str) -> str:
    """`text` without names after an @ and links to users, else as it is: for records that are to be mended.

    Weibo's links go whole; of other sites' the part that says who.
    """
    linked = _USER_PART.sub(lambda found: found[1] + MASKS["account"], _LINK.sub(MASKS["link"], text))
    names = [*_whole(_AT, "handle")(linked), *_group(_NICK, "handle")(linked)]
    return _replace(linked, sorted(names))


def _replace(text: str, found: list[Identifier]) -> str:
    out: list[str] = []
    last = 0
    for start, end, kind in found:
        out += (text[last:start], MASKS[kind])
        last = end
    out.append(text[last:])
    return "".join(out)


def _whole(pattern: re.Pattern[str], kind: Kind, check: Callable[[str], bool] | None = None) -> _Finder:
    def finder(text: str) -> Iterator[Identifier]:
        for match in pattern.finditer(text):
            if (check is None or check(match[0])) and not _is_order(text, match.start(), kind):
                yield Identifier(match.start(), match.end(), kind)

    return finder


def _group(pattern: re.Pattern[str], kind: Kind) -> _Finder:
    def finder(text: str) -> Iterator[Identifier]:
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            yield Identifier(match.start(group), match.end(group), kind)

    return finder


_Finder = Callable[[str], Iterator[Identifier]]


def _is_order(text: str, start: int, kind: Kind) -> bool:
    """Is the number before `start` called an order, parcel, ISBN, …? Only long numbers can be either."""
    return kind in ("card", "id", "phone") and _ORDERED.search(text, max(0, start - 14), start) is not None


def _wechat(text: str) -> Iterator[Identifier]:
    for match in _WECHAT.finditer(text):
        glue, handle = match[1], match[2].lower()
        explicit = any(sign in glue for sign in ":：=是为→👉") or match[0].lower().startswith(
            ("加", "+", "➕")
        )
        if handle in _NO_HANDLE or not (explicit or re.search(r"[\d_\-]", handle)):
            continue
        if handle.isdigit() and len(handle) < 6 and not explicit:
            continue
        yield Identifier(match.start(2), match.end(2), "wechat")


def _spoken_phones(text: str) -> Iterator[Identifier]:
    """一三八〇〇…: numbers in Chinese numerals, mixed or not."""
    digits = text.translate(_NUMERALS)
    if digits != text:
        yield from _whole(_PHONE, "phone")(digits)


def _is_identity(number: str) -> bool:
    """GB 11643: province and birth date. The check character is not asked: who mistypes one is known by the
    rest."""
    digits = re.sub(r"[\s\-]", "", number)
    real = int(digits[:2]) in _PROVINCES or digits[:2] in ("71", "81", "82", "83")
    return real and _is_birth(digits[6:10], digits[10:12], digits[12:14])


def _is_old_identity(number: str) -> bool:
    """The 15-digit form of before 1999; it has no check digit, so province and birth date must be real."""
    return int(number[:2]) in _PROVINCES and _is_birth("19" + number[6:8], number[8:10], number[10:12])


_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66)]
)


def _is_birth(year: str, month: str, day: str) -> bool:
    try:
        return date(1900, 1, 1) <= date(int(year), int(month), int(day))
    except ValueError:
        return False


def _is_card(number: str) -> bool:
    """ISO/IEC 7812: a known issuer's first digits and the Luhn check digit; UnionPay's 62 says enough."""
    digits = re.sub(r"[\s\-]", "", number)
    if digits.startswith("62") and len(digits) in (16, 19):
        return True
    if not digits.startswith(("62", "4", "51", "52", "53", "54", "55", "35", "60", "37", "34")):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"[a-z0-9_.\-\d]{5}", re.I)
_Clue = Callable[[str, int], bool]  # text in half width, how many digits it has → may a pattern match?


def _digits(least: int) -> _Clue:
    return lambda text, digits: digits >= least


def _signs(*signs: str) -> _Clue:
    return lambda text, digits: all(sign in text for sign in signs)


def _any_of(*words: str) -> _Clue:
    return lambda text, digits: any(word in text for word in words)


def _has_run(text: str, digits: int) -> bool:
    """A handle or a number of five characters."""
    return _RUN.search(text) is not None


def _is_street(text: str, digits: int) -> bool:
    return digits > 0 and ("号" in text or "弄" in text or "#" in text)


def _can_be_spoken(text: str, digits: int) -> bool:
    return len(_DIGIT.findall(text.translate(_NUMERALS))) >= 10


# Surest first: what one has taken the next leaves alone. Before each stands what every match of it has: most
# texts have little of it, and asking first takes a quarter of the time of asking all patterns.
_FINDERS: tuple[tuple[_Clue, _Finder], ...] = (
    (_signs(".", "/"), _whole(_LINK, "link")),
    (_signs("@"), _whole(_EMAIL, "email")),
    (_digits(17), _whole(_ID18, "id", _is_identity)),
    (_digits(15), _whole(_CARD, "card", _is_card)),
    (_digits(12), _group(_CALLED_CARD, "card")),
    (_digits(7), _group(_PASSPORT, "id")),
    (_digits(15), _whole(_ID15, "id", _is_old_identity)),
    (_has_run, _wechat),
    (_digits(5), _group(_QQ, "qq")),
    (_has_run, _group(_ACCOUNT, "account")),
    (_digits(10), _whole(_PHONE, "phone")),
    (_can_be_spoken, _spoken_phones),
    (_digits(7), _group(_CALLED, "phone")),
    (_digits(2), _whole(_PLATE, "plate")),
    (_is_street, _whole(_STREET, "address")),
    (_any_of("号楼", "栋", "幢", "弄", "座", "单元"), _whole(_HOME, "address")),
    (_any_of("找", "联系", "电联", "联络人", "姓名", "收件人", "收货人", "经办人"), _group(_NAME, "name")),
    (_signs("@"), _whole(_AT, "handle")),
    (_any_of("的微博视频", "回复"), _group(_NICK, "handle")),
)
