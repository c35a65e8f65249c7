"""No cell of a map holds fewer than five leads, whatever is put beside it."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.index.spread import MERCATOR_EDGE
from leads.web.map.cells import COARSEST, FAR_ZOOM, FINEST, LEAST, Division, Square, cells, divide, show
from leads.web.map.geometry import names_of

# A few places in and around one city, and far away, so that squares meet at every zoom.
NEAR = [(30.64 + n * 0.004, 104.04 + m * 0.006) for n in range(-3, 4) for m in range(-3, 4)]
FAR = [(31.4675, 104.6791), (29.56, 106.55), (39.92, 116.44), (23.13, 113.26), (45.75, 126.63)]


def tile_of(lat: float, lon: float, zoom: int) -> tuple[int, int]:
    """(x, y) of the map tile that holds a point (WGS-84): the "slippy map" formula of OpenStreetMap."""
    side = 1 << zoom
    phi = math.radians(max(-MERCATOR_EDGE, min(MERCATOR_EDGE, lat)))
    x = math.floor((lon + 180) / 360 * side)
    y = math.floor((1 - math.asinh(math.tan(phi)) / math.pi) / 2 * side)
    return max(0, min(side - 1, x)), max(0, min(side - 1, y))


def square(lat: float, lon: float) -> Square:
    return Square(FINEST, *tile_of(lat, lon, FINEST))


PLACES = sorted({square(*place) for place in NEAR + FAR})
Stock = dict[Square, int]
stocks = st.dictionaries(st.sampled_from(PLACES), st.integers(1, 30), max_size=len(PLACES))


@st.composite
def searches(draw: st.DrawFn) -> tuple[Stock, list[Stock]]:
    """A stock, and what three filters find in it."""
    stock = draw(stocks)
    finds = [
        {
            place: found
            for place, count in stock.items()
            if (found := draw(st.integers(0, count), label=str(place)))
        }
        for _ in range(3)
    ]
    return stock, finds


@pytest.mark.parametrize(
    ("counts", "leaves", "left_out"),
    [
        ([], [], 0),
        ([4], [], 4),
        ([5], [5], 0),
        ([5, 5], [5, 5], 0),
        ([5, 4], [9], 0),  # too few of their own: with their neighbour
        ([3, 3], [6], 0),  # together enough
        ([9, 3, 3], [6, 9], 0),  # the rest of the square is a cell of its own
    ],
)
def test_neighbours(counts: list[int], leaves: list[int], left_out: int) -> None:
    parent = square(30.64, 104.04).at(FINEST - 1)
    children = [Square(FINEST, 2 * parent.x + n % 2, 2 * parent.y + n // 2) for n in range(len(counts))]
    made = divide(dict(zip(children, counts, strict=True)))
    assert sorted(leaf.count for leaf in made.leaves) == leaves
    assert made.left_out == left_out


def test_strays_far_from_anybody_are_not_drawn_and_do_not_blur_a_city() -> None:
    city, stray = square(30.64, 104.04), square(45.75, 126.63)
    made = divide({city: 40, stray: 2, square(30.65, 104.10): 40})
    assert made.left_out == 2
    assert all(leaf.square.zoom == FINEST for leaf in made.leaves)


@given(stocks)
def test_every_leaf_holds_enough_and_nobody_is_lost(stock: Stock) -> None:
    made = divide(stock)
    assert all(leaf.count >= LEAST for leaf in made.leaves)
    assert sum(leaf.count for leaf in made.leaves) + made.left_out == sum(stock.values())
    for leaf in made.leaves:
        assert leaf.count == sum(stock[member] for member in leaf.members)
    given_to = [member for leaf in made.leaves for member in leaf.members]
    assert len(given_to) == len(set(given_to))
    assert len({leaf.square for leaf in made.leaves}) == len(made.leaves)


@given(stocks)
def test_only_the_far_are_left_out(stock: Stock) -> None:
    """Within one square of `FAR_ZOOM` that holds enough, everybody is in some leaf."""
    held = divide(stock).members
    for place in stock:
        around = sum(count for other, count in stock.items() if other.at(FAR_ZOOM) == place.at(FAR_ZOOM))
        if around >= LEAST:
            assert place in held


@given(stocks)
def test_zooms_are_nested(stock: Stock) -> None:
    """Each cell of a zoom is made of whole cells of the next, so their difference is made of them, too."""
    made = divide(stock)
    for zoom in range(COARSEST, FINEST):
        finer: dict[Square, int] = {}
        for cell in cells(made, zoom + 1):
            finer[cell.square.at(zoom)] = finer.get(cell.square.at(zoom), 0) + cell.count
        coarser = {cell.square: cell.count for cell in cells(made, zoom)}
        assert finer == coarser
        assert all(count >= LEAST for count in coarser.values())


def shared(division: Division) -> list[frozenset[Square]]:
    return [frozenset(leaf.members) for leaf in division.leaves]


@settings(max_examples=60)
@given(searches())
def test_a_filtered_map_is_made_of_whole_leaves_of_the_stock(case: tuple[Stock, list[Stock]]) -> None:
    stock, finds = case
    base = divide(stock)
    leaf_squares = {leaf.square for leaf in base.leaves}
    for found in finds:
        made = show(base, found)
        assert all(leaf.count >= LEAST for leaf in made.leaves)
        assert sum(leaf.count for leaf in made.leaves) + made.left_out == sum(found.values())
        for members in shared(made):
            assert members <= leaf_squares


@settings(max_examples=60)
@given(searches(), st.integers(COARSEST, FINEST), st.integers(COARSEST, FINEST))
def test_no_pair_of_filters_and_zooms_tells_more_than_a_leaf_of_the_stock(
    case: tuple[Stock, list[Stock]], one: int, other: int
) -> None:
    """Two leads in one leaf of the stock look alike to every map: moving one onto the other changes none."""
    stock, finds = case
    base = divide(stock)
    leaf_of = base.members
    for left, right in combinations(finds, 2):
        for found, zoom in ((left, one), (right, other)):
            gathered: Stock = {}
            for place, count in found.items():
                home = leaf_of.get(place)
                if home is not None:
                    stand_in = min(member for member, leaf in leaf_of.items() if leaf == home)
                    gathered[stand_in] = gathered.get(stand_in, 0) + count
            assert cells(show(base, found), zoom) == cells(show(base, gathered), zoom)


@given(st.floats(18, 53), st.floats(74, 134), st.integers(COARSEST, FINEST))
def test_squares_are_those_of_the_index(lat: float, lon: float, zoom: int) -> None:
    assert square(lat, lon).at(zoom) == Square(zoom, *tile_of(lat, lon, zoom))
    west, south, east, north = square(lat, lon).at(zoom).box
    assert west <= lon <= east
    assert south - 1e-9 <= lat <= north + 1e-9
    middle = square(lat, lon).at(zoom).middle
    assert south < middle[0] < north
    assert west < middle[1] < east


def test_a_lead_that_came_after_the_stock_was_divided_is_left_out_not_lost() -> None:
    base = divide({square(30.64, 104.04): 9})
    made = show(base, {square(30.64, 104.04): 9, square(39.92, 116.44): 6})
    assert (sum(leaf.count for leaf in made.leaves), made.left_out) == (9, 6)


def test_a_coarse_cell_is_called_after_where_most_of_it_is() -> None:
    shanghai, hangzhou = square(31.23, 121.47), square(30.25, 120.17)
    (cell,) = cells(divide({shanghai: 40, hangzhou: 6}), 5)
    assert names_of([cell]) == ["上海市"]
    assert names_of([cell]) == names_of(cells(divide({shanghai: 40}), 5))
