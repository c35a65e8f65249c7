"""The alerts page: channels, subscriptions, what was sent; and the page behind a message's link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from leads.alerts.outbox.acknowledge import LASTS, Links
from leads.alerts.outbox.worker import Worker
from leads.config import AlertSettings
from leads.records import Records, cases, open_records, rules, users
from leads.records.tables.alerts import Alert, Channel, Subscription
from leads.records.tables.people import Audit, User
from leads.records.tables.work import Feedback
from leads.web.app import create_app
from tests.support.outbox_people import alert as an_alert
from tests.support.seeds import BASE, ClientOf, settings
from tests.support.service_answers import SAMPLES
from tests.support.stand_ins import StandIn, stand_in

NIGHT = {"frequency": "now", "at_time": "08:00", "weekday": "0", "weekdays": [str(day) for day in range(7)],
         "quiet_from": "22:00", "quiet_to": "07:30", "timezone": "Asia/Shanghai", "max_per_hour": "5",
         "break_through": "high"}  # fmt: skip


@pytest.fixture(scope="module")
def app(folder: Path) -> FastAPI:
    alerts = AlertSettings(private_addresses=True)
    return create_app(settings(folder).model_copy(update={"alerts": alerts}))


@pytest.fixture
def records(folder: Path) -> Iterator[Records]:
    with open_records(settings(folder)) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


def made(client: TestClient, records: Records, server: StandIn, name: str) -> Channel:
    """A webhook channel of the client's person, made through the form."""
    fields = {"kind": "webhook", "name": name, "address": server.url + "/in", "secret": "s3cret-" + "k" * 16}
    answer = client.post("/alerts/channels", data=fields, follow_redirects=False)
    assert answer.headers["location"] == "/alerts?done=added"
    with records.reading() as session:
        return session.scalars(select(Channel).where(Channel.name == name)).one()


def subscribed(client: TestClient, records: Records, channel: Channel, rule: str) -> Subscription:
    with records.transaction() as session:
        row = rules.add(session, name=rule, kind="mention", query="", who="admin-", now=datetime.now(UTC))
    answer = client.post("/alerts/subscriptions", data={"rule": row.id, "channel": channel.id, **NIGHT})
    assert answer.status_code == 200, answer.text
    with records.reading() as session:
        return session.scalars(select(Subscription).where(Subscription.channel_id == channel.id)).one()


def test_every_kind_has_a_form_that_says_what_to_paste(client: TestClient) -> None:
    page = client.get("/alerts/channels/new").text
    for kind in SAMPLES:
        form = client.get("/alerts/channels/new", params={"kind": kind}).text
        assert f'value="{kind}" checked' in form
        for field in SAMPLES[kind]:
            assert f'name="{kind}.{field}"' in page


def test_a_channel_is_made_tested_and_removed(client: TestClient, records: Records, server: StandIn) -> None:
    channel = made(client, records, server, "值班系统")
    page = client.get("/alerts").text
    assert "值班系统" in page
    assert "没试过" in page
    assert "s3cret" not in page
    assert server.url not in page
    answer = client.post(f"/alerts/channels/{channel.id}/test")
    assert "测试成功" in answer.text
    assert server.got[0].json["title"] == "通道测试"
    server.says({}, 404)
    answer = client.post(f"/alerts/channels/{channel.id}/test")
    assert "测试没有成功：对方不认这个地址或密钥（404）" in answer.text
    assert "失效" in answer.text
    client.post(f"/alerts/channels/{channel.id}/remove")
    assert "值班系统" not in client.get("/alerts").text
    with records.reading() as session:
        assert session.get_one(Channel, channel.id).address == "{}"
        actions = session.scalars(select(Audit.action).where(Audit.subject == f"channel:{channel.id}")).all()
    assert actions == ["channel.add", "channel.test", "channel.test", "channel.remove"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "wecombot", "name": "群", "address": "wecom://abcdefgh"}, "Pushplus"),
        ({"kind": "wecombot", "name": "群" * 41, "wecombot.address": "abcdefghij-abcdefghij"}, "起个名字"),
        ({"kind": "mail", "name": "邮件", "address": "lin@example.com"}, "alerts.smtp"),
        ({"kind": "pigeon", "name": "鸽子", "address": "x"}, "没有"),
        ({"kind": "webhook", "name": "网", "address": "javascript:alert(1)", "secret": "k" * 16}, "不是网址"),
    ],
)
def test_what_cannot_be_a_channel_is_said_in_the_form(
    client: TestClient, fields: dict[str, str], sentence: str
) -> None:
    answer = client.post("/alerts/channels", data=fields)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert "abcdefgh" not in answer.text


