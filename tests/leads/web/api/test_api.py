"""/api/v1: who gets in, what is answered, what is done once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from limits import RateLimitItemPerMinute
from sqlalchemy import select

from leads.index.base import FACETS
from leads.records import feedback, open_records, tokens, users
from leads.records.tables.people import Audit
from leads.web.api.access import Rates
from tests.support.builders import lead
from tests.support.programs import BASE, program, token
from tests.support.seeds import settings

ALL = {"near": "all"}


@pytest.fixture(scope="module")
def admin(app: FastAPI) -> Iterator[TestClient]:
    with program(app) as client:
        yield client


@pytest.fixture(scope="module")
def nobody(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=f"{BASE}/api/v1")


def every_page(client: TestClient, url: str, **params: Any) -> list[dict[str, Any]]:
    """Follows `next` to the end."""
    items: list[dict[str, Any]] = []
    answer = client.get(url, params=params)
    while True:
        assert answer.status_code == 200, answer.text
        body = answer.json()
        items += body["items"]
        if body["next"] is None:
            return items
        answer = client.get(BASE + body["next"])


class TestDoor:
    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "Bearer tz_wrong", "Basic dHo6", "tz_x", "Bearer " + "x" * 4000]
    )
    def test_no_token_no_answer(self, nobody: TestClient, header: str) -> None:
        answer = nobody.get("/leads", headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_a_cookie_is_no_token(self, client: TestClient) -> None:
        assert client.get("/mentions").status_code == 200
        assert client.get("/api/v1/mentions").status_code == 401

    def test_a_token_is_no_cookie(self, app: FastAPI) -> None:
        headers = {"Authorization": f"Bearer {token(app)}"}
        page = TestClient(app, base_url=BASE, headers=headers, follow_redirects=False).get("/")
        assert page.headers["Location"].startswith("/login")

    @pytest.mark.parametrize("end", ["revoked", "expired", "owner disabled"])
    def test_a_token_ends(self, app: FastAPI, end: str) -> None:
        now = datetime.now(UTC)
        with app.state.desk.records.transaction() as session:
            login = end.replace(" ", "-")
            owner = users.add_user(session, login=login, name="x", role="marketer", now=now)
            secret, row = tokens.create(session, owner, name="x", scopes=["leads:read"], now=now)
            session.flush()
        client = TestClient(app, base_url=f"{BASE}/api/v1", headers={"Authorization": f"Bearer {secret}"})
        assert client.get("/leads").status_code == 200
        with app.state.desk.records.transaction() as session:
            row, owner = session.get_one(type(row), row.id), session.get_one(type(owner), owner.id)
            row.revoked_at = now if end == "revoked" else None
            row.expires_at = now - timedelta(seconds=1) if end == "expired" else None
            owner.disabled = end == "owner disabled"
        assert client.get("/leads").status_code == 401

    def test_a_scope_opens_its_own_only(self, app: FastAPI) -> None:
        client = program(app, scopes=["coverage:read"])
        assert client.get("/coverage").status_code == 200
        error = client.get("/leads").json()["error"]
        assert (error["code"], "leads:read" in error["message"]) == ("forbidden", True)

    def test_who_asks_too_often_waits(self, app: FastAPI) -> None:
        few = RateLimitItemPerMinute(3)
        kept, app.state.rates = app.state.rates, Rates(few, few)
        try:
            client, other = program(app), program(app)
            codes = [client.get("/clinics").status_code for _ in range(4)]
            late = client.get("/clinics")
            assert codes == [200, 200, 200, 429]
            assert 1 <= int(late.headers["Retry-After"]) <= 60
            assert late.json()["error"]["code"] == "too_many_requests"
            assert other.get("/clinics").status_code == 200, "each token has its own"
            stranger = TestClient(app, base_url=f"{BASE}/api/v1")
            assert [stranger.get("/leads").status_code for _ in range(4)] == [401, 401, 401, 429]
        finally:
            app.state.rates = kept


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "url", "json", "status", "code", "field"),
        [
            ("GET", "/nowhere", None, 404, "not_found", None),
            ("PUT", "/leads", None, 405, "method_not_allowed", None),
            ("GET", "/leads/forum/999", None, 404, "not_found", None),
            ("GET", "/leads?since=yesterday", None, 400, "bad_request", "since"),
            ("GET", "/leads?limit=0", None, 422, "invalid", "limit"),
            ("GET", "/leads?cursor=x", None, 400, "bad_request", None),
            ("GET", "/mentions?cursor=x", None, 400, "bad_request", None),
            ("GET", "/cases?cursor=IjEi", None, 400, "bad_request", None),
            ("GET", "/rules/99999999999", None, 404, "not_found", None),
            ("GET", "/insights/summary?until=2026-02-30", None, 400, "bad_request", "until"),
            ("GET", "/insights/summary?until=0001-01-01", None, 400, "bad_request", "until"),
            ("POST", "/notes/forum/1", {"text": ""}, 422, "invalid", "text"),
            ("POST", "/notes/forum/1", {"text": "  "}, 400, "bad_request", None),
            ("POST", "/notes/forum/1", {"txt": "x"}, 422, "invalid", "text"),
            ("PATCH", "/cases/forum/1", {"status": "dismissed"}, 400, "bad_request", None),
            ("PATCH", "/cases/forum/1", {"status": "lost"}, 422, "invalid", "status"),
            ("PATCH", "/clinics/anhe", {"name": "安和"}, 400, "bad_request", None),
            ("POST", "/erasures", {"kind": "post", "key": "1002"}, 400, "bad_request", None),
        ],
    )
    def test_one_shape(
        self,
        admin: TestClient,
        method: str,
        url: str,
        json: object,
        status: int,
        code: str,
        field: str | None,
    ) -> None:
        answer = admin.request(method, url, json=json)
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert (error["code"], error.get("field")) == (code, field)
        assert error["message"].endswith(("。", "…"))

    def test_json_that_is_none(self, admin: TestClient) -> None:
        headers = {"Content-Type": "application/json"}
        answer = admin.post("/notes/forum/1", content=b"{", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")

    @pytest.mark.parametrize("announced", [True, False])
    def test_too_much_is_not_read(self, admin: TestClient, announced: bool) -> None:
        def chunks() -> Iterator[bytes]:
            for _ in range(40):
                yield b"x" * 50_000

        answer = admin.post("/notes/forum/1", content=b"x" * 2_000_000 if announced else chunks())
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")

    def test_another_sites_name_is_refused_in_the_same_shape(self, app: FastAPI) -> None:
        answer = TestClient(app, base_url="http://evil.example/api/v1").get("/leads")
        assert (answer.status_code, answer.json()["error"]["code"]) == (421, "wrong_host")

    def test_a_fault_of_ours_tells_nothing(self, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*args: object, **more: object) -> None:
            raise RuntimeError("secret inside")

        monkeypatch.setattr(app.state.desk.index, "search", broken)
        client = TestClient(
            app,
            base_url=f"{BASE}/api/v1",
            headers={"Authorization": f"Bearer {token(app)}"},
            raise_server_exceptions=False,
        )
        answer = client.get("/leads")
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
        assert "secret" not in answer.text


class TestReading:
    def test_pages_give_each_lead_once(self, admin: TestClient) -> None:
        found = every_page(admin, "/leads", **ALL, limit=7, sort="newest")
        whole = admin.get("/leads", params={**ALL, "limit": 200, "sort": "newest"}).json()
        assert [each["id"] for each in found] == [each["id"] for each in whole["items"]]
        assert len(found) == 65

    def test_the_same_as_the_page(self, admin: TestClient, client: TestClient) -> None:
        query = "q=牙疼&near=anhe&precision=possible&since=7d"
        shown = client.get(f"/leads?{query}").text
        found = admin.get(f"/leads?{query}&limit=25").json()["items"]
        on_page = re.findall(r'name="lead" value="\d+:([^"]+)"', shown)
        assert found
        assert [each["id"] for each in found] == on_page

    def test_who_is_near_and_who_may_be_are_counted_as_on_the_page(
        self, admin: TestClient, client: TestClient
    ) -> None:
        found = admin.get("/leads?near=anhe&limit=200").json()
        each = Counter(item["precision"] for item in found["items"])
        assert found["near"] == {"sure": each["sure"], "maybe": each["likely"]}
        html = client.get("/leads?near=anhe").text
        assert f"共 <strong>{each['sure']}</strong>" in html
        assert f"可能在附近（{each['likely']}）" in html
        assert admin.get("/leads?near=all").json()["near"] is None

    def test_how_many_are_real_is_told_once_enough_were_judged(self, admin: TestClient, folder: Path) -> None:
        query = "near=all&q=牙疼&limit=7"
        assert admin.get(f"/leads?{query}").json()["expected"] is None
        with open_records(settings(folder)) as records, records.transaction() as session:
            for number in range(20, 30):
                feedback.add(session, lead(number), "lead", who="lin", now=datetime.now(UTC))
        told = admin.get(f"/leads?{query}").json()["expected"]
        assert (told["leads"], told["judged"]) == (7, 10)
        assert 0 < told["low"] <= told["high"] <= 7

    def test_nothing_of_authors(self, admin: TestClient) -> None:
        for url in ("/leads?near=all&limit=200", "/leads/forum/1", "/mentions", "/similar/forum/1"):
            assert "author_key" not in admin.get(url).text

    def test_etag(self, admin: TestClient) -> None:
        first = admin.get("/leads/forum/1")
        again = admin.get("/leads/forum/1", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert admin.get("/leads/forum/1", headers={"If-None-Match": '"x"'}).status_code == 200

    def test_facets_add_up(self, admin: TestClient) -> None:
        body = admin.get("/insights/facets", params=ALL).json()
        assert set(body["facets"]) == set(FACETS)
        assert sum(body["facets"]["status"].values()) == body["total"] == 65

    def test_summary(self, admin: TestClient) -> None:
        today = (datetime.now(UTC) + timedelta(hours=8)).date()
        body = admin.get("/insights/summary", params={"days": 3, "until": today.isoformat()}).json()
        assert body["leads"] > 0
        assert [day for day, _ in body["days"]][-1] == today.isoformat()
        assert body["voices"][0]["clinic"] == "安和口腔"

    def test_mentions_page_by_page(self, admin: TestClient) -> None:
        found = every_page(admin, "/mentions", limit=1)
        assert sorted(each["id"] for each in found) == ["forum/1#anhe", "forum/2#anhe", "forum/3#qingmu"]
        bad = every_page(admin, "/mentions", polarity="complaint")
        assert [each["id"] for each in bad] == ["forum/2#anhe"]

    def test_a_doctor_sees_own_clinics(self, app: FastAPI) -> None:
        doctor = program(app, "doctor", ("qingmu",))
        assert {each["clinic_id"] for each in every_page(doctor, "/mentions")} == {"qingmu"}
        assert [each["id"] for each in every_page(doctor, "/clinics")] == ["qingmu"]
        assert doctor.get("/clinics/anhe").status_code == 404

    def test_exports(self, admin: TestClient, app: FastAPI) -> None:
        answer = admin.get("/exports/leads.csv", params=ALL)
        assert answer.text.startswith("\ufeff编号,")
        assert len(answer.text.splitlines()) > 60
        assert admin.get("/exports/leads.xlsx", params=ALL).content.startswith(b"PK")
        with app.state.desk.records.reading() as session:
            noted = {each.action for each in session.scalars(select(Audit))}
        assert {"export.csv", "export.xlsx"} <= noted

    def test_the_description_page(self, admin: TestClient) -> None:
        page = admin.get("/docs")
        assert page.status_code == 200
        assert "/api/v1/erasures" in page.text
        assert "http" not in page.text.replace("https://", "http://").split("<main")[0].lower()

    def test_strangers_read_no_description(self, nobody: TestClient) -> None:
        assert nobody.get("/openapi.json").json()["error"]["code"] == "unauthorized"
        page = nobody.get("/docs", follow_redirects=False)
        assert (page.status_code, page.headers["Location"]) == (303, "/login?then=%2Fapi%2Fv1%2Fdocs")
        nobody.headers["Authorization"] = "Bearer tz_none"
        assert nobody.get("/openapi.json").status_code == 401


class TestWriting:
    def test_a_case_goes_on(self, admin: TestClient) -> None:
        url = "/cases/forum/10"
        first = admin.get(url)
        assert (first.json()["status"], first.json()["version"]) == ("new", 0)
        changed = admin.patch(
            url, json={"status": "seen", "due_on": "2026-12-01", "value_yuan": 300, "version": 0}
        )
        assert (changed.json()["version"], changed.json()["due_on"]) == (1, "2026-12-01")
        cleared = admin.patch(url, json={"due_on": None}, headers={"If-Match": changed.headers["ETag"]})
        assert (cleared.json()["due_on"], cleared.json()["value_yuan"]) == (None, 300)
        fields = [each["field"] for each in every_page(admin, "/history/forum/10")]
        assert fields == ["status", "due_on", "value_yuan", "due_on"]
        assert admin.get("/leads/forum/10").json()["status"] == "seen"
        assert "forum/10" in [each["lead_id"] for each in every_page(admin, "/cases", limit=1)]

    def test_who_is_late_is_told(self, admin: TestClient) -> None:
        etag = admin.get("/cases/forum/11").headers["ETag"]
        admin.patch("/cases/forum/11", json={"status": "seen"})
        late = admin.patch("/cases/forum/11", json={"status": "replied"}, headers={"If-Match": etag})
        assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
        assert "新线索 → 已看" in late.json()["error"]["message"]

    @pytest.mark.parametrize("given", ['"x"', "-1", '"1-"', "99999999999"])
    def test_a_version_that_is_none(self, admin: TestClient, given: str) -> None:
        answer = admin.patch("/cases/forum/12", json={"status": "seen"}, headers={"If-Match": given})
        assert answer.status_code == 400

    def test_notes_and_judgements(self, admin: TestClient) -> None:
        assert admin.post("/notes/forum/13", json={"text": "周三再说"}).status_code == 201
        assert [each["text"] for each in every_page(admin, "/notes/forum/13")] == ["周三再说"]
        made = admin.post("/feedback/forum/13", json={"kind": "not_lead", "intent": "advert"}).json()
        assert made["said"]["intent"] == "seeker"
        assert admin.delete(f"/feedback/forum/13?judgement={made['id']}").status_code == 204
        assert every_page(admin, "/feedback/forum/13") == []
        assert admin.delete(f"/feedback/forum/13?judgement={made['id']}").status_code == 404

    def test_the_ten_of_today(self, app: FastAPI) -> None:
        client = program(app, "marketer")
        asked = every_page(client, "/ten")
        assert len(asked) == 10
        first = asked[0]["lead_id"]
        assert (asked[0]["answer"], bool(asked[0]["text"])) == ("", True)
        body = {"answer": "seeker", "symptom": {"assent": "right"}}
        assert client.post(f"/ten/{first}", json=body).json()["kept"]
        assert not client.post(f"/ten/{first}", json=body).json()["kept"]
        assert [each["answer"] for each in every_page(client, "/ten")] == ["seeker", *[""] * 9]
        assert client.post("/ten/forum/none", json=body).status_code == 404
        assert client.post(f"/ten/{first}", json={"answer": "patient"}).status_code == 422

    def test_nobody_takes_anothers_judgement_back(self, app: FastAPI, admin: TestClient) -> None:
        made = admin.post("/feedback/forum/14", json={"kind": "lead"}).json()
        other = program(app, "marketer")
        assert other.delete(f"/feedback/forum/14?judgement={made['id']}").status_code == 404

    def test_rules(self, admin: TestClient) -> None:
        rule = {"name": "牙", "kind": "lead", "query": "q=牙疼&near=all"}
        seen = admin.post("/rules/preview", json={"kind": "lead", "query": rule["query"]}).json()
        assert seen["total"] > 0
        assert len(seen["days"]) == 30
        made = admin.post("/rules", json=rule)
        url = f"/rules/{made.json()['id']}"
        assert admin.patch(url, json={"name": "牙痛"}).status_code == 400, "no version given"
        changed = admin.patch(url, json={"name": "牙痛"}, headers={"If-Match": made.headers["ETag"]})
        assert (changed.json()["name"], changed.json()["version"]) == ("牙痛", 2)
        assert admin.patch(url, json={"name": "x"}, headers={"If-Match": "1"}).status_code == 409
        assert admin.patch(url, json={"enabled": False}).json()["enabled"] is False
        assert admin.delete(url).status_code == 204
        assert admin.get(url).status_code == admin.delete(url).status_code == 404
        bad = admin.post("/rules", json={**rule, "query": "colour=red"})
        assert (bad.status_code, "colour" in bad.json()["error"]["message"]) == (400, True)

    def test_clinics(self, admin: TestClient) -> None:
        new = {"id": "new", "name": "新开口腔", "lat": 30.66, "lon": 104.06, "doctors": ["周明远医生"]}
        made = admin.post("/clinics", json=new)
        assert (made.status_code, made.json()["adcode"][:4]) == (201, "5101")
        assert admin.post("/clinics", json=new).status_code == 400
        changed = admin.patch("/clinics/new", json={"reach_km": 8, "version": 1}).json()
        assert (changed["reach_km"], changed["doctors"], changed["version"]) == (8.0, ["周明远医生"], 2)
        assert changed["adcode"] == made.json()["adcode"]
        assert admin.patch("/clinics/new", json={"reach_km": 9, "version": 1}).status_code == 409
        assert admin.delete("/clinics/new").status_code == 204
        assert admin.delete("/clinics/anhe").status_code == 400, "the file would bring it back"

    def test_erasure(self, admin: TestClient) -> None:
        admin.post("/notes/forum/15", json={"text": "他说了这句"})
        done = admin.post("/erasures", json={"kind": "post", "key": "forum/15", "reason": "本人要求"})
        assert (done.status_code, done.json()["posts"]) == (201, 1)
        assert admin.get("/leads/forum/15").status_code == 404
        assert "forum/15" not in [each["id"] for each in every_page(admin, "/leads", **ALL)]
        assert every_page(admin, "/notes/forum/15") == []
        assert [each["key"] for each in every_page(admin, "/erasures", limit=1)] == ["forum/15"]


class TestOnce:
    def test_the_same_request_is_done_once(self, admin: TestClient) -> None:
        headers = {"Idempotency-Key": "note-1"}
        first = admin.post("/notes/forum/20", json={"text": "一次"}, headers=headers)
        again = admin.post("/notes/forum/20", json={"text": "一次"}, headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert len(every_page(admin, "/notes/forum/20")) == 1

    @pytest.mark.parametrize(
        ("url", "text"), [("/notes/forum/21", "二"), ("/notes/forum/22", "一")], ids=["body", "address"]
    )
    def test_another_request_is_refused(self, admin: TestClient, url: str, text: str) -> None:
        headers = {"Idempotency-Key": f"note-2{url[-2:]}"}
        assert admin.post("/notes/forum/21", json={"text": "一"}, headers=headers).status_code == 201
        assert admin.post(url, json={"text": text}, headers=headers).status_code == 409

    def test_another_token_has_its_own_keys(self, app: FastAPI, admin: TestClient) -> None:
        headers = {"Idempotency-Key": "note-3"}
        for client in (admin, program(app, "marketer")):
            assert client.post("/notes/forum/23", json={"text": "一"}, headers=headers).status_code == 201
        assert len(every_page(admin, "/notes/forum/23")) == 2

    def test_what_was_refused_may_be_tried_again(self, admin: TestClient) -> None:
        headers = {"Idempotency-Key": "case-1"}
        asked = {"status": "dismissed"}
        assert admin.patch("/cases/forum/24", json=asked, headers=headers).status_code == 400
        asked = {"status": "dismissed", "reason": "太远"}
        assert admin.patch("/cases/forum/24", json=asked, headers=headers).status_code == 200

    def test_a_change_with_an_old_version_is_answered_as_it_was(self, admin: TestClient) -> None:
        headers = {"Idempotency-Key": "case-2", "If-Match": "0"}
        first = admin.patch("/cases/forum/25", json={"status": "seen"}, headers=headers)
        again = admin.patch("/cases/forum/25", json={"status": "seen"}, headers=headers)
        assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())

    @pytest.mark.parametrize("key", ["", "x" * 65, "空"])
    def test_a_key_that_is_none(self, admin: TestClient, key: str) -> None:
        headers = {"Idempotency-Key": key.encode()}
        assert admin.post("/notes/forum/26", json={"text": "一"}, headers=headers).status_code == 422

    def test_an_erasure_is_not_repeated_for_another(self, admin: TestClient) -> None:
        headers = {"Idempotency-Key": "erase-1"}
        asked = {"kind": "post", "key": "forum/27"}
        assert admin.post("/erasures", json=asked, headers=headers).json()["posts"] == 1
        assert admin.post("/erasures", json=asked, headers=headers).json()["posts"] == 1
        other = admin.post("/erasures", json={"kind": "post", "key": "forum/28"}, headers=headers)
        assert other.status_code == 409
        assert admin.get("/leads/forum/28").status_code == 200
