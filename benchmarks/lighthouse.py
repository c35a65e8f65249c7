"""Lighthouse over every page: accessibility, best practices and performance (needs Node and Chromium).

    python -m benchmarks.lighthouse               as on a slow telephone, Lighthouse's usual
    python -m benchmarks.lighthouse --desktop --only /map

Gets Lighthouse by `npx`, or takes --command. Prints a line a page; "under" marks what is below 100, 100 and
95 (the map: 85), with the audits that cost it. On a busy machine its performance is the machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.every_page import Site, served

TOOL = "lighthouse@13.5.0"
CATEGORIES = ("accessibility", "best-practices", "performance")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
FLAGS = "--headless=new --no-sandbox --disable-gpu"
WANTED, WANTED_OF_THE_MAP = (100, 100, 95), (100, 100, 85)


def looked_at(command: list[str], site: Site, path: str, *, desktop: bool) -> dict[str, Any]:
    """Lighthouse's report of a page."""
    asked = [
        *command, site.address + path, "--quiet", "--output=json", f"--chrome-flags={FLAGS}",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--extra-headers={json.dumps({'Cookie': site.cookie})}",
    ]  # fmt: skip
    browser = next(filter(None, map(shutil.which, BROWSERS)), "")
    answer = subprocess.run(  # noqa: S603 - our own arguments
        [*asked, "--preset=desktop"] if desktop else asked,
        capture_output=True, text=True, check=True, env={**os.environ, "CHROME_PATH": browser},
    )  # fmt: skip
    report: dict[str, Any] = json.loads(answer.stdout)
    return report


def line(path: str, report: dict[str, Any]) -> str:
    """The marks of a page, and what cost them where they are too low."""
    marks = [round(100 * (report["categories"][name]["score"] or 0)) for name in CATEGORIES]
    wanted = WANTED_OF_THE_MAP if path.startswith("/map") else WANTED
    short = any(mark < least for mark, least in zip(marks, wanted, strict=True))
    why = sorted(
        f"{name} {audit.get('displayValue', '')}".strip()
        for name, audit in report["audits"].items()
        if audit["score"] is not None and audit["score"] < (0.5 if marks[2] < wanted[2] else 0.9)
    )
    return f"{path:40}{marks[0]:>6}{marks[1]:>6}{marks[2]:>6}" + (
        f"  under: {'; '.join(why)}" if short else ""
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--desktop", action="store_true")
    parser.add_argument("--only", default="", help="pages whose address begins with this")
    parser.add_argument("--command", default=f"npx --yes {TOOL}", help="how Lighthouse is started")
    parser.add_argument("--folder", type=Path, help="a folder to keep the data in, for another run")
    given = parser.parse_args()
    print(f"{'page':40}{'acc':>6}{'best':>6}{'perf':>6}")
    with TemporaryDirectory() as temporary, served(given.folder or Path(temporary)) as site:
        for path in site.paths:
            if path.startswith(given.only):
                report = looked_at(shlex.split(given.command), site, path, desktop=given.desktop)
                print(line(path, report), flush=True)


if __name__ == "__main__":
    sys.exit(main())
