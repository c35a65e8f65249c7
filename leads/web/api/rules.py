"""Rules: what to look out for, and what a rule would have brought."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.models import RuleKind
from leads.query.alert_conditions import LONGEST
from leads.records import rules
from leads.records.rules import LONGEST_NAME
from leads.records.tables.alerts import Rule
from leads.web.api.access import RulesWriter, scoped
from leads.web.api.answers import (
    IfMatch,
    answer,
    listed,
    version_meant,
    version_required,
)
from leads.web.api.once import DoOnce
from leads.web.desk import Desk, Number, RowId, TheDesk
from leads.web.rules.page import looked_back

routes = APIRouter(tags=["规则"])
SCOPE = scoped("rules:write")
QUERY = (
    "条件，写法和线索页的地址相同（q、near、radius、symptom …）；提及用 q、clinic、polarity、kind、severity。"
)


class RuleShape(BaseModel):
    """A rule."""

    id: int
    name: str
    kind: RuleKind
    query: str = Field(description=QUERY)
    enabled: bool
    created_by: str
    created_at: datetime
    changed_at: datetime
    version: int


class Rules(BaseModel):
    """Every rule in the order of names."""

    items: list[RuleShape]
    next: str | None


class NewRule(BaseModel):
    """A rule to be."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "武侯牙疼", "kind": "lead", "query": "q=牙疼&near=all&area=成都武侯"}]
        },
    )

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    kind: RuleKind
    query: str = Field("", max_length=LONGEST, description=QUERY)


class RulePatch(BaseModel):
    """What to change; what is left out stays. Its kind stays in any case."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": False}]})

    name: str | None = Field(None, min_length=1, max_length=LONGEST_NAME)
    query: str | None = Field(None, max_length=LONGEST, description=QUERY)
    enabled: bool | None = None
    version: Number | None = Field(None, description="改名称或条件时必须有；也可以用 If-Match。")


class Condition(BaseModel):
    """A rule that is not kept."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "lead", "query": "q=牙疼&near=all"}]}
    )

    kind: RuleKind
    query: str = Field("", max_length=LONGEST, description=QUERY)


class Day(BaseModel):
    """How many on a day of Beijing."""

    day: str
    count: int


class SampleShape(BaseModel):
    """One thing the rule would have told of."""

    text: str
    at: datetime
    about: str


class PreviewShape(BaseModel):
    """What the rule would have brought in the last thirty days."""

    total: int
    days: list[Day]
    samples: list[SampleShape]
    note: str


def _shape(rule: Rule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in RuleShape.model_fields}


def _found(desk: Desk, rule_id: int) -> Rule:
    with desk.records.reading() as session:
        rule = rules.get(session, rule_id)
    if rule is None:
        raise HTTPException(404, "没有这条规则：它可能已被删除。")
    return rule


@routes.get("/rules", response_model=Rules, openapi_extra=SCOPE)
def list_rules(request: Request, desk: TheDesk, caller: RulesWriter) -> Response:
    """所有规则。"""
    with desk.records.reading() as session:
        return answer(request, listed([_shape(rule) for rule in rules.all(session)]))


@routes.post("/rules", response_model=RuleShape, status_code=201, openapi_extra=SCOPE)
def add_rule(desk: TheDesk, caller: RulesWriter, once: DoOnce, asked: NewRule) -> Response:
    """加一条规则，从现在起生效。谁收到提醒，在提醒页订阅。"""

    def work(session: Session) -> tuple[int, dict[str, object]]:
        rule = rules.add(
            session,
            name=asked.name,
            kind=asked.kind,
            query=asked.query,
            who=caller.who,
            now=desk.clock(),
        )
        return 201, _shape(rule)

    return once(caller, asked, work)


@routes.post("/rules/preview", response_model=PreviewShape, openapi_extra=SCOPE)
def preview_rule(request: Request, desk: TheDesk, caller: RulesWriter, asked: Condition) -> Response:
    """这样一条规则在过去三十天会带来什么；什么也不保存。"""
    seen = looked_back(desk, caller.visitor, asked.kind, asked.query)
    body = {
        "total": seen.total,
        "days": [{"day": day, "count": count} for day, count in seen.days],
        "samples": [{"text": each.text, "at": each.at, "about": each.about} for each in seen.samples],
        "note": seen.note,
    }
    return answer(request, body)


@routes.get("/rules/{rule_id}", response_model=RuleShape, openapi_extra=SCOPE)
def get_rule(request: Request, desk: TheDesk, caller: RulesWriter, rule_id: RowId) -> Response:
    """一条规则。"""
    return answer(request, _shape(_found(desk, rule_id)))


@routes.patch("/rules/{rule_id}", response_model=RuleShape, openapi_extra=SCOPE)
def change_rule(
    desk: TheDesk,
    caller: RulesWriter,
    once: DoOnce,
    rule_id: RowId,
    asked: RulePatch,
    if_match: IfMatch = None,
) -> Response:
    """改名称、条件，启用或停用。改名称或条件要带 version 或 If-Match。"""
    _found(desk, rule_id)
    renamed = asked.name is not None or asked.query is not None
    version = (version_required if renamed else version_meant)(if_match, asked.version)

    def work(session: Session) -> tuple[int, dict[str, object]]:
        now, who = desk.clock(), caller.who
        if renamed:
            rules.change(
                session,
                rule_id,
                version=version or 0,
                who=who,
                now=now,
                name=asked.name,
                query=asked.query,
            )
        if asked.enabled is not None:
            rules.set_enabled(session, rule_id, asked.enabled, who=who, now=now)
        rule = rules.get(session, rule_id)
        if rule is None:
            raise HTTPException(404, "没有这条规则：它刚被删除。")
        return 200, _shape(rule)

    return once(caller, asked, work)


@routes.delete("/rules/{rule_id}", status_code=204, openapi_extra=SCOPE)
def remove_rule(desk: TheDesk, caller: RulesWriter, once: DoOnce, rule_id: RowId) -> Response:
    """删掉规则和它的订阅；已经写好的提醒照发。"""

    def work(session: Session) -> tuple[int, None]:
        if rules.get(session, rule_id) is None:
            raise HTTPException(404, "没有这条规则：它可能已被删除。")
        rules.remove(session, rule_id, who=caller.who, now=desk.clock())
        return 204, None

    return once(caller, None, work)
