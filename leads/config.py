"""Settings: tingzhen.toml, then files of secrets, then TINGZHEN_… in the environment; checked on start.

`Settings` is the whole list of what can be set; tingzhen.example.toml shows every key with its default, and
tests/test_docs.py keeps the two in step. Complaints are zh-CN sentences that name the file and the key.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError
from pydantic_settings.sources import EnvSettingsSource, NestedSecretsSettingsSource

from crawler.author_secret import SECRETS_DIR
from crawler.system_errors import os_reason
from leads.clinics.doctors import checked
from leads.errors import ConfigError, InputError
from leads.models import Clinic, DoctorCard, Role
from leads.scoring.distance import MAX_KM, in_china
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon

DEFAULT_FILE = "tingzhen.toml"
Text = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LeadSettings(_Table):
    """[leads]: what becomes a lead, and for how long (shorter where a child wrote it); how many people one
    group may have."""

    min_need: Annotated[float, Field(ge=0, le=1)] = 0.3
    expire_days: Annotated[int, Field(ge=1, le=3650)] = 180
    child_days: Annotated[int, Field(ge=1, le=3650)] = 30
    group_most: Annotated[int, Field(ge=5, le=5000)] = 200


class WebSettings(_Table):
    """[web]: where the desk is served. Only this machine can reach the default address.

    `public_url` is the address people open, when that is another one (a proxy with TLS in front); links in
    messages start with it, and https makes cookies secure. `captures_per_day`: posts one person may keep
    while reading, a day in Beijing. `second_factor`: roles whose people must have one.
    """

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    public_url: Annotated[str, Field(pattern=r"^(https?://[^/\s]+)?$")] = ""
    tiles: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    captures_per_day: Annotated[int, Field(ge=1, le=1000)] = 100
    second_factor: list[Role] = []


def _like(pattern: str, problem: str) -> AfterValidator:
    """A text of this shape; `problem` names the sentence about one that is not."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise PydanticCustomError(problem, "not of the right shape")
        return text

    return AfterValidator(check)


class OidcSettings(_Table):
    """[oidc]: signing in by the house's own identity provider (OpenID Connect); "" is off.

    `secret_file` names the file whose text is the client's secret. `roles`: which group of `role_claim` gives
    which role; without any, people are added by hand, with their address as login.
    """

    issuer: Annotated[str, _like(r"(https?://[^\s?#]+)?", "web_address")] = ""
    client_id: str = ""
    secret_file: str = ""
    name: Text = "单位账号"
    scopes: list[Text] = ["openid", "email", "profile"]
    role_claim: Text = "groups"
    roles: dict[str, Role] = {}
    private_addresses: bool = False
    ca_file: str = ""

    @property
    def on(self) -> bool:
        """There is one."""
        return bool(self.issuer and self.client_id)


class CrawlSettings(_Table):
    """[crawl]: which sources, whom a site's owner can write to, and what one crawl process may use.

    `private_addresses`: a site that is added on the page may stand in our own network. `parallel`: crawls at
    a time of `tingzhen serve`; 0 leaves all that happens by itself to `tingzhen worker`.
    """

    sources: str = ""
    contact: str = ""
    private_addresses: bool = False
    parallel: Annotated[int, Field(ge=0, le=32)] = 2
    hours: Annotated[float, Field(gt=0, le=48)] = 6.0
    memory_mb: Annotated[int, Field(ge=128, le=65536)] = 1024


class JobSettings(_Table):
    """[jobs]: workers on several machines (`records` is PostgreSQL).

    `stalled_seconds`: a worker that has not been heard of for so long is taken for dead, and its jobs are
    taken over. One that cannot say that it lives ends its own in half of that time.
    """

    stalled_seconds: Annotated[int, Field(ge=10, le=3600)] = 120


class ElasticSettings(_Table):
    """[elastic]: how to get into the cluster that `index` names."""

    api_key: str = ""
    ca_file: str = ""
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")] = "tingzhen"
    shards: Annotated[int, Field(ge=1, le=128)] = 1
    replicas: Annotated[int, Field(ge=0, le=5)] = 1
    timeout: Annotated[float, Field(gt=0, le=600)] = 30.0


