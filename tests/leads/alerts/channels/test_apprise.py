"""Every other service, by Apprise: what it sends goes over our wire, and its True alone is not believed."""

from __future__ import annotations

import ast
import inspect
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import requests
import uvicorn
from apprise import Apprise
from apprise.manager_plugins import NotificationManager

from leads.alerts.channels import apprise_plugins
from leads.alerts.channels.apprise import written
from leads.alerts.channels.apprise_plugins import VERBS, uses_requests_only, watched
from leads.alerts.channels.form import parts_of, read_form
from leads.alerts.channels.send import deliver
from leads.alerts.messages.message import Message, Payload
from leads.config import AlertSettings
from leads.errors import InputError
from leads.models import Outcome
from tests.support.stand_ins import Got, StandIn, drip, hang, reset, stand_in

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
OPEN = AlertSettings(private_addresses=True)
ITEM = Payload(
    title="安和口腔被投诉",
    lines=("<b>@everyone</b> 看 [这里](https://evil.example)。我在安和口腔拔牙，被弄伤了。" * 300,),
    severity="critical",
    rule="差评",
    page="/mentions#forum/1",
)
MESSAGE = Message(
    id="a1", at=NOW, items=(ITEM,), total=1, base="https://desk.example", ack="https://desk.example/ack/x"
)
GOTIFY = "AbCdEfGhIjKlMnO"
DISCORD = "discord://123456789012345678/" + "t" * 68
SCHEMES = ("ntfy://{}/topic", "gotify://{}/" + GOTIFY, "json://{}/in")


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


def at(server: StandIn, scheme: str = SCHEMES[0]) -> str:
    return scheme.format(server.url.removeprefix("http://"))


def sent(address: str, settings: AlertSettings = OPEN) -> Outcome:
    return deliver("apprise", read_form("apprise", {"address": address}, OPEN), MESSAGE, settings, now=NOW)


# --- what counts ------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "body", [{"id": "x", "event": "message"}, {"code": 1000}, {"error": None}, b"", b"ok"]
)
def test_taken(scheme: str, body: object, server: StandIn) -> None:
    server.says(body)
    assert sent(at(server, scheme)) == Outcome(verdict="delivered")
    assert len(server.got) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("status", "headers", "verdict", "wait"),
    [
        (400, {}, "dead", None),
        (401, {}, "revoked", None),
        (404, {}, "revoked", None),
        (413, {}, "dead", None),
        (429, {"Retry_After": "42"}, "retry", timedelta(seconds=42)),
        (429, {}, "retry", None),
        (500, {}, "retry", None),
        (503, {"Retry_After": "7"}, "retry", timedelta(seconds=7)),
    ],
)
def test_refused_by_status(
    scheme: str, status: int, headers: dict[str, str], verdict: str, wait: timedelta | None, server: StandIn
) -> None:
    server.says(b"no", status, **headers)
    outcome = sent(at(server, scheme))
    assert ("revoked" if outcome.revoked else outcome.verdict, outcome.retry_after) == (verdict, wait)
    assert str(status) in outcome.reason


@pytest.mark.parametrize(
    "body",
    [{"errcode": 40001}, {"ok": False}, {"success": False}, {"error": "quota"}, {"errors": ["token"]},
     {"retcode": 1400}, b"<!DOCTYPE html><title>login</title>", b" <HTML>"],
    ids=str,
)  # fmt: skip
def test_apprise_says_true_and_the_body_says_no(body: object, server: StandIn) -> None:
    server.says(body)
    outcome = sent(at(server, SCHEMES[2]))
    assert (outcome.verdict, outcome.revoked) == ("retry", False)
    assert outcome.reason.endswith("。")


