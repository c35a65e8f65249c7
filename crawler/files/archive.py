"""A workbook's zip archive, opened only when what it unpacks to can be borne."""

from __future__ import annotations

from typing import IO, Literal, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from crawler.files.bounded_xml import ROW, SHARED_TEXT, BoundedXml, OversizeError

_MB = 1024 * 1024

# Bytes all parts may unpack to: a sheet of 1,048,576 rows, all that spreadsheets have, with 15 short cells.
MAX_UNPACKED = 1024 * _MB
# Bytes of the shared texts, all of which openpyxl holds in memory at about three times their size.
MAX_STRINGS = 200 * _MB
# Bytes of a part that openpyxl holds as one tree (styles, list of sheets), at many times its size in memory.
MAX_TREE = 16 * _MB
# Unpacked against packed: even a sheet of one row again and again stays below 50; a bomb reaches 1,000.
MAX_RATIO = 200
MIN_SUSPECT = 10 * _MB  # an archive that unpacks to less harms nobody, however tightly it is packed
# How often everything may be unpacked: once for its size, once for its rows, once to spare. A list of sheets
# may name one part ten thousand times.
MAX_TURNS = 3


class Archive(ZipFile):
    """A zip archive for reading, whose parts are checked before the first is unpacked.

    Python never unpacks more of a part than the archive's list states, so a list that lies hides nothing.
    Sheets and shared texts, which are read a piece at a time, are watched meanwhile.

    Raises:
        BadZipFile: no zip archive, or one packed in a way that workbooks never are.
        OversizeError: it unpacks to too much; from `open` and `read` too.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        parts = self.infolist()
        if not all(map(_is_usual, parts)):
            raise BadZipFile("packed or encrypted in a way that workbooks never are")
        unpacked = sum(part.file_size for part in parts)
        if unpacked > MAX_UNPACKED:
            raise OversizeError(
                f"解压后有 {unpacked // _MB:,} MB，超过 {MAX_UNPACKED // _MB:,} MB，没有读取；"
                "请拆成几个文件，或另存为 CSV 再导入。"
            )
        if unpacked > max(MIN_SUSPECT, MAX_RATIO * _size(file)):
            raise OversizeError(
                f"解压后是原来的 {unpacked // _size(file):,} 倍，不像正常的表格，没有读取；"
                "请用表格软件打开核对，另存为 CSV 再导入。"
            )
        self._left = MAX_TURNS * unpacked
        self._strings = ""

    def open(
        self,
        name: str | ZipInfo,
        mode: Literal["r", "w"] = "r",
        pwd: bytes | None = None,
        *,
        force_zip64: bool = False,
    ) -> IO[bytes]:
        part = self._opened(name, pwd)
        unit = SHARED_TEXT if self._strings and name == self._strings else ROW
        return cast("IO[bytes]", BoundedXml(part, unit))  # openpyxl reads, and closes

    def read(self, name: str | ZipInfo, pwd: bytes | None = None) -> bytes:
        if self._unpacked(name) > MAX_TREE:
            raise OversizeError("样式或目录过大，没有读取；请另存为 CSV 再导入，或只把数据复制到新的表格里。")
        with self._opened(name, pwd) as part:
            return part.read()

    def _opened(self, name: str | ZipInfo, pwd: bytes | None) -> IO[bytes]:
        self._left -= self._unpacked(name)
        if self._left < 0:
            raise OversizeError(
                "同一张表在文件里被重复引用，没有读完；请用表格软件打开核对，另存为 CSV 再导入。"
            )
        return super().open(name, "r", pwd)

    def check_strings(self, name: str) -> None:
        """Part `name` holds the shared texts. Raises OversizeError if it is too large for that."""
        self._strings = name
        if name in self.NameToInfo and (size := self._unpacked(name)) > MAX_STRINGS:
            raise OversizeError(
                f"文字部分解压后有 {size // _MB:,} MB，超过 {MAX_STRINGS // _MB:,} MB，没有读取；"
                "请拆成几个文件，或另存为 CSV 再导入。"
            )

    def _unpacked(self, name: str | ZipInfo) -> int:
        return (name if isinstance(name, ZipInfo) else self.getinfo(name)).file_size


def _is_usual(part: ZipInfo) -> bool:
    # The standard allows no other packing, and Python unpacks others by the block, without a bound.
    encrypted = part.flag_bits & 1
    return part.compress_type in (ZIP_STORED, ZIP_DEFLATED) and not encrypted


def _size(file: IO[bytes]) -> int:
    return file.seek(0, 2)
