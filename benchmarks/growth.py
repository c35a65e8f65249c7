"""How the embedded index's answers grow with its leads: a plot on two logarithmic scales.

    python -m benchmarks.growth --folder /tmp/growth --svg docs/growth.svg
    python -m benchmarks.growth --folder /tmp/growth --sizes 10000 100000 1000000 3000000

Makes a folder of invented leads for each size where there is none yet (a million: half an hour), opens it as
a new process would, and asks. Figures are milliseconds of the processor, which a busy machine changes least:
the first words and the first counts after opening, then the p95 of a hundred questions of each kind.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape
from pathlib import Path

from benchmarks.search import NEARS, WORDS, all_counts, spread
from benchmarks.web import fill, settings
from leads.index.base import LeadIndex
from leads.index.sqlite.index import SqliteIndex
from leads.models import LeadQuery
from leads.query.words import parse

SIZES = (10_000, 100_000, 1_000_000, 3_000_000)
REPEATS = 100
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 60, 20, 200, 40
COLOURS = ("#1b6ca8", "#c0392b", "#27865f", "#8e5ea2", "#b7791f", "#444444")
Lines = dict[str, list[tuple[int, float]]]  # what is asked → (leads, milliseconds)


def asked(now: datetime) -> Mapping[str, Callable[[LeadIndex, random.Random], object]]:
    """What is asked a hundred times."""
    week = now - timedelta(days=7)
    return {
        "words": lambda index, rng: index.search(LeadQuery(words=parse(rng.choice(WORDS))), now=now),
        "words + 5 km + 7 days": lambda index, rng: index.search(
            LeadQuery(words=parse(rng.choice(WORDS)), near=rng.choice(NEARS), since=week), now=now
        ),
        "symptom + 5 km": lambda index, rng: index.search(
            LeadQuery(symptoms=("toothache",), near=rng.choice(NEARS)), now=now
        ),
        "all counts beside filters": lambda index, rng: all_counts(
            index, LeadQuery(intents=("seeker",), min_need=rng.random() / 3)
        ),
    }


def measure(folder: Path, size: int) -> dict[str, float]:
    """What is asked → milliseconds, of one size."""
    chosen = settings(folder / str(size))
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    if not (chosen.data_dir / "leads.sqlite").exists():
        fill(chosen, size)
    now, found = datetime.now(UTC), {}
    with SqliteIndex(chosen.data_dir / "leads.sqlite") as index:
        words = LeadQuery(words=parse("牙疼"))
        found["first words"] = _spent(lambda: index.search(words, now=now))
        found["first counts"] = _spent(lambda: index.facets(LeadQuery()))
        for title, ask in asked(now).items():
            rng = random.Random(title)
            times = [_spent(partial(ask, index, rng)) for _ in range(REPEATS)]
            found[title] = spread(times)[1]
    return found


def _spent(ask: Callable[[], object]) -> float:
    start = time.process_time()
    ask()
    return (time.process_time() - start) * 1000


def drawn(lines: Lines) -> str:
    """The plot as SVG. Pure."""
    sizes = sorted({size for line in lines.values() for size, _ in line})
    values = [max(value, 0.1) for line in lines.values() for _, value in line]
    decades = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)

    def x(size: int) -> float:
        low, high = math.log10(sizes[0]), math.log10(sizes[-1])
        return LEFT + (math.log10(size) - low) / max(high - low, 1e-9) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        share = (math.log10(max(value, 0.1)) - decades[0]) / max(decades[-1] - decades[0], 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    parts = [_text(x(size), HEIGHT - 15, f"{size:,}", "middle") for size in sizes]
    for decade in decades:
        at = y(10**decade)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, at + 4, f"{10**decade:g} ms", "end"))
    parts += _curves(lines, x, y)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        f' font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _curves(lines: Lines, x: Callable[[int], float], y: Callable[[float], float]) -> list[str]:
    parts = []
    for number, (title, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(WIDTH - RIGHT + 10, TOP + 20 + 18 * number, title, "start", colour))
    return parts


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def run(folder: Path, sizes: Sequence[int]) -> Lines:
    lines: Lines = {}
    for size in sizes:
        for title, value in measure(folder, size).items():
            lines.setdefault(title, []).append((size, value))
            print(f"{size:>9}  {title:28}{value:9.1f} ms", flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the sizes are kept for another run")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--svg", type=Path, help="where the plot is written")
    given = parser.parse_args()
    lines = run(given.folder, sorted(given.sizes))
    if given.svg:
        given.svg.write_text(drawn(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