def test_a_channel_can_tell_of_new_leads_from_its_first_moment_on(
    client: TestClient, records: Records, server: StandIn
) -> None:
    for name in ("第一个群", "第二个群"):
        fields = {"kind": "webhook", "name": name, "address": server.url + "/in", "secret": "k" * 24}
        assert client.post("/alerts/channels", data=fields | {"tell": "1"}).status_code == 200
    with records.reading() as session:
        subscribed = [
            (channel.name, subscription.frequency, rules.get(session, subscription.rule_id))
            for subscription, channel in session.execute(
                select(Subscription, Channel)
                .join(Channel, Channel.id == Subscription.channel_id)
                .where(Channel.name.in_(("第一个群", "第二个群")))
            )
        ]
    assert sorted(name for name, _, _ in subscribed) == ["第一个群", "第二个群"]
    assert {frequency for _, frequency, _ in subscribed} == {"now"}
    (rule,) = {rule.id: rule for _, _, rule in subscribed if rule}.values()  # one for both
    assert (rule.name, rule.kind, rule.query) == ("安和口腔附近的新线索", "lead", "near=anhe")


def test_the_clinic_may_be_chosen_and_a_doctors_channel_tells_of_what_is_said(
    client_of: ClientOf, records: Records, server: StandIn
) -> None:
    fields = {
        "kind": "webhook",
        "webhook.address": server.url + "/in",
        "webhook.secret": "k" * 24,
        "tell": "1",
    }
    client_of("marketer").post("/alerts/channels", data=fields | {"clinic": "qingmu", "name": "青木的群"})
    client_of("doctor", ("anhe",)).post("/alerts/channels", data=fields | {"name": "林医生"})
    with records.reading() as session:
        asked = {
            channel.name: rules.get(session, heard.rule_id)
            for channel in session.scalars(select(Channel).where(Channel.name.in_(("青木的群", "林医生"))))
            for heard in rules.subscriptions(session, channel_id=channel.id)
        }
    assert {name: (rule.kind, rule.query) for name, rule in asked.items() if rule} == {
        "青木的群": ("lead", "near=qingmu"),
        "林医生": ("mention", "clinic=anhe"),
    }


def test_a_message_is_tried_first_and_what_the_service_refuses_is_not_kept(
    client: TestClient, records: Records, server: StandIn
) -> None:
    fields = {"kind": "webhook", "webhook.address": server.url + "/in", "webhook.secret": "k" * 24}
    server.says({}, 404)
    refused = client.post("/alerts/channels", data=fields | {"name": "先试", "attempt": "1", "tell": "1"})
    assert refused.status_code == 400
    assert "还没有保存：对方不认这个地址或密钥（404）" in refused.text
    assert "先试" not in client.get("/alerts").text
    server.says({}, 503)  # may be over in a minute: kept, and said
    busy = client.post("/alerts/channels", data=fields | {"name": "忙着", "attempt": "1"})
    assert "「忙着」测试没有成功" in busy.text
    server.says({}, 200)
    taken = client.post("/alerts/channels", data=fields | {"attempt": "1"})
    assert "「Webhook（自己的系统）」测试成功" in taken.text
    assert server.got[-1].json["title"] == "通道测试"


def test_the_rule_one_comes_from_is_chosen_already(
    client: TestClient, records: Records, server: StandIn
) -> None:
    made(client, records, server, "选好规则")
    with records.transaction() as session:
        ids = [
            rules.add(session, name=f"选{n}", kind="mention", query="", who="x", now=datetime.now(UTC)).id
            for n in (1, 2)
        ]
    for chosen in ids:
        page = client.get("/alerts", params={"rule": chosen}).text
        assert re.findall(r'<option value="(\d+)" selected>选', page) == [str(chosen)]
        assert '<details class="card" open>' in page
    assert " selected>选" not in client.get("/alerts").text
    assert client.get("/alerts", params={"rule": 2**31 - 1}).status_code == 200


