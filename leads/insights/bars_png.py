"""Bars as a PNG: counts a day. Numbers and dates only, which Pillow's own font can write everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1120, 320  # drawn for screens of twice the density
_INK, _SOFT, _BAR, _LAST = "#1d2624", "#5b6866", "#9cc9c2", "#0f6b62"
_TOP, _BOTTOM, _SIDE = 44, 44, 24
_MOST_LABELS = 12
_COUNTED = 26  # pixels of a day from which its count fits above it


def png(days: Sequence[tuple[str, int]]) -> bytes:
    """Bars for (ISO date, count); the last day stands out."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    most = max((count for _, count in days), default=0) or 1
    room = (WIDTH - 2 * _SIDE) / max(len(days), 1)
    floor = HEIGHT - _BOTTOM
    draw.line([(_SIDE, floor), (WIDTH - _SIDE, floor)], fill=_SOFT, width=2)
    step = -(-len(days) // _MOST_LABELS)  # every how many days a date fits
    for number, (day, count) in enumerate(days):
        left, last = _SIDE + number * room, number == len(days) - 1
        top = floor - count / most * (floor - _TOP)
        if count:
            box = [left + room * 0.15, top, left + room * 0.85, floor]
            draw.rectangle(box, fill=_LAST if last else _BAR)
        middle = left + room / 2
        if (len(days) - 1 - number) % step == 0:
            draw.text((middle, floor + 8), day[5:], font=font, fill=_SOFT, anchor="ma")
        if room >= _COUNTED:
            draw.text((middle, top - 6), str(count), font=font, fill=_INK, anchor="ms")
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
