"""One file with everything: whole or refused, and sealed so that other tools open it, too."""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leads.backup import archive
from leads.backup.archive import Manifest, Part
from leads.errors import InputError, StorageError

NOW = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
CONTENTS = {"leads.sqlite": b"l" * 100_000, "models/3/intent.npz": b"\x00\x01", "author.key": b"key"}


def describe(sha256: str, parts: tuple[Part, ...]) -> Manifest:
    return Manifest(
        version="1", at=NOW, sealed=False, data_sha256=sha256, leads=7, mentions=2, rows=9, parts=parts
    )


def described(sha256: str, parts: tuple[Part, ...]) -> Manifest:
    return describe(sha256, parts).model_copy(update={"sealed": True})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in CONTENTS.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "in"


def unpacked(file: Path, folder: Path, passphrase: str = "") -> dict[str, bytes]:
    folder.mkdir()
    archive.unpack(file, folder, passphrase=passphrase)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("passphrase", ["", "木棉 花开"])
def test_what_went_in_comes_out(folder: Path, tmp_path: Path, passphrase: str) -> None:
    file = tmp_path / "a.tar"
    archive.write(folder, file, passphrase=passphrase, describe=described if passphrase else describe)
    said = archive.verify(file)
    assert (said.leads, said.mentions, said.rows, said.sealed) == (7, 2, 9, bool(passphrase))
    assert {part.path for part in said.parts} == set(CONTENTS)
    assert unpacked(file, tmp_path / "out", passphrase) == CONTENTS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "in", "out"]  # nothing half done
    assert file.stat().st_mode & 0o077 == 0


def test_a_sealed_archive_shows_nothing_but_its_manifest(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    archive.write(folder, file, passphrase="木棉 花开", describe=described)
    with tarfile.open(file) as tar:
        assert tar.getnames() == ["manifest.json", "key.age", "data.tar.gz.age"]
        for name in ("key.age", "data.tar.gz.age"):
            member = tar.extractfile(name)
            assert member is not None
            assert member.read(21) == b"age-encryption.org/v1"
    with pytest.raises(InputError, match="口令不对"):
        unpacked(file, tmp_path / "wrong", "木棉")
    with pytest.raises(InputError, match="--passphrase-file"):
        unpacked(file, tmp_path / "none")


@pytest.mark.parametrize("sealed", [False, True])
def test_one_byte_that_is_not_what_it_was_is_told(folder: Path, tmp_path: Path, sealed: bool) -> None:
    file = tmp_path / "a.tar"
    archive.write(
        folder, file, passphrase="木棉" if sealed else "", describe=described if sealed else describe
    )
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        member = tar.getmembers()[-1]
    for offset in (0, member.size // 2, member.size - 1):
        at = member.offset_data + offset
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(InputError, match="损坏"):
            archive.verify(file)
    file.write_bytes(whole[: member.offset_data + member.size // 2])  # the disk was full
    with pytest.raises(InputError, match="损坏"):
        archive.verify(file)


def test_other_files_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="没有"):
        archive.manifest(tmp_path / "none.tar")
    with pytest.raises(InputError, match="没有"):
        archive.manifest(tmp_path)
    (tmp_path / "text").write_text("x" * 2000)
    with pytest.raises(InputError, match="不是听诊的备份"):
        archive.manifest(tmp_path / "text")
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(folder / "author.key", arcname="author.key")
    with pytest.raises(InputError, match="不是听诊的备份"):
        archive.manifest(tmp_path / "other.tar")


def test_one_of_a_newer_version_is_refused(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    archive.write(
        folder,
        file,
        describe=lambda sha256, parts: describe(sha256, parts).model_copy(update={"format": 2}),
    )
    with pytest.raises(InputError, match="请先升级听诊"):
        archive.verify(file)


def test_where_nothing_can_be_written_nothing_is_left(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="备份写不到"):
        archive.write(folder, tmp_path / "none" / "a.tar", describe=describe)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