class AlertSettings(_Table):
    """[alerts]: what is told, and how messages leave this machine. One mail server serves every mail channel.

    `max_age_days`: a post older than this when it is found tells nobody (a first crawl of old threads).
    """

    max_age_days: Annotated[int, Field(ge=1, le=365)] = 7
    smtp: Annotated[str, _like(r"(smtps?://[^/\s]+)?", "smtp_address")] = ""
    mail_from: Annotated[str, _like(r"([^@\s<>]+@[^@\s<>]+)?", "mail_address")] = ""
    ca_file: str = ""
    private_addresses: bool = False
    relays: dict[str, Annotated[str, _like(r"https?://[^\s?#]+", "web_address")]] = {}


class ReaderSettings(_Table):
    """[reader]: a language model behind an OpenAI-compatible address that reads doubtful leads; "" is off.

    `texts_may_leave` is the consent to send masked posts to an address outside of our own network,
    `private_addresses` lets it be this machine or our network. Budgets are per day of Beijing; characters are
    those of whole questions.
    """

    url: Annotated[str, _like(r"(https?://[^\s?#]+)?", "web_address")] = ""
    model: str = ""
    key: str = ""
    private_addresses: bool = False
    texts_may_leave: bool = False
    below: Annotated[float, Field(gt=0, le=1)] = 0.8
    requests_per_day: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    characters_per_day: Annotated[int, Field(ge=1000, le=1_000_000_000)] = 200_000
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0

    @property
    def on(self) -> bool:
        """There is somebody to be asked."""
        return bool(self.url and self.model)

    @property
    def host(self) -> str:
        """Whom the texts go to, for people: without user, password and path."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


class BackupSettings(_Table):
    """[backup]: where `serve` puts a whole backup by itself, how often, and how many stay; "" is off.

    `passphrase_file` names the file whose first line seals every archive.
    """

    folder: str = ""
    every_hours: Annotated[int, Field(ge=1, le=24 * 31)] = 24
    keep: Annotated[int, Field(ge=1, le=1000)] = 7
    passphrase_file: str = ""


class AuditSettings(_Table):
    """[audit]: how long it is kept who did what. Six months are the least that article 21 of the
    Cybersecurity Law (网络安全法) asks for of records like these."""

    keep_days: Annotated[int, Field(ge=184, le=36_500)] = 1096


class LogSettings(_Table):
    """[log]: what is logged and how. "auto" is lines for people on a terminal, else JSON. `file` gets JSON;
    it and crawl.log begin anew each day and beyond `max_mb`, and older ones stay so many and so long."""

    format: Literal["auto", "json", "text"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "warning"
    file: str = ""
    max_mb: Annotated[float, Field(gt=0, le=10_000)] = 10.0
    keep_files: Annotated[int, Field(ge=1, le=1000)] = 10
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30


class DiskSettings(_Table):
    """[disk]: when to say that the data folder's disk fills up: below so many per cent free, or full within
    so many days at the growth of the last week. 0 switches either off."""

    warn_percent: Annotated[float, Field(ge=0, le=90)] = 10.0
    warn_days: Annotated[float, Field(ge=0, le=365)] = 7.0


def _index_address(text: str) -> str:
    """ "sqlite", server addresses with commas between, or an Elastic Cloud id."""
    addresses = text.split(",")
    if text == "sqlite" or re.fullmatch(r"cloud:[^\s,]+", text):
        return text
    if all(re.fullmatch(r"\s*https?://[^\s/]+(/\S*)?\s*", part) for part in addresses):
        return text
    raise PydanticCustomError("index_address", "an index")


def _records_address(text: str) -> str:
    """ "sqlite", or the address of a PostgreSQL database."""
    if text == "sqlite" or re.fullmatch(r"postgres(ql)?://\S+", text):
        return text
    raise PydanticCustomError("records_address", "records")


class CardTable(_Table):
    """One [[clinics.cards]] table: a doctor, for who looks for one."""

    name: Text
    title: str = ""
    specialties: tuple[Text, ...] = ()
    hours: str = ""
    booking: str = ""


class ClinicTable(_Table):
    """One [[clinics]] table. Coordinates are WGS-84 degrees."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    name: Text
    lat: float
    lon: float
    district: str = ""
    reach_km: Annotated[float, Field(gt=0, le=MAX_KM)] = 5.0
    aliases: tuple[Text, ...] = ()
    doctors: tuple[Text, ...] = ()
    specialties: tuple[Text, ...] = ()
    exclude: tuple[Text, ...] = ()
    competitors: tuple[Text, ...] = ()
    cards: tuple[CardTable, ...] = ()


