"""What stands in the data folder or behind an address of the settings, opened. Only here is known where."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from zipfile import BadZipFile

from crawler import owner_only
from crawler.author_secret import NEXT, load_secret
from crawler.coverage.copying import copy
from crawler.coverage.store import Coverage, CoverageError
from crawler.sources.load import PACKAGED, SourceError, load_sources
from crawler.sources.source import Source
from crawler.system_errors import os_reason
from crawler.telemetry.logs import RotatingLog
from leads.config import Settings
from leads.errors import ConfigError, StorageError
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.models import Clinic
from leads.quarantine import Quarantine
from leads.records import author_keys, open_records, users
from leads.records.clinics import known
from nlp import Tagger
from nlp.intent.model import MODEL
from nlp.models import NO_WORDS, OwnWords
from nlp.text.tokens import TOKENIZER

COVERAGE = "coverage.sqlite"


@contextmanager
def open_index(settings: Settings, *, create: bool = True) -> Iterator[LeadIndex]:
    """The configured lead index, closed afterwards.

    Raises:
        StorageError: the data folder is missing (and `create` is not given), or not writable.
    """
    data_dir(settings, create=create)
    with open_backend(settings) as index:
        yield index


def data_dir(settings: Settings, *, create: bool = True) -> Path:
    """The data folder, for its owner only, made when `create` says so; raises StorageError."""
    folder = settings.data_dir
    if not folder.is_dir():
        if not create:
            raise StorageError(
                f"数据目录 {folder} 不存在：请先运行 tingzhen ingest 或 tingzhen crawl，或检查 data_dir。"
            )
        try:
            folder.mkdir(parents=True, mode=owner_only.FOLDER)
        except OSError as error:
            raise StorageError(
                f"数据目录 {folder} 建不了（{os_reason(error)}）：请检查权限，或换一个 data_dir。"
            ) from error
    owner_only.mend(folder)
    return folder


def author_secret(settings: Settings) -> bytes:
    """The key of author hashes, made on first use; raises StorageError."""
    folder = data_dir(settings)
    try:
        return load_secret(folder)
    except (OSError, ValueError) as error:
        raise StorageError(f"密钥文件读写不了（{error}）：请检查 {folder} 的权限。") from error


def author_key_problem(settings: Settings, *, now: datetime) -> str:
    """What is wrong with the key of the author hashes, in zh-CN; "" when it is the one it was.

    Raises:
        StorageError: the key or the records cannot be read.
    """
    secret = author_secret(settings)
    if (settings.data_dir / NEXT).exists():
        return "作者密钥换到一半：请停下听诊，再运行一次 tingzhen rotate-key，它会接着做完。"
    with open_records(settings) as records, records.transaction() as session:
        kept = timedelta(days=settings.leads.expire_days)
        return author_keys.note_use(session, secret, now=now, kept=kept)


def known_clinics(settings: Settings) -> tuple[Clinic, ...]:
    """The clinics of the file and of the desk; raises ConfigError, StorageError."""
    return known(settings)


def names(settings: Settings) -> dict[str, str]:
    """What people are called, by login; raises StorageError."""
    with open_records(settings) as records, records.reading() as session:
        return users.names(session)


def sources(settings: Settings) -> tuple[Source, ...]:
    """The configured sources; examples that never run where nobody has any yet. Raises ConfigError."""
    path = settings.sources_file
    try:
        return load_sources(path if settings.crawl.sources or path.exists() else PACKAGED)
    except SourceError as error:
        raise ConfigError(str(error)) from error


def own_sources(settings: Settings) -> tuple[Source, ...]:
    """The same without the examples; raises ConfigError."""
    return sources(settings) if settings.crawl.sources or settings.sources_file.exists() else ()


@contextmanager
def coverage(settings: Settings, *, create: bool = True) -> Iterator[Coverage]:
    """The crawler's book-keeping, closed afterwards.

    Raises:
        StorageError: the data folder is missing (and `create` is not given), or the file cannot be used.
    """
    try:
        with closing(Coverage(coverage_place(settings, create=create))) as opened, opened.translated():
            yield opened
    except CoverageError as error:
        raise StorageError(str(error)) from error


def coverage_place(settings: Settings, *, create: bool = True) -> Path | str:
    """Where the crawler's book-keeping is: in a file, or where all machines have their records. The file that
    this machine had before is taken in there, and goes.

    Raises:
        StorageError: as `coverage`.
    """
    file = data_dir(settings, create=create) / COVERAGE
    if settings.records == "sqlite":
        return file
    if file.exists():
        try:
            with closing(Coverage(file)) as before, closing(Coverage(settings.records)) as shared:
                copy(before, shared)
        except CoverageError as error:
            raise StorageError(str(error)) from error
        for each in (file, *(file.with_name(COVERAGE + end) for end in ("-wal", "-shm"))):
            each.unlink(missing_ok=True)
    return settings.records


def has_coverage(settings: Settings) -> bool:
    """Whether anything was ever crawled here, as far as a look at the folder tells."""
    return settings.records != "sqlite" or (settings.data_dir / COVERAGE).exists()


def quarantine(settings: Settings) -> Quarantine:
    """What could not be read; raises StorageError."""
    return Quarantine(data_dir(settings) / "quarantine.jsonl")


def whole_records(settings: Settings) -> Quarantine:
    """The same as they came, kept for some days where somebody asked for it; raises StorageError."""
    return Quarantine(data_dir(settings) / "quarantine-raw.jsonl")


def rotating_log(settings: Settings, file: Path) -> RotatingLog:
    """A log that begins anew as the settings say."""
    said = settings.log
    return RotatingLog(file, max_mb=said.max_mb, keep_files=said.keep_files, keep_days=said.keep_days)


CURRENT = "current"


def model_folder(data_dir: Path) -> Path:
    """The folder of the model in use: the clinic's own, or the shipped one."""
    pointer = data_dir / "models" / CURRENT
    if not pointer.exists():
        return MODEL
    folder = data_dir / "models" / pointer.read_text(encoding="utf-8").strip()
    return folder if (folder / "intent.npz").exists() else MODEL


