"""A key that is changed carries everybody over, and only under the key that is there now."""

from __future__ import annotations

import pytest

from crawler.parsing.authors import author_key
from crawler.parsing.pseudonyms import KeyChange, generation, new_change, read_change, read_key

HMAC_KEY = b"0f" * 32
PEOPLE = [("bay", "1001"), ("bay", "1002"), ("weibo", "1001")]


def everybody(secret: bytes) -> list[str]:
    return [author_key(secret, *each) for each in PEOPLE]


def carried(change: KeyChange, before: list[str]) -> list[str]:
    return [change.applied(each) for each in before]


def changed(secret: bytes, times: int, *, hashes: bool) -> tuple[bytes, list[str]]:
    """The key after so many changes, and what was stored at first, carried over each time."""
    stored = everybody(secret)
    for _ in range(times):
        change = new_change(secret, hashes=hashes, forget=False)
        secret, stored = change.key.written(), carried(change, stored)
    return secret, stored


@pytest.mark.parametrize("times", [1, 2, 3])
def test_whoever_is_met_again_is_the_same(times: int) -> None:
    secret, stored = changed(HMAC_KEY, times, hashes=True)
    assert stored == everybody(secret)
    assert [generation(each) for each in stored] == [times] * 3
    assert len(set(stored)) == 3


def test_an_installation_that_began_with_a_curve_forgets_every_key_and_still_knows_everybody() -> None:
    first = new_change(HMAC_KEY, hashes=False, forget=False).key
    assert HMAC_KEY not in first.written()
    secret, stored = changed(first.written(), 2, hashes=True)
    assert stored == everybody(secret)
    last = read_key(secret)
    assert last is not None
    assert (last.first, last.scalar == first.scalar) == (b"", False)


def test_the_old_key_alone_opens_nothing_that_is_stored() -> None:
    _, stored = changed(HMAC_KEY, 1, hashes=True)
    assert not {*stored} & {*everybody(HMAC_KEY)}


def test_to_forget_is_to_make_everybody_somebody_else() -> None:
    change = new_change(HMAC_KEY, hashes=True, forget=True)
    stored = carried(change, everybody(HMAC_KEY))
    assert len(set(stored)) == 3, "who was one person is one person still"
    assert not {*stored} & {*everybody(change.key.written())}
    assert HMAC_KEY.hex().encode() not in change.key.written()


def test_nobody_is_carried_over_twice() -> None:
    change = new_change(HMAC_KEY, hashes=True, forget=False)
    once = carried(change, everybody(HMAC_KEY))
    assert carried(change, once) == once
    assert change.applied("") == ""


def test_a_change_goes_on_from_its_file() -> None:
    change = new_change(HMAC_KEY, hashes=True, forget=False)
    assert read_change(change.written()) == change
    with pytest.raises(ValueError, match="no change"):
        read_change(HMAC_KEY)
