"""Small files that hold more than anybody can read: stopped by size, rows and steps, with one sentence."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile

import openpyxl
import pytest

from crawler.files import ImportProblem, Record, archive, bounded_xml, open_container, sqlite_file, workbook

STRINGS_TYPE = (
    b'<Override PartName="/xl/texts.xml" ContentType="application/vnd.openxmlformats-officedocument'
    b'.spreadsheetml.sharedStrings+xml"/></Types>'
)


def sheet(folder: Path, rows: int = 3) -> Path:
    """A sheet of one column with a header and `rows` rows."""
    path = folder / "来件.xlsx"
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(["内容"])
    for number in range(rows):
        page.append([f"牙疼 {number}"])
    book.save(path)
    return path


def rewritten(path: Path, packing: int = ZIP_DEFLATED, **parts: Callable[[bytes], bytes]) -> Path:
    """`path` with the parts whose names end in a key of `parts` (and .xml) changed."""
    with ZipFile(path) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    with ZipFile(path, "w", packing) as new:
        for name, content in contents.items():
            change = parts.get(name.rsplit("/", 1)[-1].removesuffix(".xml").strip("[]"), bytes)
            new.writestr(name, change(content))
    return path


def read_into(seen: list[object], path: Path) -> None:
    for record in open_container(path).records():
        assert isinstance(record, Record)
        seen.append(record.fields["内容"])


def rows_then_problem(path: Path) -> tuple[list[object], str]:
    """What column 内容 gave before the problem, and the problem's sentence."""
    seen: list[object] = []
    with pytest.raises(ImportProblem) as problem:
        read_into(seen, path)
    sentence = str(problem.value)
    assert sentence.startswith(f"{path.name}：")
    assert "CSV" in sentence  # what to do
    assert sentence.endswith("。")
    return seen, sentence


# Workbooks


def test_a_sheet_within_the_limits_is_read_whole(tmp_path: Path) -> None:
    assert len(list(open_container(sheet(tmp_path)).records())) == 3


def test_a_tiny_file_with_a_huge_sheet_is_not_unpacked(tmp_path: Path) -> None:
    path = rewritten(sheet(tmp_path), sheet1=lambda xml: xml + b" " * archive.MIN_SUSPECT)
    assert path.stat().st_size < 100_000
    seen, sentence = rows_then_problem(path)
    assert seen == []
    assert "倍，不像正常的表格" in sentence


def test_a_sheet_of_the_same_row_again_and_again_is_no_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "来件.xlsx"
    book = openpyxl.Workbook()
    for row in [("内容", "时间")] + [("牙疼两天了，想找个近的地方看看", "2026-11-20")] * 2_000:
        book.worksheets[0].append(row)
    book.save(path)
    monkeypatch.setattr(archive, "MIN_SUSPECT", 0)
    assert len(list(open_container(path).records())) == 2_000


def test_a_file_that_unpacks_to_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 3 << 20)
    path = rewritten(sheet(tmp_path), ZIP_STORED, sheet1=lambda xml: xml + b" " * (4 << 20))
    seen, sentence = rows_then_problem(path)
    assert seen == []
    assert "解压后有 4 MB，超过 3 MB" in sentence


def test_too_many_shared_texts_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_STRINGS", 1 << 20)
    path = rewritten(sheet(tmp_path), Content_Types=lambda xml: xml.replace(b"</Types>", STRINGS_TYPE))
    with ZipFile(
        path, "a", ZIP_STORED
    ) as parts:  # under a name of its own: only the list of contents tells it
        parts.writestr("xl/texts.xml", b" " * (2 << 20))
    seen, sentence = rows_then_problem(path)
    assert seen == []
    assert "文字部分解压后有 2 MB，超过 1 MB" in sentence


def test_styles_that_would_fill_the_memory_are_not_read(tmp_path: Path) -> None:
    path = rewritten(sheet(tmp_path), ZIP_STORED, styles=lambda xml: xml + b" " * archive.MAX_TREE)
    seen, sentence = rows_then_problem(path)
    assert seen == []
    assert "样式或目录过大" in sentence