def tags_from(data_dir: Path, own: OwnWords = NO_WORDS) -> str:
    """What tags are made of at the moment, in 32 letters: others as soon as program, model or words are."""
    folder = model_folder(data_dir)
    parts = [version("tingzhen").encode(), TOKENIZER.encode(), _content(folder, _changed(folder))]
    parts += [
        f"{each}={code}".encode()
        for table in (own.symptoms, own.places)
        for each, code in sorted(table.items())
    ]
    return blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def _changed(folder: Path) -> int:
    return (folder / "intent.npz").stat().st_mtime_ns


@cache
def _content(folder: Path, _changed_at: int) -> bytes:
    """A model's files, hashed once for each time they were written."""
    files = (folder / name for name in ("intent.npz", "intent.json"))
    return blake2b(b"".join(file.read_bytes() for file in files if file.exists())).digest()


def open_tagger(model: Path = MODEL, own: OwnWords = NO_WORDS) -> Tagger:
    """The tagger with the intent model of this folder, and a clinic's own words.

    Raises:
        ConfigError: a model file is missing or damaged.
    """
    try:
        loaded = Tagger.load(model, own)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ConfigError(
            f"{model} 里的模型缺失或损坏（{error}）：请重新安装，或用 tingzhen train --out {model} 重新训练。"
        ) from error
    # Half a million entries of dictionaries that stay: looking for rings among them took a tenth of tagging.
    gc.collect()
    gc.freeze()
    return loaded


def tagger(data_dir: Path, own: OwnWords = NO_WORDS) -> Tagger:
    """The tagger with the model in use, and a clinic's own words."""
    return open_tagger(model_folder(data_dir), own)


def tagger_at_hand(data_dir: Path, own: OwnWords = NO_WORDS) -> Tagger:
    """The same, loaded once a process, and again when the model or the clinic's own words are others."""
    return _at_hand(data_dir).tagger(model_folder(data_dir), own)


class _AtHand:
    """The tagger that is loaded."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loaded: tuple[Path, OwnWords, Tagger] | None = None

    def tagger(self, model: Path, own: OwnWords) -> Tagger:
        with self._lock:
            if self._loaded is None or self._loaded[:2] != (model, own):
                self._loaded = (model, own, open_tagger(model, own))
            return self._loaded[2]


@cache
def _at_hand(data_dir: Path) -> _AtHand:
    return _AtHand()
