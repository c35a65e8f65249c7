"""/api/v1/docs: the description as a plain page, made from openapi.json; nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from leads.records.tokens import SCOPES
from leads.web.api.access import WITHOUT, SignedIn, unknown
from leads.web.api.answers import PREFIX
from leads.web.render import WebPage, render

routes = APIRouter(include_in_schema=False)
Schema: TypeAlias = Mapping[str, Any]  # a part of openapi.json, as FastAPI makes it


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterField:
    """A parameter, or a key of a body."""

    name: str
    where: str  # 地址, 参数, 请求头, 正文
    kind: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route."""

    method: str
    path: str
    tag: str
    about: str
    scope: str
    fields: tuple[ParameterField, ...]
    example: str  # a body, as JSON text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePage(WebPage):
    """The routes by their groups."""

    template: ClassVar[str] = "api.html"
    groups: Mapping[str, Sequence[Operation]]
    about: Mapping[str, str]
    scopes: Mapping[str, str]


@routes.get("/openapi.json")
def description(request: Request, inside: SignedIn) -> Response:
    """What the page is made from, for programs; strangers need not know what there is."""
    if not inside:
        raise unknown(WITHOUT)
    return JSONResponse(request.app.openapi())


@routes.get("/docs")
def reference(request: Request, inside: SignedIn) -> Response:
    """The page; strangers log in first."""
    if not inside:
        return RedirectResponse("/login?" + urlencode({"then": f"{PREFIX}/docs"}), 303)
    schema = request.app.openapi()
    groups: dict[str, list[Operation]] = {}
    for each in operations(schema):
        groups.setdefault(each.tag, []).append(each)
    return render(request, ReferencePage(groups=groups, about=schema["info"], scopes=SCOPES))


def operations(schema: Schema) -> Iterator[Operation]:
    """Every route of a description, in its order."""
    for path, methods in schema["paths"].items():
        for method, found in methods.items():
            body = _resolved(schema, _body(found))
            yield Operation(
                method=method.upper(),
                path=PREFIX + path,
                tag=found["tags"][0],
                about=found.get("description", ""),
                scope=found["x-scope"],
                fields=(*_parameters(schema, found), *_keys(schema, body)),
                example=_example(body),
            )


_PLACES = {"path": "地址", "query": "参数", "header": "请求头"}


def _parameters(schema: Schema, found: Schema) -> Iterator[ParameterField]:
    for each in found.get("parameters", ()):
        yield ParameterField(
            name=each["name"],
            where=_PLACES[each["in"]],
            kind=_kind(schema, each["schema"]),
            required=each.get("required", False),
            about=each.get("description", ""),
        )


def _keys(schema: Schema, body: Schema) -> Iterator[ParameterField]:
    for name, each in body.get("properties", {}).items():
        yield ParameterField(
            name=name,
            where="正文",
            kind=_kind(schema, each),
            required=name in body.get("required", ()),
            about=each.get("description", ""),
        )


def _body(found: Schema) -> Schema:
    content: Schema = found.get("requestBody", {}).get("content", {})
    schema: Schema = content.get("application/json", {}).get("schema", {})
    return schema


def _resolved(schema: Schema, part: Schema) -> Schema:
    reference = part.get("$ref", "")
    known: Schema = schema.get("components", {}).get("schemas", {})
    found: Schema = known[reference.rsplit("/", 1)[1]] if reference else part
    return found


def _kind(schema: Schema, part: Schema) -> str:
    """A type in a few words: "string", "integer | null", "a | b"."""
    part = _resolved(schema, part)
    if "enum" in part:
        return " | ".join(map(str, part["enum"]))
    if "anyOf" in part:
        return " | ".join(_kind(schema, each) for each in part["anyOf"])
    if part.get("type") == "array":
        return f"[{_kind(schema, part.get('items', {}))}]"
    return str(part.get("format") or part.get("type", ""))


def _example(body: Schema) -> str:
    examples = body.get("examples") or ()
    return orjson.dumps(examples[0], option=orjson.OPT_INDENT_2).decode() if examples else ""
