"""Docs as a sparse matrix, for whoever trains or corrects a model. Scoring does without: scipy.sparse weighs
22 MB in every crawl process.
"""

from __future__ import annotations

from collections.abc import Sequence

from scipy.sparse import coo_matrix, csr_matrix

from nlp.intent.features import Doc
from nlp.intent.model import Vectoriser


def matrix(vectoriser: Vectoriser, docs: Sequence[Doc]) -> csr_matrix:
    """float32 matrix (len(docs), len(vocabulary))."""
    owners, columns, values = vectoriser.entries(docs)
    return coo_matrix((values, (owners, columns)), shape=(len(docs), len(vectoriser.vocabulary))).tocsr()
