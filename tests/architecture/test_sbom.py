"""The bill of materials is CycloneDX's, and names just what the image installs."""

import copy
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    ran = subprocess.run([sys.executable, ROOT / ".ci" / "sbom.py"], capture_output=True, check=True, timeout=60)
    return dict(json.loads(ran.stdout))


@pytest.fixture(scope="module")
def judge() -> jsonschema_rs.Validator:
    """The official schema, as CycloneDX's own library ships it."""
    spec = importlib.util.find_spec("cyclonedx.schema")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "_res"
    schema = json.loads((folder / "bom-1.6.SNAPSHOT.schema.json").read_text())
    beside = {
        "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json": "spdx.SNAPSHOT.schema.json",
        "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json": "jsf-0.82.SNAPSHOT.schema.json",
    }
    pairs = [(address, json.loads((folder / name).read_text())) for address, name in beside.items()]
    return jsonschema_rs.Draft7Validator(schema, registry=jsonschema_rs.Registry(pairs))


def test_it_is_cyclonedx(bill: dict[str, Any], judge: jsonschema_rs.Validator) -> None:
    judge.validate(bill)


def test_the_schema_would_refuse_another_document(bill: dict[str, Any], judge: jsonschema_rs.Validator) -> None:
    """The mutant: a digest that is none."""
    other = copy.deepcopy(bill)
    other["components"][0]["externalReferences"][0]["hashes"][0]["content"] = "short"
    assert not judge.is_valid(other)


def test_it_names_every_package_that_the_image_installs_with_its_digests(bill: dict[str, Any]) -> None:
    lock = (ROOT / "requirements" / "production.txt").read_text()
    pinned = set(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock, flags=re.MULTILINE))
    assert {(each["name"], each["version"]) for each in bill["components"]} == pinned
    digests = [file["hashes"][0]["content"] for each in bill["components"] for file in each["externalReferences"]]
    assert sorted(digests) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))


def test_nearly_every_package_says_its_licence_and_none_forbids_our_use(bill: dict[str, Any]) -> None:
    """Those of other platforms are not installed here, and cannot be asked."""
    licences = {
        each["name"]: each["licenses"][0]["license"]["name"] for each in bill["components"] if "licenses" in each
    }
    assert len(licences) > 0.8 * len(bill["components"])
    assert not [name for name, words in licences.items() if re.search(r"AGPL|Affero|Proprietary", words)]
