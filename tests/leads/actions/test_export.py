"""Exports for spreadsheets: every hit once and in order, harmless cells, files that read back."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from leads.actions.export import BOM, COLUMNS, csv_lines, every_hit, harmless, row, xlsx_chunks
from leads.index.sqlite.index import SqliteIndex
from leads.models import Hit, LeadQuery, Near
from tests.support.builders import NEAR_WUHOU, NOW, lead, region, symptom


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x", "  =1"]
)
def test_a_cell_that_would_be_a_formula_gets_a_quote(cell: str) -> None:
    assert harmless(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["牙疼", "a=b", "'=1", "", 0.5, -3, "1-2"])
def test_other_cells_stay_as_they_are(cell: str | float) -> None:
    assert harmless(cell) == cell


def test_a_row_says_what_the_page_says_and_not_who_wrote_it() -> None:
    found = lead(7, "牙疼，求推荐", place=region("武侯区"), symptoms=(symptom(),), need=0.8)
    cells = dict(
        zip(COLUMNS, row(Hit(lead=found, score=0.5, distance_km=1.234, precision="sure")), strict=True)
    )
    assert cells == {
        "编号": "forum/7", "时间": "2026-11-20 11:00", "需求": 0.8, "得分": 0.5, "距离km": "",
        "精度": "附近", "地点": "武侯区内（±6 公里）", "地点依据": "“武侯区”", "症状": "牙痛",
        "科室": "口腔科", "意图": "求诊", "状态": "新线索", "负责人": "", "来源": "forum", "重复": 0,
        "正文": "牙疼，求推荐",
        "理由": "；".join(reason.text for reason in found.reasons), "链接": found.post.url,
    }  # fmt: skip
    assert found.post.author_key
    assert found.post.author_key not in str(cells)
    point = lead(8, place=replace(region("武侯区"), level="point", radius_km=0.1))
    cells = dict(
        zip(COLUMNS, row(Hit(lead=point, score=0.5, distance_km=1.234, precision="sure")), strict=True)
    )
    assert (cells["距离km"], cells["精度"], cells["地点"]) == (1.23, "附近", "武侯区")


def _hits(*texts: str) -> list[Hit]:
    return [Hit(lead=lead(number, text), score=0.5) for number, text in enumerate(texts)]


@given(st.lists(st.text(max_size=60), max_size=4))
def test_a_csv_reads_back(texts: list[str]) -> None:
    hits = _hits(*(text.replace("\x00", "").encode("utf-8", "ignore").decode() for text in texts))
    text = "".join(csv_lines(hits))
    assert text.startswith(BOM)
    read = list(csv.reader(io.StringIO(text[1:], newline="")))
    assert read[0] == list(COLUMNS)
    assert read[1:] == [[str(cell) for cell in row(hit)] for hit in hits]


def test_a_workbook_reads_back_without_formulas(tmp_path: Path) -> None:
    hits = _hits("=1+1", "＝cmd|' /C calc'!A0", "带\x0b控制符", "长" * 40_000, "牙疼\n第二行")
    file = tmp_path / "leads.xlsx"
    file.write_bytes(b"".join(xlsx_chunks(hits)))
    book = load_workbook(file)
    head, *rows = book["线索"].iter_rows()
    assert [cell.value for cell in head] == list(COLUMNS)
    assert all(cell.data_type != "f" for line in rows for cell in line)
    texts = [line[COLUMNS.index("正文")].value for line in rows]
    assert texts == ["'=1+1", "'＝cmd|' /C calc'!A0", "带控制符", "长" * 32_767, "牙疼\n第二行"]
    assert [line[COLUMNS.index("需求")].value for line in rows] == [hit.lead.need for hit in hits]


@pytest.mark.parametrize("near", [None, NEAR_WUHOU])
@pytest.mark.parametrize("most", [3, 20, 10_000])
def test_all_pages_in_the_order_of_the_search(tmp_path: Path, near: Near | None, most: int) -> None:
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert(
            [lead(n, f"{n}号牙疼", place=region("武侯区"), need=0.5 + n % 7 / 20, hours=n) for n in range(13)]
        )
        query = LeadQuery(near=near, limit=1)
        expected = index.search(LeadQuery(near=near, limit=1000), now=NOW).items[:most]
        assert tuple(every_hit(index, query, now=NOW, most=most)) == expected
