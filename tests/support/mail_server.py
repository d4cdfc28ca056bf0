"""A mail server on loopback, with TLS by a certificate that only a test trusts."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.workspace import free_port

HOST = "127.0.0.1"


class MailServer(Controller):
    """Takes one user and password; ``mails`` are those that came."""

    def __init__(self, folder: Path, user: str, password: str, encryption: str) -> None:
        self.known = (user.encode(), password.encode())
        self.encryption, self.mails = encryption, list[Any]()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate(folder))
        at = {"hostname": HOST, "port": free_port()}
        within = {"ssl_context": self.context} if encryption == "tls" else {}
        super().__init__(self, **at, **within)

    def factory(self) -> SMTP:
        """Return one session's protocol."""
        starttls = self.context if self.encryption == "starttls" else None
        return SMTP(
            self,
            hostname=HOST,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=self.judge,
            auth_require_tls=starttls is not None,
        )

    def judge(self, server: Any, session: Any, envelope: Any, how: str, given: Any) -> AuthResult:
        """Return whether user and password are the known ones."""
        assert isinstance(given, LoginPassword)
        return AuthResult(success=(given.login, given.password) == self.known, handled=False)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep a mail."""
        self.mails.append(envelope)
        return "250 OK"


@contextmanager
def mail_server(
    folder: Path, user: str = "loader", password: str = "secret", encryption: str = "starttls"
) -> Iterator[MailServer]:
    running = MailServer(folder, user, password, encryption)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def certificate(folder: Path) -> Path:
    """Make a certificate for loopback that signs itself: its file, with the key; once a folder."""
    if (path := folder / "certificate.pem").exists():
        return path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(pem))
    return path
