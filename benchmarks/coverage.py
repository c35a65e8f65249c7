"""Whether the estimates of coverage hold the truth: simulated forums with planted loss.

    python -m benchmarks.coverage [--forums 500] [--seed 7]

Prints, for each kind of loss, how often the 90 % interval held the true share, how far the estimate was off
in the median, and how wide the interval was. "holds" and "does not hold" say whether the views are
independent, on which the estimate rests; where they are not, the figure shows what an operator would be told.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from crawler.coverage.days import missing_days, short_days
from crawler.coverage.estimate import Estimate, Recaught, read_again, recaptured

Simulated = tuple[float, Estimate | None]  # the true share read, and what is estimated


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One thread of a simulated forum: the day it began, and its posts."""

    day: int
    posts: int


def forum(chance: random.Random) -> list[Thread]:
    """40 to 400 threads of 30 days; lengths as on forums, where few threads hold most posts."""
    number = chance.randint(40, 400)
    return [
        Thread(day=chance.randrange(30), posts=1 + min(int(chance.paretovariate(0.9)), 200))
        for _ in range(number)
    ]


def _lists(listed: set[int], fed: set[int], threads: list[Thread]) -> Simulated:
    days: dict[int, list[bool]] = {}
    for n in fed:
        days.setdefault(threads[n].day, []).append(n in listed)
    groups = [Recaught(shown=len(day), known=sum(day)) for day in days.values()]
    return len(listed | fed) / len(threads), recaptured(len(listed), groups)


def _some(chance: random.Random, threads: int, share: float) -> set[int]:
    return {n for n in range(threads) if chance.random() < share}


def even(chance: random.Random) -> Simulated:
    """Each thread is lost for itself; the feed shows any of them."""
    threads = forum(chance)
    listed = _some(chance, len(threads), chance.uniform(0.5, 1.0))
    return _lists(listed, _some(chance, len(threads), chance.uniform(0.15, 0.6)), threads)


def bursts(chance: random.Random) -> Simulated:
    """The list loses whole days; the feed, read on days of its own, shows what began then."""
    threads = forum(chance)
    lost = set(chance.sample(range(30), chance.randint(0, 12)))
    asked = set(chance.sample(range(30), chance.randint(8, 20)))
    listed = {n for n, thread in enumerate(threads) if thread.day not in lost}
    return _lists(listed, {n for n, thread in enumerate(threads) if thread.day in asked}, threads)


def outage(chance: random.Random) -> Simulated:
    """List and feed miss the same days: the site was down for us."""
    threads = forum(chance)
    lost = set(chance.sample(range(30), chance.randint(3, 12)))
    listed = {n for n, thread in enumerate(threads) if thread.day not in lost}
    fed = {n for n in _some(chance, len(threads), 0.5) if threads[n].day not in lost}
    return _lists(listed, fed, threads)


def popular(chance: random.Random) -> Simulated:
    """Long threads are likelier in both views."""
    threads = forum(chance)

    def view(factor: float) -> set[int]:
        return {n for n, each in enumerate(threads) if chance.random() < min(1.0, factor * each.posts**0.5)}

    return _lists(view(chance.uniform(0.2, 0.6)), view(chance.uniform(0.1, 0.3)), threads)


