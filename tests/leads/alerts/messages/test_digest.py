"""A report is made once, says what the person may see, and is the same in a chat and in a mail."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import select

from leads.actions import change_case
from leads.alerts.channels import mail
from leads.alerts.messages.digest import Digests
from leads.alerts.messages.message import Message, Payload
from leads.config import AlertSettings, ClinicTable, Settings
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.insights.summary import Summary
from leads.models import Role
from leads.records import Records, cases, digests, headlines, heard, open_records, users
from leads.records.cases import CaseChange
from leads.records.clinics import adopt_file
from leads.records.digests import PlanForm
from leads.records.tables.alerts import Alert, Channel
from leads.records.tables.digests import DigestIssue, DigestPlan
from nlp.models import Sentiment
from tests.support.builders import NOW, lead, mention, post, region, symptom

HOUR = datetime.fromisoformat("2026-11-20T11:00:00+08:00")  # an hour before NOW
CLINICS = (
    ClinicTable(id="anhe", name="安和<口腔>", lat=30.6386, lon=104.0536, specialties=("dental",)),
    ClinicTable(id="chaoyang", name="朝阳口腔", lat=39.92, lon=116.44, specialties=("dental",)),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, clinics=CLINICS)


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    with open_records(settings) as opened:
        with opened.transaction() as session:
            adopt_file(session, settings)
        yield opened


@pytest.fixture
def index(settings: Settings) -> Iterator[LeadIndex]:
    with open_backend(settings) as opened:
        opened.upsert(
            [
                lead(1, "牙疼一", place=region("武侯区"), hours=3),
                lead(2, "牙疼二二", place=region("朝阳区"), hours=4),
                lead(3, "三天前牙疼", place=region("武侯区"), hours=30),
            ]
        )
        opened.upsert_mentions([mention(5, hours=2), mention(6, "chaoyang", hours=2)])
        yield opened


def planned(
    records: Records, role: Role = "marketer", clinic_ids: tuple[str, ...] = (), **form: object
) -> None:
    made = NOW - timedelta(days=40)
    with records.transaction() as session:
        user = users.add_user(
            session, login=f"p{role}", name="林", role=role, now=made, clinic_ids=clinic_ids
        )
        channel = Channel(user_id=user.id, name="群", kind="webhook", address="{}", created_at=made)
        session.add(channel)
        session.flush()
        wishes = {"channel_id": channel.id, "at_time": "11:00", **form}
        digests.add(session, user, PlanForm(**wishes), now=made)  # type: ignore[arg-type]  # by name


def payloads(records: Records) -> list[Payload]:
    with records.reading() as session:
        alerts = session.scalars(select(Alert).order_by(Alert.id)).all()
        assert {alert.id for alert in alerts} == set(session.scalars(select(DigestIssue.id)))
    return [Payload.from_json(alert.payload) for alert in alerts]


def test_at_the_hour_wished_it_is_made_and_queued_once(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    planned(records)
    yesterdays = Digests(settings, records, index).make_due(HOUR - timedelta(hours=13))  # late, still of use
    made = [Digests(settings, records, index).make_due(HOUR + timedelta(seconds=s)) for s in (-1, 0, 1, 30)]
    assert (yesterdays, made) == (1, [0, 1, 0, 0])  # nor by a worker started again within that minute
    assert len(payloads(records)) == 2


def test_made_together_each_says_what_it_says_when_made_alone(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    """A marketer, an admin with the same wish, and a doctor, who may see less."""
    planned(records)
    planned(records, "admin")
    planned(records, "doctor", ("anhe",))
    with records.reading() as session:
        plans = session.scalars(select(DigestPlan)).all()
    alone = {
        plan.id: Digests(settings, records, index).summary(plan, HOUR.astimezone(UTC), HOUR) for plan in plans
    }
    assert Digests(settings, records, index).make_due(HOUR) == len(plans) == 3
    with records.reading() as session:
        issues = session.scalars(select(DigestIssue))
        made = {issue.plan_id: Summary.from_json(issue.content) for issue in issues}
    assert made == alone
    first, same, doctors = (made[plan.id] for plan in plans)
    assert first == same != doctors


def test_two_workers_make_one(settings: Settings, records: Records, index: LeadIndex) -> None:
    planned(records)
    workers = [
        threading.Thread(target=Digests(settings, records, index).make_due, args=(NOW,)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(payloads(records)) == 1


def test_it_says_what_is_new_and_what_was_before(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    planned(records)
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    text = "\n".join(said.lines)
    assert said.title == "早报 11 月 20 日：新线索 2 条，提及 2 条"
    assert "新线索 2 条（前一天 1）" in text
    assert "症状" not in text, "no figure of a symptom or place under five"
    assert "武侯区" not in text + said.html
    assert "安和<口腔>：被提到 1 次" in text


def test_what_five_have_is_told_with_what_is_behind_it(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    words = ("咬硬东西", "喝冷水", "一吃甜的", "半夜", "刷牙时", "张嘴时")
    index.upsert(
        [
            lead(30 + n, f"{said}就牙疼，该挂什么科？", place=region("武侯区"), hours=2 + n, replies=0)
            for n, said in enumerate(words)
        ]
    )
    planned(records)
    with records.transaction() as session:
        changes = {f"forum/{30 + n}": CaseChange(status="seen") for n in range(6)}
        cases.change(
            session,
            {**changes, "forum/30": CaseChange(status="replied")},
            who="lin",
            now=NOW - timedelta(hours=1),
        )
    change_case.sync_index(records, index)
    Digests(settings, records, index).make_due(NOW)
    (said_,) = payloads(records)
    text = "\n".join(said_.lines)
    assert "症状：牙痛 8。" in text
    assert "地点：其他 8。" in text, "beside 7 of 武侯区 the one of 朝阳区 would be known"
    assert "大家在问（2026-11-14 起）：牙痛：该挂什么科 6 人（6人没人回答）。" in text
    assert "漏斗（2026-11-13 起）：找到 6 条、已看 6 条、已回复 不足 5 条。" in text
    base = "http://127.0.0.1:8000"
    assert f'href="{base}/leads?area=510100&amp;symptom=toothache&amp;since=2026-11-14' in said_.html
    with records.reading() as session:
        (issue,) = session.scalars(select(DigestIssue))
    again = Summary.from_json(issue.content)
    assert [part.title for part in again.parts] == ["话题", "大家在问", "漏斗"]
    assert Summary.from_json({k: v for k, v in issue.content.items() if k != "parts"}).parts == ()


def test_a_doctor_reads_of_own_clinics_only(settings: Settings, records: Records, index: LeadIndex) -> None:
    planned(records, "doctor", ("chaoyang",))
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    text = "\n".join(said.lines)
    assert "新线索 1 条（前一天 0）" in text
    assert "朝阳口腔" in text
    assert "武侯区" not in text + said.html
    assert "安和" not in text + said.html


def test_the_share_of_voice_is_told_where_competitors_were_heard_of(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    planned(records)
    with records.transaction() as session:
        for number, term in enumerate(("", "康雅口腔", "康雅口腔")):
            written = post(number, "", published_at=NOW - timedelta(hours=20))
            heard.keep_voices(
                session, [heard.voice(written, "anhe", term, Sentiment(polarity="neutral", severity=0))]
            )
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    assert "声量：康雅口腔 2、安和<口腔> 1。" in "\n".join(said.lines)
    assert "声量：康雅口腔 2、安和&lt;口腔&gt; 1。" in said.html
    assert "朝阳口腔：被提到 1 次（前一天 0），好评 1，不满 0。" in said.lines


def test_a_disabled_person_gets_none(settings: Settings, records: Records, index: LeadIndex) -> None:
    planned(records)
    with records.transaction() as session:
        user = users.by_login(session, "pmarketer")
        assert user is not None
        user.disabled = True
    assert Digests(settings, records, index).make_due(NOW) == 0
    assert payloads(records) == []


def test_cases_that_wait_are_told_and_what_is_dismissed_is_no_lead(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    planned(records)
    with records.transaction() as session:
        changes = {
            "forum/1": CaseChange(status="talking", due_on=date(2026, 11, 19)),
            "forum/2": CaseChange(status="dismissed", reason="太远"),
        }
        cases.change(session, changes, who="lin", now=NOW - timedelta(hours=2))
    change_case.sync_index(records, index)
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    text = "\n".join(said.lines)
    assert "新线索 1 条" in text
    assert "待跟进：沟通中 1，1 条已过期" in text


def test_the_mail_is_complete_and_needs_nothing_from_elsewhere(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    planned(records)
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    message = Message(id="x1", at=NOW, items=(said,), total=1, base="https://desk.example")
    options = AlertSettings(smtp="smtps://u:p@mail.example:465", mail_from="desk@clinic.example")
    parsed = message_from_bytes(mail.compose("lin@clinic.example", message, options).as_bytes())
    parts = {part.get_content_type(): part for part in parsed.walk()}
    assert {"text/plain", "text/html", "image/png"} <= set(parts)
    html = parts["text/html"].get_payload(decode=True)
    assert isinstance(html, bytes)
    page = html.decode()
    assert "安和&lt;口腔&gt;" in page
    assert 'src="cid:days"' in page
    assert "<script" not in page
    assert "<style" not in page
    assert page.count("http") == page.count('href="http://127.0.0.1:8000/digests/')
    picture = parts["image/png"]
    assert picture["Content-ID"] == "<days>"
    assert picture.get_payload(decode=True) == b64decode(said.images[0][1])
    plain = parts["text/plain"].get_payload(decode=True)
    assert isinstance(plain, bytes)
    assert "新线索 2 条" in plain.decode()


def news(records: Records) -> None:
    """Six of the stretch, one of them a story twice, and one of the day before."""
    titles = ("种植牙<集采>新规", "门诊扩大到四十家", "近视防控方案出台", "流感疫苗开打了", "社区开设口腔科")
    found = [
        post(
            n,
            "x",
            source="chs",
            title=title,
            url=f"https://news.example/{n}",
            published_at=NOW - timedelta(hours=2 + n / 10),
        )
        for n, title in enumerate(titles)
    ]
    found += [
        post(20, "x", source="chs", title="种植牙<集采>新规！", url="https://news.example/20"),
        post(
            21,
            "x",
            source="chs",
            title="昨天的旧闻一条",
            url="https://news.example/21",
            published_at=NOW - timedelta(hours=30),
        ),
    ]
    with records.transaction() as session:
        headlines.keep(session, [headlines.FeedEntry(post=each) for each in found], now=NOW)


def test_the_morning_report_ends_with_the_news_of_the_day(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    news(records)
    planned(records)
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    told = [line for line in said.lines if line.startswith("行业新闻：")]
    assert len(told) == 5
    assert "行业新闻：种植牙<集采>新规（chs，另有 1 篇）" in told
    assert not any("旧闻" in line for line in told)
    assert '<a href="https://news.example/0" style="color:#0f6b62">种植牙&lt;集采&gt;新规</a>' in said.html
    with records.reading() as session:
        (issue,) = session.scalars(select(DigestIssue))
    again = Summary.from_json(issue.content)
    assert [each.url for each in again.news][-1] == "https://news.example/0"
    assert Summary.from_json({key: value for key, value in issue.content.items() if key != "news"}).news == ()


def test_the_weekly_report_has_no_news(settings: Settings, records: Records, index: LeadIndex) -> None:
    news(records)
    planned(records, period="weekly", weekday=(HOUR.weekday()))
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    assert "行业新闻" not in "".join(said.lines) + said.html


@pytest.mark.parametrize(("period", "title"), [("daily", "早报"), ("weekly", "周报"), ("monthly", "月报")])
def test_each_period_has_its_name(
    settings: Settings, records: Records, index: LeadIndex, period: str, title: str
) -> None:
    planned(records, period=period, weekday=4, monthday=20)
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    assert said.title.startswith(title)


def test_a_quarters_report_comes_in_its_first_month(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    planned(records, period="quarterly", monthday=20)
    made = [
        Digests(settings, records, index).make_due(datetime.fromisoformat(f"2026-{day}T11:00:00+08:00"))
        for day in ("10-19", "10-20", "11-20")
    ]
    assert made == [0, 1, 0]
    (said,) = payloads(records)
    assert said.title.startswith("季报 10 月 20 日")


def test_a_plan_for_one_clinic_counts_what_that_clinic_could_treat(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    planned(records)
    with records.transaction() as session:
        (plan,) = digests.of_user(session, 1)
        plan.clinic_ids = ["anhe"]
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    assert "新线索 1 条（前一天 1）" in "\n".join(said.lines)


def test_leads_of_no_known_place_are_told_apart(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    index.upsert([lead(9, "不知道在哪牙疼得厉害", hours=2)])
    planned(records)
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    assert said.lines[0].startswith("新线索 2 条")
    assert "另有 1 条不知道在哪里，没有算进去。" in said.lines
    assert "另有 1 条不知道在哪里" in said.html


def test_what_no_clinic_is_near_or_treats_is_not_counted(
    settings: Settings, records: Records, index: LeadIndex
) -> None:
    cough = symptom("cough", "internal")
    index.upsert(
        [
            lead(11, "四川某处牙疼得厉害", place=region("四川省"), hours=2),
            lead(12, "武侯咳嗽好几天了", place=region("武侯区"), symptoms=(cough,), hours=2),
        ]
    )
    planned(records)
    Digests(settings, records, index).make_due(NOW)
    (said,) = payloads(records)
    assert said.lines[0].startswith("新线索 2 条")