class Settings(BaseSettings):
    """Everything a user can set. Tables are TINGZHEN_WEB__PORT and so on in the environment."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="TINGZHEN_", env_nested_delimiter="__"
    )

    data_dir: Path = Path("data")
    index: Annotated[str, AfterValidator(_index_address)] = "sqlite"
    records: Annotated[str, AfterValidator(_records_address)] = "sqlite"
    elastic: ElasticSettings = ElasticSettings()
    leads: LeadSettings = LeadSettings()
    web: WebSettings = WebSettings()
    oidc: OidcSettings = OidcSettings()
    crawl: CrawlSettings = CrawlSettings()
    jobs: JobSettings = JobSettings()
    alerts: AlertSettings = AlertSettings()
    reader: ReaderSettings = ReaderSettings()
    backup: BackupSettings = BackupSettings()
    disk: DiskSettings = DiskSettings()
    audit: AuditSettings = AuditSettings()
    log: LogSettings = LogSettings()
    clinics: tuple[ClinicTable, ...] = ()
    _file: str = PrivateAttr("")  # what complaints name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over secrets, these over the file."""
        secrets = NestedSecretsSettingsSource(file_secret_settings, secrets_dir=_secrets_dir())
        return EnvSettingsSource(settings_cls), secrets, init_settings

    @property
    def sources_file(self) -> Path:
        """Where the sources are kept: the named file, or one in the data folder, which may be missing."""
        return Path(self.crawl.sources) if self.crawl.sources else self.data_dir / "sources.toml"

    @property
    def file(self) -> Path | None:
        """The file these came from; None when everything was left as it is."""
        return Path(self._file) if self._file else None

    def clinic_records(self) -> tuple[Clinic, ...]:
        """The clinics as records, each with the district it stands in.

        Raises:
            ConfigError: outside China, an unknown district or specialty, or one id twice.
        """
        file = f"配置 {self._file} " if self._file else "配置"
        _no_repeats((table.id for table in self.clinics), file)
        return tuple(
            _clinic(table, f"{file}的 clinics.{number}（{table.name}）")
            for number, table in enumerate(self.clinics, 1)
        )


def load_settings(path: Path | None = None) -> Settings:
    """Settings from `path`, $TINGZHEN_CONFIG, ./tingzhen.toml if there is one, else the defaults.

    `data_dir` and all other files and folders are taken relative to the file that names them.

    Raises:
        ConfigError: no such file, not TOML, or a key that is unknown or has a wrong value.
    """
    named = path or (Path(os.environ["TINGZHEN_CONFIG"]) if os.environ.get("TINGZHEN_CONFIG") else None)
    file = named or Path(DEFAULT_FILE)
    values: dict[str, Any] = {}
    if named is not None or file.exists():
        values = _read(file)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise ConfigError(_sentence(error, file)) from error
    except OSError as error:
        raise ConfigError(f"密钥文件 {error.filename} 读不了（{os_reason(error)}）：请检查权限。") from error
    except SettingsError as error:
        raise ConfigError(f"环境变量看不懂（{error}）：列表和表要写成 JSON。") from error
    settings._file = str(file)
    return _anchored(settings, file.parent)


def _secrets_dir() -> str | None:
    """The folder with a file for each secret, as Docker and Kubernetes mount them; raises ConfigError."""
    named = os.environ.get(SECRETS_DIR) or None
    if named and not Path(named).is_dir():
        raise ConfigError(f"{SECRETS_DIR} 指的目录 {named} 不存在：请检查路径。")
    return named


def with_index(settings: Settings, address: str) -> Settings:
    """The same settings with another index.

    Raises:
        ConfigError: not an address.
    """
    try:
        return settings.model_copy(update={"index": _index_address(address)})
    except PydanticCustomError as error:
        raise ConfigError(f"索引地址不对：{_PROBLEMS['index_address']}。") from error


def to_hand(settings: Settings) -> str:
    """What `read_handed` reads: without second reader and backups, which no other process needs."""
    return settings.model_dump_json(exclude={"reader", "oidc", "backup"})


def read_handed(file: Path) -> Settings:
    """Settings as another of our processes wrote them, checked already; the environment has no say."""
    return Settings.model_construct(**_Handed.model_validate_json(file.read_bytes()).__dict__)


