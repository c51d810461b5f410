"""Whom to trust: an authority's file, a pinned fingerprint, or the system's authorities.

Nothing secret is sent before the depot's certificate is trusted.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
import hashlib
import os
from pathlib import Path
import re
import ssl
from typing import Final

from cryptography import x509

from .address import Address
from .errors import LostError, OptionsError, UnusableError

CONNECT_TIMEOUT: Final = 10.0
_GOODBYE_TIMEOUT: Final = 1.0
_FINGERPRINT: Final = re.compile(r"[0-9A-F]{64}", re.ASCII)
# OpenSSL's X509_V_ERR_ codes: self-signed, unknown root, unknown issuer, nothing to verify with.
_NOBODY_VOUCHES: Final = frozenset({18, 19, 20, 21})
# HOSTNAME_MISMATCH and IP_ADDRESS_MISMATCH, which come up only where somebody vouches.
_OTHER_NAME: Final = frozenset({62, 64})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the maker trusts; the system's authorities where neither is given."""

    ca_file: Path | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The certificate (PEM) that a server can be pinned by, and its fingerprint."""

    pem: str
    fingerprint: str


def read_fingerprint(text: str) -> str:
    """Return a SHA-256 fingerprint as the depot prints it; raises ValueError."""
    digits = re.sub(r"[:\s]", "", text).upper()
    if not _FINGERPRINT.fullmatch(digits):
        msg = "must be the 64 hexadecimal digits that `mqtt-ota fingerprint` prints"
        raise ValueError(msg)
    return bytes.fromhex(digits).hex(":").upper()


async def client_tls(address: Address, trust: Trust) -> ssl.SSLContext:
    """Return what verifies the depot; raises UnusableError when it shows another fingerprint."""
    if trust.fingerprint is None:
        return _by_authority(trust.ca_file)
    anchor = await shown_anchor(address)
    if anchor.fingerprint != trust.fingerprint:
        msg = (
            f"{address.url} shows the fingerprint {anchor.fingerprint}, not the trusted "
            f"{trust.fingerprint}: the depot was set up anew, or somebody else answers in its "
            "place. Compare it with what `mqtt-ota fingerprint` prints on the depot's machine."
        )
        raise UnusableError(msg)
    return _pinned(anchor)


async def shown_anchor(address: Address) -> Anchor:
    """Return what the server can be pinned by, after a handshake that trusts anybody.

    That is the root which it sends, if the server's own one made it; else the server's
    own certificate, because whoever signed it signs for strangers too.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            _, writer = await asyncio.open_connection(
                address.host, address.port, ssl=context, ssl_shutdown_timeout=_GOODBYE_TIMEOUT
            )
    except ssl.SSLError as err:
        raise without_tls(address, err) from err
    except (OSError, TimeoutError) as err:
        raise unreachable(address, err) from err
    chain: list[bytes] = writer.get_extra_info("ssl_object").get_unverified_chain()
    writer.close()
    # The certificates are here; how the server says goodbye does not matter any more.
    with suppress(OSError):
        await writer.wait_closed()
    root = x509.load_der_x509_certificate(chain[-1])
    der = chain[-1] if root.issuer == root.subject else chain[0]
    return Anchor(
        pem=ssl.DER_cert_to_PEM_cert(der), fingerprint=hashlib.sha256(der).digest().hex(":").upper()
    )


async def distrust(address: Address, err: ssl.SSLCertVerificationError) -> UnusableError:
    """Return the error for a certificate that is not trusted, with what would make it so."""
    reason = f"The certificate of {address.url} is not trusted: {err.verify_message.rstrip('.')}."
    if err.verify_code not in _NOBODY_VOUCHES | _OTHER_NAME:
        return UnusableError(
            f"{reason} Renew the certificate, and check the clocks of both machines."
        )
    shown = (await shown_anchor(address)).fingerprint
    other = (
        "an address that the certificate names with --depot"
        if err.verify_code in _OTHER_NAME
        else "the depot's certificates/ca.pem with --ca-file"
    )
    return UnusableError(
        f"{reason} It shows the fingerprint {shown}. If `mqtt-ota fingerprint` on the depot's "
        f"machine or the depot's log tells the same one, give it with --fingerprint, or else {other}."
    )


def without_tls(address: Address, err: OSError) -> UnusableError:
    """Return the error for a server with which TLS does not come about."""
    return UnusableError(
        f"{address.url} does not speak TLS ({err.strerror or err}). If the depot serves plain HTTP "
        f"(`tls` is false), give --depot http://{address.url.partition('://')[2]}; if not, check "
        "the port."
    )


def unreachable(address: Address, err: BaseException) -> LostError:
    """Return the error for a server that does not answer."""
    reason = (isinstance(err, OSError) and _reason(err)) or "no answer in time"
    return LostError(
        f"{address.url} cannot be reached: {reason}. Check --depot, and that the depot runs."
    )


def _reason(err: OSError) -> str | None:
    """Return what the system says, without the numbers around it."""
    return os.strerror(err.errno) if err.errno and err.errno > 0 else err.strerror


def _by_authority(ca_file: Path | None) -> ssl.SSLContext:
    """Return what trusts an authority, the system's ones without a file; raises OptionsError."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as err:
        msg = f"--ca-file {ca_file} holds no usable certificate: {err}"
        raise OptionsError(msg) from err


def _pinned(anchor: Anchor) -> ssl.SSLContext:
    """Return what trusts this certificate and what it signed, nothing else.

    The host's name is not checked: the authority signs for one depot only, which may
    change its address.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=anchor.pem)
    return context
