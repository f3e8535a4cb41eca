"""What every project has: a licence, one version, one list of commands for CI, and no wheel."""

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the licence as the Apache Software Foundation publishes it, with its fields in brackets."""


def test_the_licence_is_the_whole_apache_licence_in_the_name_of_its_authors() -> None:
    owner = "Copyright 2026 the Souschef authors"
    text = (ROOT / "LICENSE").read_text()
    assert text.count(owner) == 1
    published = text.replace(owner, "Copyright [yyyy] [name of copyright owner]")
    assert hashlib.sha256(published.encode()).hexdigest() == APACHE_2
    assert (PROJECT["license"], PROJECT["license-files"]) == ("Apache-2.0", ["LICENSE", "NOTICE"])


def test_the_image_says_what_pyproject_says_and_holds_the_licence() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', dockerfile))
    assert labels.pop("base.name") == "docker.io/library/${PYTHON_IMAGE}"
    assert {labels.pop(name) for name in ("revision", "created")} == {"${REVISION}", "${CREATED}"}  # of the build
    assert labels == {
        "title": PROJECT["name"],
        "description": PROJECT["description"],
        "version": PROJECT["version"],
        "licenses": PROJECT["license"],
    }
    assert "COPY pyproject.toml LICENSE NOTICE ./" in dockerfile
    assert {"!LICENSE", "!NOTICE"} <= set((ROOT / ".dockerignore").read_text().split())


def test_the_newest_release_of_the_changelog_is_this_version() -> None:
    releases = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert releases[0] == PROJECT["version"]
    assert releases == sorted(releases, key=lambda release: [int(part) for part in release.split(".")], reverse=True)


def test_a_wheel_is_refused_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-index", "--wheel-dir", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode != 0
    assert "Souschef is an application: run it from its folder with bin/souschef" in ran.stdout + ran.stderr
    assert not list(tmp_path.iterdir())


def test_hosted_ci_calls_what_a_fresh_machine_calls_and_trusts_no_other_action() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    used = dict(step["uses"].split("@") for step in steps if "uses" in step)
    assert used.keys() == {"actions/checkout", "actions/setup-python"}
    # A tag can be moved to other code, a commit cannot.
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for commit in used.values())


def test_commit_hooks_are_local_and_download_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        assert hook["language"] == "system", hook["id"]
        program = hook["entry"].split()[0]
        assert (ROOT / program).exists(), program
