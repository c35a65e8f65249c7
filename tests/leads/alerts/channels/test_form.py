"""What people paste becomes a channel, or a sentence that says what to paste instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.alerts import channels
from leads.alerts.channels import KINDS
from leads.alerts.channels.form import label, parts_of, read_form
from leads.config import AlertSettings
from leads.errors import InputError
from tests.support.paths import ROOT
from tests.support.service_answers import SAMPLES

SETTINGS = AlertSettings(smtp="smtps://smtp.example.com")
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
DING, SECRET = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6", "SECabcdef0123456789"
HOOK = "1e7fb8c4-2a3d-4f56-9a78-0b1c2d3e4f5a"
SCT = "SCT12345TabcdefghijkLMN"
BOT = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"
SLACK = "https://hooks.slack.com/services/T01234567/B01234567/abcdefghijklmnopqrstuvwx"


def test_every_kind_has_a_sample() -> None:
    assert list(SAMPLES) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_of_a_sample_is_never_shown_whole(kind: str) -> None:
    kept = read_form(kind, SAMPLES[kind], SETTINGS)
    if kind == "mail":
        assert label(kind, kept) == "l…@example.com"
    else:
        assert len(label(kind, kept)) <= 5
        assert label(kind, kept).startswith("…")
    assert all(field in SAMPLES[kind] for field in (f.name for f in KINDS[kind].fields if not f.optional))


@pytest.mark.parametrize(
    ("kind", "fields", "kept"),
    [
        ("mail", {"address": " lin@example.com "}, {"token": "lin@example.com"}),
        ("mail", {"address": "mailto:lin@example.com"}, {"token": "lin@example.com"}),
        ("wecombot", {"address": WECOM + KEY}, {"token": KEY}),
        ("wecombot", {"address": KEY}, {"token": KEY}),
        ("wecombot", {"address": f"wecombot://{KEY}"}, {"token": KEY}),
        ("dingtalk", {"address": f"https://oapi.dingtalk.com/robot/send?access_token={DING}"},
         {"token": DING}),
        ("dingtalk", {"address": f"dingtalk://{SECRET}@{DING}/"}, {"token": DING, "secret": SECRET}),
        ("dingtalk", {"address": DING, "secret": SECRET}, {"token": DING, "secret": SECRET}),
        ("feishu", {"address": f"https://open.feishu.cn/open-apis/bot/v2/hook/{HOOK}"}, {"token": HOOK}),
        ("feishu", {"address": f"feishu://{HOOK}", "secret": "s"}, {"token": HOOK, "secret": "s"}),
        ("lark", {"address": f"https://open.larksuite.com/open-apis/bot/v2/hook/{HOOK}/"}, {"token": HOOK}),
        ("bark", {"address": "https://api.day.app/" + "k" * 22 + "/这里改成你自己的推送内容"},
         {"token": "k" * 22, "url": "https://api.day.app"}),
        ("bark", {"address": "k" * 22}, {"token": "k" * 22, "url": "https://api.day.app"}),
        ("bark", {"address": "https://bark.example.com/" + "k" * 22},
         {"token": "k" * 22, "url": "https://bark.example.com"}),
        ("schan", {"address": SCT}, {"token": SCT}),
        ("schan", {"address": f"https://sctapi.ftqq.com/{SCT}.send"}, {"token": SCT}),
        ("schan", {"address": "https://321.push.ft07.com/send/sctp321tabcdefgh.send"},
         {"token": "sctp321tabcdefgh"}),
        ("pushdeer", {"address": "PDU1Tabcdefghijklmnop"},
         {"token": "PDU1Tabcdefghijklmnop", "url": "https://api2.pushdeer.com"}),
        ("pushdeer", {"address": "https://push.example.com/message/push?pushkey=PDU1Tabcdefghijklmnop"},
         {"token": "PDU1Tabcdefghijklmnop", "url": "https://push.example.com"}),
        ("tgram", {"address": BOT, "chat": "-100123"}, {"token": BOT, "chat": "-100123"}),
        ("tgram", {"address": f"tgram://{BOT}/42"}, {"token": BOT, "chat": "42"}),
        ("slack", {"address": SLACK}, {"token": "abcdefghijklmnopqrstuvwx", "url": SLACK}),
        ("webhook", {"address": "https://desk.example.com:8443/in?a=b", "secret": "s" * 16},
         {"token": "s" * 16, "url": "https://desk.example.com:8443/in?a=b"}),
    ],
)  # fmt: skip
def test_what_people_paste(kind: str, fields: dict[str, str], kept: dict[str, str]) -> None:
    assert parts_of(read_form(kind, fields, SETTINGS)) == kept


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        ("sms", {"address": "1"}, "没有 'sms' 这种通道"),
        ("wecombot", {}, "请填写Webhook 地址"),
        ("wecombot", {"address": "wecom://abcdefgh"}, "Pushplus"),
        ("dingtalk", {"address": "WECOM://abcdefgh"}, "Pushplus"),
        ("wecombot", {"address": "wechat://corp/agent"}, "不支持微信公众号"),
        ("wecombot", {"address": WECOM + KEY + "\nHost: evil"}, "换行"),
        ("wecombot", {"address": WECOM + " " + KEY}, "空格"),
        ("wecombot", {"address": WECOM}, "不完整"),
        ("wecombot", {"address": "https://evil.example/cgi-bin/webhook/send?key=" + KEY}, "这不是它的地址"),
        ("wecombot", {"address": "https://qyapi.weixin.qq.com@evil.example/cgi-bin/webhook/send?key=" + KEY},
         "这不是"),
        ("wecombot", {"address": "https://qyapi.weixin.qq.com:444/cgi-bin/webhook/send?key=" + KEY},
         "这不是"),
        ("wecombot", {"address": "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + KEY}, "这不是"),
        ("wecombot", {"address": "https://qyapi.weixin.qq.com/cgi-bin/other?key=" + KEY}, "不完整"),
        ("wecombot", {"address": WECOM + KEY + "%0d%0aX:1"}, "不完整"),
        ("dingtalk", {"address": WECOM + KEY}, "oapi.dingtalk.com"),
        ("feishu", {"address": "https://[::1"}, "这不是"),
        ("bark", {"address": "http://["}, "这不是"),
        ("pushdeer", {"address": "https://[::1/message/push?pushkey=PDU1Tabcdefghijklmnop"}, "这不是"),
        ("webhook", {"address": "http://[", "secret": "s" * 16}, "不是网址"),
        ("apprise", {"address": "http://["}, "看不懂"),
        ("feishu", {"address": f"https://open.feishu.cn/open-apis/bot/v2/hook/{HOOK}/../../x"}, "不完整"),
        ("mail", {"address": "lin@example.com,wei@example.com"}, "不是邮箱"),
        ("mail", {"address": "lin@example.com\r\nBcc: all@example.com"}, "换行"),
        ("mail", {"address": "lin@localhost"}, "不是邮箱"),
        ("mail", {"address": "<lin@example.com>"}, "不是邮箱"),
        ("tgram", {"address": "123:x", "chat": "1"}, "token"),
        ("tgram", {"address": BOT}, "聊天编号"),
        ("slack", {"address": "https://hooks.slack.com.evil.example/services/T1/B1/abcdefgh"}, "不是 Slack"),
        ("schan", {"address": "abc"}, "SendKey"),
        ("webhook", {"address": "https://desk.example.com/", "secret": "short"}, "太短"),
        ("webhook", {"address": "http://desk.example.com/", "secret": "s" * 16}, "https://"),
        ("webhook", {"address": "https://user:pw@desk.example.com/", "secret": "s" * 16}, "不带用户名"),
        ("webhook", {"address": "file:///etc/passwd", "secret": "s" * 16}, "不是网址"),
        ("webhook", {"address": "https://desk.example.com\\@evil.example/", "secret": "s" * 16}, "不是网址"),
        ("bark", {"address": "http://bark.example.com/" + "k" * 22}, "https://"),
        ("webhook", {"address": "https://a.example/" + "x" * 600, "secret": "s" * 16}, "太长"),
    ],
)  # fmt: skip
def test_what_cannot_be_right(kind: str, fields: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_form(kind, fields, SETTINGS)


def test_mail_needs_a_server() -> None:
    with pytest.raises(InputError, match=r"alerts\.smtp"):
        read_form("mail", {"address": "lin@example.com"}, AlertSettings())


@given(kind=st.sampled_from(list(KINDS)), text=st.text(max_size=60), secret=st.text(max_size=30))
def test_whatever_is_pasted_is_kept_or_refused_in_a_sentence(kind: str, text: str, secret: str) -> None:
    for address in (text, f"https://{text}", f"{kind}://{text}"):
        try:
            kept = parts_of(read_form(kind, {"address": address, "secret": secret, "chat": text}, SETTINGS))
        except InputError as error:
            kept, sentence = {}, str(error)
        else:
            sentence = "。"
        assert sentence.endswith("。")
        assert all(value.isprintable() and " " not in value for value in kept.values())


SHARED = {"__init__", "base", "form", "http", "outcomes", "send", "apprise_plugins"}


def test_a_channel_is_a_module_and_a_line() -> None:
    """CONTRIBUTING's recipe: nothing else has to be touched for a new one."""
    folder = ROOT / "leads" / "alerts" / "channels"
    modules = {file.stem for file in folder.glob("*.py")} - SHARED
    listed = {module for module in modules if getattr(channels, module).KIND in KINDS.values()}
    assert listed == modules
    rows = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    short = [kind.name.partition("（")[0].removesuffix(" 群机器人") for kind in KINDS.values()]
    assert [name for name in short if name not in rows] == []
