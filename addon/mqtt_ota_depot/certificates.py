"""Certificates: a local authority, and the server certificate that it signs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
import ipaddress
import logging
from pathlib import Path
import ssl
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .files import write_private

AUTHORITY_LIFETIME: Final = timedelta(days=3653)
# Some clients refuse server certificates that live longer.
SERVER_LIFETIME: Final = timedelta(days=397)
RENEW_BEFORE: Final = timedelta(days=30)
# Machines without a clock of their own start in the past; a certificate from
# before their time would be refused until the time is set.
_BACKDATE: Final = timedelta(days=365)

_LOGGER: Final = logging.getLogger(__name__)


class CertificateError(Exception):
    """A certificate cannot be used; the text names the file and the remedy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerCertificate:
    """Files of a certificate chain and its key, and what clients pin.

    `fingerprint` is the SHA-256 (as `AB:CD:…`) of the DER form of the root where the
    server sends that, else of its own certificate: who signed it signs for strangers,
    too. `leaf` is the server's own certificate (DER).
    """

    chain: Path
    key: Path
    fingerprint: str
    leaf: bytes

    def context(self) -> ssl.SSLContext:
        """Return the server's TLS context; raises CertificateError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.load_into(context)
        return context

    def load_into(self, context: ssl.SSLContext) -> None:
        """Use the certificate for all new connections; raises CertificateError."""
        try:
            context.load_cert_chain(self.chain, self.key)
        except (OSError, ssl.SSLError) as err:
            msg = (
                f"cannot use certificate {self.chain} with key {self.key}: {err}; "
                "check certfile and keyfile"
            )
            raise CertificateError(msg) from err


def own_certificate(certfile: Path, keyfile: Path) -> ServerCertificate:
    """Return a certificate that somebody else made; raises CertificateError."""
    try:
        chain = x509.load_pem_x509_certificates(certfile.read_bytes())
    except (OSError, ValueError) as err:
        msg = f"cannot read certificate {certfile}: {err}; check certfile"
        raise CertificateError(msg) from err
    root = chain[-1] if chain[-1].issuer == chain[-1].subject else chain[0]
    return ServerCertificate(
        chain=certfile, key=keyfile, fingerprint=_fingerprint(root), leaf=_der(chain[0])
    )


class Authority:
    """The local certificate authority, kept in a folder."""

    def __init__(self, folder: Path) -> None:
        """Load the authority, or make it on first use; raises CertificateError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._key_file = folder / "ca.key"
        self._certificate_file = folder / "ca.pem"
        if not self._certificate_file.exists():
            self._make()
        self._key = _load_key(self._key_file)
        self._certificate = _load_certificate(self._certificate_file)

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the certificate, as `AB:CD:…`."""
        return _fingerprint(self._certificate)

    @property
    def pem(self) -> bytes:
        """Return the certificate as text."""
        return _pem(self._certificate)

    @property
    def der(self) -> bytes:
        """Return the certificate in the binary form."""
        return _der(self._certificate)

    def server_certificate(
        self, names: list[str], now: datetime | None = None
    ) -> ServerCertificate:
        """Return a certificate for the names and addresses, renewed when needed."""
        now = now or datetime.now(UTC)
        chain_file = self._folder / "server.pem"
        key_file = self._folder / "server.key"
        wanted = _alternative_names(names)
        if not self._usable(chain_file, key_file, wanted, now):
            _LOGGER.info("Making a server certificate for %s", ", ".join(names))
            key = ec.generate_private_key(ec.SECP256R1())
            leaf = self._sign_server(key, wanted, now)
            write_private(key_file, _key_pem(key))
            write_private(chain_file, _pem(leaf) + _pem(self._certificate))
        return ServerCertificate(
            chain=chain_file,
            key=key_file,
            fingerprint=self.fingerprint,
            leaf=_der(_load_certificate(chain_file)),
        )

    def _make(self) -> None:
        """Make the authority's key and certificate; the certificate comes last."""
        now = datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "MQTT OTA"),
                x509.NameAttribute(NameOID.COMMON_NAME, "MQTT OTA depot authority"),
            ]
        )
        certificate = (
            _builder(name, name, key.public_key(), now, AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(self._key_file, _key_pem(key))
        write_private(self._certificate_file, _pem(certificate))
        # Small devices read the binary form only.
        write_private(self._folder / "ca.der", _der(certificate))

    def _sign_server(
        self,
        key: ec.EllipticCurvePrivateKey,
        names: list[x509.GeneralName],
        now: datetime,
    ) -> x509.Certificate:
        """Return a server certificate signed by the authority."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MQTT OTA depot")])
        lifetime = min(SERVER_LIFETIME, self._certificate.not_valid_after_utc - now)
        return (
            _builder(subject, self._certificate.subject, key.public_key(), now, lifetime)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )

    def _usable(self, chain: Path, key: Path, names: list[x509.GeneralName], now: datetime) -> bool:
        """Return whether the kept server certificate still serves."""
        if not chain.exists() or not key.exists():
            return False
        leaf = _load_certificate(chain)
        kept = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return (
            set(kept.value) == set(names)
            and self._issued(leaf)
            and leaf.public_key() == _load_key(key).public_key()
            and leaf.not_valid_before_utc <= now
            and leaf.not_valid_after_utc - now > RENEW_BEFORE
        )

    def _issued(self, leaf: x509.Certificate) -> bool:
        """Return whether this authority signed the certificate, not one of the same name."""
        try:
            leaf.verify_directly_issued_by(self._certificate)
        except ValueError, TypeError, InvalidSignature:
            return False
        return True


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    """Return what all certificates have in common."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    """Return what the key of a certificate may be used for."""
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(names: list[str]) -> list[x509.GeneralName]:
    """Return addresses and host names as certificates hold them, once each."""
    found: dict[x509.GeneralName, None] = {}
    for name in names:
        try:
            found[_alternative_name(name)] = None
        except UnicodeError:
            _LOGGER.warning("The name %r cannot stand in a certificate", name)
    return list(found)


def _alternative_name(name: str) -> x509.GeneralName:
    """Return an address or a host name; raises UnicodeError for wrong names."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def _load_certificate(path: Path) -> x509.Certificate:
    """Return the first certificate of a file."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError) as err:
        msg = f"cannot read {path}: {err}; restore it from a backup or remove it"
        raise CertificateError(msg) from err


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a file."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as err:
        msg = (
            f"cannot read {path}: {err}; restore it from a backup, or remove the "
            "folder to begin with new certificates"
        )
        raise CertificateError(msg) from err
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        msg = f"{path} is not an elliptic curve key; remove the folder to renew it"
        raise CertificateError(msg)
    return key


def _fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the DER form as people compare it, `AB:CD:…`."""
    return hashlib.sha256(_der(certificate)).digest().hex(":").upper()


def _der(certificate: x509.Certificate) -> bytes:
    """Return the DER form of a certificate."""
    return certificate.public_bytes(serialization.Encoding.DER)


def _pem(certificate: x509.Certificate) -> bytes:
    """Return the PEM form of a certificate."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the PEM form of a key."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
