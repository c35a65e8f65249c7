"""The page 建群, its files, the API and the command."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from leads.index.sqlite.index import SqliteIndex
from leads.web.app import create_app
from tests.support.builders import region
from tests.support.seeds import BASE, fresh, login_cookie, settings


@pytest.fixture
def town(tmp_path: Path) -> Path:
    wuhou, jinjiang = region("武侯区"), region("锦江区")
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert(
            [
                *(fresh(n, f"奶奶牙疼第{n}天", hours=40 + n, place=wuhou) for n in range(6)),
                *(fresh(n, f"牙疼第{n}天", hours=40 + n, place=wuhou) for n in range(20, 28)),
                *(fresh(n, f"学生牙疼第{n}天", hours=40 + n, place=jinjiang) for n in range(30, 32)),
                *(fresh(n, f"牙疼第{n}天", hours=40 + n, place=jinjiang) for n in range(40, 44)),
            ]
        )
    return tmp_path


@pytest.fixture
def client(town: Path) -> Iterator[TestClient]:
    app = create_app(settings(town))
    with TestClient(app, base_url=BASE, cookies=login_cookie(town, "marketer")) as opened:
        yield opened


def test_a_need_with_its_verdict_its_rule_and_the_leads_behind_it(client: TestClient) -> None:
    page = unescape(client.get("/groups").text)
    assert "短期群" in page
    assert "一次就过去，但有这事的人不少" in page
    assert "/leads?area=510107&symptom=toothache&since=" in page
    assert "全市" in page
    assert "短期群" not in unescape(client.get("/groups?verdict=lasting").text).partition("<tbody>")[2]
    assert client.get("/groups?verdict=forever").status_code == 400


def test_the_files_hold_cells_and_no_posts(client: TestClient) -> None:
    text = client.get("/groups.csv").content.decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [(line["区县"], line["人群"], line["线索"]) for line in lines] == [
        ("武侯区", "没说是谁", "8"),
        ("锦江区", "合并的", "6"),
        ("武侯区", "老人", "6"),
    ]
    assert "第1天" not in text
    sheet = load_workbook(io.BytesIO(client.get("/groups.xlsx").content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet["F"]] == ["线索", 8, 6, 6]


def test_who_takes_the_file_is_written_down(client: TestClient, town: Path) -> None:
    client.get("/groups.csv")
    with TestClient(create_app(settings(town)), base_url=BASE, cookies=login_cookie(town)) as admin:
        assert "export.groups.csv" in admin.get("/audit").text