def test_too_often_is_not_asked_again_at_once(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord's plugin would try again by itself, after a sleep."""
    server.says({"retry_after": 60}, 429, Retry_After="60")
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    settings = AlertSettings(relays={"discord.com": server.url})
    outcome = deliver("apprise", read_form("apprise", {"address": DISCORD}, OPEN), MESSAGE, settings, now=NOW)
    assert (outcome.verdict, outcome.retry_after) == ("retry", timedelta(minutes=1))
    assert len(server.got) == 1
    assert slept == []


def test_threads_do_not_see_each_others_answers(server: StandIn) -> None:
    def behave(got: Got, wire: socket.socket) -> tuple[int, dict[str, str], bytes]:
        time.sleep(0.01)  # so that they overlap
        number = int(got.path.rpartition("/")[2])
        return (429, {"Retry-After": str(number)}, b"") if number % 2 else (200, {}, b"")

    server.reply = behave
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: sent(at(server, f"json://{{}}/{n}")), range(1, 49)))
    waits = [outcome.retry_after and int(outcome.retry_after.total_seconds()) for outcome in found]
    assert waits == [n if n % 2 else None for n in range(1, 49)]
    assert [outcome.verdict for outcome in found] == ["retry", "delivered"] * 24


# --- on a short leash ------------------------------------------------------------


@pytest.mark.parametrize("slow", [hang, drip], ids=["silent", "a byte now and then"])
def test_a_hanging_service_is_left(slow: object, server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise_plugins, "DEADLINE", 0.5)
    server.reply = slow(server)  # type: ignore[operator]  # both take the server
    assert sent(at(server) + "?rto=3600&cto=3600").verdict == "retry"
    assert not server.stop.is_set()  # it would have gone on for ever


def test_trying_again_is_left_to_the_outbox(server: StandIn) -> None:
    server.says(b"", 500)
    assert sent(at(server) + "?retry=5&wait=30").verdict == "retry"
    assert len(server.got) == 1


def test_a_broken_connection_is_tried_again(server: StandIn) -> None:
    server.reply = reset
    assert sent(at(server)) == Outcome(verdict="retry", reason="连接中断。")


def test_of_a_huge_answer_the_beginning_is_read(server: StandIn) -> None:
    server.says(b"x" * 5_000_000)
    assert sent(at(server)).verdict == "delivered"


@pytest.mark.parametrize("wish", ["", "?redirect=yes"])
def test_redirects_are_not_followed(wish: str, server: StandIn) -> None:
    with stand_in() as inner:
        server.says(b"", 302, Location=inner.url + "/admin")
        outcome = sent(at(server) + wish)
        assert inner.got == []
    assert (outcome.verdict, len(server.got)) == ("dead", 1)
    assert "别处" in outcome.reason


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254"])
def test_private_addresses_need_the_setting(host: str) -> None:
    outcome = sent(f"ntfys://{host}:9/topic", AlertSettings())
    assert (outcome.verdict, outcome.revoked) == ("dead", True)
    assert "内网" in outcome.reason


def test_a_public_name_that_leads_inside_is_refused_at_the_connection(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **wishes: inside)
    port = server.url.rpartition(":")[2]
    assert "内网" in sent(f"ntfys://push.example.com:{port}/topic", AlertSettings()).reason
    assert server.got == []


def test_nothing_goes_in_the_clear_without_the_setting(server: StandIn) -> None:
    with pytest.raises(InputError, match="加密"):
        read_form("apprise", {"address": at(server)}, AlertSettings())
    outcome = sent(at(server), AlertSettings())
    assert outcome.verdict == "dead"
    assert "加密" in outcome.reason
    assert server.got == []


