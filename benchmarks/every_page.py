"""A desk with something on every page, served, and its pages' addresses: for lighthouse and markup."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import urllib3
import uvicorn
from fastapi.routing import APIRoute
from sqlalchemy import select

from benchmarks.web import fill, logged_in, settings
from leads.config import Settings
from leads.index import open_backend
from leads.models import LeadQuery
from leads.records import cases, open_records, rules, searches
from leads.records.tables.people import User
from leads.web import pages
from leads.web.app import create_app
from leads.web.auth import COOKIE

COUNT = 3000
HOST = "127.0.0.1"


class Site(NamedTuple):
    """A served desk: its address, an admin's cookie, and the paths of its pages."""

    address: str
    cookie: str
    paths: list[str]


def asked(site: Site, path: str) -> urllib3.BaseHTTPResponse:
    """The answer to the admin, its body unread."""
    return urllib3.request(
        "GET", site.address + path, headers={"Cookie": site.cookie}, redirect=False, preload_content=False
    )


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """Fills the folder where it is empty, and serves it on a free port."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = settings(folder)
    if not (folder / "leads.sqlite").exists():
        fill(chosen, COUNT)
        cookies = logged_in(chosen)
        _furnish(chosen)
    cookies = logged_in(chosen)
    server = uvicorn.Server(uvicorn.Config(create_app(chosen), host=HOST, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    address = f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        site = Site(address, f"{COOKIE}={cookies[COOKIE]}", [])
        paths = [path for path in (*_plain(), *_examples(chosen)) if _is_page(site, path)]
        yield site._replace(paths=list(dict.fromkeys(paths)))
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def _furnish(chosen: Settings) -> None:
    """A case, a rule and a saved search: what invented leads do not bring along."""
    now = datetime.now(UTC)
    lead_id = _some_lead(chosen)
    with open_records(chosen) as records, records.transaction() as session:
        user = session.scalars(select(User)).first()
        assert user is not None
        rules.add(session, name="附近的新线索", kind="lead", query="", who=user.login, now=now)
        searches.add(session, user_id=user.id, name="附近牙疼", query="near=all&q=牙疼", now=now)
        wanted = cases.CaseChange(version=0, status="seen", assignee=user.login)
        cases.change(session, {lead_id: wanted}, who=user.login, now=now)


def _some_lead(chosen: Settings) -> str:
    with open_backend(chosen) as index:
        found = index.search(LeadQuery(limit=1, sort="newest"), now=datetime.now(UTC)).items
    return found[0].lead.id


def _plain() -> list[str]:
    """Addresses without anything to fill in: new pages are among them by themselves."""
    routes = [route for router in pages.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return [route.path for route in routes if "GET" in route.methods and "{" not in route.path]


def _examples(chosen: Settings) -> list[str]:
    with open_backend(chosen) as index:
        mention = index.mentions(limit=1)[0]
    return [
        "/leads/" + quote(_some_lead(chosen), safe=""),
        "/mentions/" + quote(mention.id, safe=""),
        "/?near=all",
        "/clinics/" + chosen.clinics[0].id,
        "/rules/1",
        "/rules/new?kind=lead&near=all&q=" + quote("牙疼"),
        "/alerts/channels/new?kind=wecombot",
        "/api/v1/docs",
    ]


def _is_page(site: Site, path: str) -> bool:
    """Judged by the head alone: some answers have no end."""
    with asked(site, path) as answer:
        kind = answer.headers.get("content-type", "")
        return answer.status == 200 and kind.startswith("text/html")
