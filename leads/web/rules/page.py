"""规则: what to look out for, seen beforehand on the last thirty days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from leads import labels, storage
from leads.alerts.triggers.preview import Preview, Tag, preview, tokens_only
from leads.errors import ConflictError, InputError, QueryError
from leads.labels import FREQUENCY_NAMES, KIND_HINTS, KIND_NAMES
from leads.models import Clinic, LeadQuery, Mention, RuleKind, Severity
from leads.query import alert_conditions
from leads.query.fields import FIELDS, SearchField
from leads.query.search import choices, spelled
from leads.records import mentions, rules, users
from leads.records.tables.alerts import Rule, Subscription
from leads.storage import tagger
from leads.web.auth import Staff, Visitor
from leads.web.desk import Desk, Number, RowId, TheDesk
from leads.web.render import WebPage, render
from leads.web.rules.view import CHART, Bar, bars, described, fields_of, kind_of, query_of
from nlp import Tagger
from nlp.models import ComplaintKind, Polarity, Tags
from nlp.symptoms import lexicon

routes = APIRouter()
RULE_FIELDS = tuple(field for field in FIELDS if field.in_rules)
DONE = {
    "added": "规则已保存，从现在起生效。要收到提醒，还要在“提醒”页订阅它。",
    "changed": "规则已保存，从现在起按新的条件。",
    "on": "规则已启用。",
    "off": "规则已停用。",
    "removed": "规则已删除。",
}


class RuleForm(BaseModel):
    """What is saved: the query string was made and shown by the preview."""

    name: str = ""
    kind: str = "lead"
    query: str = ""
    version: Number = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesPage(WebPage):
    """All rules; by their ids who hears of them, their conditions in words, and why one cannot be read."""

    template: ClassVar[str] = "rules.html"
    rules: Sequence[Rule]
    subscribers: Mapping[int, Sequence[str]]
    described: Mapping[int, Sequence[tuple[str, str]]]
    problems: Mapping[int, str]
    kinds: Mapping[RuleKind, str]
    hints: Mapping[RuleKind, str]
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePage(WebPage):
    """The form of a rule, or of a new one without `rule`, and what it would have brought."""

    template: ClassVar[str] = "rule.html"
    rule: Rule | None
    kind: RuleKind
    name: str
    query: str
    version: int
    fields: Mapping[str, Sequence[str]]
    rule_fields: Sequence[SearchField]  # of a rule about leads, and by name what may be chosen
    choices: Mapping[str, Mapping[str, str]]
    kinds: Mapping[RuleKind, str]
    hints: Mapping[RuleKind, str]
    clinics: Sequence[Clinic]
    symptoms: Sequence[str]
    polarity_names: Mapping[Polarity, str]
    complaint_names: Mapping[ComplaintKind, str]
    severity_names: Mapping[Severity, str]
    sources: Sequence[str]
    preview: Preview | None
    bars: Sequence[Bar]
    chart: tuple[int, int]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """What the form is filled with; without `rule` it makes a new one.

    `problem` and `status` say why it was not saved; without `look` nobody asked yet what it would bring.
    """

    kind: RuleKind
    query: str
    name: str
    rule: Rule | None = None
    version: int = 0
    problem: str = ""
    status: int = 200
    look: bool = True


@routes.get("/rules")
def all_rules(request: Request, desk: TheDesk, visitor: Staff, done: str = "") -> Response:
    """All rules with those who hear of them."""
    with desk.records.reading() as session:
        found = rules.all(session)
        heard = rules.subscriptions(session)
        people = {user.id: user.name for user in users.everybody(session)}
    page = RulesPage(
        rules=found,
        subscribers=_subscribers(heard, people),
        described={rule.id: described(rule.kind, rule.query, visitor.clinics) for rule in found},
        problems={rule.id: _problem(rule, visitor, desk) for rule in found},
        kinds=KIND_NAMES,
        hints=KIND_HINTS,
        done=DONE.get(done, ""),
    )
    return render(request, page)


@routes.get("/rules/new")
def new(request: Request, desk: TheDesk, visitor: Staff, kind: str = "lead", name: str = "") -> Response:
    """The form; with conditions in the address also what they would have brought."""
    chosen = kind_of(kind)
    query = query_of(chosen, request.query_params)
    asked = bool(set(request.query_params) - {"kind"})
    if not asked and chosen == "lead" and visitor.clinics:
        query = urlencode(spelled(visitor.clinics[0]))  # what the clinic's list opens with
    draft = RuleDraft(kind=chosen, query=query, name=name, look=asked)
    return _form(request, desk, visitor, draft)


@routes.post("/rules")
def add(request: Request, desk: TheDesk, visitor: Staff, form: Annotated[RuleForm, Form()]) -> Response:
    """A new rule."""
    kind = kind_of(form.kind)
    try:
        with desk.records.transaction() as session:
            rules.add(
                session, name=form.name, kind=kind, query=form.query, who=visitor.login, now=desk.clock()
            )
    except (InputError, QueryError) as error:
        draft = RuleDraft(kind=kind, query=form.query, name=form.name, problem=str(error), status=400)
        return _form(request, desk, visitor, draft)
    return _back("added")


@routes.get("/rules/{rule_id}")
def edit(request: Request, desk: TheDesk, visitor: Staff, rule_id: RowId) -> Response:
    """A rule as it is, or with the conditions of the address."""
    rule = _rule(desk, rule_id)
    given = request.query_params
    asked = "version" in given
    draft = RuleDraft(
        kind=rule.kind,
        query=query_of(rule.kind, given) if asked else rule.query,
        name=given.get("name", rule.name),
        rule=rule,
        version=_number(given.get("version", ""), rule.version),
    )
    return _form(request, desk, visitor, draft)


@routes.post("/rules/{rule_id}")
def change(
    request: Request, desk: TheDesk, visitor: Staff, rule_id: RowId, form: Annotated[RuleForm, Form()]
) -> Response:
    """Save, unless somebody else has meanwhile."""
    rule = _rule(desk, rule_id)
    try:
        with desk.records.transaction() as session:
            rules.change(
                session,
                rule_id,
                version=form.version,
                who=visitor.login,
                now=desk.clock(),
                name=form.name,
                query=form.query,
            )
    except (InputError, QueryError, ConflictError) as error:
        draft = RuleDraft(
            kind=rule.kind,
            query=form.query,
            name=form.name,
            rule=rule,
            version=form.version,
            problem=str(error),
            status=error.http_status,
        )
        return _form(request, desk, visitor, draft)
    return _back("changed")


@routes.post("/rules/{rule_id}/enable")
def enable(desk: TheDesk, visitor: Staff, rule_id: RowId, enabled: Annotated[str, Form()] = "1") -> Response:
    """On or off."""
    _rule(desk, rule_id)
    wanted = enabled != "0"
    with desk.records.transaction() as session:
        rules.set_enabled(session, rule_id, wanted, who=visitor.login, now=desk.clock())
    return _back("on" if wanted else "off")


@routes.post("/rules/{rule_id}/remove")
def remove(desk: TheDesk, visitor: Staff, rule_id: RowId) -> Response:
    """Gone, with its subscriptions."""
    _rule(desk, rule_id)
    with desk.records.transaction() as session:
        rules.remove(session, rule_id, who=visitor.login, now=desk.clock())
    return _back("removed")


def _form(request: Request, desk: Desk, visitor: Visitor, draft: RuleDraft) -> Response:
    seen, kind, query = None, draft.kind, draft.query
    problem, status = draft.problem, draft.status
    try:
        if draft.look:
            query = alert_conditions.tidied(kind, query)
            seen = looked_back(desk, visitor, kind, query)
    except QueryError as error:
        problem, status = problem or str(error), 400
    page = RulePage(
        rule=draft.rule,
        kind=kind,
        name=draft.name,
        query=query,
        version=draft.version,
        fields=fields_of(query),
        rule_fields=RULE_FIELDS,
        choices={field.name: choices(field) for field in RULE_FIELDS},
        kinds=KIND_NAMES,
        hints=KIND_HINTS,
        clinics=visitor.clinics,
        symptoms=[concept.name for concept in lexicon.load().concepts.values()],
        polarity_names=labels.POLARITY_NAMES,
        complaint_names=labels.COMPLAINT_NAMES,
        severity_names=labels.SEVERITY_NAMES,
        sources=_sources(desk, kind),
        preview=seen,
        bars=bars(seen) if seen else [],
        chart=CHART,
        problem=problem,
    )
    return render(request, page, status=status)


def _sources(desk: Desk, kind: RuleKind) -> Sequence[str]:
    """What may be chosen: what is crawled and, for posts, where stored ones came from: files, too."""
    crawled = [source.name for source in storage.sources(desk.settings)]
    if kind in ("silent", "blocked"):
        return crawled
    return sorted({*crawled, *desk.index.facets(LeadQuery(), ("source",))["source"]})


def looked_back(desk: Desk, visitor: Visitor, kind: RuleKind, query: str) -> Preview:
    """What such a rule would have brought lately; raises QueryError, StorageError."""
    folder = storage.data_dir(desk.settings)
    with desk.records.reading() as session:
        others = mentions.others(session) if kind == "mention" else frozenset[str]()
    tag: Tag = _with(folder) if ":" in fields_of(query).get("q", [""])[0] else tokens_only
    with storage.coverage(desk.settings) as coverage:
        return preview(
            kind,
            query,
            clinics=visitor.clinics,
            index=desk.index,
            coverage=coverage,
            tag=tag,
            now=desk.clock(),
            others=others,
        )


def _with(folder: Path) -> Tag:
    """Whole tags: a rule may ask for symptoms and places, which a mention does not keep."""

    def tag(mentions: Sequence[Mention]) -> Sequence[Tags]:
        posts = [mention.post for mention in mentions]
        texts, hints = [post.full_text for post in posts], [post.place_hints for post in posts]
        return _tagger(folder).tag_many(texts, hints)

    return tag


@cache
def _tagger(folder: Path) -> Tagger:
    return tagger(folder)


def _problem(rule: Rule, visitor: Visitor, desk: Desk) -> str:
    """Why the rule cannot be read any more, "" when it can."""
    try:
        alert_conditions.read(rule.kind, rule.query, clinics=visitor.clinics, now=desk.clock())
    except QueryError as error:
        return str(error)
    return ""


def _subscribers(heard: list[Subscription], people: dict[int, str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for each in heard:
        state = "" if each.enabled else "，停用"
        text = f"{people.get(each.user_id, '（已删除）')}（{FREQUENCY_NAMES[each.frequency]}{state}）"
        found.setdefault(each.rule_id, []).append(text)
    return found


def _rule(desk: Desk, rule_id: int) -> Rule:
    with desk.records.reading() as session:
        rule = rules.get(session, rule_id)
    if rule is None:
        raise HTTPException(404, "没有这条规则：它可能已被删除。")
    return rule


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _back(done: str) -> Response:
    return RedirectResponse("/rules?" + urlencode({"done": done}), 303)
