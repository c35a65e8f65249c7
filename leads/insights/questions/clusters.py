"""Questions that ask the same in other words, put together by their rare words. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix
from scipy.spatial.distance import squareform

from leads.insights.questions.kinds import load
from nlp.text.normal import normalise
from nlp.text.tokens import cut, words

MOST = 1500  # sentences put together at once: 1,500 take 0.3 s
NEAR = 0.75  # average cosine distance within which questions are taken for one
_SHARED = 0.5  # part of a cluster that has a word, for it to name the cluster
_NAMED = 3  # words of a name


@dataclass(frozen=True, slots=True)
class Cluster:
    """Places of the sentences in what was given, the most typical one first, and words most of them share."""

    members: tuple[int, ...]
    shared: tuple[str, ...]


def clusters(sentences: Sequence[str], *, near: float = NEAR) -> list[Cluster]:
    """Every sentence in one cluster; of more than MOST the rest is left out. The largest cluster first."""
    texts = [_terms(sentence) for sentence in sentences[:MOST]]
    if not texts:
        return []
    if len(texts) == 1:
        return [Cluster((0,), tuple(texts[0])[:_NAMED])]
    alike = _alike(texts)
    distances = np.clip(1.0 - alike, 0.0, 1.0)
    np.fill_diagonal(distances, 0.0)
    labels = fcluster(linkage(squareform(distances, checks=False), "average"), near, "distance")
    groups: dict[int, list[int]] = {}
    for at, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(at)
    found = [_cluster(group, alike, texts) for group in groups.values()]
    return sorted(found, key=lambda cluster: (-len(cluster.members), cluster.members))


def _terms(sentence: str) -> list[str]:
    empty = load().empty
    return list(dict.fromkeys(word for word in words(cut(normalise(sentence))) if word not in empty))


def _alike(texts: Sequence[Sequence[str]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Cosine of TF-IDF; a sentence without telling words is like none."""
    seen = Counter(word for text in texts for word in text)
    number = {word: at for at, word in enumerate(seen)}
    rows, columns, values = [], [], []
    for at, text in enumerate(texts):
        weights = [1.0 + math.log(len(texts) / seen[word]) for word in text]
        norm = math.sqrt(sum(weight**2 for weight in weights)) or 1.0
        rows += [at] * len(text)
        columns += [number[word] for word in text]
        values += [weight / norm for weight in weights]
    matrix = csr_matrix((values, (rows, columns)), shape=(len(texts), max(1, len(number))))
    return np.asarray((matrix @ matrix.T).todense())


def _cluster(
    group: Sequence[int],
    alike: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    texts: Sequence[Sequence[str]],
) -> Cluster:
    typical = alike[np.ix_(group, group)].sum(axis=1)
    members = tuple(group[at] for at in np.argsort(-typical, kind="stable").tolist())
    counts = Counter(word for at in members for word in texts[at])
    shared = [
        word for word, count in counts.most_common() if count >= _SHARED * len(members) and len(word) > 1
    ]
    return Cluster(members, tuple(shared[:_NAMED]))
