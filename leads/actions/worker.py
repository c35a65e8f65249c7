"""`tingzhen worker`: one of any number of machines that carry out what the records were asked for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

from leads.actions.schedule import Schedule
from leads.config import Settings
from leads.errors import ConfigError
from leads.records import open_records
from leads.storage import author_key_problem, open_index

NAMES = {"crawl": "抓取", "tag": "打标签", "alerts": "提醒和简报"}


def work(settings: Settings, roles: dict[str, int], say: Callable[[str], None]) -> None:
    """Work until SIGTERM or Ctrl+C; then what is under way is ended or given back. `say` gets sentences.

    Raises:
        ConfigError: the records are on this machine only.
        StorageError: index or records cannot be opened.
    """
    if settings.records == "sqlite":
        raise ConfigError(
            "tingzhen worker 要和别的机器共用 PostgreSQL：只有一台机器时运行 tingzhen serve 就够了，"
            "要用多台机器，请先把 records 设成 postgresql://…。"
        )
    over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if problem := author_key_problem(settings, now=datetime.now(UTC)):
        say(problem)
    with open_index(settings) as index, open_records(settings) as records:
        schedule = Schedule(settings, records, index, roles=roles)
        schedule.start()
        say(f"开始干活：{_said(roles)}（按 Ctrl+C 停止）")
        over.wait()
        say("正在停下：手上的活做完这一页就交回去，最多一分钟。")
        schedule.stop()
    say("已停下，没做完的会由别的机器接着做。")


def _said(roles: dict[str, int]) -> str:
    return "、".join(
        NAMES[role] + (f" {number} 个" if role != "alerts" else "") for role, number in roles.items()
    )
