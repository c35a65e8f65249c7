"""What `make check` asks beside style and types: `python -m tests.support.safety`.

Three things, each said in one line: bandit over the code, known vulnerabilities of what is installed, and
secrets that somebody left in a file. Ends with 1 when one of them was found.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.settings import get_plugins, transient_settings

ROOT = Path(__file__).resolve().parents[2]
KNOWN = ROOT / "tests" / "fixtures" / "not_secrets.json"
LOCK = ROOT / "requirements" / "dev.lock"
# Tokens of services and private keys: wrong anywhere, in a test, too.
SURE = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "CloudantDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "IbmCloudIamDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
# What looks like a password or is very random: in tests and papers that is what an example looks like.
DOUBTFUL = ("BasicAuthDetector", "KeywordDetector")
EXAMPLES = ("tests/", "docs/", "CHANGELOG.md", "README")
WORTH = re.compile(r"(?i)key|passw|pwd|secret|token|contrase|private|://[^/\s]+:[^/\s]+@")
READ_MOST = 100_000  # bytes of a file: what is longer was made by a program
UNREAD = (".lock", ".png", ".npz", ".xz", ".gz", ".ico", ".woff2", ".xlsx", ".sqlite", ".jsonl", ".zip")


# --- secrets ------------------------------------------------------------


def secrets_in(files: Iterable[Path], root: Path) -> set[tuple[str, str, str]]:
    """(file, kind, hash of it) of whatever looks like a secret."""
    found = set()
    for plugins, worth in ((SURE, _surely), (DOUBTFUL, _perhaps)):
        with transient_settings({"plugins_used": [{"name": name} for name in plugins]}):
            for file in sorted(files):
                name = file.relative_to(root).as_posix()
                if _is_read(file) and worth(name, file.read_text("utf-8", errors="replace")):
                    found |= {(name, each.type, each.secret_hash) for each in scan_file(str(file))}
    return found


def _is_read(file: Path) -> bool:
    return not file.name.endswith(UNREAD) and file.stat().st_size < READ_MOST


# The library reads line by line, a minute for all files; these look at a file as a whole first.
def _surely(name: str, text: str) -> bool:
    plugins = (each for each in get_plugins() if isinstance(each, RegexBasedDetector))
    return any(pattern.search(text) for plugin in plugins for pattern in plugin.denylist)


def _perhaps(name: str, text: str) -> bool:
    return not name.startswith(EXAMPLES) and WORTH.search(text) is not None


def known() -> set[tuple[str, str, str]]:
    """What was looked at by a person: examples and names that only look like secrets."""
    return {(each["file"], each["kind"], each["hash"]) for each in json.loads(KNOWN.read_text("utf-8"))}


def secrets() -> bool:
    """No file in git holds one."""
    listed = _run(["git", "ls-files", "-z"]).stdout.split("\0")
    files = [ROOT / name for name in listed if name and (ROOT / name).is_file()]
    new = sorted(secrets_in(files, ROOT) - known())
    for file, kind, mark in new:
        print(f"secrets: {file}: {kind} ({mark})")
    told = f"{len(new)} to look at; what is none goes into {KNOWN.relative_to(ROOT)}, with a reason"
    print(f"secrets: {told if new else f'none in {len(files)} files'}")
    return not new


# --- vulnerabilities ------------------------------------------------------------


def vulnerable(report: str) -> tuple[list[str], int, int]:
    """Of pip-audit's report: each vulnerability in a line, how many packages were looked up, how many not."""
    packages = json.loads(report)["dependencies"]
    asked = [each for each in packages if "skip_reason" not in each]
    found = [
        f"{each['name']} {each['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or '-'}"
        for each in asked
        for hole in each["vulns"]
    ]
    return found, len(asked), len(packages) - len(asked)


def vulnerabilities() -> bool:
    """No locked version has a known one; says so when nobody could be asked."""
    audit = ["pip-audit", "--requirement", str(LOCK), "--disable-pip", "--progress-spinner", "off"]
    ran = _run([*audit, "--format", "json"])
    try:
        found, asked, unknown = vulnerable(ran.stdout)
    except ValueError:
        last = (ran.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"pip-audit: NOT CHECKED, the service could not be asked: {last[:200]}")
        return True
    for line in found:
        print(f"pip-audit: {line}")
    if not asked:
        print(f"pip-audit: NOT CHECKED, the service here knows none of {unknown} packages (offline?)")
    else:
        print(f"pip-audit: {len(found)} known in {asked} packages, {unknown} unknown to the service")
    return not found


# --- code ------------------------------------------------------------


def code() -> bool:
    """bandit finds nothing that ruff's S rules do not hold already, line by line."""
    ran = _run(["bandit", "-q", "-c", "pyproject.toml", "-r", "crawler", "nlp", "leads"])
    if ran.returncode:
        print(ran.stdout + ran.stderr)
    print(f"bandit: {'see above' if ran.returncode else 'nothing'}")
    return ran.returncode == 0


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    beside = Path(sys.executable).with_name(command[0])  # the program of this environment, if it has it
    words = [str(beside) if beside.exists() else command[0], *command[1:]]
    # our own words
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603


if __name__ == "__main__":
    done = [check() for check in (secrets, vulnerabilities, code)]
    sys.exit(not all(done))