def test_a_sheet_named_a_thousand_times_is_not_read_a_thousand_times(tmp_path: Path) -> None:
    path = sheet(tmp_path, 200)
    rewritten(path, workbook=lambda xml: re.sub(rb"<sheet .*?/>", lambda link: link[0] * 1_000, xml))
    seen, sentence = rows_then_problem(path)
    assert seen == []
    assert "重复引用" in sentence


def test_rows_beyond_the_last_are_not_read_and_those_before_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sheet(tmp_path, 60)
    monkeypatch.setattr(workbook, "MAX_ROWS", 41)
    seen, sentence = rows_then_problem(path)
    assert seen == [f"牙疼 {number}" for number in range(40)]
    assert "超过 41 行，后面的没有读取；请拆成几个文件" in sentence


def test_a_row_number_out_of_this_world_is_not_counted_up_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = rewritten(sheet(tmp_path), sheet1=lambda xml: xml.replace(b'r="4"', b'r="99999999999"'))
    monkeypatch.setattr(workbook, "MAX_ROWS", 10_000)
    # Already found while looking for the columns: the sample ends beyond the last row there may be.
    _, sentence = rows_then_problem(path)
    assert "超过 10,000 行" in sentence


def test_columns_out_of_this_world_are_not_read_for_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = rewritten(sheet(tmp_path, 60), sheet1=lambda xml: xml.replace(b'r="A5"', b'r="XFD5"'))
    monkeypatch.setattr(workbook, "MAX_CELLS", 16_384)
    _, sentence = rows_then_problem(path)
    assert "超过 16,384 个单元格，后面的没有读取" in sentence


def cells(count: int, cell: bytes = b"<c/>") -> Callable[[bytes], bytes]:
    """Puts a row of `count` cells behind the others."""
    return lambda xml: xml.replace(b"</sheetData>", b"<row>" + cell * count + b"</row></sheetData>")


GIANT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "very many cells": (cells(30_000), "第 62 行的单元格或格式太多"),
    "cells that say the same place": (cells(30_000, b'<c r="A62"/>'), "第 62 行的单元格或格式太多"),
    "one cell": (
        cells(1, b'<c t="inlineStr"><is><t>' + b"x" * (17 << 20) + b"</t></is></c>"),
        "第 62 行过大，超过 16 MB",
    ),
    "one attribute": (cells(1, b'<c s="' + b"1" * (2 << 20) + b'"/>'), "写得不像表格"),
    "rows in rows": (
        cells(1, b"<row>" * 30_000 + b"</row>" * 30_000),
        "单元格或格式太多",
    ),
    "nothing that is known": (
        lambda xml: xml.replace(b"</worksheet>", b"<x/>" * 30_000 + b"</worksheet>"),
        "单元格或格式太多",
    ),
}


@pytest.mark.parametrize("giant", GIANT)
def test_one_row_that_would_fill_the_memory_is_not_built_and_those_before_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, giant: str
) -> None:
    monkeypatch.setattr(bounded_xml, "MAX_ELEMENTS", 20_000)
    change, problem = GIANT[giant]
    path = rewritten(sheet(tmp_path, 60), ZIP_STORED, sheet1=change)
    seen, sentence = rows_then_problem(path)
    assert seen == [f"牙疼 {number}" for number in range(60)]
    assert problem in sentence


def shared(path: Path, texts: bytes) -> Path:
    rewritten(path, Content_Types=lambda xml: xml.replace(b"</Types>", STRINGS_TYPE))
    with ZipFile(path, "a", ZIP_STORED) as parts:
        parts.writestr(
            "xl/texts.xml",
            b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + texts + b"</sst>",
        )
    return path


def test_one_shared_text_without_end_is_not_built(tmp_path: Path) -> None:
    path = shared(sheet(tmp_path), b"<si><t>" + b"x" * (17 << 20) + b"</t></si>")
    assert "有一段文字过大，超过 16 MB" in rows_then_problem(path)[1]


def test_too_many_shared_texts_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_xml, "MAX_TEXTS", 1_000)
    assert "文字超过 1,000 段" in rows_then_problem(shared(sheet(tmp_path), b"<si/>" * 1_001))[1]


def test_shared_texts_within_the_limits_are_read(tmp_path: Path) -> None:
    path = shared(sheet(tmp_path), b"<si><t>x</t></si>" * 1_000)
    assert len(list(open_container(path).records())) == 3


