"""Links of hashes: what a chain of them shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leads.records import chain

CONTENTS = st.lists(
    st.dictionaries(st.text(max_size=3), st.text(max_size=4) | st.integers(), max_size=3),
    min_size=1,
    max_size=6,
)


def chained(contents: list[dict[str, object]]) -> list[tuple[str, dict[str, object]]]:
    made, before = [], chain.START
    for content in contents:
        before = chain.link(before, content)
        made.append((before, content))
    return made


def test_how_links_are_made_never_changes() -> None:
    first = chain.link(chain.START, {"b": [1, "牙"], "a": None})
    assert first == "f57f143fb00f578a356db65c5a004d5df90a68fb5b1b1b9eac48d2782ff2c96e"


def test_lists_and_the_order_of_keys_make_no_difference() -> None:
    assert chain.link("", {"a": ("x", 1), "b": 2}) == chain.link("", {"b": 2, "a": ["x", 1]})


@given(CONTENTS)
def test_a_whole_chain_holds(contents: list[dict[str, object]]) -> None:
    assert chain.first_broken(chained(contents)) is None


@given(CONTENTS, st.data())
def test_the_first_changed_content_is_named(contents: list[dict[str, object]], data: st.DataObject) -> None:
    links = chained(contents)
    at = data.draw(st.integers(0, len(links) - 1))
    links[at] = (links[at][0], {**links[at][1], "more": "x" * 9})
    assert chain.first_broken(links) == at


@given(CONTENTS, st.data())
def test_what_was_left_out_breaks_the_one_behind_it(
    contents: list[dict[str, object]], data: st.DataObject
) -> None:
    links = chained(contents)
    at = data.draw(st.integers(0, len(links) - 1))
    del links[at]
    assert chain.first_broken(links) == (at if at < len(links) else None)


def test_a_chain_goes_on_after_another() -> None:
    links = chained([{"n": 1}, {"n": 2}])
    assert chain.first_broken(links[1:], after=links[0][0]) is None
    assert chain.first_broken(links[1:]) == 0
