"""What an alert says fits the channel, ends at a sentence, keeps its links; foreign text can do nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.alerts.messages.message import Limit, Message, Payload, Style, Unit, clean, rank, render

STYLES: tuple[Style, ...] = ("markdown", "text", "html", "slack", "telegram")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PAYLOAD = Payload(
    title="安和口腔被投诉",
    lines=("我在安和口腔拔牙，被弄伤了。现在还在流血！要去投诉他们。",),
    facts=(("情感", "不满"),),
    severity="high",
    rule="差评",
    clinic_id="anhe",
    clinic="安和口腔",
    page="/mentions#forum/1",
    post_url="https://forum.example/t/1",
)


def message(*items: Payload, total: int = 0, **fields: str) -> Message:
    values = {"base": "https://desk.example", "ack": "https://desk.example/ack/abc", **fields}
    return Message(id="m1", at=NOW, items=items or (PAYLOAD,), total=total or len(items) or 1, **values)


def test_a_payload_survives_the_database() -> None:
    assert Payload.from_json(json.loads(json.dumps(PAYLOAD.to_json()))) == PAYLOAD


def test_a_payload_of_a_newer_version_is_read() -> None:
    assert Payload.from_json({"title": "一", "sound": "ping"}) == Payload(title="一")
    assert Payload.from_json({}) == Payload(title="")


def test_text_says_what_where_why_and_how_to_go_on() -> None:
    assert render(message(), "text", Limit(size=2000)).splitlines() == [
        "安和口腔被投诉",
        "诊所：安和口腔 · 严重程度：较重 · 情感：不满",
        "我在安和口腔拔牙，被弄伤了。现在还在流血！要去投诉他们。",
        "来自规则「差评」",
        "在听诊里打开：https://desk.example/mentions#forum/1",
        "看原帖：https://forum.example/t/1",
        "标为已看或不相关：https://desk.example/ack/abc",
    ]


@pytest.mark.parametrize(
    ("style", "link"),
    [
        ("markdown", "[看原帖](https://forum.example/t/1)"),
        ("html", '<a href="https://forum.example/t/1">看原帖</a>'),
        ("telegram", '<a href="https://forum.example/t/1">看原帖</a>'),
        ("slack", "<https://forum.example/t/1|看原帖>"),
    ],
)
def test_links_as_the_service_writes_them(style: Style, link: str) -> None:
    assert link in render(message(), style, Limit(size=4000))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "post_url", ["javascript:alert(1)", "data:text/html,x", "", "https://a b", "https://x\n.example"]
)
def test_only_web_addresses_become_links(style: Style, post_url: str) -> None:
    assert "看原帖" not in render(message(Payload(title="一", post_url=post_url)), style, Limit(size=4000))


@pytest.mark.parametrize(
    ("style", "text", "never"),
    [
        ("markdown", "[免费](https://evil.example) **快** <@all> `x` <font color=red>", "[免费]("),
        ("markdown", "看 https://evil.example/x", "https://evil"),
        ("markdown", "<@all>", "<@all>"),
        ("slack", "<!channel> <https://evil.example|点我>", "<!channel>"),
        ("slack", "<https://evil.example|点我>", "<https://evil"),
        ("telegram", "<a href='https://evil.example'>点我</a>", "<a href='"),
        ("html", "<script>alert(1)</script>", "<script>"),
        ("text", "a\u202eb\x00c", "\u202e"),
    ],
)
def test_foreign_text_stays_text(style: Style, text: str, never: str) -> None:
    everywhere = Payload(title=text, lines=(text,), facts=(("事", text),), rule=text[:30], clinic=text)
    assert never not in render(message(everywhere), style, Limit(size=4000))
    assert never not in render(message(everywhere, everywhere), style, Limit(size=4000))


def test_an_address_cannot_leave_its_brackets() -> None:
    shown = render(
        message(Payload(title="一", post_url='https://x.example/a)[b](c"<>|')), "markdown", Limit(size=999)
    )
    assert "(https://x.example/a%29[b]%28c%22%3C%3E%7C)" in shown


def test_a_cut_is_at_the_end_of_a_sentence_with_a_link_to_the_rest() -> None:
    long = Payload(title="一", lines=("第一句话。第二句话！" + "很长的第三句" * 100,), page="/lead/1")
    shown = render(message(long), "text", Limit(size=130))
    assert "第一句话。第二句话！" in shown
    assert "……（全文见链接）\n在听诊里打开：https://desk.example/lead/1" in shown
    filled = Payload(title="一", lines=("一二三四五六七。" * 50,), page="/lead/1")
    body = render(message(filled), "text", Limit(size=200)).splitlines()[1]
    assert re.fullmatch(r"(一二三四五六七。)+……（全文见链接）", body)


@pytest.mark.parametrize(
    ("unit", "size"),
    [("characters", 5), ("bytes", 15 + 4), ("utf16", 6)],
)
def test_sizes_are_counted_as_the_service_counts(unit: Unit, size: int) -> None:
    assert Limit(size=1, unit=unit).measure("一二三四😀"[: 5 if unit != "bytes" else 6]) == {
        "characters": 5, "bytes": 16, "utf16": 6,
    }[unit]  # fmt: skip


def test_a_summary_tells_how_many_there_are_and_where() -> None:
    items = [Payload(title=f"第{n}条", rule="差评", page=f"/lead/{n}") for n in range(3)]
    shown = render(message(*items, total=191), "text", Limit(size=2000))
    assert shown.splitlines()[0] == "191 条提醒：差评"
    assert "1. 第0条" in shown
    assert "另有 188 条，请打开提醒页查看。" in shown
    assert "打开提醒页：https://desk.example/alerts" in shown


def test_a_summary_that_does_not_fit_leaves_out_whole_alerts() -> None:
    items = [Payload(title=f"第{n}条", lines=("说" * 40,)) for n in range(20)]
    shown = render(message(*items), "text", Limit(size=400))
    told = len(re.findall(r"(?m)^\d+\. ", shown))
    assert 0 < told < 20
    assert f"另有 {20 - told} 条" in shown


@given(
    style=st.sampled_from(STYLES),
    unit=st.sampled_from(["bytes", "characters", "utf16"]),
    size=st.integers(60, 5000),
    texts=st.lists(st.text(max_size=400), min_size=1, max_size=4),
    total=st.integers(0, 300),
    url=st.text(max_size=80).map(lambda text: "https://" + text),
)
def test_nothing_is_ever_longer_than_the_channel_takes(
    style: Style, unit: Unit, size: int, texts: list[str], total: int, url: str
) -> None:
    items = [Payload(title=text, lines=tuple(texts), rule=text, clinic=text, post_url=url) for text in texts]
    limit = Limit(size=size, unit=unit)
    shown = render(message(*items, total=len(items) + total), style, limit)
    assert limit.measure(shown) <= size
    shown.encode()  # no half characters


@given(st.text())
def test_a_title_is_one_printable_line(text: str) -> None:
    assert clean(text) == "" or clean(text).isprintable()


def test_the_gravest_counts() -> None:
    assert (
        message(Payload(title="一"), Payload(title="二", severity="critical"), PAYLOAD).severity == "critical"
    )
    assert [rank(each) for each in ("", "low", "high", "unheard")] == [0, 0, 2, 0]
