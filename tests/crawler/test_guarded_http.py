"""One exchange on a short leash: what is cut off is no answer, and the address looked at is the one asked."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from crawler.guarded_http import ExchangeError, Leash, exchange
from tests.support.stand_ins import StandIn, stand_in

LEASH = Leash(seconds=20, connecting=5, most_bytes=1000, private=True)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


@contextlib.contextmanager
def endless(head: bytes, more: bytes) -> Iterator[str]:
    """A server that begins an answer and never comes to its end; "host:port"."""
    stop = threading.Event()

    def answer(wire: socket.socket) -> None:
        with wire, contextlib.suppress(OSError):
            wire.recv(65536)
            wire.sendall(head)
            while not stop.wait(0.02):
                wire.sendall(more)

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                answer(listening.accept()[0])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        stop.set()
        thread.join()


def trouble(url: str, leash: Leash = LEASH) -> str:
    with pytest.raises(ExchangeError) as caught:
        exchange("POST", url, headers={}, body=b"{}", leash=leash)
    return caught.value.trouble


@pytest.mark.parametrize(
    ("scheme", "head", "more"),
    [
        ("http", b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        ("http", b"HTTP/1.1 200 OK\r\n\r\n", b"a"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b""),
        ("https", b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03", b"\x00"),
    ],
    ids=["headers", "one header", "body", "no body", "handshake"],
)
def test_what_was_cut_off_by_the_deadline_is_no_answer(scheme: str, head: bytes, more: bytes) -> None:
    """Also where the beginning alone would read as a whole one: 200 and nothing."""
    with endless(head, more) as address:
        leash = Leash(seconds=0.6, connecting=5, most_bytes=1000, private=True)
        assert trouble(f"{scheme}://{address}/", leash) == "late"


def test_of_a_longer_answer_the_beginning_is_read(server: StandIn) -> None:
    server.says(b"x" * 100_000)
    reply = exchange("POST", server.url, headers={"X-A": "b"}, body=b"hello", leash=LEASH)
    assert (reply.status, reply.body) == (200, b"x" * 1000)
    assert (server.got[0].headers["x-a"], server.got[0].body) == ("b", b"hello")
    assert "user-agent" not in reply.headers


def resolving(*addresses: str) -> Callable[..., object]:
    """A name server that gives other addresses every time it is asked; the last one from then on."""
    left = list(addresses)

    def answer(host: str, port: int, *given: object, **wishes: object) -> object:
        address = left.pop(0) if len(left) > 1 else left[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    return answer


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::1",
     "2002:7f00:1::", "2001:0:7f00:1::", "::127.0.0.1"],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused_once_resolved(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(address))
    leash = Leash(seconds=5, connecting=5, most_bytes=1000)
    assert trouble("http://push.example.com:9/", leash) == "private"


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that says something public first and this machine afterwards reaches nothing here."""
    asked: list[object] = []

    def connect(address: object, **wishes: object) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolving("8.8.8.8", "127.0.0.1"))
    monkeypatch.setattr(socket, "create_connection", connect)
    port = int(server.url.rpartition(":")[2])
    leash = Leash(seconds=5, connecting=5, most_bytes=1000)
    assert trouble(f"http://push.example.com:{port}/", leash) == "refused"
    assert (asked, server.got) == ([("8.8.8.8", port)], [])


@pytest.mark.parametrize("url", ["http://[", "http://a:b/", "http://a.example:99999/", "http://[::1/"])
def test_what_is_no_address(url: str) -> None:
    assert trouble(url) in ("address", "broken")
