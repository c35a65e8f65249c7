"""Who says of themselves to be a child is taken for one; who writes about a child is not."""

from __future__ import annotations

import pytest

from leads.scoring.by_child import written_by_child


@pytest.mark.parametrize(
    "text",
    [
        "我今年12岁，牙疼了三天不敢告诉妈妈",
        "我才十一岁，脸上长了好多痘痘怎么办",
        "本人13周岁，近视三百度还能恢复吗",
        "我是小学生，换牙的时候牙歪了",
        "我是一名初中生，总是头疼睡不着",
        "我现在上六年级，眼睛看黑板看不清",
        "我上初一，来例假肚子疼得厉害",
        "牙套崩了一颗，我还在读小学，不知道找谁",
        "楼主小学五年级，手指骨折打了石膏还疼",
    ],
)
def test_a_child_writes(text: str) -> None:
    assert written_by_child(text)


@pytest.mark.parametrize(
    "text",
    [
        "我女儿今年9岁，牙齿地包天要不要矫正",
        "孩子12岁，发烧两天了，挂什么科",
        "9岁男孩咳嗽一周，求推荐儿科医生",
        "我家老大上三年级，近视两百度",
        "我弟弟初二，打球崴了脚",
        "我是小学老师，嗓子哑了半个月",
        "我是三年级班主任，天天喊，咽炎犯了",
        "我12岁的时候做过阑尾手术，现在又疼",
        "我13岁就开始近视，现在六百度",
        "我上小学时摔断过门牙，想种牙",
        "我今年36岁，腰疼得直不起来",
        "我高二，智齿发炎了",
        "牙疼了一晚上，求推荐",
    ],
)
def test_somebody_else_does(text: str) -> None:
    assert not written_by_child(text)
