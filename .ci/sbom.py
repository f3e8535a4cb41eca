"""Write the bill of materials: what the image installs, with version, licence and digests, as CycloneDX 1.6 JSON.

`python .ci/sbom.py [OUT]` reads requirements/production.txt, which is what the image installs from; licences are taken
from the packages as they are installed here. The same lock gives the same bytes: there is no time and no random number.
"""

import importlib.metadata
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINNED = re.compile(
    r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))? \\$(?P<rest>(?:\n    .+)*)", re.MULTILINE
)


def bill() -> dict[str, Any]:
    """Return the bill of materials."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements" / "production.txt").read_text()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": project["name"],
                "name": project["name"],
                "version": project["version"],
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [component(found) for found in PINNED.finditer(lock)],
    }


def component(pinned: re.Match[str]) -> dict[str, Any]:
    """Return one package: each of its files, for each platform, has a digest."""
    name, version = pinned["name"], pinned["version"]
    purl = f"pkg:pypi/{name}@{version}"
    files = [
        {
            "type": "distribution",
            "url": purl,
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }
        for digest in re.findall(r"--hash=sha256:([0-9a-f]{64})", pinned["rest"])
    ]
    found: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if spoken := licence(name):
        found["licenses"] = [{"license": {"name": spoken}}]
    found["externalReferences"] = files
    if pinned["marker"]:
        found["properties"] = [{"name": "souschef:only-where", "value": pinned["marker"]}]
    return found


def licence(name: str) -> str | None:
    """Return what an installed package says of its licence in a line, or None."""
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    classified = [each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier", []) if "License ::" in each]
    first_line = (metadata.get("License") or "").partition("\n")[0]
    written = metadata.get("License-Expression") or " OR ".join(classified) or first_line
    return written or None


if __name__ == "__main__":
    text = json.dumps(bill(), indent=1) + "\n"
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text)
    else:
        sys.stdout.write(text)
