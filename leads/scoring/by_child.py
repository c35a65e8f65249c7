"""Did a child write this? Who says of themselves to be under fourteen, or a pupil below the last years. Pure.

A parent who writes about a child is no child. Who says nothing of their age is not found: nobody is asked.
"""

from __future__ import annotations

import re

from nlp.text.normal import normalise

_ME = r"(?:我|本人|楼主|lz|俺|咱)"
# What may stand between the writer and what they say of themselves; anything else makes it another's.
_SAYS = (
    r"(?:今年|现在|目前|刚刚|刚|才|已经|快要|快|马上|是|只有|还是|还|也|就|一个|一名|个|名|在|正|上|读|念"
    r"|,|，){0,5}"
)
_AGE = r"(?:[6-9]|1[0-3]|六|七|八|九|十|十[一二三])(?:周岁|岁)"
_PUPIL = (
    r"(?:小学生|初中生|小学[一二三四五六]年级|[一二三四五六七八]年级|小[一二三四五六](?=[,，。的])"
    r"|初[一二](?![十\d])|(?<=[上读念])(?:小学|初中))"
)
# Long ago, or the work of a grown-up.
_ANOTHER = "老师|教师|班主任|家长|妈|爸|孩|娃|女儿|儿子|宝|弟|妹|侄|外甥|学生|同学"
_NOT_NOW = rf"(?!多?的?时候|时|那[年会时]|就|开始|起|以前|之前|毕业|的?(?:{_ANOTHER}))"
_CHILD = re.compile(rf"{_ME}{_SAYS}(?:{_AGE}|{_PUPIL}){_NOT_NOW}")


def written_by_child(text: str) -> bool:
    """The writer says so of themselves, now."""
    return _CHILD.search(normalise(text)) is not None
