"""The archive: one file with a manifest that is readable by anybody, and all else packed, on wish sealed.

    tingzhen-20261130T141500Z.tar
        manifest.json       what is inside, with SHA-256 of the packed part and of every file in it
        key.age             only when sealed: the key of this archive, sealed with the passphrase
        data.tar.gz[.age]   the files themselves

Sealed parts are in the age format (age-encryption.org/v1), so that a machine without us opens them too:
`age -d -o key.txt key.age`, then `age -d -i key.txt data.tar.gz.age`. The archive's own key is there because
age seals streams for keys only: a data folder need not fit into memory.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Annotated

import pyrage
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from crawler import owner_only
from crawler.system_errors import os_reason
from leads.errors import InputError, StorageError

FORMAT = 1
MANIFEST, KEY, DATA, SEALED = "manifest.json", "key.age", "data.tar.gz", "data.tar.gz.age"
_MOST_MANIFEST = 16 * 1024 * 1024  # bytes; a stranger's file must not fill the memory
_CHUNK = 1 << 20
_TRIES = 60  # a second apart
_FAST = 1  # gzip's level: most of it is text, which shrinks to a third at once

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """A file inside; `path` is relative, with slashes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    size: Annotated[int, Field(ge=0)]  # bytes
    sha256: Hash


