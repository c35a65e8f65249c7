"""Does the range above the lead list hold? Simulated days of sources the model was not trained on.

    python -m benchmarks.expected [--days 1000] [--real POSTS.jsonl]

Half of the corpus files that look like real posts are left out of training, in turn, and tagged; with --real
the labelled posts in tests/nlp are tagged by the shipped model. A day draws posts with a given share of
seekers; what the model calls seekers is the list; some earlier leads of its source were judged.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leads.learning.train import docs
from leads.scoring.expected import JudgedLead, expected
from nlp.evaluate import read_labels
from nlp.intent.corpus import Example, load
from nlp.intent.matrix import matrix
from nlp.intent.model import IntentModel, softmax
from nlp.intent.train import STRENGTH, fit, numbers

SHARES = (0.03, 0.10, 0.36)
JUDGED = (10, 30)
LIST = 20
SEED = 20261130
Seen = tuple[NDArray[np.float64], NDArray[np.bool_]]  # p(seeker), whether it is one


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=1000)
    parser.add_argument("--real", type=Path)
    asked = parser.parse_args()
    print("source                judged  seekers  range holds  mean width of 20")
    for name, threshold, seen in sources(asked.real):
        for judged in JUDGED:
            for share in SHARES:
                held, width = days(seen, threshold, share, judged, asked.days)
                print(f"{name:<22}{judged:>5}{share:>9.0%}{held:>13.1%}{width:>14.1f}", flush=True)


def sources(real: Path | None) -> Iterator[tuple[str, float, Seen]]:
    """(name, threshold, what the model says of its posts)."""
    examples = load()
    model = IntentModel.load()
    files = sorted({each.group for each in examples if each.group.startswith("surface_")})
    for number in (0, 1):
        left_out = set(files[number::2])
        rest = [each for each in examples if each.group not in left_out]
        away = [each for each in examples if each.group in left_out]
        trained = fit(docs([each.text for each in rest]), [each.intent for each in rest], STRENGTH)
        yield f"files left out, {number + 1}", model.threshold, _tagged(trained, away, model.temperature)
    if real is not None:
        for labels in ("real_labels", "blind_labels"):
            posts = read_labels(Path(f"tests/nlp/{labels}.tsv"), real)
            yield labels, model.threshold, _tagged(model, posts, model.temperature)


def _tagged(model: IntentModel, examples: list[Example], temperature: float) -> Seen:
    rows = matrix(model.vectoriser, docs([each.text for each in examples]))
    scores = rows @ model.weights + model.bias
    is_seeker = numbers([each.intent for each in examples]) == 0
    return softmax(scores / temperature)[:, 0].astype(np.float64), is_seeker


def days(seen: Seen, threshold: float, share: float, judged: int, count: int) -> tuple[float, float]:
    """(how often the range held, its mean width), over simulated days with a list of 20."""
    rng = np.random.default_rng(SEED)
    odds, real = seen
    called = odds >= threshold
    # Of the posts called seekers, as many are real as the share of seekers makes it.
    hits, alarms = share * called[real].mean(), (1 - share) * called[~real].mean()
    right, wrong = np.flatnonzero(called & real), np.flatnonzero(called & ~real)
    held, widths = 0, []
    for _ in range(count):
        is_real = rng.random(LIST + judged) < hits / (hits + alarms)
        drawn = np.where(is_real, rng.choice(right, len(is_real)), rng.choice(wrong, len(is_real)))
        said = [JudgedLead(share=float(odds[n]), real=bool(real[n])) for n in drawn[LIST:]]
        told = expected({"x": odds[drawn[:LIST]].tolist()}, {"x": said})
        held += told.low <= real[drawn[:LIST]].sum() <= told.high
        widths.append(told.high - told.low)
    return held / count, float(np.mean(widths))


if __name__ == "__main__":
    main()
