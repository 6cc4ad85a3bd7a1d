"""The HTTP client on a real wire: certificates and proxies."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from connectors.auth import Bearer
from connectors.http import HttpClient
from connectors.kit import FakeClock
from connectors.retry import NO_RETRY
from synchub.errors import Unavailable

CANARY = "canary-proxy-pw"


class _Answer(BaseHTTPRequestHandler):
    seen: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        """Answer with an empty object."""
        self.seen.append((self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def _serve(tls: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def _certificate(folder: Path, host: str) -> Path:
    """Make a certificate that vouches for itself; returns one PEM file with certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    address = x509.IPAddress(ipaddress.ip_address(host))
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.fixture(params=["127.0.0.1", "127.0.0.2"])
def secure(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path, bool]]:
    """A server with a certificate of a private authority: for its own address, and for another."""
    pem = _certificate(tmp_path, request.param)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server = _serve(tls)
    yield f"https://127.0.0.1:{server.server_address[1]}", pem, request.param == "127.0.0.1"
    server.shutdown()
    server.server_close()


def test_certificate_is_always_verified(secure: tuple[str, Path, bool]) -> None:
    """An unknown authority is refused before a credential is sent."""
    url, _, _ = secure
    client = HttpClient("mdm", url, clock=FakeClock(), auth=Bearer(SecretStr(CANARY)), retry=NO_RETRY)

    with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED") as caught:
        client.request("GET", "/")
    client.close()
    assert caught.value.context["sent"] is False
    assert "ca_file" in caught.value.fix


def test_private_authority(secure: tuple[str, Path, bool]) -> None:
    """With `ca_file` a private authority is trusted, for the host the certificate names and no other."""
    url, pem, right_host = secure
    client = HttpClient("mdm", url, clock=FakeClock(), ca_file=str(pem), retry=NO_RETRY)

    if right_host:
        assert client.request_json("GET", "/") == {}
    else:
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            client.request("GET", "/")
    client.close()


def test_proxy_is_used_and_its_password_is_never_shown() -> None:
    """Requests go through the configured proxy; when it is gone the error does not hold its password."""
    _Answer.seen.clear()
    proxy = _serve()
    address = f"http://hub:{CANARY}@127.0.0.1:{proxy.server_address[1]}"
    client = HttpClient("mdm", "http://127.0.0.1:9", clock=FakeClock(), proxy=address, retry=NO_RETRY)

    assert client.request_json("GET", "/x") == {}
    assert _Answer.seen[0][0] == "http://127.0.0.1:9/x"
    assert _Answer.seen[0][1].startswith("Basic ")
    client.close()
    proxy.shutdown()
    proxy.server_close()

    gone = HttpClient("mdm", "http://127.0.0.1:9", clock=FakeClock(), proxy=address, retry=NO_RETRY)
    with pytest.raises(Unavailable) as caught:
        gone.request("GET", "/x")
    gone.close()
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.context}"
