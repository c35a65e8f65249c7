"""Logs: JSON with the run's id or lines for people, nothing private, files that do not grow for ever."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.telemetry import logs
from crawler.telemetry.logs import RotatingLog

LOG = logging.getLogger("tingzhen.tests")
SECRET = "右边大牙疼了三天，我叫林小满，电话13800138000"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    level = logging.root.level
    yield
    logs.end()
    logging.root.setLevel(level)


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def raises() -> None:
    raise ValueError(SECRET)


def test_a_line_says_when_who_what_and_in_which_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(logs.RUN, "serve-0a1b2c3d")
    logs.begin("crawl", form="json", level="info")
    LOG.info("%d 页", 3)
    (line,) = said(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("3 页", "info", "tingzhen.tests")
    assert str(line["run"]).startswith("crawl-")
    assert line["parent"] == "serve-0a1b2c3d"
    assert str(line["at"]).endswith("Z")
    handed = logs.handed("auto", "info")
    assert handed == {logs.FORM: "json", logs.LEVEL: "INFO", logs.RUN: line["run"]}


def test_a_terminal_gets_a_sentence_and_a_pipe_gets_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.begin("serve", form="auto", level="warning")
    LOG.warning("磁盘快满了：\n请清理")
    assert json.loads(capsys.readouterr().err)["event"] == "磁盘快满了：\n请清理"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    logs.begin("serve", form="auto", level="warning")
    LOG.info("not so loud")
    LOG.warning("磁盘快满了：\n请清理")
    assert capsys.readouterr().err == "磁盘快满了： 请清理\n"


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_error_says_what_kind_and_where_and_never_its_words(
    capsys: pytest.CaptureFixture[str], form: logs.Form
) -> None:
    logs.begin("serve", form=form, level="info")
    try:
        raises()
    except ValueError:
        LOG.exception("it did not work")
    err = capsys.readouterr().err
    assert "ValueError" in err
    assert "test_logs.py:" in err
    assert "raises" in err
    assert not any(part in err for part in ("大牙", "林小满", "13800138000"))


@pytest.mark.parametrize("private", ["13800138000", "110101199003077777", "lin@example.com"])
def test_numbers_and_addresses_of_people_are_masked(capsys: pytest.CaptureFixture[str], private: str) -> None:
    logs.begin("serve", form="json", level="info")
    LOG.info("打给 %s，好吗 %d", private, 123456)
    (line,) = said(capsys)
    assert line["event"] == "打给 ***，好吗 123456"


def test_what_belongs_to_one_request_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    logs.begin("serve", form="json", level="info")
    with logs.within(request="ab12"):
        LOG.info("one")
    LOG.info("two")
    assert [line.get("request") for line in said(capsys)] == ["ab12", None]


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_a_file_begins_anew_when_it_is_large_and_on_another_day(tmp_path: Path) -> None:
    path = tmp_path / "tingzhen.log"
    file = RotatingLog(path, max_mb=0.001, keep_files=3, keep_days=30)
    logs.begin("serve", form="text", level="info", file=file)
    for number in range(50):
        LOG.info("%d %s", number, "x" * 80)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        path.name, *(f"{path.name}.{number}" for number in (1, 2, 3)),
    ]  # fmt: skip
    assert path.stat().st_size <= 1100
    assert path.stat().st_mode & 0o077 == 0
    before = lines(path)
    yesterday = time.time() - 24 * 3600
    os.utime(path, (yesterday, yesterday))
    LOG.info("today")
    assert (lines(path), lines(path.with_name(path.name + ".1"))) == (1, before)


def test_old_files_go_by_their_age(tmp_path: Path) -> None:
    path = tmp_path / "crawl.log"
    path.write_text("x" * 2000, encoding="utf-8")
    for number, days in ((1, 5), (2, 40)):
        older = path.with_name(f"crawl.log.{number}")
        older.write_text("", encoding="utf-8")
        os.utime(older, (time.time() - days * 24 * 3600,) * 2)
    RotatingLog(path, max_mb=0.001, keep_files=9, keep_days=30).begin_anew_if_due()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["crawl.log", "crawl.log.1", "crawl.log.2"]
    assert path.stat().st_size == 0
    assert path.with_name("crawl.log.1").stat().st_size == 2000


def test_a_file_that_is_small_and_of_today_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "crawl.log"
    path.write_text("x", encoding="utf-8")
    RotatingLog(path, max_mb=1, keep_files=9, keep_days=30).begin_anew_if_due()
    assert path.read_text("utf-8") == "x"
