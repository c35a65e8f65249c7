"""`tingzhen mcp` as a real process, asked by the protocol's own client."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client

from crawler.sources.load import PACKAGED
from leads.models import Role
from leads.records import open_records, tokens, users
from leads.records.clinics import adopt_file
from tests.support.commands import TINGZHEN, run
from tests.support.coroutines import finish
from tests.support.seeds import seed, settings

CONFIG = """
data_dir = "data"
[[clinics]]
id = "anhe"
name = "安和口腔"
lat = 30.64
lon = 104.04
[[clinics]]
id = "qingmu"
name = "青木中医"
lat = 30.65
lon = 104.08
reach_km = 3.0
"""
Call = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assistant")
    (folder / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    seed(folder / "data")
    shutil.copyfile(PACKAGED, folder / "data" / "sources.toml")
    made = settings(folder / "data")
    with open_records(made) as records, records.transaction() as session:
        adopt_file(session, made)  # as the desk does, where tokens are made
    return folder


def token(
    place: Path, *scopes: str, role: Role = "admin", clinics: Sequence[str] = (), revoked: bool = False
) -> str:
    now = datetime.now(UTC)
    with open_records(settings(place / "data")) as records, records.transaction() as session:
        login = f"{role}-{len(users.everybody(session))}"
        owner = users.add_user(session, login=login, name="x", role=role, clinic_ids=clinics, now=now)
        secret, row = tokens.create(session, owner, name="助手", scopes=scopes, now=now)
        row.revoked_at = now if revoked else None
    return secret


def asked(place: Path, secret: str, *calls: Call) -> tuple[list[Any], list[tuple[bool, Any]]]:
    """The tools, and for each call whether it failed and what was said."""

    async def talk() -> tuple[list[Any], list[tuple[bool, Any]]]:
        process = StdioServerParameters(
            command=str(TINGZHEN), args=["mcp"], cwd=place, env={**os.environ, "TINGZHEN_TOKEN": secret}
        )
        async with stdio_client(process, errlog=sys.stderr) as pipes, ClientSession(*pipes) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            answers = [await session.call_tool(name, values) for name, values in calls]
            return tools, [(bool(each.is_error), _content(each)) for each in answers]

    return finish(talk())


def _content(answer: Any) -> Any:
    text = answer.content[0].text
    return text if answer.is_error else json.loads(text)


def test_reads_leads_mentions_and_coverage(place: Path) -> None:
    secret = token(place, "leads:read", "mentions:read", "coverage:read")
    tools, answers = asked(
        place,
        secret,
        ("search_leads", {"q": "牙疼", "near": "all", "limit": 3}),
        ("get_lead", {"lead_id": "forum/1"}),
        ("mentions", {"clinic": "anhe", "polarity": "complaint"}),
        ("coverage", {}),
        ("groups", {"city": "all"}),
        ("match", {"text": "后槽牙疼了三天", "place": "成都武侯区"}),
        ("get_lead", {"lead_id": "forum/999"}),
        ("search_leads", {"since": "yesterday"}),
        ("voice", {"clinic": "qingmu"}),
        ("voice", {"clinic": "nowhere"}),
        ("public_accounts", {"symptom": "牙痛"}),
        ("own_accounts", {"clinic": "qingmu"}),
    )
    assert [tool.name for tool in tools] == [
        "search_leads", "get_lead", "mentions", "voice", "public_accounts", "own_accounts", "coverage",
        "groups", "match", "similar_leads", "topics", "questions", "needs",
    ]  # fmt: skip
    assert all(tool.annotations.read_only_hint and "。" in tool.description for tool in tools)
    assert [failed for failed, _ in answers] == [*[False] * 6, True, True, False, True, False, False]
    found, one, heard, sources, gathered, who, missing, unclear = [said for _, said in answers[:8]]
    voice, nowhere, public, own = [said for _, said in answers[8:]]
    assert len(found["items"]) == 3
    assert one["id"] == "forum/1"
    assert [each["id"] for each in heard["items"]] == ["forum/2#anhe"]
    assert sources["items"]
    assert {need["name"] for need in gathered["needs"]} == {"牙痛"}
    assert [each["id"] for each in who["clinics"]] == ["anhe", "qingmu"]
    assert "没有这条线索" in missing
    assert "since 'YESTERDAY' 看不懂" in unclear or "since 'yesterday' 看不懂" in unclear
    assert (voice["clinic"], voice["few"]) == ("qingmu", ["青木中医"])
    assert "clinic 'NOWHERE' 不可用" in nowhere or "clinic 'nowhere' 不可用" in nowhere
    assert public == {"accounts": []}
    assert (own["clinic"], own["all"]["posts"]) == ("qingmu", 0)
    assert "author_key" not in str(answers)


def test_reads_what_many_say_together(place: Path) -> None:
    _, answers = asked(
        place,
        token(place, "leads:read"),
        ("similar_leads", {"text": "牙疼得厉害", "limit": 3}),
        ("similar_leads", {"lead_id": "forum/1", "limit": 3}),
        ("topics", {"city": "成都", "span": "month"}),
        ("questions", {}),
        ("needs", {"span": "week"}),
        ("similar_leads", {}),
    )
    assert [failed for failed, _ in answers] == [False] * 5 + [True]
    alike, of_lead, topics, questions, needs, empty = [said for _, said in answers]
    assert len(alike["items"]) == len(of_lead["items"]) == 3
    assert "forum/1" not in {each["id"] for each in of_lead["items"]}
    assert (topics["city"], questions["span"], needs["span"]) == ("510100", "month", "week")
    assert "请写一段描述" in empty


def test_a_doctors_token_sees_own_clinics_and_its_scopes_only(place: Path) -> None:
    secret = token(place, "mentions:read", role="doctor", clinics=["qingmu"])
    _, answers = asked(place, secret, ("mentions", {}), ("search_leads", {}), ("coverage", {}))
    assert {each["clinic_id"] for each in answers[0][1]["items"]} == {"qingmu"}
    assert [(failed, "没有权限" in said) for failed, said in answers[1:]] == [(True, True), (True, True)]


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (lambda place: "", "放进环境变量 TINGZHEN_TOKEN"),
        (lambda place: "tz_wrong", "无效或已过期"),
        (lambda place: token(place, "leads:read", revoked=True), "无效或已过期"),
        (lambda place: token(place, "export"), "没有权限 leads:read"),
    ],
    ids=["none", "wrong", "revoked", "without a scope"],
)
def test_who_may_not_is_told_in_one_sentence(
    place: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[Path], str], complaint: str
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("TINGZHEN_TOKEN", made(place))
    ran = run("mcp")
    assert ran.code == 2
    assert complaint in ran.said
    assert ran.err.count("。") == 1
    assert ran.out == "", "standard output belongs to the protocol"


def test_without_the_extra(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    ran = run("mcp")
    assert (ran.code, "tingzhen[assistant]" in ran.said) == (2, True)
