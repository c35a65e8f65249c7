"""`tingzhen audit verify`: the audit is as it was written, or which row is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from leads.config import load_settings
from leads.records import open_records
from leads.records.tables.people import Audit
from tests.support.commands import run

pytestmark = pytest.mark.usefixtures("own_folder")


def test_an_untouched_audit_has_an_end_that_can_be_asked_for_later() -> None:
    run("users", "add", "lin")
    (found,) = run("audit", "verify", "--json").records
    assert (found["rows"], found["problem"]) == (1, "")
    known = f"{found['place']}:{str(found['link'])[:16]}"
    run("users", "add", "wu")
    assert run("audit", "verify", "--known", known).out.startswith("操作记录 2 条，前后相连，没有被改过")
    rewritten = run("audit", "verify", "--known", f"1:{'0' * 16}")
    assert (rewritten.code, rewritten.out[:9]) == (1, "操作记录的第 1 条"[:9])


def test_a_changed_row_is_named_here_and_by_check(own_folder: Path) -> None:
    run("users", "add", "lin")
    with open_records(load_settings()) as records, records.transaction() as session:
        session.execute(update(Audit).values(who="nobody"))
    said = "操作记录从第 1 条起对不上"
    assert said in run("audit", "verify").out
    assert said in run("check").out


def test_an_end_that_cannot_be_read_is_one_sentence() -> None:
    assert "看不懂" in run("audit", "verify", "--known", "x").said
