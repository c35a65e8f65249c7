"""The browser extension, unpacked in a real Chromium, beside pages of the shapes it reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from leads.web.pages.capture import EXTENSION
from tests.support.browsing import DESK, TIMEOUT, executable


def unpacked(folder: Path) -> Path:
    """A copy. A click on the extension's button is what lets it read a tab, and no program can press that
    button: the copy may read the tabs of the test instead."""
    made = Path(shutil.copytree(EXTENSION, folder / "extension"))
    manifest = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    manifest["host_permissions"] = ["https://*/*", "http://*/*"]
    (made / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return made


def id_of(folder: Path) -> str:
    """What Chromium calls an unpacked extension: its path, hashed, in the letters a to p."""
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest)


@contextmanager
def with_extension(browser: Browser, folder: Path) -> Iterator[tuple[BrowserContext, str]]:
    """Another Chromium like `browser` with the extension, and where the extension's own pages are."""
    extension = unpacked(folder)
    expect.set_options(timeout=TIMEOUT)
    context = browser.browser_type.launch_persistent_context(
        folder / "profile",
        executable_path=executable(),
        headless=False,
        viewport=DESK,
        locale="zh-CN",
        args=[
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--disable-extensions-except={extension}",
            f"--load-extension={extension}",
            "--disable-features=DisableLoadExtensionCommandLineSwitch",
        ],
    )
    context.set_default_timeout(TIMEOUT)
    yield context, f"chrome-extension://{id_of(extension)}"
    context.close()


def shown_at(context: BrowserContext, address: str, body: str) -> Page:
    """A tab that shows `body` at an address of a site, which is not asked."""

    def answer(route: Route) -> None:
        page = f"<!doctype html><html lang='zh-CN'><meta charset='utf-8'><title>t</title><body>{body}</body>"
        route.fulfill(body=page, content_type="text/html; charset=utf-8")

    page = context.new_page()
    page.route(address, answer)
    page.goto(address)
    return page
