"""`tingzhen reader`: how the second reader stands, and a turn of it now."""

from __future__ import annotations

from leads.config import Settings
from leads.errors import ConfigError
from leads.reader.second_reader import Clock, SecondReader, Turn
from leads.reader.standing import Standing, standing
from leads.records import open_records
from leads.storage import data_dir, open_index


def by_command(settings: Settings, *, read: bool, clock: Clock) -> tuple[Standing, Turn | None]:
    """How it stands; with `read` after one turn.

    Raises:
        ConfigError: it is to read, and nobody is set up to.
        StorageError: the records or the index cannot be opened.
    """
    if read and not settings.reader.on:
        raise ConfigError("第二读者没有打开：请先在 tingzhen.toml 的 [reader] 里写 url 和 model。")
    data_dir(settings)
    with open_records(settings) as records:
        turn = None
        if read:
            with open_index(settings) as index:
                turn = SecondReader(settings, records, index, clock=clock).turn()
        return standing(settings.reader, records, now=clock()), turn
