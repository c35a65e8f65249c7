"""compose.yaml without Docker: held against its schema; its stores are started for real, with certificates,
settings and users it gives them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from leads.config import load_settings
from leads.errors import StorageError
from leads.index import open_backend
from leads.records import open_records
from tests.support import postgres_server
from tests.support.builders import lead
from tests.support.elastic_server import Server, home, or_skip, scratch
from tests.support.indexes import elastic_settings
from tests.support.paths import ROOT

PARTS = ROOT / "docs" / "deploy" / "compose"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("setup", "web", "worker", "one-machine")


def set_up(folder: Path) -> None:
    subprocess.run(["sh", PARTS / "setup.sh", folder], check=True, capture_output=True)  # noqa: S603, S607 - our own script


def openssl(*words: object) -> str:
    ran = subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True)  # noqa: S603, S607 - it is what the script uses
    return ran.stdout


@pytest.fixture(scope="module")
def secrets() -> Iterator[Path]:
    """What `setup` leaves, in a folder that servers of other users may enter."""
    with scratch() as folder:
        set_up(folder)
        yield folder


class TestFile:
    def test_is_what_compose_understands(self) -> None:
        checker = Path(sys.executable).with_name("check-jsonschema")
        ran = subprocess.run(  # noqa: S603 - our own tool
            [checker, "--builtin-schema", "vendor.compose-spec", ROOT / "compose.yaml"],
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout

    def test_mounts_files_that_are_there_and_volumes_that_are_declared(self) -> None:
        sources = [mount.partition(":")[0] for each in SERVICES.values() for mount in each["volumes"]]
        assert {name for name in sources if name.startswith(".") and not (ROOT / name).exists()} == set()
        assert {name for name in sources if not name.startswith(".")} == COMPOSE["volumes"].keys()

    @pytest.mark.parametrize("name", SERVICES)
    def test_every_part_has_limits_no_privileges_and_says_whether_it_is_well(self, name: str) -> None:
        service = SERVICES[name]
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "healthcheck" in service or "build" in service, "the image's own"

    @pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"elasticsearch"}))
    def test_roots_cannot_be_written_to_but_that_of_elasticsearch_which_writes_its_settings(
        self, name: str
    ) -> None:
        assert SERVICES[name]["read_only"] is True

    @pytest.mark.parametrize("name", ["elasticsearch", "postgres"])
    def test_stores_are_reached_from_within_only(self, name: str) -> None:
        assert SERVICES[name]["networks"] == ["inside"]
        assert COMPOSE["networks"]["inside"]["internal"] is True
        assert "ports" not in SERVICES[name]

    def test_the_desk_is_reached_through_tls_and_from_this_machine_only(self) -> None:
        assert SERVICES["web"]["ports"] == ["127.0.0.1:8443:8443"]
        assert SERVICES["proxy"]["network_mode"] == "service:web"
        assert "listen 8443 ssl;" in (PARTS / "nginx.conf").read_text(encoding="utf-8")

    def test_there_are_two_workers(self) -> None:
        assert SERVICES["worker"]["deploy"]["replicas"] == 2
        assert SERVICES["worker"]["command"][:2] == ["tingzhen", "worker"]
        assert SERVICES["web"]["environment"]["TINGZHEN_CRAWL__PARALLEL"] == "0", "the desk leaves it to them"

    def test_no_password_and_no_key_stands_in_it(self) -> None:
        variables = {name: each.get("environment", {}) for name, each in SERVICES.items()}
        held = {
            f"{part}: {name}"
            for part, given in variables.items()
            for name in given
            if ("PASSWORD" in name or "SECRET" in name) and not name.endswith(("_FILE", "_DIR"))
        }
        assert held == set()
        assert all("@" not in str(value) for given in variables.values() for value in given.values())

    @pytest.mark.parametrize("name", OURS)
    def test_our_parts_run_the_image_that_is_built_here(self, name: str) -> None:
        assert (SERVICES[name]["build"], SERVICES[name]["image"]) == (".", "tingzhen")

    def test_one_machine_needs_none_of_the_others_and_starts_only_when_asked_for(self) -> None:
        alone = SERVICES["one-machine"]
        assert (alone["depends_on"], alone["environment"]) == ({}, {})
        assert alone["profiles"] == ["one-machine"]
        assert [name for name, each in SERVICES.items() if "profiles" in each] == ["one-machine"]


class TestSetup:
    def test_each_part_gets_its_own_key_that_only_its_user_reads(self, secrets: Path) -> None:
        keys = [(secrets / part / "tls.key") for part in ("elasticsearch", "postgres", "proxy")]
        assert len({key.read_bytes() for key in keys}) == 3
        for file in secrets.glob("[!c]*/*"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o400, file
        if os.geteuid() == 0:
            owners = {part.name: part.stat().st_uid for part in secrets.iterdir()}
            assert owners == {
                "ca": 0,
                "elasticsearch": 1000,
                "postgres": 999,
                "proxy": 101,
                "tingzhen": 10001,
            }

    def test_certificates_name_their_part_and_are_signed_by_this_ca_only(self, secrets: Path) -> None:
        for part in ("elasticsearch", "postgres", "proxy"):
            certificate = secrets / part / "tls.crt"
            said = openssl(
                "verify",
                "-x509_strict",
                "-CAfile",
                secrets / "ca" / "ca.crt",
                "-verify_hostname",
                part,
                certificate,
            )
            assert said.strip().endswith("OK")

    def test_a_second_run_keeps_everything(self, secrets: Path) -> None:
        before = {file: file.read_bytes() for file in secrets.rglob("*") if file.is_file()}
        set_up(secrets)
        assert {file: file.read_bytes() for file in secrets.rglob("*") if file.is_file()} == before

    def test_a_certificate_that_is_gone_or_ends_is_made_anew_with_the_same_ca(self, tmp_path: Path) -> None:
        set_up(tmp_path)
        old, authority = (
            (tmp_path / "proxy" / "tls.key").read_bytes(),
            (tmp_path / "ca" / "ca.crt").read_bytes(),
        )
        (tmp_path / "proxy").chmod(0o700)
        (tmp_path / "proxy" / "tls.crt").unlink()
        set_up(tmp_path)
        assert (tmp_path / "proxy" / "tls.key").read_bytes() != old
        assert (tmp_path / "ca" / "ca.crt").read_bytes() == authority

    def test_what_tingzhen_gets_are_its_settings(
        self, secrets: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TINGZHEN_SECRETS_DIR", str(secrets / "tingzhen"))
        for name, value in SERVICES["web"]["environment"].items():
            if name != "TINGZHEN_SECRETS_DIR":
                monkeypatch.setenv(name, value.replace("${TINGZHEN_PUBLIC_URL:-", "").rstrip("}"))
        monkeypatch.chdir(secrets)
        settings = load_settings()
        assert urlsplit(settings.index).hostname == "elasticsearch"
        assert urlsplit(settings.records).hostname == "postgres"
        assert settings.web.public_url == "https://localhost:8443"
        assert (secrets / "tingzhen" / Path(settings.elastic.ca_file).name).exists()


@pytest.fixture(scope="module")
def postgres(secrets: Path) -> Iterator[tuple[str, int]]:
    """(password, port) of a server with the options and the certificates of compose.yaml."""
    with postgres_server.or_skip(), scratch() as folder:
        there, given = folder / "secrets", folder / "given"
        shutil.copytree(secrets / "postgres", there)
        given.mkdir()
        shutil.copy(PARTS / "pg_hba.conf", given)
        for path in (there, *there.iterdir(), given, *given.iterdir()):
            shutil.chown(path, postgres_server.runs_as() or os.geteuid())
        folder.chmod(0o755)
        options = " ".join(SERVICES["postgres"]["command"][1:])
        options = options.replace("/run/secrets", str(there)).replace("/etc/tingzhen", str(given))
        password = (there / "password").read_text().strip()
        with scratch() as home_folder:
            runs = postgres_server.running(
                home_folder / "server", user="tingzhen", password=password, options=options
            )
            with runs as port:
                yield password, port


def through(secrets: Path, server: tuple[str, int], *, host: str = "postgres", **more: str) -> str:
    """libpq's words for the address that `setup` writes, but for where the name leads."""
    password, port = server
    words = {
        "host": host, "hostaddr": "127.0.0.1", "port": str(port), "user": "tingzhen", "password": password,
        "dbname": "postgres", "sslmode": "verify-full", "sslrootcert": f"{secrets}/tingzhen/ca.crt", **more,
    }  # fmt: skip
    return " ".join(f"{name}={value}" for name, value in words.items())