def test_a_subscription_is_made_changed_and_cancelled(
    client: TestClient, records: Records, server: StandIn
) -> None:
    channel = made(client, records, server, "订阅用")
    found = subscribed(client, records, channel, "差评规则")
    assert (found.quiet_from, found.max_per_hour, found.break_through) == ("22:00", 5, "high")
    assert "22:00–07:30 免打扰" in client.get("/alerts").text
    with records.transaction() as session:
        waiting = an_alert(session, 900, found, next_at=datetime.now(UTC) + timedelta(days=1))
    changed = {**NIGHT, "frequency": "hourly", "quiet_from": "", "quiet_to": ""}
    assert "订阅已改" in client.post(f"/alerts/subscriptions/{found.id}", data=changed).text
    with records.reading() as session:
        planned = session.get_one(Alert, waiting.id).next_at
        assert planned - datetime.now(UTC) <= timedelta(hours=1)
    half = client.post(f"/alerts/subscriptions/{found.id}", data={**changed, "quiet_from": "22:00"})
    assert half.status_code == 400
    assert "只写了一半" in half.text
    client.post(f"/alerts/subscriptions/{found.id}/remove")
    with records.reading() as session:
        ended = session.get_one(Alert, waiting.id)
    assert (ended.state, ended.reason) == ("cancelled", "订阅已取消。")


def test_a_removed_channel_ends_what_waits_and_the_page_says_why(
    client: TestClient, records: Records, server: StandIn
) -> None:
    channel = made(client, records, server, "会移除")
    found = subscribed(client, records, channel, "规则乙")
    with records.transaction() as session:
        an_alert(session, 901, found)
    client.post(f"/alerts/channels/{channel.id}/remove")
    page = client.get("/alerts", params={"state": "cancelled"}).text
    assert "第901条" in page
    assert "通道已被移除。" in page


def test_what_was_given_up_is_shown_with_its_reason_and_tried_again(
    client: TestClient, app: FastAPI, records: Records, server: StandIn
) -> None:
    channel = made(client, records, server, "会失败")
    found = subscribed(client, records, channel, "规则丙")
    with records.transaction() as session:
        found = session.get_one(Subscription, found.id)
        found.quiet_from = found.quiet_to = ""
        dead = an_alert(session, 902, found)
    worker = Worker(records, app.state.desk.settings)
    server.says({}, 410)
    worker.run_once()
    page = client.get("/alerts", params={"state": "dead"}).text
    assert "第902条" in page
    assert "对方不认这个地址或密钥（410）" in page
    server.says({}, 200)
    assert "马上再送一次" in client.post(f"/alerts/{dead.id}/retry").text
    worker.run_once()
    assert "第902条" in client.get("/alerts", params={"state": "sent"}).text


def test_others_see_and_touch_only_their_own(
    client: TestClient, client_of: ClientOf, records: Records, server: StandIn
) -> None:
    channel = made(client, records, server, "管理员的群")
    found = subscribed(client, records, channel, "规则丁")
    with records.transaction() as session:
        mine = an_alert(session, 903, found, state="dead", reason="试过了")
    other = client_of("doctor", ("anhe",))
    page = other.get("/alerts").text
    assert "管理员的群" not in page
    assert "第903条" not in page
    for path in (
        f"/alerts/channels/{channel.id}/test",
        f"/alerts/channels/{channel.id}/remove",
        f"/alerts/subscriptions/{found.id}",
        f"/alerts/subscriptions/{found.id}/remove",
        f"/alerts/{mine.id}/retry",
        "/alerts/channels/999999999999/test",
    ):
        assert other.post(path, data=NIGHT).status_code == 404, path
    taken = other.post("/alerts/subscriptions", data={"rule": found.rule_id, "channel": channel.id, **NIGHT})
    assert taken.status_code == 400
    theirs = made(other, records, server, "医生的群")
    page = client.get("/alerts").text  # an admin sees everybody's
    assert "医生的群" in page
    assert client.post(f"/alerts/channels/{theirs.id}/remove", follow_redirects=False).status_code == 303


def test_a_doctor_who_lost_a_clinic_sees_nothing_of_its_alerts(client_of: ClientOf, records: Records) -> None:
    doctor = client_of("doctor", ("qingmu",))
    with records.transaction() as session:
        user = session.scalars(select(User).where(User.login == "doctor-qingmu")).one()
        made = Channel(user_id=user.id, name="群", kind="webhook", address="{}", created_at=datetime.now(UTC))
        session.add(made)
        session.flush()
        an_alert(session, 904, made, clinic_id="anhe", state="sent")
        an_alert(session, 905, made, clinic_id="qingmu", state="sent")
    page = doctor.get("/alerts").text
    assert "第904条" not in page
    assert "第905条" in page


def test_strangers_do_not_get_in(stranger: TestClient) -> None:
    assert stranger.get("/alerts", follow_redirects=False).status_code == 303
    assert stranger.post("/alerts/channels", data={}, follow_redirects=False).status_code == 303


