"""Where things stand that tests read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PAGES = TESTS / "fixtures" / "pages"
FILES = TESTS / "fixtures" / "files"
SHARED = ROOT.parent / "shared"  # real material beside the project; never part of it
PAYLOADS = SHARED / "payloads"
SAMPLE = SHARED / "data" / "real_posts_sample.jsonl"
