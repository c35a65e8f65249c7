"""The normal form every matcher reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.text.normal import blank_noise, borders, normalise


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("牙齒矯正，推薦！", "牙齿矫正,推荐!"),
        ("牙\u200b疼\ufeff", "牙疼"),
        ("a\x00b\x1fc", "a b c"),
        ("牙\ud83d疼", "牙\ufffd疼"),
        ("Invisalign 隐适美", "invisalign 隐适美"),
        ("第一行\n第二行", "第一行\n第二行"),
        ("", ""),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    assert normalise(text) == normal


@given(st.text(st.characters()))
def test_normalise_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert len(once) <= len(text)
    once.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("@某人 牙疼", "    牙疼"),
        ("看 http://t.cn/a1b2 吧", "看" + " " * 18 + "吧"),
        ("疼[泪][泪]啊", "疼      啊"),
        ("<b>疼</b>&nbsp;", "   疼          "),
        ("邮箱 a@b.cn", "邮箱 a@b.cn"),
        ("[这不是一个表情代码因为太长]", "[这不是一个表情代码因为太长]"),
    ],
)
def test_noise_is_blanked_in_place(text: str, clean: str) -> None:
    assert blank_noise(text) == clean


@given(st.text(max_size=200))
def test_blanking_keeps_positions(text: str) -> None:
    plain = normalise(text)
    assert len(blank_noise(plain)) == len(plain)


def test_borders() -> None:
    assert borders(["牙疼", ",", "求"]) == {0, 2, 3, 4}
    assert borders([]) == {0}
