"""Which browser somebody sits at, in a few words: so that people recognise their own."""

from __future__ import annotations

# What a browser says of itself, the more particular first; all of them also claim to be others.
_BROWSERS = {
    "MicroMessenger/": "微信",
    "Edg": "Edge",
    "OPR/": "Opera",
    "QQBrowser/": "QQ 浏览器",
    "SamsungBrowser/": "三星浏览器",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "HarmonyOS": "鸿蒙",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
UNKNOWN = "认不出的浏览器"


def words(agent: str) -> str:
    """Browser and system of a User-Agent; `UNKNOWN` for a program or nothing. Pure."""
    found = [
        next((name for mark, name in known.items() if mark in agent[:500]), "")
        for known in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(filter(None, found)) or UNKNOWN
