"""Exports: all that a search finds as one file, streamed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from leads.web.api.access import Exporter, scoped
from leads.web.desk import TheDesk
from leads.web.leads.search_form import LeadForm
from leads.web.mentions import page as mentions
from leads.web.mentions.view import MentionForm
from leads.web.pages import exports

routes = APIRouter(tags=["导出"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@routes.get(
    "/exports/leads.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    openapi_extra=scoped("export"),
)
def leads_as_csv(
    request: Request, desk: TheDesk, caller: Exporter, form: Annotated[LeadForm, Query()]
) -> Response:
    """符合条件的线索，CSV（UTF-8，带 BOM），最多一万条；公式已中和。"""
    return exports.as_csv(request, desk, caller.visitor, form)


@routes.get(
    "/exports/mentions.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    openapi_extra=scoped("export"),
)
def mentions_as_csv(
    request: Request, desk: TheDesk, caller: Exporter, form: Annotated[MentionForm, Query()]
) -> Response:
    """提及页上符合条件的提及和处理情况，CSV（UTF-8，带 BOM）；公式已中和。不写 state 是没处理完的。"""
    return mentions.as_csv(request, desk, caller.visitor, form)


@routes.get(
    "/exports/mentions.xlsx",
    response_class=Response,
    responses={200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
    openapi_extra=scoped("export"),
)
def mentions_as_xlsx(
    request: Request, desk: TheDesk, caller: Exporter, form: Annotated[MentionForm, Query()]
) -> Response:
    """同样的提及，Excel 文件。"""
    return mentions.as_xlsx(request, desk, caller.visitor, form)


@routes.get(
    "/exports/leads.xlsx",
    response_class=Response,
    responses={200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
    openapi_extra=scoped("export"),
)
def leads_as_xlsx(
    request: Request, desk: TheDesk, caller: Exporter, form: Annotated[LeadForm, Query()]
) -> Response:
    """同样的，Excel 文件。"""
    return exports.as_xlsx(request, desk, caller.visitor, form)
