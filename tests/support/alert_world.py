"""An index, records and an ingestor over a folder; and the process over it that tests kill:
`python -m tests.support.alert_world FOLDER`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crawler.items import Post
from leads.clinics.name_matcher import BrandMatcher
from leads.config import ClinicTable, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.ingest.ingestor import Ingestor, Report
from leads.models import Role, RuleKind
from leads.quarantine import Quarantine
from leads.records import Records, open_records, rules
from leads.records.clinics import adopt_file, clinics
from leads.records.tables.alerts import Alert, Cause, Channel, Rule
from leads.records.tables.people import User
from tests.support.builders import NOW, post
from tests.support.plain_tagger import PlainTagger


def settings(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        clinics=(
            ClinicTable(id="anhe", name="安和口腔", lat=30.64, lon=104.04, competitors=("康贝齿科",)),
            ClinicTable(id="qingmu", name="青木中医", lat=30.65, lon=104.08, specialties=("tcm",)),
        ),
    )


class World:
    """An index, records and an ingestor over a folder."""

    def __init__(self, folder: Path) -> None:
        self.index = SqliteIndex(folder / "leads.sqlite")
        self.records: Records = open_records(settings(folder))
        with self.records.transaction() as session:
            adopt_file(session, settings(folder))
            self.clinics = clinics(session)
        self.ingestor = Ingestor(
            tagger=PlainTagger(),
            index=self.index,
            quarantine=Quarantine(folder / "quarantine.jsonl"),
            clinics=self.clinics,
            brands=BrandMatcher(self.clinics),
            records=self.records,
        )

    def store(self, *posts: Post) -> Report:
        report = Report()
        self.ingestor.store(posts, report, NOW)
        return report

    def person(self, login: str, role: Role = "marketer", own: Sequence[str] = ()) -> tuple[int, int]:
        with self.records.transaction() as session:
            user = User(login=login, name=login, role=role, created_at=NOW, clinic_ids=list(own))
            session.add(user)
            session.flush()
            channel = Channel(user_id=user.id, name="邮件", kind="mail", address="x", created_at=NOW)
            session.add(channel)
            session.flush()
            return user.id, channel.id

    def rule(
        self, kind: RuleKind, query: str, *people: tuple[int, int], name: str = "规则", **wishes: Any
    ) -> Rule:
        with self.records.transaction() as session:
            made = rules.add(session, name=name, kind=kind, query=query, who="lin", now=NOW)
            for user_id, channel_id in people:
                rules.subscribe(session, made.id, user_id, channel_id, **wishes)
            return made

    def alerts(self) -> list[Alert]:
        with self.records.reading() as session:
            return list(
                session.scalars(select(Alert).order_by(Alert.cause_id, Alert.user_id, Alert.channel_id))
            )

    def told(self) -> list[tuple[str, int]]:
        return [(alert.cause_id, alert.user_id) for alert in self.alerts()]

    def causes(self) -> list[str]:
        with self.records.reading() as session:
            return list(session.scalars(select(Cause.id).order_by(Cause.id)))

    def close(self) -> None:
        self.index.close()
        self.records.close()


COUNT = 40
LEAD = "牙疼，求推荐"


def crash_posts() -> list[Post]:
    """Too short to fold, each by another person."""
    return [post(number, f"{number}求推荐安和口腔") for number in range(COUNT)]


def work(folder: Path) -> None:
    """What the killed process does: batch after batch, a word on the way."""
    world = World(folder)
    posts = crash_posts()
    for start in range(0, COUNT, 2):
        world.store(*posts[start : start + 2])
        print(start, flush=True)
    world.close()


if __name__ == "__main__":
    work(Path(sys.argv[1]))
