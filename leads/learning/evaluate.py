"""`tingzhen evaluate`: the corpus by cross-validation, and real posts where they are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from leads.ingest.ingestor import batched
from leads.learning.train import docs
from nlp import Tagger
from nlp.evaluate import Report, evaluate, intents, places, read_labels, symptoms
from nlp.intent.corpus import Example, load
from nlp.intent.train import train
from nlp.models import INTENTS, Intent, IntentLabel, Tags

BATCH = 256


def evaluate_all(real: Path, labels: Path) -> list[tuple[str, Report]]:
    """(name, scores) of the corpus and, where the files are there, of the labelled real posts.

    Beside `labels`, the development set, `blind_labels.tsv`, `blind2_labels.tsv` and `blind3_labels.tsv` hold
    posts that no rule was made from when they were first looked at.
    """
    tagger = Tagger.load()
    results = [("语料，按文件交叉验证", _corpus(tagger))]
    for name, path in (
        ("真实帖子（开发集）", labels),
        ("真实帖子（盲测）", labels.with_name("blind_labels.tsv")),
        ("真实帖子（第二次盲测）", labels.with_name("blind2_labels.tsv")),
        ("真实帖子（第三次盲测）", labels.with_name("blind3_labels.tsv")),
    ):
        if real.exists() and path.exists():
            examples = read_labels(path, real)
            results.append((name, evaluate(examples, tag_all(tagger, examples))))
            drawn = [example for example in examples if example.group == "random"]
            if drawn:
                results.append((f"{name}中随机抽取的", evaluate(drawn, tag_all(tagger, drawn))))
    return results


def tag_all(tagger: Tagger, examples: Sequence[Example]) -> list[Tags]:
    """Tags of all examples, in order."""
    texts = [example.text for example in examples]
    return [tags for batch in batched(texts, BATCH) for tags in tagger.tag_many(batch)]


def _corpus(tagger: Tagger) -> Report:
    """Intents by models that have not seen the file a post stands in; symptoms and places as shipped."""
    examples = load()
    trained = train(
        docs([example.text for example in examples]),
        [example.intent for example in examples],
        [example.group for example in examples],
    )
    others = trained.held_out[:, 1:].argmax(axis=1) + 1
    chosen = np.where(trained.held_out[:, 0] >= trained.model.threshold, 0, others)
    found: list[tuple[Intent, IntentLabel]] = [
        (Intent(*row), INTENTS[label])
        for row, label in zip(trained.held_out.tolist(), chosen.tolist(), strict=True)
    ]
    tags = tag_all(tagger, examples)
    return Report(
        posts=len(examples),
        intents=intents([example.intent for example in examples], found),
        symptoms=symptoms([example.symptoms for example in examples], [tag.symptoms for tag in tags]),
        places=places([example.place for example in examples], [tag.region for tag in tags]),
    )
