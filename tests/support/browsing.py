"""What tests in a real browser share: Chromium, the served application, a page that reports every fault."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from leads.models import Role
from leads.web.app import create_app
from tests.support.seeds import login_cookie, settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
TIMEOUT = 600_000  # milliseconds; ends a hang, where Playwright's own judge a busy machine
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


def executable() -> str:
    """The machine's own Chromium. Where tests run by themselves (CI) its absence is a failure, not a skip."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed; make test installs one")
    assert found, f"none of {', '.join(BROWSERS)} is installed"
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A real Chromium without a window."""
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=executable(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The real application under uvicorn on a free port."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings(folder)), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 600
    while not server.started:
        assert time.monotonic() < end, "uvicorn did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@contextmanager
def opened(
    browser: Browser,
    size: ViewportSize,
    *,
    scripts: bool = True,
    folder: Path | None = None,
    role: Role = "admin",
    clinic_ids: tuple[str, ...] = (),
    complain: bool = True,
    dark: bool = False,
    touch: bool = False,
) -> Iterator[Page]:
    """A page that fails the test for anything its console complains of, and any request to elsewhere.

    With `folder`, the data folder of the served application, somebody of that role is logged in. Without
    `complain` faults are let pass: a browser calls an answer of 400 one. `dark` is how the window
    is, `touch` a screen that takes fingers.
    """
    context = browser.new_context(
        viewport=size,
        java_script_enabled=scripts,
        locale="zh-CN",
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        is_mobile=touch,
    )
    if folder is not None:
        for name, value in login_cookie(folder, role, clinic_ids).items():
            context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}])
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # A picture that was still on its way when the page was left is no fault.
    page.on(
        "requestfailed",
        lambda request: (
            None
            if request.failure == "net::ERR_ABORTED"
            else complaints.append(f"{request.url}: {request.failure}")
        ),
    )
    page.on(
        "request",
        lambda request: complaints.append(request.url) if "//127.0.0.1:" not in request.url else None,
    )
    yield page
    context.close()
    assert not complain or complaints == []


def fits(page: Page) -> bool:
    """Nothing stands out to the right of the window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide <= 0


def shoot(page: Page, name: str) -> None:
    """A picture for a person, where one asks for it."""
    folder = os.environ.get("TINGZHEN_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
