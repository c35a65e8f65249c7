"""Plots: colours that everybody tells apart, drawn under our policy, with the table they are drawn from."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, ViewportSize

from leads.index.sqlite.index import SqliteIndex
from leads.web.assets import FOLDER
from tests.support.browsing import DESK, SIZES, fits, opened, shoot
from tests.support.builders import region
from tests.support.seeds import ClientOf, fresh, seed

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
# Machado, Oliveira and Fernandes 2009, severity 1.0: linear RGB as people see it who lack a kind of cone.
EYES = {
    "all": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TOLD_APART = 20.0  # CIE76; 2.3 is what one can just see


def linear(colour: str) -> Vector:
    """#rrggbb or #rgb as linear RGB."""
    digits = colour.lstrip("#")
    pairs = [digit * 2 for digit in digits] if len(digits) == 3 else re.findall("..", digits)
    values = np.array([int(pair, 16) / 255 for pair in pairs])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: Vector) -> Vector:
    """CIELAB under D65."""
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    part = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.0888])
    f = np.where(part > 0.008856, np.cbrt(part), 7.787 * part + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def values(file: str) -> dict[str, str]:
    text = (FOLDER / file).read_text(encoding="utf-8")
    return dict(re.findall(r"--(plot-\d|paper): (#[0-9a-f]+)", text))


@pytest.mark.parametrize("file", ["style.css", "dark.css"])
@pytest.mark.parametrize("eyes", EYES)
def test_no_two_series_look_alike_to_anybody(file: str, eyes: str) -> None:
    seen = [lab(EYES[eyes] @ linear(colour)) for name, colour in values(file).items() if name != "paper"]
    assert len(seen) == 7
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) > TOLD_APART


@pytest.mark.parametrize("file", ["style.css", "dark.css"])
def test_every_series_stands_out_from_the_paper(file: str) -> None:
    found = {name: float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for name, colour in values(file).items()}
    paper = found.pop("paper")
    for light in found.values():
        high, low = max(light, paper), min(light, paper)
        assert (high + 0.05) / (low + 0.05) >= 3


# --- the page 走势 ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The usual data, and eight leads a day of two symptoms in two districts over forty days."""
    made = tmp_path_factory.mktemp("plots")
    seed(made)
    many = [
        fresh(
            1000 + 20 * day + n,
            f"第{day}天第{n}个人来问，{'发烧' if n % 2 else '牙疼'}{n * 7 + day}怎么办",
            hours=12 + 24 * day,
            place=region(("武侯区", "锦江区")[n // 8]),
        )
        for day in range(40)
        for n in range(16)
    ]
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert(many)
    return made


def test_the_page_is_whole_without_scripts(client: TestClient) -> None:
    page = client.get("/trends?back=month").text
    assert re.findall(r'data-plot="(\w+)"', page) == ["stacked", "multiples", "calendar"]
    assert page.count("<details open>") == 3
    assert "武侯区" in page
    (first, *_) = re.findall(r'<th scope="row" data-first="[^"]+" data-last="[^"]+"><a href="([^"]+)"', page)
    assert first.startswith("/leads?area=510100&amp;since=")


def test_a_doctor_sees_the_cities_of_own_clinics_only(client_of: ClientOf) -> None:
    doctor = client_of("doctor", ("anhe",))
    assert doctor.get("/trends").status_code == 200
    assert doctor.get("/trends?city=110000").status_code == 400


def test_what_cannot_be_understood_is_said(client: TestClient) -> None:
    assert client.get("/trends?back=decade").status_code == 400


def inked(page: Page, number: int) -> bool:
    """Something is drawn on this canvas."""
    script = """number => {
      const canvas = document.querySelectorAll("figure.plot canvas")[number];
      return new Set(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data).size > 8;
    }"""
    return bool(page.evaluate(script, number))


@pytest.mark.browser
@SIZES
def test_plots_are_drawn_and_a_brush_leads_to_the_leads_of_its_days(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, folder=folder, dark=size != DESK) as page:
        page.goto(address + "/trends?back=month")
        for figure in page.locator("figure.plot").all():  # drawn when it is about to be seen
            figure.scroll_into_view_if_needed()
            figure.locator("canvas").first.wait_for()
        page.evaluate("scrollTo(0, 0)")
        assert fits(page)
        assert all(inked(page, number) for number in range(page.locator("figure.plot canvas").count()))
        shoot(page, f"trends-{size['width']}")
        stacked = page.locator("figure[data-plot=stacked]")
        assert stacked.locator("canvas").get_attribute("aria-label") == "按症状：图，数字在下面的表里"
        box = stacked.locator("canvas").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.4)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.4)
        page.mouse.up()
        link = stacked.get_by_role("status").get_by_role("link")
        asked = parse_qs(urlsplit(link.get_attribute("href") or "").query)
        first, after = (date.fromisoformat(asked[name][0]) for name in ("since", "until"))
        assert timedelta(days=3) < after - first < timedelta(days=20)
        assert stacked.locator("tbody tr:not([hidden])").count() == (after - first).days
        link.click()
        page.wait_for_url("**/leads?*")
