"""Trust in the depot's certificate: vouched for by an authority, or pinned by the user.

The depot's certificate comes from an authority that the depot made for itself, so no
system trusts it. Its fingerprint is shown to the user once; from then on exactly that
authority is trusted, and nothing secret is sent before.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
import hashlib
import ssl
from typing import Final

from cryptography import x509
from homeassistant.util.ssl import get_default_context, get_default_no_verify_context

from .errors import (
    DepotCertificateError,
    DepotCertificateNameError,
    DepotConnectionError,
)

_TIMEOUT: Final = 10.0
_SHUTDOWN_TIMEOUT: Final = 1.0
# OpenSSL's X509_V_ERR_ codes. These say that no trusted authority stands behind the
# chain: self-signed, unknown root, unknown issuer, nothing to verify the server with
_NOBODY_VOUCHES: Final = frozenset({18, 19, 20, 21})
# HOSTNAME_MISMATCH and IP_ADDRESS_MISMATCH, which come up only in a trusted chain
_OTHER_NAME: Final = frozenset({62, 64})


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """The certificate to trust (PEM) and its SHA-256 fingerprint as people compare it."""

    pem: str
    fingerprint: str


async def async_find_anchor(host: str, port: int) -> Anchor | None:
    """Return the certificate that the user must vouch for, None when the system does.

    Sends nothing but TLS handshakes. Raises DepotConnectionError when no TLS server
    answers. A publicly trusted certificate that is expired or has another name raises a
    DepotCertificateError: pinning its authority would trust all of its customers.
    """
    url = f"https://{host}:{port}"
    try:
        await _async_handshake(host, port, get_default_context())
    except ssl.SSLCertVerificationError as err:
        if err.verify_code not in _NOBODY_VOUCHES:
            raise _certificate_error(url, err) from err
    except (OSError, TimeoutError) as err:
        raise _connection_error(url, err) from err
    else:
        return None
    try:
        chain = await _async_handshake(host, port, get_default_no_verify_context())
        return _anchor(chain)
    except (OSError, TimeoutError, ValueError) as err:
        raise _connection_error(url, err) from err


async def async_find_told_anchor(host: str, port: int, fingerprint: str) -> Anchor:
    """Return the certificate that a trusted source told the fingerprint of.

    Sends nothing but a TLS handshake. Raises DepotConnectionError when no TLS server
    answers, DepotCertificateError when another certificate is shown.
    """
    url = f"https://{host}:{port}"
    try:
        anchor = _anchor(await _async_handshake(host, port, get_default_no_verify_context()))
    except (OSError, TimeoutError, ValueError) as err:
        raise _connection_error(url, err) from err
    if anchor.fingerprint != fingerprint:
        raise DepotCertificateError(url=url, reason="another certificate than was told")
    return anchor


@lru_cache(maxsize=4)
def pinned_context(pem: str) -> ssl.SSLContext:
    """Return the TLS context that trusts this certificate and what it signed, nothing else.

    The host name is not checked: the authority signs for one depot only, which may
    change its address. Cached, because connections are reused only within one context.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=pem)
    return context


async def _async_handshake(host: str, port: int, context: ssl.SSLContext) -> list[bytes]:
    """Return the certificates (DER, the server's own first) that the server sends."""
    async with asyncio.timeout(_TIMEOUT):
        _, writer = await asyncio.open_connection(
            host, port, ssl=context, ssl_shutdown_timeout=_SHUTDOWN_TIMEOUT
        )
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    chain = tls.get_unverified_chain()
    writer.close()
    # The certificates are here; how the server says goodbye does not matter any more
    with suppress(OSError):
        await writer.wait_closed()
    return chain


def _anchor(chain: list[bytes]) -> Anchor:
    """Return the chain's self-made authority, or the server's own certificate.

    An authority that another one signed may sign for strangers too, so only a root
    is taken; a chain without one is trusted no further than the server itself.
    """
    root = x509.load_der_x509_certificate(chain[-1])
    der = chain[-1] if root.issuer == root.subject else chain[0]
    return Anchor(
        pem=ssl.DER_cert_to_PEM_cert(der),
        fingerprint=hashlib.sha256(der).digest().hex(":").upper(),
    )


def _certificate_error(url: str, err: ssl.SSLCertVerificationError) -> DepotCertificateError:
    """Return the error for a certificate that no confirmation by the user can mend."""
    kind = DepotCertificateNameError if err.verify_code in _OTHER_NAME else DepotCertificateError
    return kind(url=url, reason=err.verify_message)


def _connection_error(url: str, err: Exception) -> DepotConnectionError:
    """Return the error for a server that does not complete a TLS handshake."""
    reason = "no answer in time" if isinstance(err, TimeoutError) else str(err)
    return DepotConnectionError(url=url, reason=reason or type(err).__name__)