def _pages(chance: random.Random, loss: Callable[[], float]) -> Simulated:
    """Pages of ten posts, of which some are read again."""
    sizes = [min(10, max(1, thread.posts)) for thread in forum(chance) for _ in range(-(-thread.posts // 10))]
    pages = []
    for size in sizes:
        rate = loss()
        pages.append(Recaught(shown=size, known=sum(chance.random() >= rate for _ in range(size))))
    true = sum(page.known for page in pages) / sum(page.shown for page in pages)
    visited = chance.sample(pages, max(12, len(pages) // 5)) if len(pages) > 12 else pages
    return true, read_again(visited, sum(page.known for page in pages))


def single_posts(chance: random.Random) -> Simulated:
    """Posts are lost one by one."""
    rate = chance.uniform(0.0, 0.3)
    return _pages(chance, lambda: rate)


def whole_pages(chance: random.Random) -> Simulated:
    """Most pages are whole, some lose most of what they show."""
    share = chance.uniform(0.05, 0.4)
    return _pages(chance, lambda: 0.8 if chance.random() < share else 0.0)


def lost_threads(chance: random.Random) -> Simulated:
    """Pages are whole, and whole threads were never read: nobody reads them again either."""
    threads = forum(chance)
    held = [thread for thread in threads if chance.random() < 0.7]
    pages = [Recaught(shown=min(10, thread.posts), known=min(10, thread.posts)) for thread in held]
    true = sum(thread.posts for thread in held) / sum(thread.posts for thread in threads)
    return true, read_again(pages, sum(thread.posts for thread in held))


CASES: tuple[tuple[str, Callable[[random.Random], Simulated], bool], ...] = (
    ("list and feed, even loss", even, True),
    ("list and feed, days lost by the list", bursts, True),
    ("list and feed, both miss the same days", outage, False),
    ("list and feed, long threads likelier in both", popular, False),
    ("read again, single posts lost", single_posts, True),
    ("read again, pages lose most", whole_pages, True),
    ("read again, whole threads lost", lost_threads, False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How the intervals of one kind of loss did."""

    told: int  # forums for which there was an estimate
    holding: float  # share of intervals with the truth inside
    off: float  # median of estimate less truth
    width: float  # median


def trial(case: Callable[[random.Random], Simulated], forums: int, seed: int) -> Held:
    chance = random.Random(seed)
    found = [case(chance) for _ in range(forums)]
    told = [(true, said) for true, said in found if said is not None]
    return Held(
        told=len(told),
        holding=sum(said.low - 1e-9 <= true <= said.high + 1e-9 for true, said in told) / len(told),
        off=median(said.share - true for true, said in told),
        width=median(said.high - said.low for _, said in told),
    )


def days(forums: int, seed: int) -> tuple[float, float, float]:
    """How many days are told: of those that lost 70 to 95 %, of those that lost half, of all others."""
    chance, today = random.Random(seed), date(2026, 11, 30)
    told = {"much": [0, 0], "half": [0, 0], "none": [0, 0]}
    for _ in range(forums):
        usual = chance.uniform(20, 120)
        weekend = chance.uniform(0.5, 1.1)
        lost = {n: chance.choice(("much", "half")) for n in chance.sample(range(8, 59), 3)}
        counts = {}
        for n in range(60):
            day = today - timedelta(days=60 - n)
            mean = usual * (weekend if day.weekday() >= 5 else 1.0)
            # Threads are long and short: more scatter than chance alone.
            number = chance.gammavariate(mean / 2, 2.0)
            rest = {"much": chance.uniform(0.05, 0.3), "half": 0.5}.get(lost.get(n, ""), 1.0)
            counts[day] = round(number * rest)
        found = {each.day for each in short_days(counts, today=today)} | set(
            missing_days(counts, today=today)
        )
        for n in range(60):
            kind = told[lost.get(n, "none")]
            kind[0] += today - timedelta(days=60 - n) in found
            kind[1] += 1
    much, half, none = (hits / all_days for hits, all_days in told.values())
    return much, half, none


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forums", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    for name, case, independent in CASES:
        held = trial(case, arguments.forums, arguments.seed)
        print(
            f"{name:46} {'holds' if independent else 'does not hold':14} "
            f"{held.holding:6.1%} of {held.told:3}  off {held.off:+.3f}  wide {held.width:.3f}"
        )
    much, half, none = days(arguments.forums, arguments.seed)
    print(f"days short of 70 to 95 %: {much:.1%} told; of half: {half:.1%}; of nothing: {none:.2%}")


if __name__ == "__main__":
    main()
