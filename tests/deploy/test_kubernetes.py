"""The manifests of docs/deploy/kubernetes: held against its schemas and against what they promise."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import kubernetes_validate
import pytest
import yaml

from leads.config import load_settings
from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "deploy" / "kubernetes"
LISTED: list[str] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
EXAMPLE = "secrets.example.yaml"  # filled in by hand, so not applied with the others


def resources() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in (*LISTED, EXAMPLE):
        for each in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")):
            yield f"{each['kind']}/{each['metadata']['name']}", each


ALL = dict(resources())


def pod(resource: dict[str, Any]) -> dict[str, Any] | None:
    """What its pods look like; None for what has none."""
    spec = resource.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    template = spec.get("template")
    return template if isinstance(template, dict) else None


PODS = {name: found for name, each in ALL.items() if (found := pod(each))}
CONTAINERS = {
    f"{name}: {each['name']}": (template, each)
    for name, template in PODS.items()
    for each in template["spec"]["containers"]
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_kubernetes_understands_every_resource(name: str, version: str) -> None:
    kubernetes_validate.validate(ALL[name], version, strict=True)


def test_every_file_is_applied_but_the_example_of_secrets() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {*LISTED, EXAMPLE, "kustomization.yaml"}


def test_everything_stands_in_one_namespace_that_takes_no_privileged_pods() -> None:
    assert {each["metadata"].get("namespace", "tingzhen") for each in ALL.values()} == {"tingzhen"}
    labels = ALL["Namespace/tingzhen"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_there_are_a_desk_two_workers_and_a_backup() -> None:
    assert set(PODS) == {"Deployment/web", "StatefulSet/worker", "CronJob/backup"}
    assert ALL["Deployment/web"]["spec"]["strategy"] == {"type": "Recreate"}, "its volume is held by one pod"
    assert ALL["StatefulSet/worker"]["spec"]["replicas"] == 2
    web = CONTAINERS["Deployment/web: web"][1]
    assert {"name": "TINGZHEN_CRAWL__PARALLEL", "value": "0"} in web["env"], "the desk, which cannot go out"


@pytest.mark.parametrize("name", CONTAINERS)
def test_no_container_is_root_writes_its_root_or_keeps_a_capability(name: str) -> None:
    template, container = CONTAINERS[name]
    whole = template["spec"]["securityContext"] | container["securityContext"]
    assert whole["runAsNonRoot"] is True
    assert whole["runAsUser"] > 0
    assert whole["readOnlyRootFilesystem"] is True
    assert whole["allowPrivilegeEscalation"] is False
    assert whole["capabilities"] == {"drop": ["ALL"]}
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert template["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_asks_for_what_it_needs_and_has_limits(name: str) -> None:
    resources = CONTAINERS[name][1]["resources"]
    assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_mounted_is_declared_and_tmp_can_be_written(name: str) -> None:
    template, container = CONTAINERS[name]
    declared = {each["name"]: each for each in template["spec"]["volumes"]}
    claimed = {
        each["metadata"]["name"] for each in ALL["StatefulSet/worker"]["spec"]["volumeClaimTemplates"]
    } if name.startswith("StatefulSet") else set()  # fmt: skip
    mounted = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert set(mounted.values()) <= declared.keys() | claimed
    assert "emptyDir" in declared[mounted["/tmp"]]  # noqa: S108 - a mount, not a file of ours
    assert set(declared) <= {
        each["name"] for other in template["spec"]["containers"] for each in other["volumeMounts"]
    }


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_drain_takes_one_pod_at_a_time(name: str) -> None:
    budget = ALL[f"PodDisruptionBudget/{name}"]["spec"]
    assert budget["maxUnavailable"] == 1
    labels = next(each for full, each in PODS.items() if full.endswith(f"/{name}"))["metadata"]["labels"]
    assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_the_desk_says_when_it_is_ready_and_whether_it_lives() -> None:
    web = next(each for name, (_, each) in CONTAINERS.items() if name == "Deployment/web: web")
    assert "/readyz" in web["readinessProbe"]["exec"]["command"][-1]
    assert "/healthz" in web["livenessProbe"]["exec"]["command"][-1]


class TestNetwork:
    def policies(self, labels: dict[str, str], way: str) -> list[dict[str, Any]]:
        """The policies of this way that hold for pods with these labels."""
        return [
            each["spec"]
            for name, each in ALL.items()
            if name.startswith("NetworkPolicy/")
            and way in each["spec"]["policyTypes"]
            and each["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
        ]

    def blocks(self, name: str) -> list[dict[str, Any]]:
        labels = PODS[name]["metadata"]["labels"]
        rules = [rule for spec in self.policies(labels, "Egress") for rule in spec.get("egress", ())]
        return [to["ipBlock"] for rule in rules for to in rule["to"] if "ipBlock" in to]

    @pytest.mark.parametrize("name", PODS)
    def test_every_pod_is_closed_both_ways_but_for_what_is_named(self, name: str) -> None:
        labels = PODS[name]["metadata"]["labels"]
        for way in ("Ingress", "Egress"):
            assert any(way.lower() not in spec for spec in self.policies(labels, way)), (
                "nothing is the default"
            )

    def test_only_workers_go_out_to_the_web(self) -> None:
        assert self.blocks("StatefulSet/worker")
        assert self.blocks("Deployment/web") == self.blocks("CronJob/backup") == []

    @pytest.mark.parametrize(
        "address",
        ["10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "127.0.0.1", "fd00::1"],
    )
    def test_that_way_leads_to_no_private_address(self, address: str) -> None:
        where = ip_address(address)
        reached = [
            block
            for block in self.blocks("StatefulSet/worker")
            if where in ip_network(block["cidr"])
            and not any(where in ip_network(each) for each in block["except"])
        ]
        assert reached == []

    def test_only_the_proxy_of_the_desk_is_reached_from_elsewhere(self) -> None:
        for name, template in PODS.items():
            rules = [
                rule
                for spec in self.policies(template["metadata"]["labels"], "Ingress")
                for rule in spec.get("ingress", ())
            ]
            ports = [port["port"] for rule in rules for port in rule["ports"]]
            assert ports == ([8443] if name == "Deployment/web" else [])


class TestSettings:
    def test_the_configuration_is_one_that_tingzhen_reads(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, text in ALL["ConfigMap/tingzhen"]["data"].items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        secret = ALL["Secret/tingzhen"]
        folder = tmp_path / "secrets"
        folder.mkdir()
        for name, text in secret["stringData"].items():
            (folder / name).write_text(text, encoding="utf-8")
        given = {each["name"]: each["value"] for each in CONTAINERS["StatefulSet/worker: worker"][1]["env"]}
        monkeypatch.setenv("TINGZHEN_SECRETS_DIR", str(folder))
        monkeypatch.setenv("TINGZHEN_DATA_DIR", given["TINGZHEN_DATA_DIR"])
        settings = load_settings(tmp_path / "tingzhen.toml")
        assert settings.records.startswith("postgresql://")
        assert "sslmode=verify-full" in settings.records
        assert settings.index.startswith("https://")
        assert settings.elastic.api_key == secret["stringData"]["tingzhen_elastic__api_key"]
        assert str(settings.data_dir) == "/data"
        assert settings.sources_file == tmp_path / "sources.toml"

    def test_the_example_holds_no_real_secret(self) -> None:
        for text in ALL["Secret/tingzhen"]["stringData"].values():
            assert "CHANGE-ME" in text or text.startswith("https://")

    def test_the_proxy_is_the_one_of_compose(self) -> None:
        composed = (ROOT / "docs" / "deploy" / "compose" / "nginx.conf").read_text(encoding="utf-8")
        assert ALL["ConfigMap/tingzhen-proxy"]["data"]["nginx.conf"] == composed
