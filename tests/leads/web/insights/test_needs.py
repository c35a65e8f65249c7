"""The page 没人回答."""

from __future__ import annotations

from html import unescape
from pathlib import Path

from fastapi.testclient import TestClient

from leads.index.sqlite.index import SqliteIndex
from leads.web.app import create_app
from tests.support.builders import region
from tests.support.seeds import BASE, fresh, login_cookie, settings


def test_a_need_leads_to_its_posts(tmp_path: Path) -> None:
    waiting = [
        fresh(n, f"{n}号牙疼第{n}天", hours=40 + n, place=region("武侯区"), replies=0) for n in range(7)
    ]
    answered = [
        fresh(n, f"{n}号牙疼第{n}天", hours=40 + n, place=region("锦江区"), replies=2) for n in range(20, 40)
    ]
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert(waiting + answered)
    cookie = login_cookie(tmp_path, "marketer")
    with TestClient(create_app(settings(tmp_path)), base_url=BASE, cookies=cookie) as client:
        page = unescape(client.get("/needs").text)
        assert "武侯区" in page
        assert "几乎都没人回答" in page
        assert "/leads?area=510107&symptom=toothache&since=" in page
        assert "锦江区" not in page
        assert "没有特别缺回答的需求" in client.get("/needs?span=today").text
