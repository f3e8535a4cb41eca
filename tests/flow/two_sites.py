"""Two sites with TLS on one machine: an LMS and Souschef behind a proxy, each under a name of its own.

The certificate is made for the run, and trusted by the run alone: by the browser by its key, by Python by a file.
"""

import base64
import contextlib
import datetime as dt
import hashlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LMS, TOOL = "moodle.riverside.example", "souschef.school.example"
"""Two registrable names, so that to a browser the one is a third party in the other."""
RESOLVE = Path(__file__).parent / "resolve"
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate for both names, as files; `pin` is how Chromium names its key."""

    chain: Path
    key: Path
    pin: str

    def context(self) -> ssl.SSLContext:
        """Return what a server needs."""
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.load_cert_chain(self.chain, self.key)
        return found


def make_certificate(folder: Path) -> Certificate:
    """Write a certificate of both names that lives a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test of Souschef")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(LMS), x509.DNSName(TOOL)])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Certificate(chain, private, base64.b64encode(hashlib.sha256(public).digest()).decode())


class Proxy(socketserver.ThreadingTCPServer):
    """TLS in front of the API, as nginx or a load balancer is in front of it in a school."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.context = context
        self.target = ("127.0.0.1", 0)
        """The API's address."""
        self.partitioned = True
        """Whether cookies reach the browser as partitioned ones; an older browser would not know the word."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Connection(socketserver.BaseRequestHandler):
    """One connection of a browser."""

    server: Proxy

    def handle(self) -> None:
        with (
            contextlib.suppress(OSError),
            self.server.context.wrap_socket(self.request, server_side=True) as inner,
            socket.create_connection(self.server.target) as outer,
        ):
            back = threading.Thread(target=self._pump, args=(outer, inner))
            back.start()
            self._pump(inner, outer)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if not self.server.partitioned:
                    data = data.replace(b"; Partitioned", b"")
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxying(certificate: Certificate) -> Iterator[Proxy]:
    """Run the proxy in a thread."""
    with Proxy(certificate.context()) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=[0.01])
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


def let_python_find(patch: pytest.MonkeyPatch, certificate: Certificate, ports: dict[str, int]) -> None:
    """Let this process, and those that it starts, resolve both names and trust the certificate."""
    addresses = {f"{host}:443": f"127.0.0.1:{port}" for host, port in ports.items()}
    patch.setenv("TEST_HOSTS", " ".join(f"{name}={address}" for name, address in addresses.items()))
    patch.setenv("PYTHONPATH", str(RESOLVE))
    patch.setenv("SSL_CERT_FILE", str(certificate.chain))
    for name in ("NO_PROXY", "no_proxy"):
        patch.setenv(name, "*")
    whole = socket.getaddrinfo

    def resolve(host: str, port: int, *words: object, **options: object) -> object:
        address, _, number = addresses.get(f"{host}:{port}", "").partition(":")
        return whole(address or host, int(number) if number else port, *words, **options)  # type: ignore[arg-type] # passed on

    patch.setattr(socket, "getaddrinfo", resolve)


def browser_options(certificate: Certificate, ports: dict[str, int]) -> list[str]:
    """Return Chromium's options: where both names are, whose key to trust, and no cookies of third parties."""
    rules = ", ".join(f"MAP {host}:443 127.0.0.1:{port}" for host, port in ports.items())
    return [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        f"--host-resolver-rules={rules}",
        f"--ignore-certificate-errors-spki-list={certificate.pin}",
        "--test-third-party-cookie-phaseout",
    ]