class Manifest(BaseModel):
    """What an archive says of itself. Figures are of the moment it was made."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = FORMAT
    version: str  # of tingzhen
    at: AwareDatetime
    sealed: bool
    data_sha256: Hash
    leads: int
    mentions: int
    rows: int  # of all tables of the records
    parts: tuple[Part, ...]


def write(
    folder: Path, target: Path, *, passphrase: str = "", describe: Callable[[str, tuple[Part, ...]], Manifest]
) -> Manifest:
    """Pack a folder into `target`, which appears whole and synced, or not at all.

    `describe` makes the manifest of the packed part's hash and its files.

    Raises:
        StorageError: it cannot be written.
    """
    half = target.with_name(target.name + ".part")
    try:
        with TemporaryDirectory(dir=folder.parent, prefix=".tingzhen-") as space:
            packed = Path(space)
            parts = _pack(folder, packed / DATA)
            names = [_seal(packed, passphrase) if passphrase else DATA]
            names += [KEY] if passphrase else []
            manifest = describe(_sha256(packed / names[0]), parts)
            (packed / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
            owner_only.own(half)
            with half.open("wb") as out:
                with tarfile.open(fileobj=out, mode="w") as tar:
                    for name in (MANIFEST, *names[1:], names[0]):
                        tar.add(packed / name, arcname=name, filter=_nobody)
                out.flush()
                os.fsync(out.fileno())
        half.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            half.unlink()
        raise StorageError(
            f"备份写不到 {target}（{os_reason(error)}）：请检查磁盘空间和权限，再备份一次。"
        ) from error
    return manifest


def manifest(archive: Path) -> Manifest:
    """What an archive says of itself; nothing is unpacked.

    Raises:
        InputError: no archive of ours, a damaged one, or one of a newer version.
    """
    with _opened(archive) as tar:
        found = _said(tar, archive)
    if found.format > FORMAT:
        raise InputError(f"{archive} 是更新版本的听诊（{found.version}）做的备份：请先升级听诊。")
    return found


def verify(archive: Path) -> Manifest:
    """The manifest, after the packed part was read whole and found to be what was written.

    Raises:
        InputError: as `manifest`, or a byte is not what it was.
    """
    found = manifest(archive)
    with _opened(archive) as tar:
        if _hash_of(_member(tar, SEALED if found.sealed else DATA, archive)) != found.data_sha256:
            raise InputError(f"备份 {archive} 损坏了（内容和写下时不一样）：请换一份更早的备份。")
    return found


def unpack(archive: Path, folder: Path, *, passphrase: str = "") -> Manifest:
    """Put the files of a verified archive into an empty folder; each is held against its own hash.

    Raises:
        InputError: as `verify`; no passphrase, or a wrong one.
        StorageError: the folder cannot be written.
    """
    found = verify(archive)
    try:
        with _opened(archive) as tar, TemporaryDirectory(dir=folder, prefix=".tingzhen-") as space:
            data = Path(space, DATA)
            _unseal(tar, archive, found, data, passphrase)
            with tarfile.open(data, "r:gz") as inner:
                inner.extractall(folder, filter="data")
    except OSError as error:
        raise StorageError(f"备份解不到 {folder}（{os_reason(error)}）：请检查磁盘空间和权限。") from error
    for part in found.parts:
        if _sha256(folder / part.path) != part.sha256:
            raise InputError(f"备份 {archive} 里的 {part.path} 损坏了：请换一份更早的备份。")
    return found


def _pack(folder: Path, target: Path) -> tuple[Part, ...]:
    parts = []
    with gzip.open(target, "wb", _FAST) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for path in sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
            name = path.relative_to(folder).as_posix()
            parts.append(Part(path=name, size=path.stat().st_size, sha256=_sha256(path)))
            tar.add(path, arcname=name, filter=_nobody)
    return tuple(parts)


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whose files they were on this machine is nobody's business."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = owner_only.FILE
    return member


def _seal(folder: Path, passphrase: str) -> str:
    key = pyrage.x25519.Identity.generate()
    with (folder / DATA).open("rb") as plain, (folder / SEALED).open("wb") as sealed:
        pyrage.encrypt_io(plain, sealed, [key.to_public()])
    (folder / KEY).write_bytes(pyrage.passphrase.encrypt(str(key).encode(), passphrase))
    (folder / DATA).unlink()
    return SEALED


def _unseal(tar: tarfile.TarFile, archive: Path, found: Manifest, target: Path, passphrase: str) -> None:
    if not found.sealed:
        with target.open("wb") as out:
            shutil.copyfileobj(_member(tar, DATA, archive), out, _CHUNK)
        return
    if not passphrase:
        raise InputError(f"备份 {archive} 是加密的：请用 --passphrase-file 给出写着口令的文件。")
    try:
        text = _key(_member(tar, KEY, archive).read(_CHUNK), passphrase, archive)
        with target.open("wb") as out:
            key = pyrage.x25519.Identity.from_str(text)
            pyrage.decrypt_io(_member(tar, SEALED, archive), out, [key])
    except pyrage.DecryptError as error:
        raise InputError(f"备份 {archive} 打不开：口令不对。") from error


def _key(sealed: bytes, passphrase: str, archive: Path) -> str:
    """The archive's own key. A passphrase costs a second's work of the machine that sealed it; age refuses
    what would take this one sixteen times as long, as it seems to when this one is busy."""
    for _ in range(_TRIES):
        try:
            return bytes(pyrage.passphrase.decrypt(sealed, passphrase)).decode()
        except pyrage.DecryptError as error:
            if "xcessive" not in str(error):
                raise
            time.sleep(1)
    raise InputError(f"备份 {archive} 现在打不开：这台机器太忙，或比做备份的机器慢得多，请空下来再试。")


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, "r:") as tar:
            yield tar
    except tarfile.TarError as error:
        raise InputError(f"{archive} 不是听诊的备份，或已损坏：请换一个文件。") from error
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(f"没有 {archive} 这个文件：请检查备份的路径。") from error


def _said(tar: tarfile.TarFile, archive: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(_member(tar, MANIFEST, archive).read(_MOST_MANIFEST))
    except ValidationError as error:
        raise InputError(f"{archive} 不是听诊的备份，或已损坏：清单读不了。") from error


def _member(tar: tarfile.TarFile, name: str, archive: Path) -> IO[bytes]:
    try:
        found = tar.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise InputError(f"{archive} 不是听诊的备份，或已损坏：里面没有 {name}。")
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return _hash_of(file)


def _hash_of(file: IO[bytes]) -> str:
    total = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        total.update(chunk)
    return total.hexdigest()


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
