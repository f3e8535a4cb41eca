"""Images are pinned by what their registry says, all of them or none; a registry here speaks as the real ones do."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.programs import load_program

pin_images = load_program("pin_images")
DIGEST = "sha256:" + "7" * 64


@pytest.fixture
def hub() -> Iterator[str]:
    """A registry that wants a token, as Docker Hub does, and has `library/postgres:18.1-alpine` alone."""

    class Registry(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            if self.headers["Authorization"] != "Bearer for everybody":
                self.send_response(401)
                realm = f"http://{self.headers['Host']}/token"
                self.send_header("WWW-Authenticate", f'Bearer realm="{realm}",service="hub",scope="pull"')
            elif self.path == "/v2/library/postgres/manifests/18.1-alpine" and "index" in self.headers["Accept"]:
                self.send_response(200)
                self.send_header("Docker-Content-Digest", DIGEST)
            else:
                self.send_response(404)
            self.end_headers()

        def do_GET(self) -> None:
            asked = self.path == "/token?service=hub&scope=pull"
            self.send_response(200 if asked else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"token": "for everybody"}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_image_gets_the_digest_of_its_registry_and_ours_gets_none(hub: str, tmp_path: Path) -> None:
    old = "@sha256:" + "1" * 64
    (tmp_path / "a.yml").write_text("services:\n  a:\n    image: postgres:18.1-alpine\n    image: souschef:0.2.0\n")
    (tmp_path / "Dockerfile").write_text(f"ARG PYTHON_IMAGE=postgres:18.1-alpine{old}\nFROM ${{PYTHON_IMAGE}} AS x\n")
    with httpx.Client() as client:
        found = pin_images.pin(sorted(tmp_path.iterdir()), lambda image: pin_images.digest(image, client, hub=hub))
    assert found == {"postgres:18.1-alpine": DIGEST}
    text = (tmp_path / "a.yml").read_text()
    assert f"image: postgres:18.1-alpine@{DIGEST}\n" in text
    assert "image: souschef:0.2.0\n" in text
    assert (tmp_path / "Dockerfile").read_text().startswith(f"ARG PYTHON_IMAGE=postgres:18.1-alpine@{DIGEST}\n")


def test_one_unknown_image_and_nothing_is_written(hub: str, tmp_path: Path) -> None:
    text = "image: postgres:18.1-alpine\nimage: redis:9.9\n"
    (tmp_path / "a.yml").write_text(text)
    with httpx.Client() as client, pytest.raises(pin_images.NoDigestError, match=r"answered 404 for redis:9\.9"):
        pin_images.pin([tmp_path / "a.yml"], lambda image: pin_images.digest(image, client, hub=hub))
    assert (tmp_path / "a.yml").read_text() == text


def test_a_registry_that_is_not_there_is_said_in_a_sentence() -> None:
    with (
        httpx.Client() as client,
        pytest.raises(pin_images.NoDigestError, match=re.escape("127.0.0.1 does not answer")),
    ):
        pin_images.digest("redis:7.4", client, hub="http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("redis:7.4", "https://registry-1.docker.io/v2/library/redis/manifests/7.4"),
        ("valkey/valkey:9.0", "https://registry-1.docker.io/v2/valkey/valkey/manifests/9.0"),
        ("ghcr.io/kedacore/keda:2.1", "https://ghcr.io/v2/kedacore/keda/manifests/2.1"),
    ],
)
def test_where_an_image_lies(image: str, expected: str) -> None:
    assert pin_images.address(image) == expected