class _Handed(BaseModel):
    """The fields of `Settings` without its environment sources."""

    data_dir: Path
    index: str
    records: str
    elastic: ElasticSettings
    leads: LeadSettings
    web: WebSettings
    crawl: CrawlSettings
    alerts: AlertSettings
    clinics: tuple[ClinicTable, ...]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"找不到配置文件 {file}：请检查路径，或从 tingzhen.example.toml 复制一份。"
        ) from None
    except OSError as error:
        raise ConfigError(f"配置文件 {file} 读不了（{os_reason(error)}）：请检查权限。") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"配置文件 {file} 不是有效的 TOML（{error}）：请改正后再试。") from error


def _anchored(settings: Settings, folder: Path) -> Settings:
    changed: dict[str, object] = {"data_dir": folder / settings.data_dir}
    for name, keys in _PATHS.items():
        table = getattr(settings, name)
        given = {key: str(folder / getattr(table, key)) for key in keys if getattr(table, key)}
        changed[name] = table.model_copy(update=given)
    return settings.model_copy(update=changed)


_PATHS = {
    "crawl": ("sources",),
    "elastic": ("ca_file",),
    "alerts": ("ca_file",),
    "oidc": ("secret_file", "ca_file"),
    "backup": ("folder", "passphrase_file"),
    "log": ("file",),
}
_PROBLEMS = {
    "extra_forbidden": "没有这个设置项，请检查拼写或删掉它",
    "missing": "缺少这一项，请补上",
    "string_pattern_mismatch": "只能用小写字母、数字、- 和 _",
    "literal_error": "只能写 {expected}",
    "greater_than": "必须大于 {gt:g}",
    "greater_than_equal": "必须不小于 {ge:g}",
    "less_than_equal": "必须不大于 {le:g}",
    "string_too_short": "不能为空",
    "records_address": "请写 sqlite，或 postgresql://用户:密码@主机/库名",
    "smtp_address": "请写 smtps://用户:密码@主机:465，密码里的特殊字符写成 %40 这样",
    "mail_address": "请写一个邮箱地址",
    "web_address": "请写 https:// 开头的地址",
    "index_address": "请写 sqlite，或 https://主机:9200（几台用逗号隔开），或 cloud:云 id",
}


def _sentence(error: ValidationError, file: Path) -> str:
    """The first of pydantic's complaints as one zh-CN sentence."""
    first = error.errors()[0]
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    template = _PROBLEMS.get(first["type"], "类型不对，请对照 tingzhen.example.toml")
    given = re.sub(r"//.*@", "//***@", repr(first["input"]))  # an address may hold a password
    return f"配置 {file} 的 {key}（现在是 {given}）：{template.format(**first.get('ctx', {}))}。"


def _no_repeats(ids: Iterable[str], file: str) -> None:
    seen: set[str] = set()
    for clinic_id in ids:
        if clinic_id in seen:
            raise ConfigError(f"{file}的 clinics 里有两个诊所的 id 都是 {clinic_id!r}：请改掉一个。")
        seen.add(clinic_id)


def _clinic(table: ClinicTable, where: str) -> Clinic:
    if not in_china(table.lat, table.lon):
        hint = "，经纬度好像写反了" if in_china(table.lon, table.lat) else ""
        raise ConfigError(f"{where}的 lat、lon（{table.lat}, {table.lon}）不在中国范围内{hint}：请改正。")
    known = lexicon.load().specialties
    unknown = sorted(set(table.specialties) - set(known))
    if unknown:
        raise ConfigError(f"{where}的 specialties 里 {unknown[0]!r} 不认识：可用 {'、'.join(known)}。")
    try:
        cards = checked((DoctorCard(**card.model_dump()) for card in table.cards), table.doctors)
    except InputError as error:
        raise ConfigError(f"{where}的 cards：{error}") from error
    return Clinic(
        adcode=_adcode(table, where),
        cards=cards,
        **table.model_dump(exclude={"district", "cards"}),
    )


def _adcode(table: ClinicTable, where: str) -> str:
    gazetteer = Gazetteer.load()
    if not table.district:
        nearest = gazetteer.nearest(table.lat, table.lon)
        if nearest is None:
            raise ConfigError(f"{where}的 lat、lon（{table.lat}, {table.lon}）附近没有行政区：请改正。")
        return nearest.code
    division = gazetteer.resolve(table.district)
    if division is None:
        raise ConfigError(f"{where}的 district {table.district!r} 找不到：请写成 四川 成都 武侯区 这样。")
    return division.code


def loopback(host: str) -> bool:
    """Only this machine reaches this address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
