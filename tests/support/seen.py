"""What a page shows: its tags, and the leads of all its pages."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode

from fastapi.testclient import TestClient


class Seen(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str, name: str) -> list[str]:
        return [values[name] for found, values in self.tags if found == tag and name in values]


def shown(client: TestClient, **fields: str) -> list[str]:
    """Ids of all leads of an answer, over all its pages."""
    found: list[str] = []
    url = "/leads?" + (urlencode(fields) or "near=")
    while url:
        answer = client.get(url)
        assert answer.status_code == 200
        found += Seen(answer.text).all("li", "id")
        following = re.search(r'<a href="([^"]+)" rel="next">', answer.text)
        url = unescape(following[1]) if following else ""
    return found
