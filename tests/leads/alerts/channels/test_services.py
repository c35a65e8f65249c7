"""Each service through a stand-in that answers as the service does, its errors under HTTP 200 included."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from leads.alerts.channels import KINDS, serverchan
from leads.alerts.channels import http as wire
from leads.alerts.channels.form import read_form
from leads.alerts.channels.send import deliver, trial
from leads.alerts.channels.webhook import signature
from leads.alerts.messages.message import Limit, Message, Payload, Unit
from leads.config import AlertSettings, Settings
from leads.models import Outcome
from tests.support.paths import ROOT
from tests.support.service_answers import HOSTS, SAMPLES, TAKEN
from tests.support.stand_ins import Got, StandIn, hang, reset, stand_in

DOCS = ROOT / "docs" / "alerts.md"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
# As docs/alerts.md has them.
LIMITS: dict[str, tuple[int, Unit]] = {
    "wecombot": (4096, "bytes"),
    "dingtalk": (18_000, "bytes"),
    "feishu": (18_000, "bytes"),
    "lark": (18_000, "bytes"),
    "bark": (2000, "bytes"),
    "schan": (30_000, "bytes"),
    "pushdeer": (8000, "bytes"),
    "tgram": (4096, "utf16"),
    "slack": (4000, "characters"),
    "webhook": (60_000, "bytes"),
}
LONG = Payload(
    title="安和口腔被投诉",
    lines=("我在安和口腔拔牙，被弄伤了。" * 3000,),
    severity="high",
    rule="差评",
    page="/mentions#forum/1",
    post_url="https://forum.example/t/1",
)
MESSAGE = Message(
    id="a1", at=NOW, items=(LONG,), total=1, base="https://desk.example", ack="https://desk.example/ack/x"
)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


def relayed(server: StandIn) -> AlertSettings:
    return AlertSettings(relays={host: f"{server.url}/{host}" for host in HOSTS}, smtp="smtp://127.0.0.1")


def sent(kind: str, server: StandIn, message: Message = MESSAGE) -> Outcome:
    settings = relayed(server)
    return deliver(kind, read_form(kind, SAMPLES[kind], settings), message, settings, now=NOW)


def test_every_service_has_its_answer_here() -> None:
    assert set(TAKEN) == set(KINDS) - {"mail", "apprise"}


@pytest.mark.parametrize("kind", TAKEN)
def test_taken(kind: str, server: StandIn) -> None:
    server.says(TAKEN[kind])
    assert sent(kind, server) == Outcome(verdict="delivered")
    assert len(server.got) == 1


@pytest.mark.parametrize(
    ("kind", "status", "body", "verdict", "reason"),
    [
        ("wecombot", 200, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1], from ip: 1.2.3.4"},
         "revoked", "93000"),
        ("wecombot", 200, {"errcode": 45009, "errmsg": "api freq out of limit"}, "retry", "频繁"),
        ("wecombot", 200, {"errcode": -1, "errmsg": "system busy"}, "retry", "繁忙"),
        ("wecombot", 200, {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"},
         "dead", "格式"),
        ("wecombot", 200, {"errcode": 987654, "errmsg": "new"}, "retry", "987654"),
        ("dingtalk", 200, {"errcode": 310000, "errmsg": "keywords not in content, more: [https://ding-doc]"},
         "revoked", "关键词"),
        ("dingtalk", 200, {"errcode": 310000, "errmsg": "sign not match, more: []"}, "revoked", "加签密钥"),
        ("dingtalk", 200, {"errcode": 310000, "errmsg": "invalid timestamp"}, "revoked", "时钟"),
        ("dingtalk", 200, {"errcode": 310000, "errmsg": "ip 1.2.3.4 not in whitelist"}, "revoked", "IP"),
        ("dingtalk", 200, {"errcode": 300001, "errmsg": "token is not exist"}, "revoked", "300001"),
        ("dingtalk", 200, {"errcode": 300005, "errmsg": "token is not exist"}, "revoked", "300005"),
        ("dingtalk", 200, {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"},
         "retry", "频繁"),
        ("dingtalk", 200, {"errcode": 410100, "errmsg": "发送速度太快而限流"}, "retry", "频繁"),
        ("feishu", 200, {"code": 9499, "msg": "too many request", "data": {}}, "retry", "频繁"),
        ("feishu", 400, {"code": 9499, "msg": "Bad Request", "data": {}}, "dead", "格式"),
        ("feishu", 200, {"code": 11232, "msg": "frequency limited psm"}, "retry", "频繁"),
        ("feishu", 400, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"},
         "revoked", "19001"),
        ("feishu", 200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"},
         "revoked", "19021"),
        ("lark", 200, {"code": 19024, "msg": "Key Words Not Found"}, "revoked", "关键词"),
        ("bark", 400, {"code": 400, "message": "failed to get device token: failed to get [x] device token"},
         "revoked", "手机"),
        ("bark", 500, {"code": 500, "message": "push failed: APNs push failed: BadDeviceToken"},
         "revoked", "手机"),
        ("bark", 500, {"code": 500, "message": "push failed: timeout"}, "retry", "500"),
        ("schan", 400, {"code": 40001, "message": "[AUTH]错误的Key", "info": "错误的Key", "args": [None]},
         "revoked", "SendKey"),
        ("schan", 400, {"code": 40001, "message": "[AUTH]超过当天的发送次数限制[5]，请稍后再试", "info": ""},
         "retry", "条数"),
        ("pushdeer", 200, {"code": 0, "content": {"result": []}}, "revoked", "设备"),
        ("pushdeer", 200, {"code": 80501, "error": "pushkey error"}, "revoked", "80501"),
        ("tgram", 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, "revoked", "token"),
        ("tgram", 403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was kicked"},
         "revoked", "移除"),
        ("tgram", 400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"},
         "revoked", "聊天编号"),
        ("tgram", 400, {"ok": False, "error_code": 400, "description": "Bad Request: can't parse entities"},
         "dead", "格式"),
        ("slack", 404, b"no_service", "revoked", "停用"),
        ("slack", 410, b"channel_is_archived", "revoked", "归档"),
        ("slack", 403, b"action_prohibited", "revoked", "管理员"),
        ("slack", 400, b"invalid_payload", "dead", "400"),
        ("slack", 500, b"rollup_error", "retry", "500"),
        ("slack", 200, b"<html>login</html>", "retry", "看不懂"),
        ("webhook", 404, b"", "revoked", "404"),
        ("webhook", 422, b"", "dead", "422"),
        ("webhook", 301, b"", "dead", "别处"),
    ],
)  # fmt: skip
def test_refused_in_the_services_own_way(
    kind: str, status: int, body: object, verdict: str, reason: str, server: StandIn
) -> None:
    server.says(body, status)
    outcome = sent(kind, server)
    assert ("revoked" if outcome.revoked else outcome.verdict) == verdict
    assert reason in outcome.reason
    assert outcome.reason.endswith("。")


JSON_KINDS = [kind for kind in TAKEN if kind not in ("slack", "webhook")]


@pytest.mark.parametrize("kind", JSON_KINDS)
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>login</html>", b"[]", b"null", b"{", b'{"hello": 1}', b"\xff\xfe", b"[" * 50_000,
     b"x" * 3_000_000,
     b'{"errcode": "0", "code": "0", "ok": "true", "StatusCode": "0"}',
     b'{"errcode": false, "code": false, "ok": 1}', b'{"errcode": null, "code": null, "ok": null}'],
    ids=str,
)  # fmt: skip
def test_an_answer_that_does_not_say_yes_is_none(kind: str, body: bytes, server: StandIn) -> None:
    server.says(body)
    outcome = sent(kind, server)
    assert outcome.verdict == "retry"
    assert outcome.reason


@pytest.mark.parametrize("kind", TAKEN)
@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry_After": "42"}, timedelta(seconds=42)),
        (429, {"Retry_After": "Sun, 22 Nov 2026 08:01:00 GMT"}, timedelta(minutes=1)),
        (429, {"Retry_After": "nan"}, None),
        (429, {"Retry_After": "-5"}, timedelta(seconds=1)),
        (429, {"Retry_After": "1e99"}, timedelta(days=1)),
        (429, {}, None),
        (503, {"Retry_After": "7"}, timedelta(seconds=7)),
        (500, {}, None),
        (502, {}, None),
    ],
)
def test_later(
    kind: str, status: int, headers: dict[str, str], wait: timedelta | None, server: StandIn
) -> None:
    server.says(b"busy", status, **headers)
    outcome = sent(kind, server)
    assert (outcome.verdict, outcome.retry_after) == ("retry", wait)


def test_telegram_says_in_the_body_when_to_come_again(server: StandIn) -> None:
    server.says({"ok": False, "error_code": 429, "parameters": {"retry_after": 33}}, 429)
    assert sent("tgram", server).retry_after == timedelta(seconds=33)


@pytest.mark.parametrize("kind", TAKEN)
def test_a_broken_connection_is_tried_again(kind: str, server: StandIn) -> None:
    server.reply = reset
    assert sent(kind, server).verdict == "retry"


def test_silence_is_tried_again(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "post", partial(wire.post, deadline=0.3))
    server.reply = hang(server)
    assert sent("wecombot", server).verdict == "retry"


def content(kind: str, got: Got) -> tuple[str, str]:
    """(title, text) as a person sees it."""
    body = {} if kind == "mail" else got.json
    found: dict[str, tuple[str, str]] = {
        "wecombot": ("", body.get("markdown", {}).get("content", "") if kind == "wecombot" else ""),
        "dingtalk": (body["markdown"]["title"], body["markdown"]["text"]) if kind == "dingtalk" else ("", ""),
        "bark": (body.get("title", ""), body.get("body", "")),
        "schan": (body.get("title", ""), body.get("desp", "")),
        "pushdeer": (body.get("text", ""), body.get("desp", "")),
        "tgram": ("", body.get("text", "")),
        "slack": ("", body.get("text", "")),
        "webhook": (body.get("title", ""), body.get("text", "")),
    }
    if kind in ("feishu", "lark"):
        card = body["card"]
        return card["header"]["title"]["content"], card["elements"][0]["content"]
    return found[kind]


@pytest.mark.parametrize("kind", TAKEN)
def test_a_long_message_fits_and_keeps_its_links(kind: str, server: StandIn) -> None:
    server.says(TAKEN[kind])
    sent(kind, server)
    title, text = content(kind, server.got[0])
    limit = Limit(size=LIMITS[kind][0], unit=LIMITS[kind][1])
    assert limit.size * 0.3 < limit.measure(text) <= limit.size
    assert "安和口腔被投诉" in title + text
    assert "https://desk.example/mentions#forum/1" in text
    assert "https://desk.example/ack/x" in text
    if kind != "webhook":
        assert "听诊" in title + text  # the word a bot may ask for
    assert "。……（全文见链接）" in text


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("wecombot", "/qyapi.weixin.qq.com/cgi-bin/webhook/send?key=11112222-secret-wecom-3333-444455556666"),
        ("feishu", "/open.feishu.cn/open-apis/bot/v2/hook/ffff-secret-feishu-0123456789"),
        ("lark", "/open.larksuite.com/open-apis/bot/v2/hook/llll-secret-lark-0123456789"),
        ("bark", "/api.day.app/push"),
        ("schan", "/sctapi.ftqq.com/SCT12345Tsecretserverchan0.send"),
        ("pushdeer", "/api2.pushdeer.com/message/push"),
        ("tgram", "/api.telegram.org/bot123456789:AAsecrettelegram-abcdefghijklmnop01/sendMessage"),
        ("slack", "/hooks.slack.com/services/T01234567/B01234567/secretslackabcdefghijklm"),
        ("webhook", "/hook.example.com/in"),
    ],
)
def test_where_it_goes(kind: str, path: str, server: StandIn) -> None:
    server.says(TAKEN[kind])
    sent(kind, server)
    assert server.got[0].path == path


def test_bark_puts_what_comes_twice_in_the_place_of_the_first(server: StandIn) -> None:
    for _ in range(2):
        server.says(TAKEN["bark"])
        sent("bark", server)
    first, second = (json.loads(got.body)["id"] for got in server.got)
    assert first == second
    assert 0 < len(first) <= 64, "what Apple takes"


def test_serverchans_newer_keys_have_an_address_of_their_own() -> None:
    request = serverchan.write({"token": "sctp321tabcdefgh"}, trial("t", Settings(), now=NOW), NOW)
    assert request.url == "https://321.push.ft07.com/send/sctp321tabcdefgh.send"


def test_dingtalk_is_signed_over_time_and_secret(server: StandIn) -> None:
    server.says(TAKEN["dingtalk"])
    sent("dingtalk", server)
    query = {name: values[0] for name, values in parse_qs(urlsplit(server.got[0].path).query).items()}
    secret = SAMPLES["dingtalk"]["secret"]
    assert query["timestamp"] == str(int(NOW.timestamp() * 1000))
    digest = hmac.new(secret.encode(), f"{query['timestamp']}\n{secret}".encode(), hashlib.sha256).digest()
    assert query["sign"] == base64.b64encode(digest).decode()


def test_feishu_is_signed_with_time_and_secret_as_the_key(server: StandIn) -> None:
    server.says(TAKEN["feishu"])
    sent("feishu", server)
    body = server.got[0].json
    key = f"{body['timestamp']}\n{SAMPLES['feishu']['secret']}".encode()
    assert body["timestamp"] == str(int(NOW.timestamp()))
    assert body["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def test_a_webhook_is_signed_over_time_id_and_body(server: StandIn) -> None:
    sent("webhook", server)
    got = server.got[0]
    stamp, alert_id = got.headers["x-tingzhen-timestamp"], got.headers["x-tingzhen-id"]
    assert (stamp, alert_id, got.json["id"]) == (str(int(NOW.timestamp())), "a1", "a1")
    expected = signature(SAMPLES["webhook"]["secret"], stamp, alert_id, got.body)
    assert got.headers["x-tingzhen-signature"] == expected
    assert expected != signature("another", stamp, alert_id, got.body)
    assert expected != signature(SAMPLES["webhook"]["secret"], stamp, alert_id, got.body + b" ")


def test_a_webhook_of_twenty_alerts_stays_small(server: StandIn) -> None:
    sent("webhook", server, Message(id="a1", at=NOW, items=(LONG,) * 20, total=400))
    assert len(server.got[0].body) < 120_000
    assert server.got[0].json["total"] == 400


def test_a_channel_of_a_newer_version_is_put_aside() -> None:
    outcome = deliver("pigeon", json.dumps({}), MESSAGE, AlertSettings(), now=NOW)
    assert (outcome.verdict, outcome.revoked) == ("dead", True)


def test_the_receiver_of_the_documentation_takes_it_once(server: StandIn) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(snippet, namespace)  # noqa: S102 - our own documentation
    genuine, secret, seen = namespace["genuine"], SAMPLES["webhook"]["secret"], set()
    settings = relayed(server)
    address = read_form("webhook", SAMPLES["webhook"], settings)
    for now in (datetime.now(UTC), datetime.now(UTC), NOW - timedelta(days=1)):
        deliver("webhook", address, MESSAGE, settings, now=now)
    first, again, old = server.got
    assert not genuine(first.headers, first.body + b" ", secret, seen)
    assert not genuine(first.headers, first.body, "another secret", seen)
    assert not genuine(old.headers, old.body, secret, seen)
    assert genuine(first.headers, first.body, secret, seen)
    assert not genuine(again.headers, again.body, secret, seen)
