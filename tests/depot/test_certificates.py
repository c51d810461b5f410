"""The local authority and its server certificates."""

import asyncio
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import ssl

from cryptography import x509
import pytest

from mqtt_ota_depot.certificates import Authority, CertificateError, own_certificate

NAMES = ["192.168.1.10", "localhost", "127.0.0.1", "depot"]


async def handshake(context: ssl.SSLContext, client: ssl.SSLContext, name: str) -> list[bytes]:
    """Return the certificates that a client gets from a server, in DER."""

    def done(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Close at once."""
        writer.close()

    server = await asyncio.start_server(done, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname=name
        )
        chain = writer.get_extra_info("ssl_object").get_unverified_chain()
        writer.close()
    finally:
        server.close()
    return [bytes(each) for each in chain]


async def test_a_client_can_pin_the_authority(tmp_path: Path) -> None:
    """The chain ends with the certificate of the fingerprint; strict clients accept it."""
    authority = Authority(tmp_path / "certificates")
    certificate = authority.server_certificate(NAMES)
    client = ssl.create_default_context(cafile=str(tmp_path / "certificates" / "ca.pem"))
    assert client.verify_flags & ssl.VERIFY_X509_STRICT
    for name in NAMES:
        chain = await handshake(certificate.context(), client, name)
        assert hashlib.sha256(chain[-1]).digest().hex(":").upper() == certificate.fingerprint
        assert chain[-1] == (tmp_path / "certificates" / "ca.der").read_bytes()
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(certificate.context(), client, "stranger")


async def test_old_protocols_are_refused(tmp_path: Path) -> None:
    """TLS 1.2 is the oldest."""
    context = Authority(tmp_path).server_certificate(NAMES).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_everything_is_kept_and_private(tmp_path: Path) -> None:
    """A second start has the same authority and certificate; files are the owner's."""
    first, second = Authority(tmp_path), Authority(tmp_path)
    assert first.fingerprint == second.fingerprint
    chain = first.server_certificate(NAMES).chain
    before = chain.read_bytes()
    assert second.server_certificate(NAMES).chain.read_bytes() == before
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_server_certificate_is_renewed_when_needed(tmp_path: Path) -> None:
    """Near its end, for other names, and when its files do not fit."""
    authority = Authority(tmp_path)
    now = datetime.now(UTC)
    chain = authority.server_certificate(NAMES, now).chain

    def renewed(names: list[str], when: datetime) -> bool:
        """Return whether asking again makes another certificate."""
        before = chain.read_bytes()
        return authority.server_certificate(names, when).chain.read_bytes() != before

    assert not renewed(NAMES, now + timedelta(days=366))
    assert renewed(NAMES, now + timedelta(days=368))
    assert renewed([*NAMES, "10.0.0.1"], now)
    assert not renewed([*NAMES, "10.0.0.1", "localhost"], now)
    chain.with_name("server.key").unlink()
    assert renewed([*NAMES, "10.0.0.1"], now)
    chain.with_name("ca.pem").unlink()
    authority = Authority(tmp_path)
    assert renewed([*NAMES, "10.0.0.1"], now)


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    """Near the authority's end the server certificate is shorter."""
    authority = Authority(tmp_path)
    late = datetime.now(UTC) + timedelta(days=3600)
    chain = authority.server_certificate(NAMES, late).chain
    leaf, root = x509.load_pem_x509_certificates(chain.read_bytes())
    assert leaf.not_valid_after_utc <= root.not_valid_after_utc


def test_names_that_no_certificate_can_have_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A strange machine name is no reason to fail."""
    Authority(tmp_path).server_certificate(["localhost", "a..b", "x" * 70])
    assert caplog.text.count("cannot stand in a certificate") == 2


def test_an_own_certificate_is_used(tmp_path: Path) -> None:
    """Its fingerprint is that of its last certificate."""
    made = Authority(tmp_path).server_certificate(NAMES)
    own = own_certificate(made.chain, made.key)
    assert own.fingerprint == made.fingerprint
    own.context()


def test_unusable_files_are_named(tmp_path: Path) -> None:
    """The error names the file and what to do."""
    made = Authority(tmp_path / "a").server_certificate(NAMES)
    other = Authority(tmp_path / "b").server_certificate(NAMES)
    with pytest.raises(CertificateError, match=r"none\.pem.*check certfile"):
        own_certificate(tmp_path / "none.pem", made.key)
    with pytest.raises(CertificateError, match="check certfile and keyfile"):
        own_certificate(made.chain, other.key).context()
    (tmp_path / "a" / "ca.key").write_bytes(b"nonsense")
    with pytest.raises(CertificateError, match=r"ca\.key.*backup"):
        Authority(tmp_path / "a")
