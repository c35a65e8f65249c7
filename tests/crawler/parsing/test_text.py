"""HTML → text, and the cleaning of stored text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.parsing.html_tree import drop, find, flat, tree
from crawler.parsing.text import clean_text, html_to_text, plain_text, tree_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("牙疼", "牙疼"),
        ("牙疼<br />两天<br>了", "牙疼\n两天\n了"),
        ("<p>一</p><p>二</p>三", "一\n二\n三"),
        ("<div>一<div>二</div></div>", "一\n二"),
        ("<ul>\n<li>一</li>\n<li>二</li>\n</ul>", "一\n二"),
        ("一<br><br>二", "一\n\n二"),
        ("<tr><td>一</td><td>二</td></tr>", "一 二"),
        ("<b>一</b>\n  二", "一 二"),
        ("一\n  二", "一\n二"),
        ('疼<span class="url-icon"><img alt=[doge] src="x.png" /></span>', "疼[doge]"),
        ('疼<img alt="一张照片"><img>', "疼"),
        ('疼<img alt="👍🏻"><img alt="1"><img alt=":)">', "疼👍🏻"),
        ("<p>一\n二</p><pre>三\n  四</pre>五\n六", "一 二\n三\n四\n五 六"),
        ("a &lt;b&gt; &amp;&nbsp;c &#128513;", "a <b> & c 😁"),
        ("<script>alert(1)</script>牙<style>p{}</style>疼<!-- 不见 -->", "牙疼"),
        ("<title>标题</title>正文", "正文"),
        ('牙<span style="display: none">干扰</span>疼', "牙疼"),
        ('<div style="display:none">一<div>二</div>三</div>牙疼', "牙疼"),
        ('牙疼<i class="wbicon">2</i>成都', "牙疼成都"),
        ("牙\u200b疼\ue627", "牙疼"),
        ('很长的话 ...<a href="/status/1">全文</a>', "很长的话 ..."),
        ("说完了收起d", "说完了"),
        ("还没说完展开c", "还没说完"),
        ("全文", "全文"),
        ("", ""),
        ("<br>", ""),
        ('<?xml version="1.0" encoding="gbk"?><p>中文</p>', "中文"),
        ("没关的<b>标签<p>还有", "没关的标签\n还有"),
        ("3 < 5 而 7 > 2", "3 < 5 而 7 > 2"),
        ("<html><head><title>x</title></head><body>身</body></html>", "身"),
    ],
)
def test_html(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("一\n\n\n\n二", "一\n\n二"),
        ("  一 \u3000 二\t三 \n 四 ", "一 二 三\n四"),
        ("牙\x00疼\x1b\x7f", "牙疼"),
        ("\ufeff牙\u200b疼\u202e", "牙疼"),
        ("\ud83d\ude00", "😀"),
        ("牙\ud83d疼", "牙\ufffd疼"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)
def test_cleaning(raw: str, text: str) -> None:
    assert clean_text(raw) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("牙疼<br>两天", "牙疼\n两天"),
        ("牙疼&nbsp;两天\n了", "牙疼 两天\n了"),
        ("牙疼<br>\n两天", "牙疼\n两天"),
        ("3<5 & 7", "3<5 & 7"),
        ("<3 牙", "<3 牙"),
    ],
)
def test_only_clear_markup_is_read_as_html(raw: str, text: str) -> None:
    assert plain_text(raw) == text


ENDLESS = ["<div>", "<b>", "<span style='display:none'>", "<table><tr><td>", "<!--", "<a ", "&#"]
JUNK = ["<p>", "</p>", "<br>", "<div", ">", "牙", "&", "&lt;", "<!--", "\x00", "\ud800", "'", '"', "</"]
VISIBLE = st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"])


@pytest.mark.parametrize("part", ENDLESS)
def test_deep_and_endless_markup_ends(part: str) -> None:
    assert html_to_text("牙疼" + part * 50_000).startswith("牙疼")


@given(st.text(max_size=200))
def test_cleaning_is_idempotent_and_safe(raw: str) -> None:
    once = clean_text(raw)
    assert clean_text(once) == once
    once.encode("utf-8")


@given(st.lists(st.sampled_from(JUNK)))
def test_junk_never_raises(parts: list[str]) -> None:
    html_to_text("".join(parts)).encode("utf-8")


@given(st.text(VISIBLE, max_size=80))
def test_escaped_text_comes_back(raw: str) -> None:
    escaped = raw.replace("&", "&amp;").replace("<", "&lt;")
    assert html_to_text(escaped) == clean_text(raw)


@pytest.mark.parametrize(
    "html",
    [
        "<div>牙疼<br>三天了</div>",
        "<div>前<script>x()</script>后<!-- 注 -->尾<?x y?>完</div>",
        '<div><p>一</p><p>二<span style="display: none">藏</span>三</p>四</div>',
        '<div>笑<img alt="[doge]"> &amp; &lt;b&gt;</div>',
        "<div><ul><li>甲</li><li>乙</li></ul>丙<table><tr><td>丁</td><td>戊</td></tr></table></div>",
        "<div></div>",
        "<div>" + "<b>" * 300 + "深" + "</b>" * 300 + "后</div>",
    ],
)
def test_a_tree_says_what_its_markup_says(html: str) -> None:
    assert tree_to_text(find(tree(html), "//div")[0]) == html_to_text(html)


def test_dropping_an_element_keeps_the_text_behind_it() -> None:
    root = tree("<div>一<b>二</b>三<i>四</i>五</div>")
    for node in find(root, "//b | //i"):
        drop(node)
        drop(node)
    assert flat(root) == "一三五"
