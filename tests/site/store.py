"""A pipeline for crawls in tests: it keeps what it is given, and deletes what it is told to."""

from __future__ import annotations

import json
from pathlib import Path

RECHECK = ("-a", "recheck=1", "-s", "TINGZHEN_RECHECK_HOURS=0")
STORE = """
import json, pathlib
from crawler.coverage.store import page_complete, posts_gone, posts_stored


class Store:
    acknowledges_storage = True

    def __init__(self, crawler):
        self.crawler, self.file, self.new = crawler, pathlib.Path("store.json"), {}
        self.posts = json.loads(self.file.read_text()) if self.file.exists() else {}
        crawler.signals.connect(self.flush, signal=page_complete)
        crawler.signals.connect(self.delete, signal=posts_gone)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def process_item(self, item):
        self.new[item.id] = item.text
        return item

    def flush(self, ids):
        kept = {key: text for key, text in self.new.items() if "别留" not in text}
        self.posts |= kept
        self.file.write_text(json.dumps(self.posts))
        sent, self.new = list(self.new), {}
        self.crawler.signals.send_catch_log(posts_stored, ids=sent, kept=set(kept))

    def delete(self, ids):
        for each in ids:
            del self.posts[each]
        self.file.write_text(json.dumps(self.posts))
"""


def keeping(folder: Path) -> tuple[str, ...]:
    """Arguments of a crawl that stores in `folder`."""
    (folder / "own_store.py").write_text(STORE, encoding="utf-8")
    return ("-s", 'ITEM_PIPELINES={"own_store.Store": 1}')


def kept(folder: Path) -> dict[str, str]:
    """Texts by post id."""
    posts: dict[str, str] = json.loads((folder / "store.json").read_text())
    return {key.partition("/")[2]: text for key, text in posts.items()}
