"""The web application: routes, headers and errors in one place."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from secrets import token_hex
from time import perf_counter
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from crawler.telemetry import logs, traces
from leads.config import Settings
from leads.errors import TingzhenError
from leads.index import open_backend
from leads.models import Clock, system_clock
from leads.records import open_records
from leads.records.clinics import adopt_file
from leads.web import pages, probes
from leads.web.api.application import create_api, wrong_host
from leads.web.api.errors import http_problem
from leads.web.api.metrics import Latency, route_of
from leads.web.assets import StaticAssets
from leads.web.auth import FactorMissing, NotLoggedIn
from leads.web.compression import Compression
from leads.web.desk import Desk
from leads.web.door import Gate
from leads.web.events.watcher import Watcher
from leads.web.headers import ENCRYPTED, HEADERS, OWN_NAMES, PRIVATE
from leads.web.house import House
from leads.web.render import error_page

_log = logging.getLogger(__name__)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SENTENCES = {404: "没有这个页面。", 405: "这个页面不接受这种请求。"}


def create_app(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """The application over the configured index and records.

    Raises:
        StorageError: the index or the records cannot be opened.
        ConfigError: a clinic is wrong.
    """
    records = open_records(settings)
    with records.transaction() as session:
        adopt_file(session, settings)
    desk = Desk(settings=settings, index=open_backend(settings), records=records, clock=clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    app = FastAPI(title="听诊", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.desk = desk
    app.state.gate = Gate()
    app.state.house = House(settings.oidc)
    app.state.latency = Latency()
    app.state.watcher = Watcher(desk)
    app.mount("/static", StaticAssets(), name="static")
    app.mount("/api/v1", create_api(app.state))
    for router in pages.ROUTERS:
        app.include_router(router)
    app.include_router(probes.routes)
    app.add_exception_handler(TingzhenError, _our_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(NotLoggedIn, _to_login)
    app.add_exception_handler(FactorMissing, _to_factor)
    app.middleware("http")(_with_headers)
    app.add_middleware(Compression)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    number = token_hex(6)
    method = request.method if request.method in _METHODS else "other"
    with logs.within(request=number), traces.span("web.request", method=method, request=number) as spell:
        response = await _answer(request, call_next)
        spell.note(route=route_of(request), status=response.status_code)
    response.headers["X-Request-Id"] = number
    return response


async def _answer(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    desk: Desk = request.app.state.desk
    began = perf_counter()
    if request.url.hostname in own_names(desk.settings):
        response = await call_next(request)
    elif request.url.path.startswith("/api/"):
        response = wrong_host(request)
    else:
        response = error_page(request, "这个网址不属于听诊：请用管理员给的网址打开。", 421)
    encrypted = desk.settings.web.public_url.startswith("https://")
    for name, value in {**HEADERS, **(ENCRYPTED if encrypted else {})}.items():
        response.headers.setdefault(name, value)
    took = perf_counter() - began
    request.app.state.latency.note(request, response.status_code, took)
    _log.info("%s %s %d %.0f ms", request.method, route_of(request), response.status_code, took * 1000)
    if not request.url.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", PRIVATE["Cache-Control"])
    return response


def own_names(settings: Settings) -> tuple[str, ...]:
    """The host names the desk answers to: this machine's, the one it listens on, the public one."""
    public = urlsplit(settings.web.public_url).hostname or ""
    return tuple(filter(None, (*OWN_NAMES, settings.web.host, public)))


def _our_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TingzhenError)  # noqa: S101 - registered for this class only
    return error_page(request, str(error), error.http_status)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if request.url.path.startswith("/api/"):  # an address that even the API's mount does not take for its own
        return http_problem(request, error)
    sentence = _SENTENCES.get(error.status_code, str(error.detail))
    return error_page(request, sentence, error.status_code)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    if any(each["loc"][0] == "path" for each in error.errors()):
        return error_page(request, _SENTENCES[404], 404)
    fields = "、".join(dict.fromkeys(str(each["loc"][-1]) for each in error.errors()))
    return error_page(request, f"表单里的 {fields} 看不懂：请返回上一页改正。", 422)


def _to_login(request: Request, error: Exception) -> Response:
    """Strangers log in first, and come back to where they wanted to go."""
    if request.method != "GET":
        return RedirectResponse("/login", 303)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/login?" + urlencode({"then": wanted}), 303)


def _to_factor(request: Request, error: Exception) -> Response:
    """Who has to have a second factor sets one up first."""
    return RedirectResponse("/account/factor", 303)
