"""From nothing to the first alert: what an installation still needs, each step with the page that does it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from leads import storage
from leads.records import first_steps as kept
from leads.web.auth import Visitor
from leads.web.desk import Desk

PUT_AWAY = "first-steps"  # the cookie of a browser in which the list was put away
# What is done, what it is called, why, and where.
_STEPS = (
    ("clinic", "添加诊所", "名称和地图链接就够了", "/clinics/new"),
    ("source", "添加来源", "一个论坛或订阅源的网址，或一个文件", "/sources/new"),
    ("collected", "第一次采集", "看着它找到第一条线索", "/coverage"),
    ("channel", "添加通道", "提醒发到哪里：企业微信、钉钉、飞书、邮件", "/alerts/channels/new"),
    ("alert", "设一个提醒", "有新线索时告诉你", "/alerts"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What is there already."""

    clinic: bool = False
    source: bool = False
    collected: bool = False
    channel: bool = False
    alert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStep:
    """One step: what it is called, why, where it is done, and whether it is."""

    title: str
    why: str
    address: str
    done: bool


def steps(done: Reached, *, source: str = "") -> tuple[FirstStep, ...]:
    """All of them, in their order; `source` is the one whose first collection is waited for. Pure."""
    addresses = {"collected": f"/coverage/{source}"} if source else {}
    return tuple(
        FirstStep(title=title, why=why, address=addresses.get(name, address), done=getattr(done, name))
        for name, title, why, address in _STEPS
    )


def open_steps(request: Request, desk: Desk, visitor: Visitor) -> tuple[FirstStep, ...]:
    """Those of an admin's day: all of them, or none once all is done or the list was put away.

    Raises:
        ConfigError: the sources file is broken.
        StorageError: index or records cannot be read.
    """
    if visitor.role != "admin" or request.cookies.get(PUT_AWAY):
        return ()
    found = all_steps(desk)
    return () if all(step.done for step in found) else found


def start(desk: Desk) -> str:
    """Where the first admin begins: with the first steps, unless all are done."""
    return "/" if all(step.done for step in all_steps(desk)) else "/first-steps"


def following(desk: Desk, visitor: Visitor) -> str:
    """Where an admin goes on until leads can come in; "" when they can, and for others."""
    first = all_steps(desk)[:2] if visitor.role == "admin" else ()
    return next((step.address for step in first if not step.done), "")


def all_steps(desk: Desk) -> tuple[FirstStep, ...]:
    """All of them as they are now.

    Raises:
        ConfigError: the sources file is broken.
        StorageError: index or records cannot be read.
    """
    counts = desk.index.counts()
    collected = counts["leads"] + counts["mentions"] > 0
    enabled = [source for source in storage.own_sources(desk.settings) if source.enabled]
    with desk.records.reading() as session:
        known = kept.recorded(session)
    done = Reached(
        clinic=known.clinic,
        source=bool(enabled) or collected,  # a file that was imported is a source, too
        collected=collected,
        channel=known.channel,
        alert=known.alert,
    )
    return steps(done, source=enabled[0].name if enabled else "")
