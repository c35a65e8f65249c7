"""The web application: routes, headers and errors in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from leads.config import Settings
from leads.errors import TingzhenError
from leads.index import open_backend
from leads.web import pages

FOLDER = Path(__file__).parent
# Another site's name that resolves to this machine (DNS rebinding) must not read the leads with a visitor's
# browser; a request names the host it was meant for.
OWN_NAMES = ("127.0.0.1", "localhost", "::1")
# Nothing but our own files, no scripts at all, and never inside another site's frame.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(settings: Settings) -> FastAPI:
    """The application over the configured index.

    Raises:
        StorageError: the index cannot be opened.
        ConfigError: a clinic is wrong.
    """
    clinics = settings.clinic_records()
    index = open_backend(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        index.close()

    app = FastAPI(title="听诊", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.include_router(pages.router(index, clinics))
    app.add_exception_handler(TingzhenError, _our_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.middleware("http")(_with_headers)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    if request.url.hostname in OWN_NAMES:
        response = await call_next(request)
    else:
        response = pages.error_page(request, "线索页只在本机打开：请用 http://127.0.0.1。", 421)
    response.headers.update(HEADERS)
    return response


def _our_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TingzhenError)  # noqa: S101 - registered for this class only
    return pages.error_page(request, str(error), error.http_status)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    sentence = {404: "没有这个页面。", 405: "这个页面不接受这种请求。"}.get(
        error.status_code, str(error.detail)
    )
    return pages.error_page(request, sentence, error.status_code)
