"""Whatever byte of a dossier is changed, verifying it says so, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.dossier.chained_file import LAST, TamperedError, chained, verified

TITLES = {"cover": "封面", "sources": "来源", LAST: "结尾"}
SECTIONS = [("cover", "<h1>材料</h1>"), ("sources", "<p>一个论坛，同意书 3 号</p>"), (LAST, "</html>")]
MADE = chained(SECTIONS)


def section_at(place: int) -> str:
    """Whose bytes stand there, its own line of links included."""
    begins = 0
    for (name, html), title in zip(SECTIONS, TITLES.values(), strict=True):
        ends = MADE.content.index(b"-->\n", MADE.content.index(html.encode(), begins)) + 4
        if place < ends:
            return title
        begins = ends
        assert name
    raise AssertionError("behind the last section")


def test_what_nobody_touched_holds() -> None:
    assert verified(MADE.content, TITLES) == MADE.link
    assert MADE.content.startswith(b"<!DOCTYPE html>")


@given(st.integers(0, len(MADE.content) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found_and_its_section_named(place: int, change: int) -> None:
    changed = bytearray(MADE.content)
    changed[place] ^= change
    with pytest.raises(TamperedError) as said:
        verified(bytes(changed), TITLES)
    assert said.value.section == section_at(place)


@given(st.integers(0, len(MADE.content) - 1))
def test_what_is_cut_off_is_missed(end: int) -> None:
    with pytest.raises(TamperedError):
        verified(MADE.content[:end], TITLES)


def test_nothing_may_follow() -> None:
    with pytest.raises(TamperedError, match="文件末尾"):
        verified(MADE.content + b" ", TITLES)


def test_a_section_that_was_taken_out_is_missed() -> None:
    begins = MADE.content.index(b"<p>")
    ends = MADE.content.index(b"</html>")
    with pytest.raises(TamperedError, match="来源"):
        verified(MADE.content[:begins] + MADE.content[ends:], TITLES)
