"""The HTML of every page under the Nu validator (vnu, which needs Java).

    python -m benchmarks.markup                   every page of an invented desk

Gets the validator by `npx vnu-jar`, or takes --jar. Prints each error with its page; ends with 1 for any.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.every_page import Site, asked, served

VALIDATOR = "vnu-jar@26.9.27"


def fetched(site: Site, folder: Path) -> dict[str, str]:
    """Each page in a file of the folder: file → path."""
    folder.mkdir()
    files = {}
    for number, path in enumerate([*site.paths, "/nowhere"]):
        file = folder / f"{number}.html"
        with asked(site, path) as answer:
            file.write_bytes(answer.data)
        files[file.name] = path
    return files


def errors(command: list[str], folder: Path, files: dict[str, str]) -> list[str]:
    """What the validator calls an error, each with its page and the place."""
    line = [*command, "--format", "json", "--errors-only", *map(str, sorted(folder.glob("*.html")))]
    answer = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    report = json.loads(answer.stderr or answer.stdout)
    return [
        f"{files[each['url'].rpartition('/')[2]]}:{each.get('lastLine', 0)} {each['message']} "
        f"{each.get('extract', '').strip()[:160]!r}"
        for each in report["messages"]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jar", type=Path, help="a vnu.jar that is there already")
    parser.add_argument("--folder", type=Path, help="a folder to keep the data in, for another run")
    given = parser.parse_args()
    command = ["java", "-jar", str(given.jar)] if given.jar else ["npx", "--yes", VALIDATOR]
    with TemporaryDirectory() as temporary, served(given.folder or Path(temporary) / "data") as site:
        pages = Path(temporary) / "pages"
        found = errors(command, pages, fetched(site, pages))
    for each in found:
        print(each)
    print(f"{len(site.paths)} pages, {len(found)} errors", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
