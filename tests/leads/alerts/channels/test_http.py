"""One request on a short leash: deadline, size, trust, no redirects, no way into our own network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from leads.alerts.channels import http as wire
from leads.alerts.channels.http import Request, Unreachable, post
from leads.config import AlertSettings
from tests.support.stand_ins import StandIn, drip, hang, reset, stand_in, tls

OPEN = AlertSettings(private_addresses=True)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


def request(url: str, *, foreign: bool = False) -> Request:
    return Request(url=url, body=b'{"a": 1}', headers={"Content-Type": "application/json"}, foreign=foreign)


def test_an_answer_comes_back_with_status_headers_and_body(server: StandIn) -> None:
    server.says({"errcode": 0}, 201, Retry_After="7")
    answer = post(request(server.url + "/a/b?c=d"), OPEN)
    assert (answer.status, answer.headers["retry-after"], answer.body) == (201, "7", b'{"errcode": 0}')
    (got,) = server.got
    assert (got.path, got.json, got.headers["content-type"]) == ("/a/b?c=d", {"a": 1}, "application/json")
    assert got.headers["host"] == server.url.removeprefix("http://")


def test_other_methods_go_as_they_are(server: StandIn) -> None:
    asked = Request(url=server.url, method="PUT", body=b"x")
    assert post(asked, OPEN).status == 501  # the stand-in knows POST alone
    assert server.got == []


def test_of_a_huge_answer_the_beginning_is_read(server: StandIn) -> None:
    server.says(b"x" * 5_000_000)
    assert len(post(request(server.url), OPEN).body) == wire.MOST_BYTES


@pytest.mark.parametrize("slow", [hang, drip], ids=["silent", "a byte now and then"])
def test_the_whole_of_it_has_a_deadline(server: StandIn, slow: object) -> None:
    server.reply = slow(server)  # type: ignore[operator]  # both take the server
    with pytest.raises(Unreachable):
        post(request(server.url), OPEN, deadline=0.5)
    assert not server.stop.is_set()  # it would have gone on for ever


def test_a_connection_that_breaks_off(server: StandIn) -> None:
    server.reply = reset
    with pytest.raises(Unreachable, match="连接中断"):
        post(request(server.url), OPEN)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:1/", "拒绝"),
        ("http://nobody.invalid/", "找不到"),
        ("http://" + "a" * 70 + ".example/", "连接中断"),
        ("http://127.0.0.1:99999/", "连接中断"),
    ],
)
def test_nobody_there(url: str, sentence: str) -> None:
    with pytest.raises(Unreachable, match=sentence) as caught:
        post(request(url), OPEN, deadline=5)
    assert not caught.value.final
    assert "127.0.0.1" not in str(caught.value)


def test_redirects_are_not_followed(server: StandIn) -> None:
    server.says(b"", 302, Location=server.url + "/elsewhere")
    assert post(request(server.url), OPEN).status == 302
    assert len(server.got) == 1


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "0",
     "100.64.0.1", "[::ffff:127.0.0.1]", "[fd00::1]", "[fe80::1]", "224.0.0.1", "2130706433", "127.1"],
)  # fmt: skip
def test_a_host_of_the_users_choice_may_not_be_in_our_own_network(host: str) -> None:
    with pytest.raises(Unreachable, match="内网") as caught:
        post(request(f"http://{host}:9/", foreign=True), AlertSettings(), deadline=2)
    assert caught.value.final


def test_a_setting_lets_them_in(server: StandIn) -> None:
    assert post(request(server.url, foreign=True), OPEN).status == 200


def test_a_relay_takes_the_place_of_a_host(server: StandIn) -> None:
    settings = AlertSettings(relays={"api.telegram.org": server.url + "/relay/"})
    post(request("https://api.telegram.org/bot1:a/sendMessage?x=1"), settings)
    assert server.got[0].path == "/relay/bot1:a/sendMessage?x=1"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_certificate_nobody_vouches_for(authority: trustme.CA) -> None:
    with stand_in(tls=tls(authority, "127.0.0.1")) as server, pytest.raises(Unreachable, match="证书不可信"):
        post(request(server.url), OPEN, deadline=5)


def test_the_settings_may_name_an_authority(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    settings = AlertSettings(private_addresses=True, ca_file=str(tmp_path / "ca.pem"))
    with stand_in(tls=tls(authority, "127.0.0.1")) as server:
        assert post(request(server.url), settings, deadline=5).status == 200
    with stand_in(tls=tls(authority, "other.example")) as server, pytest.raises(Unreachable, match="证书"):
        post(request(server.url), settings, deadline=5)


def test_no_tls_where_there_should_be(server: StandIn) -> None:
    with pytest.raises(Unreachable, match="加密连接"):
        post(request(server.url.replace("http:", "https:")), OPEN, deadline=5)
