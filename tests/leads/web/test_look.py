"""The design system: addresses of files, compression, light and dark, the menus, the manifest."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from leads.models import ROLES, Role
from leads.web.assets import FOLDER, static, version
from leads.web.menu import DOCK_SIZE, MENU, dock_of, menu_of
from leads.web.render import templates
from tests.support.seeds import ClientOf
from tests.support.seen import Seen

TEMPLATES = [name for name in templates.env.list_templates() if name.endswith(".html")]
ICONS = (FOLDER / "icons.svg").read_text(encoding="utf-8")
SYMBOLS = set(re.findall(r'<symbol id="([^"]+)"', ICONS))
OURS = {"Sec-Fetch-Site": "same-origin"}


def source(template: str) -> str:
    assert templates.env.loader is not None
    return templates.env.loader.get_source(templates.env, template)[0]


# --- files ------------------------------------------------------------------------------------------------


def test_a_file_is_kept_for_a_year_under_an_address_with_its_version(client: TestClient) -> None:
    answer = client.get(static("style.css"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert version() in static("style.css")


@pytest.mark.parametrize("address", ["/static/style.css", "/static/000000000000/style.css"])
def test_without_it_or_with_an_old_one_the_file_is_asked_about_each_time(
    client: TestClient, address: str
) -> None:
    answer = client.get(address)
    assert answer.text == client.get(static("style.css")).text
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_what_is_not_there_is_not_kept(client: TestClient) -> None:
    answer = client.get(static("style.css").replace("style", "nothing"))
    assert answer.status_code == 404
    assert "max-age" not in answer.headers.get("Cache-Control", "")


def test_a_file_that_is_not_there_has_no_address() -> None:
    with pytest.raises(FileNotFoundError):
        static("nothing.css")


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_ask_for_addresses_and_for_icons_that_are_there(template: str) -> None:
    written = source(template)
    assert not re.search(r"""(href|src)=["']/static/""", written), "write {{ static('name') }}"
    assert not re.search(r'datetime="[^"]*isoformat\(\)', written), "HTML knows no microseconds"
    for name in re.findall(r"static\('([^']+)'\)", written):
        assert static(name)
    assert set(re.findall(r"""icon\(["']([a-z0-9-]+)["']\)""", written)) <= SYMBOLS


def test_the_icons_of_the_menu_are_there() -> None:
    assert {each.icon for entries in MENU.values() for each in entries} <= SYMBOLS


# --- compression ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "from_where", "packed"),
    [
        ("/", {"Sec-Fetch-Site": "same-origin"}, True),
        ("/", {"Sec-Fetch-Site": "none"}, True),
        ("/", {"Sec-Fetch-Site": "cross-site"}, False),
        ("/", {"Sec-Fetch-Site": "same-site"}, False),
        ("/", {}, False),
        ("/static/style.css", {}, True),
        ("/static/style.css", {"Sec-Fetch-Site": "cross-site"}, True),
    ],
)
def test_pages_are_packed_unless_another_site_had_them_asked_for(
    client: TestClient, address: str, from_where: dict[str, str], packed: bool
) -> None:
    answer = client.get(address, headers={"Accept-Encoding": "gzip", **from_where})
    assert answer.status_code == 200
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed


def test_a_browser_that_cannot_unpack_gets_it_plain(client: TestClient) -> None:
    answer = client.get("/", headers={"Accept-Encoding": "identity", **OURS})
    assert "Content-Encoding" not in answer.headers
    assert "<main" in answer.text


# --- light and dark ---------------------------------------------------------------------------------------


def dark_media(client: TestClient) -> list[str | None]:
    """What the link to the dark colours asks of the window."""
    page = Seen(client.get("/account").text)
    return [
        values.get("media")
        for tag, values in page.tags
        if tag == "link" and values.get("href") == static("dark.css")
    ]


@pytest.mark.parametrize(
    ("chosen", "media"),
    [
        ("auto", ["screen and (prefers-color-scheme: dark)"]),
        ("light", []),
        ("dark", ["screen"]),
        ("purple", ["screen and (prefers-color-scheme: dark)"]),
    ],
)
def test_the_theme_is_the_windows_or_the_persons_choice(
    client_of: ClientOf, chosen: str, media: list[str]
) -> None:
    client = client_of()
    answer = client.post("/account/theme", data={"theme": chosen}, follow_redirects=False)
    assert answer.headers["Location"] == "/account?done=theme"
    assert dark_media(client) == media


def test_dark_gives_every_colour_a_value_and_nothing_else() -> None:
    def colours(name: str) -> set[str]:
        (root,) = re.findall(r"(?ms)^:root \{(.*?)^\}", (FOLDER / name).read_text(encoding="utf-8"))
        return {key for key, value in re.findall(r"(--[\w-]+): ([^;]+);", root) if value.startswith("#")}

    assert colours("dark.css") == colours("style.css")


def test_colours_stand_in_one_place() -> None:
    """A colour written elsewhere would stay light at night."""
    for file in FOLDER.glob("*.css"):
        if file.name not in ("style.css", "dark.css"):
            assert not re.search(r":[^;{]*#[0-9a-f]{3,8}\b", file.read_text(encoding="utf-8")), file.name


# --- menus ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_phone_has_four_pages_and_the_others_under_more(client_of: ClientOf, role: Role) -> None:
    text = client_of(role, ("anhe",) if role == "doctor" else ()).get("/account").text
    assert len(dock_of(role)) == DOCK_SIZE
    _, _, dock = text.partition('class="dock"')
    quick, _, more = dock.partition("<details")
    assert re.findall(r'href="([^"#]+)"', quick) == [each.path for each in dock_of(role)]
    everything = {each.path for _, entries in menu_of(role) for each in entries}
    assert {*re.findall(r'<a href="([^"#]+)"', dock)} == everything | {"/account", "/nudges"}
    assert "退出" in more


def test_nobody_sees_a_page_that_is_not_theirs() -> None:
    for role in ROLES:
        shown = {each.key for _, entries in menu_of(role) for each in entries}
        assert shown == {each.key for entries in MENU.values() for each in entries if role in each.roles}


# --- on the home screen -----------------------------------------------------------------------------------


def test_the_manifest_names_pictures_that_are_there(client: TestClient) -> None:
    (address,) = [
        values["href"]
        for tag, values in Seen(client.get("/").text).tags
        if tag == "link" and values.get("rel") == "manifest"
    ]
    answer = client.get(address)
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    manifest = answer.json()
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    for icon in manifest["icons"]:
        assert client.get(address.rpartition("/")[0] + "/" + icon["src"]).status_code == 200
