"""Shells complete what tingzhen can do."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.commands import TINGZHEN


def said(*command: str, **variables: str) -> str:
    path = f"{TINGZHEN.parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(  # noqa: S603 - our own command, and bash
        command, env={**os.environ, "PATH": path, **variables}, capture_output=True, text=True, check=True
    )
    return ran.stdout


def test_bash_completes_the_name_of_a_command() -> None:
    typed = """
        eval "$(_TINGZHEN_COMPLETE=source_bash tingzhen)"
        COMP_WORDS=(tingzhen sea)
        COMP_CWORD=1
        _tingzhen_completion tingzhen
        echo "${COMPREPLY[@]}"
    """
    assert said("bash", "-c", typed).split() == ["search"]


@pytest.mark.parametrize(
    ("shell", "answer"), [("zsh", '\'*: :(("search":"搜索线索。"))\''), ("fish", "search\t搜索线索。")]
)
def test_zsh_and_fish_are_told_what_it_does_as_well(shell: str, answer: str) -> None:
    given = {
        "_TINGZHEN_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "tingzhen sea",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    assert answer in said(str(TINGZHEN), **given)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_tingzhen(shell: str) -> None:
    script = said(str(TINGZHEN), _TINGZHEN_COMPLETE=f"source_{shell}")
    assert f"_TINGZHEN_COMPLETE=complete_{shell}" in script
