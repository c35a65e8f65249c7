"""A rule's preview counts what the rule would have told of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.coverage.store import Coverage
from leads.alerts.triggers.preview import DAYS, Preview, preview, tokens_only
from leads.errors import QueryError
from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead, Mention, RuleKind
from nlp.models import Sentiment
from tests.support.builders import clinic, lead, mention, region, symptom

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TODAY = NOW.date()


def aged(record: Lead | Mention, days: float) -> Lead | Mention:
    return replace(record, post=replace(record.post, published_at=NOW - timedelta(days=days)))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        leads = [
            aged(lead(n, f"{n}号牙疼，求推荐{n}", place=region("武侯区"), need=0.3 + n / 100), n / 2)
            for n in range(80)
        ]
        opened.upsert([each for each in leads if isinstance(each, Lead)])
        grave = Sentiment(polarity="complaint", severity=3, cues=("误诊",))
        heard = [
            aged(mention(200), 1),
            aged(replace(mention(201), sentiment=grave), 2),
            aged(mention(202, "qingmu"), 2),
            aged(mention(203), 40),
        ]
        opened.upsert_mentions([each for each in heard if isinstance(each, Mention)])
        yield opened


def look(index: SqliteIndex, kind: RuleKind, query: str, coverage: Coverage | None = None) -> Preview:
    clinics = (clinic(), clinic(id="qingmu", name="青木中医"))
    return preview(kind, query, clinics=clinics, index=index, coverage=coverage, tag=tokens_only, now=NOW)


def test_mentions_that_are_not_the_clinic_are_left_out(index: SqliteIndex) -> None:
    seen = [
        preview(
            "mention", "", clinics=[clinic()], index=index, coverage=None, tag=tokens_only, now=NOW, **more
        )
        for more in ({}, {"others": {"forum/200#anhe"}})
    ]
    assert [each.total for each in seen] == [3, 2]


def test_leads_are_counted_by_day_and_the_newest_are_shown(index: SqliteIndex) -> None:
    seen = look(index, "lead", "q=牙疼&near=anhe&min_need=0.4")
    assert len(seen.days) == DAYS
    assert (seen.days[-1][0], seen.days[0][0]) == (TODAY, TODAY - timedelta(days=DAYS - 1))
    assert seen.total == sum(1 for n in range(10, 80) if n / 2 < DAYS - 1 + 16 / 24)
    assert len(seen.samples) == 10
    assert seen.samples[0].text.startswith("10号")
    assert seen.samples[0].href == "/lead/forum/10"


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("", 3),
        ("clinic=anhe", 2),
        ("clinic=qingmu", 1),
        ("severity=critical", 1),
        ("polarity=complaint", 1),
        ("q=仔细", 3),
        ("q=仔细 NOT 安和", 0),
        ("q=绝无此词", 0),
    ],
)
def test_mentions_are_judged_as_the_rule_will(index: SqliteIndex, query: str, total: int) -> None:
    seen = look(index, "mention", query)
    assert (seen.total, len(seen.samples)) == (total, total)


def test_a_spike_is_a_day_far_above_its_weekday(index: SqliteIndex) -> None:
    before = [
        aged(
            lead(1000 + week, f"第{week}周的牙疼{week}", place=region("成都市"), symptoms=(symptom(),)),
            7 * week,
        )
        for week in range(1, 9)
    ]
    today = [
        aged(lead(2000 + n, f"今天第{n}位牙疼{n}", place=region("成都市"), symptoms=(symptom(),)), n / 100)
        for n in range(30)
    ]
    index.upsert([each for each in before + today if isinstance(each, Lead)])
    seen = look(index, "spike", "symptom=牙痛&area=成都&factor=3")
    assert seen.samples[0].text.startswith(str(seen.days[-1][1]))
    assert len(seen.samples) == 1
    assert look(index, "spike", "symptom=牙痛&area=成都&factor=100").samples == ()


def test_a_source_in_trouble_counts_once_a_day(index: SqliteIndex, tmp_path: Path) -> None:
    with closing(Coverage(tmp_path / "coverage.sqlite")) as coverage:
        for hours, source, outcome in (
            (2, "own", "blocked"), (3, "own", "refused"), (30, "own", "blocked"),
            (2, "own", "silent"), (2, "other", "blocked"), (24 * 40, "own", "blocked"),
        ):  # fmt: skip
            at = NOW - timedelta(hours=hours)
            run = coverage.start_run(source, {}, at)
            coverage.finish_run(run, outcome, f"{source} {outcome}", at)  # type: ignore[arg-type]  # a Literal
        assert look(index, "blocked", "source=own", coverage).total == 2
        assert look(index, "blocked", "", coverage).total == 3
        silent = look(index, "silent", "source=own", coverage)
        assert (silent.total, silent.samples[0].text) == (1, "own silent")
    assert look(index, "silent", "").total == 0


@pytest.mark.parametrize(
    ("kind", "query"),
    [("lead", "q=("), ("lead", "near=nowhere"), ("mention", "clinic=x"), ("spike", "factor=0")],
)
def test_what_cannot_be_understood_is_said(index: SqliteIndex, kind: RuleKind, query: str) -> None:
    with pytest.raises(QueryError):
        look(index, kind, query)
