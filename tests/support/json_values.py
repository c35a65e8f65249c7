"""JSON as strangers may send it, for hypothesis."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

# Whatever JSON can hold: lone surrogates and numbers beyond every float, too.
VALUES: st.SearchStrategy[object] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _places(value: object) -> Iterator[tuple[object, object]]:
    """Every container with each of its keys, however deep."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


@st.composite
def spoilt(draw: st.DrawFn, answer: dict[str, object]) -> dict[str, object]:
    """`answer` with something else in the place of one to three of its values, however deep they stand."""
    whole: dict[str, object] = _copy(answer)  # type: ignore[assignment]  # a copy is what it copies
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(whole))
        if not places:
            break
        container, key = draw(st.sampled_from(places))
        container[key] = draw(VALUES)  # type: ignore[index]  # a list or a dict
    return whole


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value