# --- the link in a message ------------------------------------------------------------


class Told:
    """A message with some alerts, and its link."""

    def __init__(self, app: FastAPI, records: Records, *alerts: dict[str, Any]) -> None:
        now = datetime.now(UTC)
        self.ids: list[str] = []
        with records.transaction() as session:
            number = len(session.scalars(select(Alert.id)).all()) + 2000
            user = session.scalars(select(User)).first()
            user = user or users.add_user(session, login="told", name="听到的人", role="marketer", now=now)
            to = Channel(user_id=user.id, name="群", kind="webhook", address="{}", created_at=now)
            session.add(to)
            session.flush()
            for fields in alerts:
                leader = {"state": "merged", "merged_into": self.ids[0]} if self.ids else {"state": "sent"}
                row = an_alert(session, number, to, **leader)
                for name, value in fields.items():
                    setattr(row, name, value)
                self.ids.append(row.id)
                number += 1
        self.link = Links(app.state.desk.settings.data_dir).path(self.ids[0], now=now)


def choice(records: Records, alert_id: str) -> str:
    with records.reading() as session:
        return session.get_one(Alert, alert_id).acknowledged


def test_opening_the_link_changes_nothing(stranger: TestClient, app: FastAPI, records: Records) -> None:
    told = Told(app, records, {})
    for method in ("GET", "HEAD"):
        answer = stranger.request(method, told.link)
        assert answer.status_code in (200, 405)
    assert choice(records, told.ids[0]) == ""


def test_a_button_marks_the_alert_once(stranger: TestClient, app: FastAPI, records: Records) -> None:
    told = Told(app, records, {})
    fields = {"alert": told.ids[0], "choice": "seen"}
    assert "已标为「已看」" in stranger.post(told.link, data=fields).text
    again = stranger.post(told.link, data={**fields, "choice": "irrelevant"})
    assert "已标为「已看」" in again.text
    assert choice(records, told.ids[0]) == "seen"
    with records.reading() as session:
        noted = session.scalars(select(Audit).where(Audit.subject == f"alert:{told.ids[0]}")).all()
    assert [(each.action, each.detail) for each in noted] == [("alert.seen", {"by": "link"})]


def test_a_summary_is_marked_one_by_one_or_as_a_whole(
    stranger: TestClient, app: FastAPI, records: Records
) -> None:
    told, other = Told(app, records, {}, {}, {}), Told(app, records, {})
    stranger.post(told.link, data={"alert": told.ids[1], "choice": "irrelevant"})
    assert [choice(records, each) for each in told.ids] == ["", "irrelevant", ""]
    stranger.post(told.link, data={"alert": other.ids[0], "choice": "seen"})
    assert choice(records, other.ids[0]) == ""  # another message's alert
    stranger.post(told.link, data={"choice": "seen"})
    assert [choice(records, each) for each in told.ids] == ["seen", "irrelevant", "seen"]


def test_the_case_is_told(stranger: TestClient, app: FastAPI, records: Records) -> None:
    told = Told(
        app,
        records,
        {"kind": "lead", "post_id": "forum/1"},
        {"kind": "lead", "post_id": "forum/2"},
        {"kind": "mention", "post_id": "forum/3"},
    )
    index = app.state.desk.index
    ids = [lead.id for lead in map(index.get, ("forum/1", "forum/2", "forum/3")) if lead]
    assert len(ids) == 3, "the seeded leads are called otherwise"
    stranger.post(told.link, data={"alert": told.ids[0], "choice": "seen"})
    stranger.post(told.link, data={"alert": told.ids[1], "choice": "irrelevant"})
    stranger.post(told.link, data={"alert": told.ids[2], "choice": "seen"})
    with records.reading() as session:
        found = {each: cases.get(session, each) for each in ids}
        judged = session.scalars(select(Feedback).where(Feedback.lead_id == "forum/2")).one()
    assert found["forum/1"] is not None
    assert found["forum/1"].status == "seen"
    assert found["forum/2"] is not None
    assert found["forum/2"].status == "dismissed"
    assert found["forum/3"] is None
    assert (judged.kind, judged.intent) == ("not_lead", "other")
    assert index.get("forum/1").status == "seen"


