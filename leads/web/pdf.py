"""A page as a PDF, printed by the machine's own Chromium without a window and without a network.

The page is written to a folder of its own together with nothing else: styles and scripts are read from the
program's files, links lead to the desk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore

from fastapi import Response

from leads.errors import CrowdError, TingzhenError
from leads.web.assets import FOLDER, version

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chromium-headless-shell",
)
SECONDS = 60
DRAWN_MS = 5_000  # of the page's own time, in which scripts have drawn its plots
_turns = BoundedSemaphore(2)  # a browser is 200 MB
_SWITCHES = (
    "--headless",
    "--disable-gpu",
    "--no-pdf-header-footer",
    "--allow-file-access-from-files",  # modules of a page that is a file
    "--host-resolver-rules=MAP * ~NOTFOUND",
    f"--virtual-time-budget={DRAWN_MS}",
)


class PrinterMissing(TingzhenError):  # noqa: N818 - what is missing, not what went wrong
    """There is no browser here, or it failed; says what to do instead."""

    http_status = 501


def of_page(page: Response, desk: str) -> Response:
    """The PDF of a page that was rendered; `desk` is the address its links lead to.

    Raises:
        PrinterMissing: no Chromium on this machine, or it printed nothing in time.
        CrowdError: two others are being printed.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise PrinterMissing("这台机器没有 Chromium，做不了 PDF：请用浏览器的“打印”，选“另存为 PDF”。")
    html = bytes(page.body).decode("utf-8")
    html = html.replace(f'"/static/{version()}/', f'"{FOLDER.as_uri()}/').replace('href="/', f'href="{desk}/')
    if not _turns.acquire(blocking=False):
        raise CrowdError("正在做别的 PDF：请过几秒再试。")
    try:
        return Response(
            _printed(browser, html),
            media_type="application/pdf",
            headers={"Content-Disposition": 'attachment; filename="report.pdf"'},
        )
    finally:
        _turns.release()


def _printed(browser: str, html: str) -> bytes:
    # As root Chromium does not start with its sandbox; the page is ours and reaches no network.
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with TemporaryDirectory(prefix="tingzhen-pdf-", ignore_cleanup_errors=True) as folder:
        page, printed = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html, encoding="utf-8")
        try:
            subprocess.run(  # noqa: S603 - our own arguments
                [
                    browser,
                    *_SWITCHES,
                    *as_root,
                    f"--user-data-dir={folder}/profile",
                    f"--print-to-pdf={printed}",
                    page.as_uri(),
                ],
                check=True,
                capture_output=True,
                timeout=SECONDS,
            )
            return printed.read_bytes()
        except (subprocess.SubprocessError, OSError) as error:
            raise PrinterMissing("PDF 没有做成：请用浏览器的“打印”，选“另存为 PDF”。") from error