class TestPostgres:
    def test_the_records_are_opened_over_tls_with_the_certificate_verified(
        self, secrets: Path, postgres: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with psycopg.connect(through(secrets, postgres), autocommit=True) as connection:
            connection.execute("CREATE DATABASE tingzhen")
            row = connection.execute(
                "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            ).fetchone()
        assert row == (True, "TLSv1.3")
        address = (secrets / "tingzhen" / "tingzhen_records").read_text().strip()
        assert "sslmode=verify-full" in address
        address = address.replace("@postgres:5432", f"@127.0.0.1:{postgres[1]}")
        address = address.replace("/run/secrets", str(secrets / "tingzhen"))
        monkeypatch.setenv("TINGZHEN_RECORDS", address)
        monkeypatch.chdir(tmp_path)
        with open_records(load_settings()) as records:
            assert records.engine.dialect.name == "postgresql"

    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ({"sslmode": "disable"}, "no pg_hba.conf entry|no encryption"),
            ({"host": "elsewhere"}, "does not match host name"),
            ({"password": "wrong"}, "password authentication failed"),
        ],
    )
    def test_nobody_gets_in_without_tls_by_another_name_or_with_another_password(
        self, secrets: Path, postgres: tuple[str, int], more: dict[str, str], why: str
    ) -> None:
        with pytest.raises(psycopg.OperationalError, match=why):
            psycopg.connect(through(secrets, postgres, **more))

    def test_a_server_that_another_ca_signed_is_refused(
        self, secrets: Path, postgres: tuple[str, int], tmp_path: Path
    ) -> None:
        set_up(tmp_path)
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            psycopg.connect(through(secrets, postgres, sslrootcert=str(tmp_path / "ca" / "ca.crt")))


