"""Are the cursors those of this index? Where it was lost or an older copy was put back, all is read again."""

from __future__ import annotations

from crawler.coverage.store import Coverage
from leads.index.base import LeadIndex
from leads.index.stamp import Stamp

AGAIN = "线索索引是空的或旧的：已抓过的帖子会重新采集"


def lost(coverage: Coverage, index: LeadIndex) -> bool:
    """Whether posts were read that this index does not hold. Reads only."""
    # The index second: a crawl that runs beside this one marks the index before the coverage.
    known = coverage.index
    if not coverage.has_read():
        return False
    if known:
        return not index.stamp().holds(Stamp.parse(known))
    # The coverage of an older version: all that can be told is that nothing is left.
    return not any(index.counts().values())


def refill(coverage: Coverage, index: LeadIndex) -> bool:
    """Ties the coverage to the index; True when it was lost and its sources are read from the start."""
    with coverage.transaction(alone=True):
        found = lost(coverage, index)
        if found:
            if index.stamp().id == Stamp.parse(coverage.index).id:
                # An older copy, which would soon have counted as far as the one that is gone.
                index.adopt(Stamp.new())
            # Another name stays as it is: the cursors of other machines may be held against it already.
            coverage.start_over(AGAIN)
        coverage.set_index(str(index.stamp()))
    return found
