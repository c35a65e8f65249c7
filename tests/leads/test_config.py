"""Settings: every bad key is one sentence that names the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.author_secret import load_secret
from leads.config import Settings, load_settings, read_handed, to_hand
from leads.errors import ConfigError
from leads.records.seal import Seal, load_seal

CLINIC = """
[[clinics]]
id = "anhe"
name = "安和口腔"
lat = 30.6386
lon = 104.0536
"""


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TINGZHEN_CONFIG", "TINGZHEN_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, text: str) -> Path:
    file = folder / "tingzhen.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_there_are_defaults() -> None:
    settings = load_settings()
    assert (settings.index, settings.web.port, settings.leads.min_need) == ("sqlite", 8000, 0.3)
    assert settings.clinic_records() == ()


def test_the_file_in_the_current_folder_is_found(tmp_path: Path) -> None:
    written(tmp_path, "[web]\nport = 9000\n")
    assert load_settings().web.port == 9000


def test_the_file_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[web]\nport = 9001\n", encoding="utf-8")
    monkeypatch.setenv("TINGZHEN_CONFIG", str(other))
    assert load_settings().web.port == 9001


def test_the_environment_wins_over_the_file_key_by_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, '[web]\nport = 9000\nhost = "localhost"\n')
    monkeypatch.setenv("TINGZHEN_WEB__PORT", "9002")
    monkeypatch.setenv("TINGZHEN_LEADS__MIN_NEED", "0.5")
    settings = load_settings()
    assert (settings.web.port, settings.web.host, settings.leads.min_need) == (9002, "localhost", 0.5)


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    file = written(tmp_path / "conf", 'data_dir = "mine"\n[crawl]\nsources = "my.toml"\n')
    settings = load_settings(file)
    assert settings.data_dir == tmp_path / "conf" / "mine"
    assert settings.crawl.sources == str(tmp_path / "conf" / "my.toml")


def test_absolute_paths_stay(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, 'data_dir = "/srv/tz"')).data_dir == Path("/srv/tz")


def test_clinics_become_records_with_their_district(tmp_path: Path) -> None:
    text = CLINIC + 'doctors = ["林知远医生"]\nspecialties = ["dental"]\n'
    (clinic,) = load_settings(written(tmp_path, text)).clinic_records()
    assert clinic.adcode == "510107"
    assert (clinic.reach_km, clinic.doctors, clinic.specialties) == (5.0, ("林知远医生",), ("dental",))


def test_a_named_district_wins_over_the_nearest_one(tmp_path: Path) -> None:
    (clinic,) = load_settings(written(tmp_path, CLINIC + 'district = "成都 锦江区"')).clinic_records()
    assert clinic.adcode == "510104"


@pytest.mark.parametrize(
    ("text", "key", "advice"),
    [
        ("datadir = 'x'", "datadir", "没有这个设置项"),
        ("[web]\nprot = 1", "web.prot", "没有这个设置项"),
        ("[foo]\na = 1", "foo", "没有这个设置项"),
        ("data_dir = 5", "data_dir", "类型不对"),
        ("web = 5", "web", "类型不对"),
        ("[web]\nport = 'abc'", "web.port", "类型不对"),
        ("[web]\nport = 0", "web.port", "不小于 1"),
        ("[web]\nport = 70000", "web.port", "不大于 65535"),
        ("index = 'oracle'", "index", "sqlite"),
        ("[leads]\nmin_need = 2", "leads.min_need", "不大于 1"),
        ("[leads]\nmin_need = -0.1", "leads.min_need", "不小于 0"),
        ("[leads]\nmin_need = nan", "leads.min_need", "不"),
        ("[leads]\nexpire_days = 0", "leads.expire_days", "不小于 1"),
        ("[leads]\nexpire_days = 1.5", "leads.expire_days", "类型不对"),
        ("clinics = 3", "clinics", "类型不对"),
        ("[[clinics]]\nname = 'x'\nlat = 30\nlon = 104", "clinics.1.id", "缺少"),
        (CLINIC + "radius = 3", "clinics.1.radius", "没有这个设置项"),
        (CLINIC + "reach_km = 0", "clinics.1.reach_km", "大于 0"),
        (CLINIC + "reach_km = -1", "clinics.1.reach_km", "大于 0"),
        (CLINIC + "reach_km = 5000", "clinics.1.reach_km", "不大于 2000"),
        (CLINIC + "reach_km = '5 miles'", "clinics.1.reach_km", "类型不对"),
        (CLINIC + "aliases = '安和'", "clinics.1.aliases", "类型不对"),
        (CLINIC + "doctors = ['']", "clinics.1.doctors.1", "不能为空"),
        (CLINIC.replace('"anhe"', '"安和"'), "clinics.1.id", "小写字母"),
        (CLINIC.replace('"安和口腔"', '""'), "clinics.1.name", "不能为空"),
        (CLINIC.replace("30.6386", '"北纬"'), "clinics.1.lat", "类型不对"),
    ],
)  # fmt: skip
def test_a_bad_key_is_named_with_its_file(tmp_path: Path, text: str, key: str, advice: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as complaint:
        load_settings(file)
    assert str(file) in str(complaint.value)
    assert f" {key}（" in str(complaint.value)
    assert advice in str(complaint.value)
    assert "\n" not in str(complaint.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CLINIC.replace("30.6386", "51.5").replace("104.0536", "-0.12"), ("clinics.1", "lat、lon", "中国")),
        (CLINIC.replace("30.6386", "nan"), ("clinics.1", "lat、lon", "中国")),
        ('[[clinics]]\nid = "a"\nname = "甲"\nlat = 104.05\nlon = 30.63\n', ("clinics.1", "写反")),
        (CLINIC + 'specialties = ["牙科"]', ("clinics.1", "specialties", "牙科", "dental")),
        (CLINIC + 'district = "亚特兰蒂斯"', ("clinics.1", "district", "亚特兰蒂斯")),
        (CLINIC + CLINIC, ("clinics", "id", "anhe", "两个")),
    ],
)
def test_a_clinic_that_cannot_be_is_named_with_its_file(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as complaint:
        load_settings(file).clinic_records()
    for word in (str(file), *words):
        assert word in str(complaint.value)


def test_a_missing_file_that_was_asked_for_is_a_complaint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"找不到配置文件.*nowhere\.toml"):
        load_settings(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("content", [b"[web", b"port = ", b"\xff\xfe\x00", "名 = 1".encode("gb18030")])
def test_a_file_that_is_no_toml_is_a_complaint(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"broken\.toml 不是有效的 TOML"):
        load_settings(file)


def test_a_folder_in_place_of_a_file_is_a_complaint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="读不了"):
        load_settings(tmp_path)


class TestSecretsAsFiles:
    """One file a secret, as Docker and Kubernetes mount them."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "secrets"
        folder.mkdir()
        monkeypatch.setenv("TINGZHEN_SECRETS_DIR", str(folder))
        for name in ("TINGZHEN_SECRET", "TINGZHEN_CHANNEL_KEY", "TINGZHEN_RECORDS"):
            monkeypatch.delenv(name, raising=False)
        return folder

    def test_are_settings_within_tables_too_and_win_over_the_file(self, tmp_path: Path, folder: Path) -> None:
        written(tmp_path, '[elastic]\napi_key = "old"\nreplicas = 0\n')
        (folder / "tingzhen_records").write_text("postgresql://t:p@db/t?sslmode=verify-full\n")
        (folder / "tingzhen_elastic__api_key").write_text("new\n")
        settings = load_settings()
        assert settings.records == "postgresql://t:p@db/t?sslmode=verify-full"
        assert (settings.elastic.api_key, settings.elastic.replicas) == ("new", 0)

    def test_lose_to_the_environment(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "tingzhen_elastic__api_key").write_text("file")
        monkeypatch.setenv("TINGZHEN_ELASTIC__API_KEY", "environment")
        assert load_settings().elastic.api_key == "environment"

    def test_are_read_through_the_links_of_kubernetes(self, folder: Path) -> None:
        (folder / "..2026_11_30").mkdir()
        (folder / "..2026_11_30" / "tingzhen_elastic__api_key").write_text("linked")
        (folder / "..data").symlink_to("..2026_11_30")
        (folder / "tingzhen_elastic__api_key").symlink_to("..data/tingzhen_elastic__api_key")
        assert load_settings().elastic.api_key == "linked"

    def test_hold_the_keys_that_machines_share_beside_settings(self, tmp_path: Path, folder: Path) -> None:
        (folder / "tingzhen_secret").write_text("authors\n")
        (folder / "tingzhen_channel_key").write_text("channels\n")
        (folder / "ca.crt").write_text("anything else that is mounted there")
        load_settings()
        assert load_secret(tmp_path / "data") == b"authors"
        assert load_seal(tmp_path / "data").open(Seal(b"channels").close("address")) == "address"
        assert not (tmp_path / "data").exists(), "no key of its own was made"

    def test_a_folder_that_is_not_there_is_a_complaint(self, folder: Path) -> None:
        folder.rmdir()
        with pytest.raises(ConfigError, match=r"TINGZHEN_SECRETS_DIR 指的目录 .*secrets 不存在"):
            load_settings()


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("TINGZHEN_WEB__PORT", "abc", "web.port"),
        ("TINGZHEN_WEB__PROT", "1", "web.prot"),
        ("TINGZHEN_CLINICS", "安和口腔", "环境变量"),
        ("TINGZHEN_WEB", "8000", "web"),
    ],
)
def test_a_bad_environment_variable_is_a_complaint(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, word: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=word):
        load_settings()


def test_settings_handed_to_a_crawl_process_arrive_whole_whatever_its_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = '[reader]\nurl = "https://llm.example.com/v1"\nmodel = "m"\nkey = "sk-secret"\n'
    settings = load_settings(written(tmp_path, CLINIC + "[leads]\nmin_need = 0.7\n" + reader))
    handed = tmp_path / "handed.json"
    handed.write_text(to_hand(settings), encoding="utf-8")
    assert "sk-secret" not in handed.read_text(encoding="utf-8")
    monkeypatch.setenv("TINGZHEN_LEADS__MIN_NEED", "0.1")
    received = read_handed(handed)
    assert isinstance(received, Settings)
    assert received.leads.min_need == 0.7
    assert not received.reader.on
    assert received.clinic_records() == settings.clinic_records()
