"""Add the digest of every base image to the files that name it: `make pin-images`, before a release.

A tag may be moved, a digest may not. Each registry is asked over HTTPS (`HEAD .../manifests/TAG`, with the token that
it offers to everybody); where one cannot be reached, nothing is written.
"""

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
FILES = ("Dockerfile", "docker-compose.yml", "deploy/compose/*.yml", "deploy/kubernetes/*.yaml")
IMAGE_LINE = re.compile(
    r"(?P<before>^ARG PYTHON_IMAGE=|^\s*(?:- )?image: )(?P<image>[a-z0-9./-]+:[\w.-]+)(?P<digest>@sha256:\w{64})?",
    re.MULTILINE,
)
OURS = "souschef:"
ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)
HUB = "registry-1.docker.io"


class NoDigestError(Exception):
    """A registry does not answer, or does not have the image; the text says which."""


def address(image: str, *, hub: str = f"https://{HUB}") -> str:
    """Return the address of an image's manifest: `postgres:18.1` lies at Docker Hub, in `library/`."""
    name, _, tag = image.rpartition(":")
    first, _, rest = name.partition("/")
    if rest and "." in first:
        return f"https://{first}/v2/{rest}/manifests/{tag}"
    return f"{hub}/v2/{name if rest else f'library/{name}'}/manifests/{tag}"


def digest(image: str, client: httpx.Client, *, hub: str = f"https://{HUB}") -> str:
    """Return `sha256:...` of what an image's tag names now, for all its platforms.

    Raises:
        NoDigestError: the registry does not answer, or does not have it.
    """
    url = address(image, hub=hub)
    try:
        answer = client.head(url, headers={"Accept": ACCEPT})
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            bearer = {"Authorization": f"Bearer {_token(answer.headers['WWW-Authenticate'], client)}"}
            answer = client.head(url, headers={"Accept": ACCEPT} | bearer)
        answer.raise_for_status()
    except (httpx.HTTPError, KeyError, ValueError) as error:
        why = (
            f"answered {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else "does not answer"
        )
        raise NoDigestError(f"The registry {httpx.URL(url).host} {why} for {image}.") from None
    found = str(answer.headers.get("Docker-Content-Digest", ""))
    if not re.fullmatch("sha256:[0-9a-f]{64}", found):
        raise NoDigestError(f"The registry {httpx.URL(url).host} names no digest of {image}.")
    return found


def _token(challenge: str, client: httpx.Client) -> str:
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    answer = client.get(fields.pop("realm"), params=fields)
    answer.raise_for_status()
    return str(answer.json()["token"])


def images(texts: Iterable[str]) -> list[str]:
    """Return the images that files name, each once, without our own."""
    found = {match["image"] for text in texts for match in IMAGE_LINE.finditer(text)}
    return sorted(image for image in found if not image.startswith(OURS))


def pinned(text: str, digests: dict[str, str]) -> str:
    """Return a file's text with the digest behind each image."""

    def add(match: re.Match[str]) -> str:
        found = digests.get(match["image"])
        return f"{match['before']}{match['image']}{'@' + found if found else match['digest'] or ''}"

    return IMAGE_LINE.sub(add, text)


def pin(paths: Iterable[Path], ask: Callable[[str], str]) -> dict[str, str]:
    """Pin every image of these files, or, where one digest cannot be had, none; return the digests by image.

    Raises:
        NoDigestError: see above; nothing was written.
    """
    texts = {path: path.read_text() for path in paths}
    digests = {image: ask(image) for image in images(texts.values())}
    for path, text in texts.items():
        path.write_text(pinned(text, digests))
    return digests


def main() -> None:
    """Pin the images of this project."""
    paths = [path for pattern in FILES for path in sorted(ROOT.glob(pattern))]
    with httpx.Client(timeout=20, follow_redirects=True) as client:
        try:
            digests = pin(paths, lambda image: digest(image, client))
        except NoDigestError as error:
            sys.exit(f"souschef: {error} No file was changed. Run this where image registries can be reached.")
    for image, found in digests.items():
        print(f"{image}  {found}")


if __name__ == "__main__":
    main()
