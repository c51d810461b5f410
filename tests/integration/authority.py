"""Certificate authorities for tests, made like the depot makes its own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
from ipaddress import ip_address
from pathlib import Path
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Authority:
    """A certificate and the key that signs with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """Return the certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 fingerprint, worked out apart from the code under test."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        digest = hashlib.sha256(der).hexdigest().upper()
        return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def make_authority(name: str = "Depot root", issuer: Authority | None = None) -> Authority:
    """Return a root, or an intermediate authority that the issuer signed."""
    return _issue(name, issuer, authority=True, address=None, ends_in=365 * _DAY)


def make_server(
    issuer: Authority | None, *, address: str = "127.0.0.1", ends_in: timedelta = 30 * _DAY
) -> Authority:
    """Return a server's certificate; without an issuer it signs itself."""
    return _issue("Depot", issuer, authority=False, address=address, ends_in=ends_in)


def server_context(folder: Path, server: Authority, *rest: Authority) -> ssl.SSLContext:
    """Return the context of a TLS server that sends these certificates."""
    chain = folder / f"{server.certificate.serial_number}.pem"
    key = server.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    chain.write_text(key + "".join(one.pem for one in (server, *rest)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


def _issue(
    name: str,
    issuer: Authority | None,
    *,
    authority: bool,
    address: str | None,
    ends_in: timedelta,
) -> Authority:
    """Return a new certificate with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 60 * _DAY)
        .not_valid_after(now + ends_in)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                (issuer.key if issuer else key).public_key()
            ),
            critical=False,
        )
    )
    if authority:
        builder = builder.add_extension(_CA_USAGE, critical=True)
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    signer = issuer.key if issuer else key
    return Authority(certificate=builder.sign(signer, hashes.SHA256()), key=key)


_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)
