"""Industry news: five a day, a story once, what fits the clinics first; gone without a trace when erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from pathlib import Path

import pytest

from crawler.items import Post
from leads.actions.erase import erase
from leads.index.sqlite.index import SqliteIndex
from leads.records import Records, headlines
from leads.records.headlines import FeedEntry
from leads.records.tables.alerts import Alert
from leads.records.tables.digests import DigestIssue, DigestPlan
from tests.support.builders import NOW, post
from tests.support.outbox_people import channel, person

TITLES = (
    "国家医保局发布种植牙集采新规", "三甲医院周末门诊扩大到四十家", "儿童青少年近视防控方案征求意见",
    "流感进入高发期专家提醒接种疫苗", "社区卫生中心开设口腔科", "中医药服务纳入家庭医生签约",
    "互联网诊疗监管细则出台", "民营医院评审办法修订",
)  # fmt: skip


def item(number: int, title: str = "", *, hours: float = 1, url: str = "", fits: bool = False) -> FeedEntry:
    made = post(
        number, "正文不留", source="news", title=title or TITLES[number],
        published_at=NOW - timedelta(hours=hours),
        url=url or f"https://news.example/{number}",
    )  # fmt: skip
    return FeedEntry(post=made, fits=fits)


def kept(records: Records, *found: FeedEntry) -> list[str]:
    with records.transaction() as session:
        headlines.keep(session, found, now=NOW)
        return [row.title for row in headlines.between(session, NOW - timedelta(days=1), NOW)]


def test_five_a_day_are_kept_by_title_and_address_alone(records: Records) -> None:
    assert kept(records, *(item(number, hours=3) for number in range(8))) == list(TITLES[:5])
    with records.reading() as session:
        first = headlines.between(session, NOW - timedelta(days=1), NOW)[0]
        assert (first.post_id, first.url, first.source, first.others) == (
            "news/0",
            "https://news.example/0",
            "news",
            [],
        )


def test_another_day_has_its_own_five(records: Records) -> None:
    kept(records, *(item(number, hours=2) for number in range(5)))
    with records.transaction() as session:
        assert headlines.keep(session, [item(5, hours=30)], now=NOW) == 1


def test_the_same_story_is_told_once_however_often_it_is_read(records: Records) -> None:
    again = item(1, "【头条】国家医保局发布种植牙集采新规")
    assert kept(records, item(0), again, again, item(0)) == [TITLES[0]]
    with records.reading() as session:
        (row,) = headlines.between(session, NOW - timedelta(days=1), NOW)
        assert row.others == ["news/1"]


def test_what_the_clinics_treat_comes_first_and_takes_the_place_of_something_else(records: Records) -> None:
    kept(records, *(item(number, hours=9 - number) for number in range(5)))
    assert kept(records, item(5, hours=1, fits=True)) == [TITLES[5], *TITLES[:4]]
    assert kept(records, item(6, hours=1)) == [TITLES[5], *TITLES[:4]]


@pytest.mark.parametrize(
    "odd",
    [item(0, url="javascript:alert(1)"), item(0, " "), item(0, hours=24 * 31)],
    ids=["address", "title", "old"],
)
def test_what_is_no_headline_is_not_kept(records: Records, odd: FeedEntry) -> None:
    assert kept(records, odd) == []


def test_old_ones_are_forgotten(records: Records) -> None:
    with records.transaction() as session:
        headlines.keep(session, [item(0), item(1, hours=48)], now=NOW)
        headlines.forget(session, NOW - timedelta(days=1))
        assert [row.post_id for row in headlines.between(session, NOW - timedelta(days=9), NOW)] == ["news/0"]


class TestErasure:
    """By id or by address, with what reports and messages said."""

    TITLE = "某<口腔>门诊被患者起诉"

    def reported(self, records: Records) -> Post:
        found = item(0, self.TITLE)
        with records.transaction() as session:
            headlines.keep(session, [found, item(1)], now=NOW)
            way = channel(session, person(session))
            plan = DigestPlan(user_id=1, channel_id=way.id, period="daily", created_at=NOW)
            session.add(plan)
            session.flush()
            told = [
                {"post_id": row.post_id, "title": row.title, "url": row.url}
                for row in headlines.between(session, NOW - timedelta(days=1), NOW)
            ]
            since = NOW - timedelta(days=1)
            session.add(
                DigestIssue(
                    id="i", plan_id=plan.id, since=since, until=NOW, made_at=NOW, content={"news": told}
                )
            )
            lines = ["新线索 2 条。", f"行业新闻：{self.TITLE}（news）", f"行业新闻：{TITLES[1]}（news）"]
            html = f'<a href="{found.post.url}">{escape(self.TITLE)}</a><a href="x">{TITLES[1]}</a>'
            session.add(
                Alert(
                    id="i", kind="digest", user_id=1, channel_id=way.id, created_at=NOW, next_at=NOW,
                    payload={"title": "早报", "lines": lines, "html": html},
                )
            )  # fmt: skip
        return found.post

    @pytest.mark.parametrize("by", ["id", "address"])
    def test_nothing_is_left_of_it_and_the_rest_stays(
        self, records: Records, tmp_path: Path, by: str
    ) -> None:
        gone = self.reported(records)
        key = gone.id if by == "id" else gone.url.replace("https://", "http://www.")
        with SqliteIndex(tmp_path / "leads.sqlite") as index:
            erase(records, index, "post", key, who="boss", now=NOW)
        with records.reading() as session:
            left: Sequence[str] = [
                row.title for row in headlines.between(session, NOW - timedelta(days=1), NOW)
            ]
            issue, alert = session.get_one(DigestIssue, "i"), session.get_one(Alert, "i")
        assert left == [TITLES[1]]
        said = f"{issue.content} {alert.payload}"
        assert self.TITLE not in said
        assert escape(self.TITLE) not in said
        assert gone.url not in said
        assert said.count(TITLES[1]) == 3
        assert "新线索 2 条。" in said
