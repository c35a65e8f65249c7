"""Which encoding a text file is in, found by reading all of it once in constant memory."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from crawler.files.model import ImportProblem

_CHUNK = 1 << 20
# Share of a file's bytes that may be broken UTF-8 (a cut download, a bad join) before we say "not UTF-8".
_TOLERATED = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """`codec` is Python's name, `label` what the user is told, `broken` the number of unreadable places."""

    codec: str
    label: str
    broken: int = 0

    @property
    def errors(self) -> str:
        return "replace" if self.broken else "strict"


def detect_encoding(path: Path) -> Encoding:
    """UTF-16 or UTF-8 by byte order mark, else UTF-8, else GB18030, by which decodes the whole file.

    Raises:
        ImportProblem: the file is binary or in an encoding we do not know.
        OSError: it cannot be read.
    """
    candidates = _candidates(path)
    for encoding in candidates:
        if not _broken(path, encoding.codec, stop=True) and _believable(path, encoding):
            return encoding
    tolerated = max(3, path.stat().st_size * _TOLERATED)
    for encoding in candidates:
        broken = _broken(path, encoding.codec)
        if broken <= tolerated and _believable(path, encoding):
            return Encoding(codec=encoding.codec, label=encoding.label, broken=broken)
    raise ImportProblem(
        f"{path.name}：认不出文件的编码（不是 UTF-8、GB18030，也不是带 BOM 的 UTF-16）；"
        "请另存为 UTF-8 后再导入。"
    )


def _candidates(path: Path) -> tuple[Encoding, ...]:
    """What the first bytes leave possible."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return (Encoding(codec="utf-16", label="UTF-16"),)
    # One byte in a hundred: a stray NUL in a text is only dirt.
    if head.count(b"\0") * 100 > len(head):
        raise ImportProblem(f"{path.name}：不是文本文件，或是没有 BOM 的 UTF-16；请另存为 UTF-8 后再导入。")
    if head.startswith(codecs.BOM_UTF8):
        return (Encoding(codec="utf-8-sig", label="带 BOM 的 UTF-8"),)
    return Encoding(codec="utf-8", label="UTF-8"), Encoding(codec="gb18030", label="GB18030")


def _broken(path: Path, codec: str, *, stop: bool = False) -> int:
    """How many places of the file are not `codec`; with `stop` only whether there are any: 0 or 1."""
    decoder = codecs.getincrementaldecoder(codec)("strict" if stop else "replace")
    count = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                count += decoder.decode(chunk, final=not chunk).count("\ufffd")
            except UnicodeDecodeError:
                return 1
            if not chunk:
                return 0 if stop else count


def _believable(path: Path, encoding: Encoding) -> bool:
    return encoding.codec != "gb18030" or _looks_chinese(path)


def _looks_chinese(path: Path) -> bool:
    """Whether GB18030 gives everyday text. Nearly any bytes decode as GB18030, but Latin-1, Big5 or Shift-JIS
    read that way fall mostly outside GB 2312, the 7,445 characters in which nearly all Chinese is written."""
    with path.open("rb") as file:
        text = file.read(_CHUNK).decode("gb18030", "ignore")
    foreign = [character for character in text if ord(character) > 0x7F]
    common = sum(_in_gb2312(character) for character in foreign)
    return common >= 0.7 * len(foreign)


def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
