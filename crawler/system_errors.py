"""What the operating system says of a file or a port, as the operator reads it (zh-CN)."""

from __future__ import annotations

import errno
from collections.abc import Mapping

_WORDS: Mapping[int, str] = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EISDIR: "这是一个文件夹",
    errno.ENOTDIR: "上一级不是文件夹",
    errno.EEXIST: "已经有同名的文件",
    errno.ENOSPC: "磁盘满了",
    errno.EDQUOT: "磁盘配额用完了",
    errno.EROFS: "磁盘是只读的",
    errno.EIO: "磁盘读写出错",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "系统里打开的文件太多",
    errno.ENOMEM: "内存不够",
    errno.ENAMETOOLONG: "名字太长",
    errno.ELOOP: "链接绕成了圈",
    errno.EADDRINUSE: "已被别的程序占用",
    errno.EADDRNOTAVAIL: "这台机器没有这个地址",
}


def os_reason(error: OSError) -> str:
    """A few words; the system's own where ours have none, the class where it says nothing."""
    return _WORDS.get(error.errno or 0) or error.strerror or type(error).__name__
