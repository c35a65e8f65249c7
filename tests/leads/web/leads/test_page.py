"""The lead page: counts beside filters, chips, rows, many changed at once, a doctor's limits."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from leads.actions.export import BOM, COLUMNS
from leads.config import ClinicTable, Settings
from leads.index.base import Stored
from leads.index.sqlite.index import SqliteIndex
from leads.models import DOWN_TO, LeadQuery, Mention, Reason
from leads.records import audit, cases, feedback, open_records, searches, users
from leads.scoring.fit import serves
from leads.web.leads import list_view
from leads.web.leads.counts import AGES, FILTERS, Counts, Remembered, count
from leads.web.leads.highlight import excerpt
from leads.web.leads.page import PAGE_SIZE
from leads.web.leads.search_form import LeadForm, usual_start
from nlp.models import Sentiment
from tests.support.builders import NEAR_WUHOU, NOW, lead, region, symptom
from tests.support.seeds import ClientOf, fresh, settings
from tests.support.seen import Seen, shown

CHOICE = re.compile(
    r'<input type="checkbox" name="(\w+)" value="([^"]*)" form="filters"[^>]*>'
    r"<span>[^<]*</span> <small>(\d+)</small>"
)
OPTION = re.compile(r'<option value="(\w*)"[^>]*>[^<（]*（(\d+)）</option>')


def page(client: TestClient, query: str) -> str:
    answer = client.get("/leads?" + query)
    assert answer.status_code == 200, answer.text
    return answer.text


# --- counts ------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "near=all",
        "near=anhe",
        "near=all&q=牙疼&since=7d",
        "near=all&symptom=toothache&status=new",
        "near=anhe&precision=possible&source=forum",
        "near=all&assignee=未分配&intent=seeker&min_need=0.7",
        "near=anhe&precision=maybe",
        "area=成都&specialty=dental&since=30d",
    ],
)
def test_each_count_is_what_that_choice_would_find(client: TestClient, query: str) -> None:
    """Counted by asking: the choice alone in its filter, everything else as it is."""
    html = page(client, query)
    counted = CHOICE.findall(html)
    assert counted
    for field, value, number in counted:
        form = LeadForm.read(query)
        kept = [(name, kept) for name, kept in form.items() if name != field]
        assert len(shown(client, **dict(kept), **{field: unescape(value)})) == int(number), (field, value)


@pytest.mark.parametrize(
    "query", ["near=anhe&since=7d", "near=qingmu&radius=20km", "near=anhe&precision=maybe"]
)
def test_counts_of_precision_and_age_are_what_they_would_find(client: TestClient, query: str) -> None:
    asked = dict(LeadForm.read(query).items())
    html = page(client, query)
    for field in ("precision", "since"):
        (menu,) = re.findall(rf'<select name="{field}">(.*?)</select>', html)
        for value, number in OPTION.findall(menu):
            assert len(shown(client, **{**asked, field: value})) == int(number), (field, value)


def test_counts_over_invented_leads_equal_counting_them_one_by_one(tmp_path: Path) -> None:
    found = [
        replace(
            lead(
                n,
                place=region(("武侯区", "锦江区", "成都市", "四川省")[n % 4]),
                symptoms=(symptom(),) if n % 3 else (symptom("cough", "internal"),),
                need=n % 10 / 10,
                hours=30 * n,
            ),
            status=("new", "seen", "dismissed")[n % 3],
            assignee=("", "lin")[n % 2],
        )
        for n in range(40)
    ]
    query = LeadQuery(statuses=("new", "seen"), symptoms=("toothache",), near=NEAR_WUHOU, assignees=("",))
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.restore([Stored(lead=each) for each in found])
        counts = count(index, query, now=NOW)
        for facet, field in FILTERS.items():
            for value, number in counts.facets[facet].items():
                assert index.count(replace(query, **{field: (value,)})) == number
        assert counts.total == index.count(query)
        assert [counts.precisions[name] for name in DOWN_TO] == [
            index.count(replace(query, precision=name)) for name in DOWN_TO
        ]
        assert counts.ages[""] == index.count(query) > counts.ages[AGES[0]]


def test_counts_are_kept_for_a_moment_and_forgotten_after_a_change() -> None:
    made: list[int] = []
    kept = Remembered(seconds=60, most=2)

    def make() -> object:
        made.append(1)
        return made

    for key in ("a", "a", "b", "a"):
        kept.get(key, make)  # type: ignore[arg-type]  # what is kept does not matter
    assert len(made) == 2
    kept.get("c", make)  # type: ignore[arg-type]  # one too many: "a" is dropped
    kept.get("a", make)  # type: ignore[arg-type]
    assert len(made) == 4
    kept.forget()
    kept.get("a", make)  # type: ignore[arg-type]
    assert len(made) == 5


def test_pages_of_the_last_days_follow_each_other_while_time_goes_on(client: TestClient) -> None:
    ids = shown(client, near="all", since="30d")
    assert len(ids) == len(set(ids)) > PAGE_SIZE


# --- who may be near ---------------------------------------------------------


def test_who_may_be_near_stands_in_a_group_of_its_own_that_opens_by_itself(client: TestClient) -> None:
    together = shown(client, near="anhe", precision="likely")
    near = shown(client, near="anhe")
    maybe = shown(client, near="anhe", precision="maybe")
    assert sorted(near + maybe) == sorted(together)
    assert near
    assert maybe
    links = dict(re.findall(r'<a href="([^"]+)">(可能在附近（\d+）)</a>', page(client, "near=anhe")))
    assert links == {"/leads?near=anhe&amp;precision=maybe": f"可能在附近（{len(maybe)}）"}
    html = page(client, "near=anhe&precision=maybe")
    assert ">可能在附近（" not in html  # it is the list itself now
    assert "只看可能在附近 <a" in html


def test_without_a_place_nobody_may_be_near(client: TestClient) -> None:
    assert ">可能在附近（" not in page(client, "near=all")


def test_an_export_says_of_each_lead_how_surely_it_is_near_and_who_works_on_it(
    client: TestClient, folder: Path
) -> None:
    first = shown(client, near="anhe")[0]
    bulk(client, lead=[f"0:{first}"], status="seen", assignee="admin-")
    text = client.get("/leads/export.csv", params={"near": "anhe"}).content.decode()
    rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    named = [row["精度"] for row in rows]
    assert named == sorted(named, key=("附近", "可能在附近").index)
    assert set(named) == {"附近", "可能在附近"}
    with open_records(settings(folder)) as records, records.reading() as session:
        name = next(user.name for user in users.everybody(session) if user.login == "admin-")
    assert [row["负责人"] for row in rows if row["编号"] == first] == [name]
    assert name != "admin-"


# --- rows and chips ------------------------------------------------------------


def test_every_filter_in_use_has_a_chip_that_takes_it_away(client: TestClient) -> None:
    query = "q=牙疼&near=anhe&radius=20km&since=30d&precision=possible&min_need=0.1"
    query += "&status=new&symptom=牙痛&source=forum"
    html = page(client, query)
    chips = dict(re.findall(r'<li>([^<]+) <a href="([^"]+)" aria-label="去掉', html))
    assert set(chips) == {
        "“牙疼”", "安和口腔 20 公里内", "30 天内", "连仅同省", "需求不低于 0.1", "新线索", "牙痛", "forum",
    }  # fmt: skip
    whole = len(LeadForm.read(query).items())
    for text, url in chips.items():
        left = LeadForm.read(unescape(url).partition("?")[2])
        fewer = 1 if "安和" in text else whole - len(left.items())  # "near=all" stands for no place
        assert fewer == 1
        assert client.get(unescape(url)).status_code == 200


def test_a_row_links_to_its_page_and_to_the_public_post(client: TestClient) -> None:
    seen = Seen(page(client, "near=all&since=1d"))
    links = seen.all("a", "href")
    (link,) = {each for each in links if each.startswith("/leads/" + quote("forum/102", safe="") + "?")}
    assert re.search(r"listed=near%3Dall%26since%3D1d%26at%3D\d+\.\d+$", link)
    assert "https://forum.example/t?a=1&b='\"<" in links


def test_the_excerpt_of_a_long_post_shows_its_evidence() -> None:
    text = "今天天气很好。" * 100 + "半夜开始牙疼，求推荐。" + "后来睡着了。" * 100
    runs = excerpt(text, [Reason(kind="symptom", text="牙痛", words="牙疼")], 200)
    assert "牙疼" in [run.text for run in runs if run.kind == "symptom"]
    assert (runs[0].text, runs[-1].text) == ("…", "…")
    assert sum(len(run.text) for run in runs) == 202
    assert "".join(run.text for run in runs[1:-1]) in text


def test_a_complaint_about_the_clinic_is_marked_as_a_mention_first(client: TestClient, folder: Path) -> None:
    said = fresh(300, "在安和口腔拔智齿把我神经弄伤了，疼，找律师", hours=1, place=region("武侯区"))
    mood = Sentiment(polarity="complaint", severity=3, cues=("律师",), kinds=("injury",))
    heard = Mention(post=said.post, clinic_id="anhe", term="安和口腔", sentiment=mood)
    with SqliteIndex(folder / "leads.sqlite") as index:
        index.upsert([said])
        index.upsert_mentions([heard])
    link = '<a class="mood complaint" href="/mentions/forum/300%23anhe">'
    mark = f"{link}提到安和口腔：不满，紧急（待处理）</a>"
    html = page(client, "near=all&min_need=0&sort=newest&since=1d")
    assert mark in html
    assert html.count('class="heard"') == 2  # and the praise that the seed holds
    assert mark in client.get("/leads/forum/300").text
    assert 'class="heard"' not in client.get("/leads/forum/7").text
    with SqliteIndex(folder / "leads.sqlite") as index:
        index.delete(["forum/300"])


def test_a_doctor_is_offered_the_specialties_that_may_be_asked_for() -> None:
    counts = Counts(
        total=3, facets={facet: {} for facet in FILTERS} | {"specialty": {"dental": 2, "ent": 1}},
        precisions={}, ages={},
    )  # fmt: skip
    (found,) = (
        each
        for each in list_view.filters(LeadForm(), LeadQuery(), counts, {}, treated=("dental",))
        if each.field == "specialty"
    )
    assert [(each.value, each.count) for each in found.choices] == [("dental", 2)]


def test_the_score_that_a_list_is_sorted_by_is_shown(client: TestClient) -> None:
    scores = [int(each) for each in re.findall(r">综合 (\d+)<", page(client, "near=all"))]
    assert len(scores) == PAGE_SIZE
    assert scores == sorted(scores, reverse=True)
    assert ">综合 " not in page(client, "near=all&sort=newest").partition('<ol class="leads">')[2]


# --- what the desk opens with --------------------------------------------------

CHIP = re.compile(
    r'<li>([^<]+) <form method="post" action="/start">.*?name="query" value="([^"]*)" aria-label="去掉'
)


def test_the_desk_opens_with_what_is_new_for_the_clinic_and_its_specialties() -> None:
    dental = ClinicTable(id="anhe", name="安和口腔", lat=30.64, lon=104.04, specialties=("dental", "tcm"))
    first, second = Settings(clinics=(dental, dental.model_copy(update={"id": "b"}))).clinic_records()
    assert usual_start((first, second)).items() == [
        ("near", "anhe"), ("since", "7d"), ("specialty", "dental"), ("specialty", "tcm"), ("status", "new"),
    ]  # fmt: skip
    assert usual_start(()).items() == [("near", "all"), ("since", "7d"), ("status", "new")]


def test_what_is_taken_off_at_the_start_stays_off_for_this_person(client_of: ClientOf) -> None:
    marketer, admin = client_of("marketer"), client_of()
    chips = dict(CHIP.findall(marketer.get("/leads").text))
    assert set(chips) == {"安和口腔 5 公里内", "7 天内", "新线索"}
    answer = marketer.post("/start", data={"query": unescape(chips["7 天内"])}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads")
    assert set(dict(CHIP.findall(marketer.get("/leads").text))) == {"安和口腔 5 公里内", "新线索"}
    marketer.post("/start", data={"query": "near=all&status=new"})
    assert set(dict(CHIP.findall(marketer.get("/leads").text))) == {"新线索"}
    assert len(CHIP.findall(admin.get("/leads").text)) == 3
    assert "恢复默认" in marketer.get("/leads").text
    marketer.post("/start", data={"query": ""})
    assert len(CHIP.findall(marketer.get("/leads").text)) == 3


def test_an_address_that_asks_for_nothing_is_not_the_start(client: TestClient) -> None:
    assert CHIP.findall(page(client, "near=")) == []
    assert len(shown(client, near="")) > len(shown(client, status="new", since="7d"))
    assert LeadForm.read("q=牙疼").without("q") == "/leads?near="


def test_a_start_with_a_clinic_that_is_gone_is_the_usual_again(client_of: ClientOf, app: FastAPI) -> None:
    doctor = client_of("doctor", ("qingmu",))
    with app.state.desk.records.transaction() as session:
        user = users.by_login(session, "doctor-qingmu")
        assert user is not None
        searches.keep_start(session, user.id, "near=anhe&status=seen")
    chips = re.findall(r"<li>([^<]+?) ?<", doctor.get("/leads").text)
    assert "青木中医 3 公里内" in chips
    assert doctor.post("/start", data={"query": "near=anhe"}).status_code == 400
    assert doctor.post("/start", data={"query": "q=("}).status_code == 400


# --- many at once ------------------------------------------------------------


def bulk(client: TestClient, **fields: object) -> tuple[int, str]:
    """The status and the page that comes back, as after a form of a browser."""
    answer = client.post("/leads/bulk", data={"query": "near=all", **fields})
    return answer.status_code, unescape(answer.text)


def state(folder: Path, lead_id: str) -> tuple[str, str, int]:
    with open_records(settings(folder)) as records, records.reading() as session:
        case = cases.get(session, lead_id)
        return (case.status, case.assignee, case.version) if case else ("", "", 0)


def test_many_leads_get_a_status_and_an_assignee(client: TestClient, folder: Path) -> None:
    chosen = ["0:forum/10", "0:forum/11"]
    status, html = bulk(client, lead=chosen, status="replied", assignee="admin-")
    assert status == 200
    assert "已更新 2 条线索" in html
    assert state(folder, "forum/11") == ("replied", "admin-", 1)
    assert set(shown(client, near="all", status="replied", assignee="admin-")) == {"forum/10", "forum/11"}
    assert '<span class="status replied">已回复</span>' in page(client, "near=all&status=replied")


def test_without_scripts_the_page_comes_back_as_it_was(client: TestClient, folder: Path) -> None:
    data = {"lead": ["0:forum/12"], "status": "seen", "query": "near=all&q=牙疼&sort=newest"}
    answer = client.post("/leads/bulk", data=data, follow_redirects=False)
    assert answer.status_code == 303
    location = answer.headers["location"]
    back = "/leads?" + urlencode({"q": "牙疼", "near": "all", "sort": "newest", "done": "1"})
    assert re.fullmatch(re.escape(back) + r"&undo=\d+", location)
    assert "已更新 1 条线索" in client.get(location).text
    assert state(folder, "forum/12")[0] == "seen"


def undone(client: TestClient, html: str) -> tuple[int, str]:
    """What the undo button of this page brings."""
    (moment,) = re.findall(r'name="undo" value="(\d+)"', html)
    answer = client.post("/leads/bulk/undo", data={"undo": moment, "query": "near=all"})
    return answer.status_code, unescape(answer.text)


def test_a_change_of_many_is_taken_back(client: TestClient, folder: Path) -> None:
    bulk(client, lead=["0:forum/20"], status="dismissed", reason="太远")
    _, html = bulk(client, lead=["1:forum/20", "0:forum/21"], status="seen", assignee="admin-")
    status, html = undone(client, html)
    assert status == 200
    assert "已撤销 2 条线索的改动" in html
    assert state(folder, "forum/20") == ("dismissed", "", 3)
    assert state(folder, "forum/21") == ("new", "", 2)
    with open_records(settings(folder)) as records, records.reading() as session:
        case = cases.get(session, "forum/20")
        assert case is not None
        assert case.reason == "太远"  # what a change had emptied is there again
    assert "forum/20" in shown(client, near="all", status="dismissed")


def test_what_was_changed_again_is_not_taken_back(client: TestClient, folder: Path) -> None:
    _, html = bulk(client, lead=["0:forum/22"], status="seen")
    bulk(client, lead=["1:forum/22"], status="booked")
    status, said = undone(client, html)
    assert status == 409
    assert "刚改过这条线索" in said
    assert state(folder, "forum/22")[0] == "booked"


def test_nobody_takes_back_what_somebody_else_did(client: TestClient, client_of: ClientOf) -> None:
    _, html = bulk(client, lead=["0:forum/23"], status="seen")
    status, said = undone(client_of("marketer"), html)
    assert status == 400
    assert "不能撤销" in said


@pytest.mark.parametrize("undo", ["", "x", "1", "9" * 30, "-1"])
def test_a_moment_at_which_nothing_was_done(client: TestClient, undo: str) -> None:
    answer = client.post("/leads/bulk/undo", data={"undo": undo})
    assert answer.status_code == 400
    assert "一条也没有改" in answer.text


def test_a_dismissed_lead_leaves_a_list_of_new_ones(client: TestClient) -> None:
    query = "near=all&status=new&q=24号"
    assert "共 <strong>1</strong> 条线索" in page(client, query)
    _, html = bulk(client, lead=["0:forum/24"], status="dismissed", reason="太远", query=query)
    assert "共 <strong>0</strong> 条线索" in html
    assert "forum/24" not in Seen(html).all("li", "id")


def test_the_way_back_never_leaves_the_desk(client: TestClient) -> None:
    for query in ("//evil.example", "https://evil.example/", "q=x\r\nSet-Cookie: a=b", "/\\evil.example"):
        data = {"lead": ["0:forum/13"], "status": "seen", "query": query}
        answer = client.post("/leads/bulk", data=data, follow_redirects=False)
        client.post("/leads/bulk", data={"lead": ["1:forum/13"], "status": "new"})
        assert answer.status_code in (303, 409)
        assert answer.headers.get("location", "/leads?").startswith("/leads?")
        assert "set-cookie" not in answer.headers


def test_a_dismissal_needs_a_reason(client: TestClient, folder: Path) -> None:
    status, html = bulk(client, lead=["0:forum/14"], status="dismissed")
    assert (status, "要说明理由" in html) == (400, True)
    assert state(folder, "forum/14") == ("", "", 0)
    status, _ = bulk(client, lead=["0:forum/14"], status="dismissed", reason="太远")
    assert (status, state(folder, "forum/14")[0]) == (200, "dismissed")


def test_two_people_do_not_overwrite_each_other(client: TestClient, folder: Path) -> None:
    assert bulk(client, lead=["0:forum/15"], status="talking")[0] == 200
    status, html = bulk(client, lead=["0:forum/16", "0:forum/15"], status="seen")
    assert status == 409
    assert "一条也没有改。测试admin 在" in html  # a name, not a login
    assert "刚改过这条线索（状态：新线索 → 沟通中）" in html
    assert 'role="alert"' in html
    assert '<a href="/leads/forum%2F15">看它现在的状态</a>' in html
    picked = re.findall(r'name="lead" value="(\d+:[^"]+)" form="bulk" checked', html)
    assert sorted(picked) == ["0:forum/16", "1:forum/15"]  # still chosen, to be decided again
    assert state(folder, "forum/15")[0] == "talking"
    assert state(folder, "forum/16") == ("", "", 0)  # all or none


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "seen"}, 400),
        ({"lead": ["forum/1"], "status": "seen"}, 400),
        ({"lead": ["²:forum/1"], "status": "seen"}, 400),
        ({"lead": ["0:forum/1"]}, 400),
        ({"lead": ["0:forum/1"], "status": "done"}, 400),
        ({"lead": ["0:forum/1"], "assignee": "nobody-here"}, 400),
        ({"lead": ["0:forum/99999"], "status": "seen"}, 404),
        ({"lead": [f"0:forum/{n}" for n in range(201)], "status": "seen"}, 400),
    ],
)
def test_what_cannot_be_done_is_said(client: TestClient, fields: dict[str, object], status: int) -> None:
    code, html = bulk(client, **fields)
    assert code == status
    assert "一条也没有改。" in html
    assert "共 <strong>" in html  # the list is still there


# --- a doctor ------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["", "radius=2000km", "precision=possible", "area=成都", "q=牙疼", "sort=newest"]
)
def test_a_doctor_sees_leads_of_the_own_clinic_only(client_of: ClientOf, folder: Path, query: str) -> None:
    doctor = client_of("doctor", ("qingmu",))
    clinic = next(each for each in settings(folder).clinic_records() if each.id == "qingmu")
    with SqliteIndex(folder / "leads.sqlite") as index:
        found = [index.get(lead_id) for lead_id in shown(doctor, **dict(LeadForm.read(query).items()))]
    assert found
    assert all(each is not None and serves(clinic, each.tags) for each in found)


def test_a_doctor_is_offered_nothing_else(client_of: ClientOf) -> None:
    html = client_of("doctor", ("qingmu",)).get("/leads").text
    assert "安和口腔" not in html
    assert '<option value="all"' not in html
    assert 'name="point"' not in html
    assert client_of("doctor", ("qingmu",)).get("/leads?near=all").status_code == 400
    assert "还没有给你分配诊所" in client_of("doctor").get("/leads").text


def test_a_doctor_cannot_touch_what_is_not_seen(client_of: ClientOf, folder: Path) -> None:
    doctor = client_of("doctor", ("qingmu",))
    status, _ = bulk(doctor, lead=["0:forum/0", "0:forum/4"], status="seen")  # 4 lies in another city
    assert status == 404
    assert state(folder, "forum/0") == ("", "", 0)


# --- exports ------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["near=all", "near=anhe&sort=newest", "near=qingmu&radius=20km&sort=nearest", "near=all&q=牙疼&since=7d"],
)
def test_an_export_is_what_the_pages_show(client: TestClient, query: str) -> None:
    """The list, and behind it the group of those that may be near."""
    fields = dict(LeadForm.read(query).items())
    ids = shown(client, **fields)
    if "anhe" in query or "qingmu" in query:
        ids += shown(client, **fields, precision="maybe")
    answer = client.get("/leads/export.csv", params=fields)
    assert answer.headers["content-type"].startswith("text/csv")
    assert re.fullmatch(
        r'attachment; filename="tingzhen-leads-\d{8}-\d{4}\.csv"', answer.headers["content-disposition"]
    )
    text = answer.content.decode()
    assert text.startswith(BOM)
    rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert [row["编号"] for row in rows] == ids
    book = load_workbook(io.BytesIO(client.get("/leads/export.xlsx", params=fields).content))
    head, *lines = book.active.iter_rows(values_only=True)  # type: ignore[union-attr]  # there is one sheet
    assert list(head) == list(COLUMNS)
    assert [line[0] for line in lines] == ids
    assert [f"{line[1]:%Y-%m-%d %H:%M}" for line in lines] == [
        row["时间"] for row in rows
    ]  # times, not words


def test_an_export_has_no_author_keys_and_is_written_down(client: TestClient, folder: Path) -> None:
    text = client.get("/leads/export.csv", params={"near": "all", "q": "3号"}).text
    assert "author3" not in text
    with open_records(settings(folder)) as records, records.reading() as session:
        entry = audit.entries(session, limit=1, action="export")[0]
    assert (entry.action, entry.who, entry.detail["leads"]) == ("export.csv", "admin-", 1)
    assert "牙疼" not in str(entry.detail)


def test_a_doctors_export_has_no_more_than_the_page(client_of: ClientOf) -> None:
    doctor = client_of("doctor", ("qingmu",))
    rows = list(
        csv.DictReader(io.StringIO(doctor.get("/leads/export.csv").text.removeprefix(BOM), newline=""))
    )
    assert [row["编号"] for row in rows] == shown(doctor) + shown(doctor, precision="maybe")
    assert doctor.get("/leads/export.csv?near=all").status_code == 400


def test_an_export_of_nonsense_is_a_sentence(client: TestClient) -> None:
    assert client.get("/leads/export.xlsx?q=(").status_code == 400


# --- how many are real ---------------------------------------------------------


def test_a_list_says_how_many_are_real_once_enough_were_judged(client: TestClient, folder: Path) -> None:
    """Fewer than ten judgements of a source say nothing of it."""
    before = page(client, "near=all&q=牙疼")
    assert "再判断 10 条同来源的线索" in before
    with open_records(settings(folder)) as records, records.transaction() as session:
        for number in range(20, 30):
            feedback.add(session, lead(number), "lead", who="lin", now=datetime.now(UTC))
    after = page(client, "near=all&q=牙疼")
    assert re.search(r"这 25 条里，预计 \d+–\d+ 条是真的", after)
