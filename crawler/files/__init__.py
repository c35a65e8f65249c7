"""Files of records in any container (CSV, JSON, JSON lines, SQLite, XLSX), read as a stream.

`open_container` looks at a file and says what it is; `Container.records` then gives one `Record` after
the other in constant memory, and a `Rejected` for each one that cannot be read. What the fields mean is
the importers' business (`crawler.importers`).
"""

from __future__ import annotations

from crawler.files.container import Container, open_container
from crawler.files.model import Fields, ImportProblem, Record, Rejected

__all__ = ["Container", "Fields", "ImportProblem", "Record", "Rejected", "open_container"]