def test_a_sheet_that_declares_a_document_type_is_none(tmp_path: Path) -> None:
    laughs = b'<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa">]><worksheet'
    path = rewritten(sheet(tmp_path), sheet1=lambda xml: xml.replace(b"<worksheet", laughs, 1))
    assert "不是可读的 XLSX" in rows_then_problem(path)[1]


def test_a_sheet_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    path = rewritten(sheet(tmp_path, 60), sheet1=lambda xml: xml[: xml.index(b'<row r="50"')])
    seen, sentence = rows_then_problem(path)
    assert seen == [f"牙疼 {number}" for number in range(48)]
    assert "不是可读的 XLSX" in sentence


def test_a_packing_that_workbooks_never_have_is_refused(tmp_path: Path) -> None:
    path = rewritten(sheet(tmp_path), ZIP_BZIP2)
    seen, sentence = rows_then_problem(path)
    assert seen == []
    assert "不是可读的 XLSX" in sentence


# Databases


def database(folder: Path, *views: str, rows: int = 3) -> Path:
    path = folder / "来件.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE weibo_note (内容)")
        connection.executemany("INSERT INTO weibo_note VALUES (?)", [(f"牙疼 {n}",) for n in range(rows)])
        for view in views:
            connection.execute(view)
    return path


NUMBERS = "WITH RECURSIVE n(内容) AS (SELECT 1 UNION ALL SELECT 内容 + 1 FROM n)"


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "MAX_STEPS", 1_000_000)


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize(
    "endless",
    [
        NUMBERS + " SELECT 内容 FROM n",  # noqa: S608  # ours
        NUMBERS + " SELECT 内容 FROM n WHERE 内容 < 0",  # noqa: S608  # ours
        "SELECT (" + NUMBERS + " SELECT count(*) FROM n) AS 内容",  # noqa: S608  # ours
    ],
    ids=["endless rows", "never a row", "never a value"],
)
def test_an_endless_view_is_not_read_and_the_tables_before_it_are(tmp_path: Path, endless: str) -> None:
    path = database(tmp_path, f"CREATE VIEW xhs_note AS {endless}")
    seen, sentence = rows_then_problem(path)
    assert seen == ["牙疼 0", "牙疼 1", "牙疼 2"]
    assert "表 xhs_note 查了很久没有结果，后面的没有读取" in sentence


@pytest.mark.usefixtures("few_steps")
def test_a_view_that_ends_is_read_like_a_table(tmp_path: Path) -> None:
    path = database(tmp_path, "CREATE VIEW xhs_note AS SELECT 内容 FROM weibo_note ORDER BY 内容 DESC")
    assert [record.line for record in open_container(path).records()] == [1, 2, 3, 1, 2, 3]


def test_the_steps_are_counted_for_each_row_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "MAX_STEPS", 20_000)
    path = database(tmp_path, rows=20_000)
    assert sum(1 for _ in open_container(path).records()) == 20_000


def test_rows_of_a_table_beyond_the_last_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "MAX_ROWS", 2)
    seen, sentence = rows_then_problem(database(tmp_path))
    assert seen == ["牙疼 0", "牙疼 1"]
    assert "表 weibo_note 超过 2 行，后面的没有读取" in sentence


@pytest.mark.parametrize("view", ["SELECT * FROM gone", "SELECT load_extension('/tmp/x') AS 内容"])
def test_a_view_of_something_gone_or_unsafe_does_not_cost_the_tables(tmp_path: Path, view: str) -> None:
    path = database(tmp_path, "CREATE TABLE gone (a)", f"CREATE VIEW xhs_note AS {view}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE gone")
    container = open_container(path)
    assert container.tables["xhs_note"] == frozenset()
    assert len(list(container.records(tables=("weibo_note",)))) == 3
    with pytest.raises(ImportProblem, match="读不了这个 SQLite"):
        list(container.records(tables=("xhs_note",)))


def test_a_value_made_of_nothing_is_not_built(tmp_path: Path) -> None:
    path = database(tmp_path, "CREATE VIEW xhs_note AS SELECT zeroblob(900000000) AS 内容")
    with pytest.raises(ImportProblem, match="读不了这个 SQLite"):
        list(open_container(path).records(tables=("xhs_note",)))
