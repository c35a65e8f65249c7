"""A data folder that an earlier version wrote opens, and says the same: leads, people, judgements, coverage.

tests/fixtures/data holds one archive a version: the demo's data, with a user, a judgement and an erasure by
that version's own commands. Nothing in it is of real people.
"""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leads import storage
from leads.config import ClinicTable, Settings
from leads.models import LeadQuery
from leads.records import erasures, feedback, open_records, users
from tests.support.paths import TESTS

ARCHIVES = sorted((TESTS / "fixtures" / "data").glob("*.tar.xz"))
NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
CLINIC = ClinicTable(
    id="anhe",
    name="安和口腔",
    lat=30.6386,
    lon=104.0536,
    district="四川 成都 武侯区",
    doctors=("林知远医生",),
)


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path / "data", filter="data")
    return Settings(data_dir=tmp_path / "data", clinics=(CLINIC,))


def test_leads_and_mentions_are_there(settings: Settings) -> None:
    with storage.open_index(settings, create=False) as index:
        counts = index.counts()
        found = index.search(LeadQuery(limit=100), now=NOW)
    assert (counts["leads"], counts["mentions"]) == (31, 5)
    assert len(found.items) == 31
    assert all(hit.lead.post.text and hit.lead.reasons for hit in found.items)


def test_people_judgements_and_erasures_are_there(settings: Settings) -> None:
    with open_records(settings) as records, records.reading() as session:
        assert [user.login for user in users.everybody(session)] == ["anna"]
        assert len(feedback.judgements(session)) == 1
        assert [each.key for each in erasures.listed(session, limit=10)] == ["sample-forum/t1001"]


def test_what_was_crawled_is_known(settings: Settings) -> None:
    with storage.coverage(settings, create=False) as coverage:
        (run,) = coverage.runs()
        assert (run.source, run.outcome, run.totals.posts_new) == ("sample-forum", "ok", 123)
        assert coverage.cursor("sample-forum", "board:36")
