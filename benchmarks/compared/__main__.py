"""What a user would pick instead, beside ours: same data, same questions, one run. Judges nothing.

    python -m benchmarks.compared [--posts N] [--leads N]

Needs the packages of requirements/bench.lock, and a PostgreSQL as the tests have it.
What cannot be had as a package (Meilisearch, Typesense: servers only as downloads) is left out.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.compared import finding, table

VERSIONS = ("tingzhen", "jieba", "openpyxl", "tantivy", "scikit-learn")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--posts", type=int, default=10_000, help="for the way to a table")
    parser.add_argument("--leads", type=int, default=100_000, help="for finding")
    asked = parser.parse_args()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}")
    print(versions)
    with TemporaryDirectory() as name:
        folder = Path(name)
        _show(("", "ours", "weibo-search's CSV + jieba + openpyxl"), table.compare(asked.posts, folder))
        _show(("", "ours (embedded)", "PostgreSQL LIKE", "tantivy"), finding.compare(asked.leads, folder))


def _show(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """As a table of Markdown."""
    print()
    for row in (headings, ["---"] * len(headings), *rows):
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
