"""The samples in deploy/ are valid in the eyes of their own programs, and run what `souschef up` runs."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from config.settings import Settings
from web.routes.health import every_family
from workers.heartbeat import DEAD_SECONDS
from workers.local.processes import PROCESS_NAMES, command

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS: list[dict[str, Any]] = [
    document
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for document in yaml.safe_load_all(path.read_text())
]
PODS = {
    each["metadata"]["name"]: each["spec"]["template"]["spec"]
    for each in MANIFESTS
    if each["kind"] in {"Deployment", "Job"}
}
BASE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OVERLAY: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "proxy.yml").read_text())


def needed(program: str, package: str) -> str:
    """Return the path of a program, or skip and say how to get it."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed: apt-get install {package}")
    return found


def run(*words: str | Path, **environment: str) -> str:
    """Run a program, which ends with 0 or fails the test; return what it says."""
    ran = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment}
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.full
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_a_manifest_is_valid_by_the_official_schema(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.full
def test_a_misspelt_field_of_a_manifest_would_be_found() -> None:
    broken = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


def test_kustomize_applies_every_manifest_and_the_script_that_is_tested() -> None:
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    files = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == files
    copied = (DEPLOY / "kubernetes" / "backup.sh").read_text()  # kustomize reads nothing outside of its folder
    assert copied == (DEPLOY / "backup" / "backup.sh").read_text()


@pytest.mark.parametrize("name", PROCESS_NAMES)
def test_a_pod_runs_the_supervisors_command(name: str) -> None:
    [container] = PODS[name]["containers"]
    assert container["command"] == command(name, Settings(web_host="0.0.0.0"))  # noqa: S104 - a pod's own address


def test_a_pod_has_the_rights_secrets_and_end_that_a_container_of_compose_has() -> None:
    for name, pod in PODS.items():
        [container] = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsUser"] == 10001
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        [secrets] = [volume["secret"]["items"] for volume in pod["volumes"] if "secret" in volume]
        assert {item["key"] for item in secrets} == set(BASE["services"][name]["secrets"])
    assert PODS["worker"]["terminationGracePeriodSeconds"] > 40


def test_a_deaf_worker_is_started_again() -> None:
    """Liveness asks for the heartbeat that a deaf worker does not have; a broker that is down ends nobody."""
    [worker] = PODS["worker"]["containers"]
    assert worker["livenessProbe"]["exec"]["command"] == ["python", "-m", "workers.heartbeat", "worker"]
    assert worker["livenessProbe"]["periodSeconds"] * worker["livenessProbe"]["failureThreshold"] >= DEAD_SECONDS
    [api] = PODS["api"]["containers"]
    assert api["livenessProbe"]["httpGet"]["path"] == "/health"
    assert api["readinessProbe"]["httpGet"]["path"] == "/ready"


def test_workers_scale_by_a_metric_that_exists() -> None:
    [scaler] = [each for each in MANIFESTS if each["kind"] == "HorizontalPodAutoscaler"]
    assert scaler["spec"]["scaleTargetRef"]["name"] in PODS
    metric = scaler["spec"]["metrics"][0]["external"]["metric"]
    [family] = [family for family in every_family() if family.name == metric["name"]]
    assert ("all" in {sample.labels["kind"] for sample in family.samples}) is (
        metric["selector"]["matchLabels"] == {"kind": "all"}
    )
    assert not [each for each in MANIFESTS if each["metadata"]["name"] == "worker" and "replicas" in each["spec"]]


@pytest.mark.parametrize("path", sorted((DEPLOY / "systemd").iterdir()), ids=lambda path: path.name)
def test_systemd_accepts_each_unit(path: Path, tmp_path: Path) -> None:
    """In a root folder of its own, where the program lies at /opt/souschef."""
    verify = needed("systemd-analyze", "systemd")
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text().replace("/opt/souschef/.venv/bin", str(ROOT / ".venv" / "bin"))
        text = re.sub("^User=.*$", "User=daemon", text.replace("/opt/souschef", str(ROOT)), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    name = path.name.replace("@.", "@1.")
    output = run(
        verify, "verify", "--man=no", "--recursive-errors=no", tmp_path / name, SYSTEMD_UNIT_PATH=f"{tmp_path}:"
    )
    assert path.name not in output, output


def test_systemd_runs_the_supervisors_commands() -> None:
    for name in PROCESS_NAMES:
        [path] = [each for each in (DEPLOY / "systemd").iterdir() if each.name.startswith(f"souschef-{name}")]
        [start] = re.findall(r"^ExecStart=/opt/souschef/\.venv/bin/(.+)$", path.read_text(), flags=re.MULTILINE)
        words = [word.replace("worker%i@%%h", "worker@%h") for word in shlex.split(start)]
        assert words == command(name, Settings())
    target = (DEPLOY / "systemd" / "souschef.target").read_text()
    units = {unit.replace("@1.", "@.") for unit in re.findall(r"souschef-[\w@]+\.service", target)}
    assert units | {"souschef.target", "souschef-backup.service", "souschef-backup.timer"} == {
        path.name for path in (DEPLOY / "systemd").iterdir()
    }


def test_caddy_accepts_its_file() -> None:
    caddy = needed("caddy", "caddy")
    output = run(caddy, "adapt", "--config", DEPLOY / "caddy" / "Caddyfile", "--adapter", "caddyfile", "--validate")
    assert '"dial":"127.0.0.1:8484"' in output.replace(" ", "")


def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    nginx, openssl = needed("nginx", "nginx-light"), needed("openssl", "openssl")
    run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
        "-keyout", tmp_path / "key", "-out", tmp_path / "certificate")  # fmt: skip
    server = (DEPLOY / "nginx" / "souschef.conf").read_text()
    server = server.replace("/etc/ssl/souschef.pem", str(tmp_path / "certificate"))
    server = server.replace("/etc/ssl/souschef.key", str(tmp_path / "key"))
    server = re.sub(r"listen (\d+)", r"listen 127.0.0.1:1\1", server)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {server} }}")
    assert "test is successful" in run(nginx, "-t", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "log")


def test_both_proxies_keep_the_metrics_inside_and_let_the_largest_body_through() -> None:
    nginx, caddy = (DEPLOY / "nginx" / "souschef.conf").read_text(), (DEPLOY / "caddy" / "Caddyfile").read_text()
    assert "location = /metrics { return 404; }" in nginx
    assert "@inside path /metrics" in caddy
    assert Settings().web_max_body_mb == 16
    assert "client_max_body_size 16m;" in nginx
    assert "max_size 16MiB" in caddy


def test_the_overlay_fits_the_compose_file() -> None:
    services = OVERLAY["services"]
    assert not services.keys() & BASE["services"].keys()
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert set(service.get("secrets", ())) <= BASE["secrets"].keys()
        assert set(service.get("networks", ())) <= BASE["networks"].keys()
        assert set(service.get("depends_on", {})) <= BASE["services"].keys() | services.keys()
        for mount in service["volumes"]:
            assert not mount.startswith("./deploy/") or (ROOT / mount.partition(":")[0]).exists()
    assert services["backup"]["image"] == BASE["services"]["postgres"]["image"]
    assert services["backup"]["networks"] == ["inside"], "dumps have no way out"
    assert set(services["caddy"]["ports"]) == {"80:80", "443:443"}


def test_the_readme_lists_every_folder() -> None:
    text = (DEPLOY / "README.md").read_text()
    assert {path.name for path in DEPLOY.iterdir() if path.is_dir() and f"`{path.name}/" not in text} == set()
