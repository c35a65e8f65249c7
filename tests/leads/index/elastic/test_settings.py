"""How an index is named in the settings, and what is said of a wrong name. No server needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from leads.config import load_settings, with_index
from leads.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    file = folder / "tingzhen.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "address", ["sqlite", "https://u:p@es.example:9200", "https://a:9200,https://b:9200", "cloud:x:YQ=="]
)
def test_addresses_that_can_be_written(address: str, tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, f'index = "{address}"')).index == address


@pytest.mark.parametrize(
    "address",
    ["", "es.example:9200", "postgres://u:p@es", "https://", "cloud:", "https://a b"],
)
def test_addresses_that_can_not(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"index.*请写 sqlite，或 https"):
        load_settings(written(tmp_path, f'index = "{address}"'))


def test_a_password_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(written(tmp_path, 'index = "ftp://user:s3cret@es.example"'))
    assert "s3cret" not in str(caught.value)
    with pytest.raises(ConfigError, match="索引地址不对"):
        with_index(load_settings(written(tmp_path, "")), "ftp://x")


def test_the_ca_file_stands_beside_the_settings(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, '[elastic]\nca_file = "ca.pem"\nprefix = "north"'))
    assert settings.elastic.ca_file == str(tmp_path / "ca.pem")
    assert settings.elastic.prefix == "north"


@pytest.mark.parametrize("line", ['prefix = "Ü"', "shards = 0", "timeout = 0", "verify = false"])
def test_what_elastic_does_not_take(line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"elastic\."):
        load_settings(written(tmp_path, f"[elastic]\n{line}"))


def test_the_key_may_stand_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGZHEN_ELASTIC__API_KEY", "abc")
    assert load_settings(written(tmp_path, '[elastic]\nprefix = "n"')).elastic.api_key == "abc"