@pytest.fixture(scope="module")
def elastic(secrets: Path) -> Iterator[tuple[Server, str]]:
    """A server with the settings, the user, the role and the certificates of compose.yaml; its password."""
    given = SERVICES["elasticsearch"]["environment"]
    names = {"true": True, "false": False}
    settings = {name: names.get(value, value) for name, value in given.items() if "." in name}
    files = {f"certs/{name}": secrets / "elasticsearch" / name for name in ("tls.key", "tls.crt", "ca.crt")}
    password = (secrets / "elasticsearch" / "password").read_text().strip()
    with or_skip(), scratch() as folder:
        server = Server(
            home(), folder, settings=settings, users={"tingzhen": password}, role="tingzhen",
            configuration={"roles.yml": PARTS / "roles.yml", **files},
        )  # fmt: skip
        try:
            server.start()
            yield server, password
        finally:
            server.kill()


@pytest.mark.elastic
class TestElasticsearch:
    def test_the_index_is_made_filled_and_read_over_https_by_a_user_who_may_do_no_more(
        self, secrets: Path, elastic: tuple[Server, str], tmp_path: Path
    ) -> None:
        server, password = elastic
        url = server.address.replace("https://", f"https://tingzhen:{password}@")
        with open_backend(
            elastic_settings(url, tmp_path, "tingzhen", ca_file=str(secrets / "tingzhen" / "ca.crt"))
        ) as index:
            index.upsert([lead(1)])
            assert index.counts()["leads"] == 1

    def test_another_ca_is_not_believed(self, elastic: tuple[Server, str], tmp_path: Path) -> None:
        server, password = elastic
        url = server.address.replace("https://", f"https://tingzhen:{password}@")
        set_up(tmp_path / "other")
        with pytest.raises(StorageError, match="证书验证不了"):
            open_backend(
                elastic_settings(url, tmp_path / "data", ca_file=str(tmp_path / "other" / "ca" / "ca.crt"))
            )

    def test_nobody_gets_in_without_the_password(
        self, secrets: Path, elastic: tuple[Server, str], tmp_path: Path
    ) -> None:
        with pytest.raises(StorageError, match="不认这个用户名"):
            open_backend(
                elastic_settings(elastic[0].address, tmp_path, ca_file=str(secrets / "tingzhen" / "ca.crt"))
            )
