"""Looks for inputs that a reader of strangers' texts neither reads nor refuses: `python -m benchmarks.fuzz`.

Inputs of the tests and of the corpus are changed at random (seeded) and given to each target of
tests/support/fuzzing.py in turn. What goes wrong is kept in tests/fixtures/fuzz, where tests/test_corpus.py
runs it from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import time
from collections import Counter

from tests.support.fuzzing import CORPUS, TARGETS, changed, outcome


def main() -> None:
    """Prints a line a target: how many inputs, how many kinds of failure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("targets", nargs="*", default=list(TARGETS))
    options.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    for name in given.targets:
        tried, found = _fuzz(name, given.seconds / len(given.targets), given.seed)
        print(f"{name}: {tried} inputs, {len(found)} kinds of failure")
        for kind, count in found.most_common():
            print(f"    {count} x {kind}")


def _fuzz(name: str, seconds: float, seed: int) -> tuple[int, Counter[str]]:
    target, draw, found, tried = TARGETS[name], random.Random(f"{name} {seed}"), Counter[str](), 0
    kept = [file.read_bytes() for file in sorted((CORPUS / name.replace(" ", "_")).glob("*"))]
    pool = [*target.seeds, *kept]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data, tried = changed(draw.choice(pool), draw), tried + 1
        said = outcome(target, data)
        if said and not found[said]:
            _keep(name, data)
        found[said] += bool(said)
    return tried, +found


def _keep(name: str, data: bytes) -> None:
    folder = CORPUS / name.replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    main()
