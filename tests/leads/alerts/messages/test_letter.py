"""An alert as a mail: the quote first, the facts beneath, three buttons; foreign text stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from leads.alerts.messages.letter import as_html, as_text
from leads.alerts.messages.message import Limit, Message, Payload, facts_of, render

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PAYLOAD = Payload(
    title="新线索：成都市武侯区 牙痛",
    lines=("智齿疼了三天。\n有没有<b>靠谱</b>的？",),
    facts=(("症状", "牙痛"), ("距离", "武侯区内（±6 公里）"), ("来源", "微博"), ("发布", "11-22 14:00")),
    rule="附近牙疼",
    clinic="安和口腔",
    page="/leads/forum/1",
    post_url="https://forum.example/t/1",
    published=(NOW - timedelta(hours=2)).isoformat(),
)


def message(payload: Payload = PAYLOAD, base: str = "https://desk.example") -> Message:
    ack = f"{base}/ack/abc" if base else ""
    return Message(id="m1", at=NOW, items=(payload,), total=1, base=base, ack=ack)


def test_the_text_quotes_first_then_says_where_and_how_old_and_what_to_do() -> None:
    assert as_text(message()).split("\n\n") == [
        "新线索：成都市武侯区 牙痛",
        "> 智齿疼了三天。\n> 有没有<b>靠谱</b>的？",
        "诊所：安和口腔\n症状：牙痛\n距离：武侯区内（±6 公里）\n来源：微博\n发布：2 小时前（11-22 14:00）",
        "打开：https://desk.example/leads/forum/1\n"
        "已看：https://desk.example/ack/abc?choice=seen\n"
        "不相关：https://desk.example/ack/abc?choice=irrelevant",
        "看原帖：https://forum.example/t/1",
        "来自规则「附近牙疼」",
    ]


def test_the_page_has_the_same_in_the_same_order_and_no_foreign_tag() -> None:
    html = as_html(message())
    places = [html.index(each) for each in ("智齿", "安和口腔", ">打开<", ">已看<", ">不相关<", ">看原帖<")]
    assert places == sorted(places)
    assert "<b>" not in html
    assert "&lt;b&gt;靠谱" in html


def test_without_an_address_of_the_desk_there_is_no_button() -> None:
    assert "打开" not in as_html(message(base=""))
    assert "已看" not in as_text(message(base=""))


def test_a_message_says_the_age_of_its_first_try_and_the_moment_where_it_cannot_tell() -> None:
    assert ("发布", "2 小时前（11-22 14:00）") in facts_of(message())
    for unknown in ("", "2026-11-22T08:00", "昨天"):  # written before, without a zone, nonsense
        assert ("发布", "11-22 14:00") in facts_of(message(replace(PAYLOAD, published=unknown)))


def test_a_chat_message_carries_clinic_distance_and_age() -> None:
    said = render(message(), "markdown", Limit(size=2000))
    assert "诊所：安和口腔" in said
    assert "距离：武侯区内（±6 公里）" in said
    assert "发布：2 小时前" in said
