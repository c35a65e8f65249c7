"""What do ten answers a day teach? Seeker F1 on posts nobody was asked about, by number of answers.

    python -m benchmarks.ten_questions --real POSTS.jsonl [--seeds 10] [--retrain]

The labelled real posts of tests/nlp are shuffled: two thirds may be asked about, a third is judged on. Posts
are chosen (doubt x diversity) or drawn at random; the judge is right, or wrong in one of five. Models made
here are thrown away.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from leads.learning.train import docs
from nlp.evaluate import read_labels
from nlp.intent.corpus import load
from nlp.intent.correction import corrected, directions
from nlp.intent.matrix import matrix
from nlp.intent.model import Floats, IntentModel, softmax
from nlp.intent.questions import choose, doubt
from nlp.intent.train import STRENGTH, blend, f1, numbers
from nlp.models import INTENTS

LABELS = ("real_labels", "blind_labels", "blind2_labels")
STEP, MOST = 30, 300  # answers between two trainings (three days'), and in all
POOL = 2 / 3
WRONG = 0.2
REPEATS = 3  # of an answer beside the corpus in full training
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What stays the same over all runs: labelled posts, and posts without labels."""

    model: IntentModel
    rows: csr_matrix  # of the labelled posts
    truth: Ints
    unlabelled: csr_matrix  # other posts of the same places
    corpus: csr_matrix
    corpus_truth: Ints


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--retrain", action="store_true", help="also full training with 300 answers")
    asked = parser.parse_args()
    setting = prepare(asked.real)
    curves: dict[str, list[list[float]]] = {}
    for seed in range(asked.seeds):
        for name, curve in run(setting, seed, retrain=asked.retrain):
            curves.setdefault(name, []).append(curve)
            print(f"seed {seed} {name:<28}" + " ".join(f"{each:.3f}" for each in curve), flush=True)
    print(f"\nmean seeker F1 over {asked.seeds} seeds, and its gain over no answers (deviation of the seeds)")
    for name, found in curves.items():
        table = np.array(found)
        gain = table[:, -1] - table[:, 0]
        print(f"{name:<28}" + " ".join(f"{each:.3f}" for each in table.mean(axis=0)), end="  ")
        print(f"{gain.mean():+.3f} ({gain.std():.3f}), worse in {(gain < 0).sum()}")


def prepare(real: Path) -> Setting:
    model, examples = IntentModel.load(), load()
    labelled = [each for name in LABELS for each in read_labels(Path(f"tests/nlp/{name}.tsv"), real)]
    known = {each.text for each in labelled}
    texts = [json.loads(line)["text"] for line in real.read_text(encoding="utf-8").splitlines()]
    rows = partial(matrix, model.vectoriser)
    return Setting(
        model=model,
        rows=rows(docs([each.text for each in labelled])),
        truth=numbers([each.intent for each in labelled]),
        unlabelled=rows(docs([text for text in texts if text not in known])),
        corpus=rows(docs([each.text for each in examples])),
        corpus_truth=numbers([each.intent for each in examples]),
    )


def run(setting: Setting, seed: int, *, retrain: bool) -> Iterator[tuple[str, list[float]]]:
    """(name, F1 after 0, 30, … answers) of each way to ask."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(setting.truth))
    pool, judged_on = order[: int(POOL * len(order))], order[int(POOL * len(order)) :]
    wrong = (setting.truth + rng.integers(1, len(INTENTS), len(order))) % len(INTENTS)
    noisy = np.where(rng.random(len(order)) < WRONG, wrong, setting.truth)
    space = directions(vstack([setting.rows[pool], setting.unlabelled, setting.corpus]).tocsr())
    for how in ("random", "chosen"):
        for judge, said in (("right", setting.truth), ("wrong in one of five", noisy)):
            models, asked = _days(setting, space, pool, said, how)
            yield f"{how}, {judge}", [_f1(model, setting, judged_on) for model in models]
            if retrain and how == "chosen":
                yield (
                    f"full training, {judge}",
                    [
                        _f1(each, setting, judged_on)
                        for each in (setting.model, _retrained(setting, asked, said))
                    ],
                )


def _days(
    setting: Setting, space: Floats, pool: Ints, said: Ints, how: str
) -> tuple[list[IntentModel], list[int]]:
    models, asked = [setting.model], list[int]()
    while len(asked) < MOST:
        left = np.array([number for number in pool if number not in set(asked)])
        rows = setting.rows[left]
        if how == "random":
            new = list(range(STEP))
        else:
            doubts = doubt(_seeker(models[-1], rows), setting.model.threshold)
            new = choose(rows, doubts, STEP, known=setting.rows[asked])
        asked += left[new].tolist()
        models.append(corrected(setting.model, space, setting.rows[asked], said[asked]))
    return models, asked


def _retrained(setting: Setting, asked: list[int], said: Ints) -> IntentModel:
    """What training anew with the answers repeated beside the corpus gives."""
    rows = vstack([setting.corpus, *[setting.rows[asked]] * REPEATS]).tocsr()
    wanted = np.concatenate([setting.corpus_truth, *[said[asked]] * REPEATS])
    weights, bias = blend(rows, wanted, STRENGTH)
    return replace(setting.model, weights=weights, bias=bias)


def _seeker(model: IntentModel, rows: csr_matrix) -> Floats:
    return softmax((rows @ model.weights + model.bias) / model.temperature)[:, 0]


def _f1(model: IntentModel, setting: Setting, judged_on: Ints) -> float:
    found = _seeker(model, setting.rows[judged_on]) >= model.threshold
    return f1(found, setting.truth[judged_on] == 0)


if __name__ == "__main__":
    main()