def test_the_environments_proxies_count_for_nothing(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert sent(at(server)).verdict == "delivered"


def test_a_plugin_that_is_not_on_a_flight_reaches_nobody(server: StandIn) -> None:
    sent(at(server))
    plugin = Apprise.instantiate(at(server))
    assert plugin is not None
    assert plugin.notify(body="x", title="") is False
    assert len(server.got) == 1


def test_apprise_itself_writes_no_log(server: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    caplog.set_level(1, logger="apprise")
    uvicorn.Config("leads.server:app")  # configures logging: loggers it does not know are switched on again
    server.reply = reset
    sent(at(server))
    assert not [record for record in caplog.records if record.name.startswith("apprise")]


# --- which plugins ------------------------------------------------------------


def test_most_services_of_apprise_are_seen() -> None:
    """A newer Apprise whose plugins send in another way would make this fall."""
    kinds = list(NotificationManager().plugins())  # type: ignore[no-untyped-call]  # Apprise's
    seen = {kind.__module__.removeprefix("apprise.plugins.") for kind in kinds if watched(kind)}
    assert len(seen) > 150
    wanted = (
        "ntfy pushover discord workflows mattermost gotify wxpusher rocketchat zulip google_chat line twilio"
    )
    assert set(wanted.split()) <= seen


def test_no_plugin_took_requests_functions_before_we_came() -> None:
    for name in [name for name in sys.modules if name.startswith("apprise.plugins.")]:
        if not uses_requests_only(name):
            continue
        tree = ast.parse(inspect.getsource(sys.modules[name]))
        outside = [node for node in ast.walk(tree) if not isinstance(node, ast.FunctionDef)]
        inside = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            for part in ast.walk(node)
        }
        taken = [
            node.attr
            for node in outside
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "requests"
            and node.attr in VERBS
            and id(node) not in inside
        ]
        assert taken == [], name


# --- what people paste ------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("ntfys://secret-topic", "https://ntfy.sh"),
        ("ntfy://secret-topic", "https://ntfy.sh"),
        ("pover://" + "u" * 30 + "@" + "a" * 30, "https://api.pushover.net"),
        (DISCORD, "https://discord.com"),
        ("https://discord.com/api/webhooks/123456789012345678/" + "t" * 68, "https://discord.com"),
        ("mmosts://chat.example.com/" + "t" * 24, "https://chat.example.com"),
        ("gotifys://push.example.com:8443/" + GOTIFY, "https://push.example.com:8443"),
        ("wxpusher://AT_" + "a" * 32 + "/UID_" + "b" * 28, "https://wxpusher.zjiecode.com"),
        ("workflows://prod-1.example.com:443/" + "w" * 30 + "/" + "s" * 30, "https://prod-1.example.com:443"),
    ],
)
def test_what_people_paste(address: str, leads_to: str) -> None:
    kept = parts_of(read_form("apprise", {"address": address}, AlertSettings()))
    assert kept == {"token": address, "url": leads_to}


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("hello", "看不懂"),
        ("https://example.com/hook", "看不懂"),
        ("nosuch://a/b", "看不懂"),
        ("config://host/key", "看不懂"),
        ("include://host", "看不懂"),
        ("file:///etc/passwd", "看不懂"),
        ("pover://short", "不完整"),
        ("rockets://chat.example.com", "不完整"),
        ("wecom://abcdefgh", "Pushplus"),
        ("wechat://a/b/c", "不支持微信公众号"),
        ("pushplus://" + "a" * 32, "Pushplus"),
        ("wecombot://" + "k" * 36, "企业微信群机器人"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + "k" * 36, "企业微信群机器人"),
        ("tgram://123456789:" + "A" * 35 + "/1", "Telegram"),
        ("mailto://lin:pw@example.com", "邮件"),
        ("syslog://", "不支持"),
        ("rsyslog://10.0.0.1", "不支持"),
        ("dbus://", "不支持"),
        ("gnome://", "不支持"),
        ("macosx://", "不支持"),
        ("windows://", "不支持"),
        ("growl://10.0.0.1", "不支持"),
        ("mqtt://10.0.0.1/topic", "不支持"),
        ("ircs://irc.example.com/#a", "不支持"),
        ("xmpp://a:b@example.com", "不支持"),
        (DISCORD + "?template=/etc/passwd", "template"),
        ("ntfys://push.example.com/one?attach=/etc/passwd", "attach"),
        ("ntfys://push.example.com/one/two", "一个收件方"),
        ("ntfys://push.example.com/a b", "空格"),
        ("ntfys://push.example.com/a\r\nX: y", "换行"),
    ],
)  # fmt: skip
def test_what_cannot_be_right(address: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_form("apprise", {"address": address}, AlertSettings())
    assert str(caught.value).endswith("。")
    assert address.rpartition("/")[2] not in str(caught.value) or len(address) < 15


# --- the text ------------------------------------------------------------


@pytest.mark.parametrize("style", ["text", "markdown", "html"])
@pytest.mark.parametrize(("title_most", "body_most"), [(250, 4096), (0, 4096), (40, 2000), (0, 1000), (0, 0)])
def test_it_fits_and_keeps_its_links(style: str, title_most: int, body_most: int) -> None:
    title, body = written(MESSAGE, style, title_most, body_most)  # type: ignore[arg-type]  # of Style
    assert len(title.encode()) <= title_most
    assert len(body.encode()) <= (body_most or 20_000)
    assert "听诊" in title + body
    assert "https://desk.example/mentions#forum/1" in body
    assert "https://desk.example/ack/x" in body
    assert "。……（全文见链接）" in body


@pytest.mark.parametrize("most", [20, 80, 160])
def test_a_text_message_is_short(most: int) -> None:
    title, body = written(MESSAGE, "text", 0, most)
    assert title == ""
    assert 0 < len(body.encode()) <= most


@pytest.mark.parametrize("style", ["text", "markdown", "html"])
def test_a_post_calls_nobody_and_makes_no_links(style: str) -> None:
    said = "".join(written(MESSAGE, style, 100, 4096))  # type: ignore[arg-type]  # of Style
    for marks in ("@everyone", "<b>@", "[这里](", "https://evil.example"):
        assert marks not in said


@pytest.mark.parametrize(
    ("address", "wanted"),
    [("json://{}/in?format=text", "打开：https://"), ("json://{}/in", "打开](https://"),
     ("json://{}/in?format=html", 'href="https://')],
)  # fmt: skip
def test_links_are_written_as_the_service_reads_them(address: str, wanted: str, server: StandIn) -> None:
    assert sent(at(server, address)).verdict == "delivered"
    (got,) = server.got
    assert wanted in got.json["message"]
    assert got.json["type"] == "failure"  # as grave as Apprise has it
    assert got.json["title"] == "【听诊】安和口腔被投诉"


# --- another Apprise ------------------------------------------------------------


@pytest.fixture
def another_apprise() -> Iterator[None]:
    """What the trial said is forgotten, before and after."""
    apprise_plugins.trial_flight.cache_clear()
    yield
    apprise_plugins.trial_flight.cache_clear()


def test_the_installed_apprise_is_the_one_we_know(another_apprise: None) -> None:
    """Falls with a version that changes what `apprise_plugins` relies on: look at each point it names."""
    apprise_plugins.trial_flight()


def json_plugin() -> type:
    plugin = Apprise.instantiate("json://127.0.0.1/")
    assert plugin is not None
    return type(plugin)


def changes() -> list[tuple[str, object, str, object]]:
    """(what is different in a newer Apprise, where, its name, what stands there now)."""
    silent = SimpleNamespace(post=lambda *given, **wishes: SimpleNamespace(status_code=200, content=b""))
    return [
        ("plugins say yes to everything", json_plugin(), "notify", lambda self, **said: True),
        ("notify takes other arguments", json_plugin(), "notify", lambda self, text: True),
        ("plugins say no to everything", json_plugin(), "notify", lambda self, **said: False),
        ("their base sends by itself", sys.modules["apprise.plugins.base"], "requests", silent),
        ("watching them is in vain", apprise_plugins, "watched", lambda plugin: True),
    ]


@pytest.mark.parametrize(
    ("where", "name", "now_there"), [change[1:] for change in changes()], ids=[each[0] for each in changes()]
)
def test_an_apprise_that_changed_sends_nothing_and_tells_the_operator(
    where: object,
    name: str,
    now_there: object,
    another_apprise: None,
    server: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address = read_form("apprise", {"address": at(server, SCHEMES[2])}, OPEN)
    apprise_plugins.trial_flight.cache_clear()
    if where is apprise_plugins:  # the plugin goes by what it imports, not by what we put there
        monkeypatch.setattr(sys.modules[json_plugin().__module__], "requests", requests)
    monkeypatch.setattr(where, name, now_there, raising=False)
    outcome = deliver("apprise", address, MESSAGE, OPEN, now=NOW)
    assert (outcome.verdict, outcome.revoked) == ("retry", False)
    assert "请管理员重新安装听诊。" in outcome.reason
    with pytest.raises(InputError, match="请管理员重新安装听诊"):
        read_form("apprise", {"address": at(server, SCHEMES[2])}, OPEN)
    assert server.got == []
    assert "is not as this version knows it" in caplog.text


def test_a_plugin_with_other_names_for_its_wishes_is_not_used(
    another_apprise: None, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise_plugins, "_USED", (*apprise_plugins._USED, "renamed_tomorrow"))
    with pytest.raises(InputError, match="请管理员重新安装听诊"):
        read_form("apprise", {"address": at(server)}, OPEN)