@pytest.mark.parametrize("age", [LASTS + timedelta(seconds=2), -timedelta(days=2)])
def test_a_link_has_its_time(stranger: TestClient, app: FastAPI, records: Records, age: timedelta) -> None:
    told = Told(app, records, {})
    links = Links(app.state.desk.settings.data_dir)
    old = links.path(told.ids[0], now=datetime.now(UTC) - age)
    assert stranger.get(old).status_code == 410
    assert stranger.post(old, data={"choice": "seen"}).status_code == 410
    assert choice(records, told.ids[0]) == ""


def test_a_message_that_arrived_late_has_its_seven_days_from_then(
    stranger: TestClient, app: FastAPI, records: Records
) -> None:
    told, now = Told(app, records, {}), datetime.now(UTC)
    link = Links(app.state.desk.settings.data_dir).path(told.ids[0], now=now - LASTS - timedelta(days=1))
    for arrived, status in [(now - timedelta(days=2), 200), (now - LASTS - timedelta(hours=1), 410)]:
        with records.transaction() as session:
            session.get_one(Alert, told.ids[0]).sent_at = arrived
        assert stranger.get(link).status_code == status


@pytest.mark.parametrize("token", ["x", "eyJ.x.y", "a" * 3000, "%00", '"><script>'])
def test_a_made_up_link_is_none(stranger: TestClient, token: str) -> None:
    assert stranger.get(f"/ack/{token}").status_code in (404, 410)
    assert stranger.post(f"/ack/{token}", data={"choice": "seen"}).status_code in (404, 405, 410)


def test_a_link_of_another_key_is_none(
    stranger: TestClient, app: FastAPI, records: Records, tmp_path: Path
) -> None:
    told = Told(app, records, {})
    foreign = Links(tmp_path).path(told.ids[0], now=datetime.now(UTC))
    assert stranger.get(foreign).status_code == 410
    changed = re.sub(r"(?<=/ack/)(.)", lambda found: "A" if found[1] != "A" else "B", told.link)
    assert stranger.get(changed).status_code == 410


def test_a_choice_made_in_the_mail_is_asked_once_more(
    stranger: TestClient, app: FastAPI, records: Records
) -> None:
    """Mail servers open links, too: opening one changes nothing, whichever button it was."""
    told = Told(app, records, {})
    shown = stranger.get(f"{told.link}?choice=irrelevant")
    assert "确定：不相关" in shown.text
    assert "确定：已看" not in shown.text
    assert choice(records, told.ids[0]) == ""
    assert "确定：" not in stranger.get(f"{told.link}?choice=delete").text


def test_a_choice_there_is_not(stranger: TestClient, app: FastAPI, records: Records) -> None:
    told = Told(app, records, {})
    assert stranger.post(told.link, data={"choice": "delete"}).status_code == 410
    assert choice(records, told.ids[0]) == ""


def test_the_message_leads_to_this_page(
    client: TestClient, stranger: TestClient, app: FastAPI, records: Records, server: StandIn
) -> None:
    channel = made(client, records, server, "全程")
    with records.transaction() as session:
        row = an_alert(session, 990, channel)
    Worker(records, app.state.desk.settings).run_once()
    link = next(got.json["acknowledge"] for got in server.got if got.json["id"] == row.id)
    assert link.startswith(BASE + "/ack/")
    assert "第990条" in stranger.get(link.removeprefix(BASE)).text


def test_the_link_of_a_disabled_person_stops(stranger: TestClient, app: FastAPI, records: Records) -> None:
    told = Told(app, records, {})
    with records.transaction() as session:
        made = User(login="gone", name="走了", role="marketer", created_at=datetime.now(UTC), disabled=True)
        session.add(made)
        session.flush()
        session.get_one(Alert, told.ids[0]).user_id = made.id
    assert stranger.get(told.link).status_code == 410
    answer = stranger.post(told.link, data={"choice": "seen"}, follow_redirects=False)
    assert (answer.status_code, choice(records, told.ids[0])) == (410, "")


def test_subscriptions_stand_in_the_audit(client: TestClient, records: Records, server: StandIn) -> None:
    made_one = subscribed(client, records, made(client, records, server, "审计群"), "审计规则")
    client.post(f"/alerts/subscriptions/{made_one.id}", data={**NIGHT, "max_per_hour": "6"})
    client.post(f"/alerts/subscriptions/{made_one.id}/remove")
    with records.reading() as session:
        noted = session.scalars(
            select(Audit).where(Audit.subject == f"subscription:{made_one.id}").order_by(Audit.id)
        ).all()
    assert [(each.action, each.who) for each in noted] == [
        (f"subscription.{deed}", "admin-") for deed in ("add", "change", "remove")
    ]
