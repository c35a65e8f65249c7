"""A crowd at the door waits for its turn, up to a number, and is then asked to come back."""

from __future__ import annotations

import threading

import pytest

from leads.errors import CrowdError
from leads.records.passwords import Queue


def test_who_finds_the_queue_full_is_asked_to_come_back_and_comes_in_afterwards() -> None:
    queue = Queue(at_once=1, waiting=0)
    with queue.turn(), pytest.raises(CrowdError, match="过几秒再试"), queue.turn():
        pass
    with queue.turn():
        pass


def test_who_finds_a_place_in_it_waits_for_the_turn() -> None:
    queue, done = Queue(at_once=1, waiting=1), threading.Event()

    def second() -> None:
        with queue.turn():
            done.set()

    with queue.turn():
        thread = threading.Thread(target=second)
        thread.start()
        assert not done.is_set()
    thread.join(timeout=600)
    assert done.is_set()


def test_a_turn_that_fails_gives_its_place_back() -> None:
    queue = Queue(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), queue.turn():
            raise ValueError("x")
