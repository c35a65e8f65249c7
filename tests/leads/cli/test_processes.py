"""`tingzhen` as a process of its own: starting, ending, full disks and company."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import (
    SEEKER,
    TINGZHEN,
    finish,
    ingested,
    post_line,
    quarantined,
    run,
    start,
    write_lines,
)

pytestmark = pytest.mark.usefixtures("own_folder")


HEAVY = {"numpy", "sklearn", "scrapy", "fastapi", "pydantic", "orjson", "rich.table"}


def test_help_loads_nothing_heavy(own_folder: Path) -> None:
    """Half a second is what it may take; what would cost it is known by name."""
    assert finish(start("--help", cwd=own_folder)).code == 0
    code = f"import sys, leads.cli.app; print(*sorted({HEAVY} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""  # noqa: S603 - ours


def test_a_process_ends_with_a_sentence_and_no_traceback(own_folder: Path) -> None:
    ran = finish(start("search", cwd=own_folder))
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith("错误：数据目录")
    ran = finish(start("--debug", "search", cwd=own_folder))
    assert ran.code == 1
    assert "Traceback" in ran.err


def test_a_reader_that_has_enough_is_no_error(own_folder: Path) -> None:
    ingested(*(post_line(number, f"{number}号{SEEKER}" + "啊" * 3_000) for number in range(3)))
    process = start("search", "--json", cwd=own_folder)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (0, b"")


def test_an_interruption_is_said(own_folder: Path) -> None:
    process = start("tag", cwd=own_folder)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"text": "x"}\n' * 256)
    process.stdin.flush()
    assert process.stdout.readline()  # now it is at work
    process.send_signal(signal.SIGINT)
    ran = finish(process)
    assert ran.code == 130
    assert ran.err.startswith("已中断")


def test_a_full_disk_is_said_and_the_next_run_goes_on(own_folder: Path) -> None:
    write_lines(own_folder / "posts.jsonl", [post_line(n, f"{n}号，{SEEKER}", floor=n) for n in range(1500)])
    limit = 1_000_000  # bytes a file may have: enough to begin with, too few for all

    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ran = finish(start("ingest", "posts.jsonl", cwd=own_folder, before=fill_disk))
    assert ran.code == 4
    assert ran.err.startswith("错误：磁盘")
    assert "重新运行" in ran.err
    assert "Traceback" not in ran.err
    again = run("ingest", "--json", "posts.jsonl")
    assert (again.code, again.records[0]["read"]) == (0, 1500)
    assert again.records[0]["leads"] == run_counts()


def run_counts() -> int:
    with closing(sqlite3.connect("data/leads.sqlite")) as database:
        return int(database.execute("SELECT count(*) FROM leads").fetchone()[0])


def test_two_processes_may_write_the_same_new_data_at_once(own_folder: Path) -> None:
    for name in ("a", "b"):
        records = [post_line(n, f"{n}号{SEEKER}", source=name) for n in range(200)]
        write_lines(own_folder / f"{name}.jsonl", [*records, b"{broken"])
    processes = [start("ingest", "--json", f"{name}.jsonl", cwd=own_folder) for name in ("a", "b")]
    ran = [finish(process) for process in processes]
    assert [(one.code, one.err) for one in ran] == [(0, ""), (0, "")]
    assert [one.records[0]["rejected"] for one in ran] == [1, 1]
    assert run_counts() == sum(int(str(one.records[0]["leads"])) for one in ran) > 0
    assert len(quarantined()) == 2


def test_the_entry_point_is_installed() -> None:
    assert TINGZHEN.exists()
