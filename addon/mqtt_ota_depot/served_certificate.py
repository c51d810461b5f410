"""The certificate that the depot serves with: kept current while it serves."""

import logging
from pathlib import Path
import socket
import ssl
from typing import Final

from yarl import URL

from .certificates import Authority, CertificateError, ServerCertificate, own_certificate
from .settings import Settings

_LOGGER: Final = logging.getLogger(__name__)

type _Stamp = tuple[tuple[int, int, int], ...] | None


class ServedCertificate:
    """Renews the depot's own certificate, and follows the files of one that it was given."""

    def __init__(self, settings: Settings, base: str) -> None:
        """Load or make the certificate for the base of download URLs.

        Raises CertificateError.
        """
        self._settings = settings
        self._base = base
        self.authority: Authority | None = None
        self.context: ssl.SSLContext | None = None
        self._stamp = self._files_stamp()
        self._certificate = self._load()
        if self._certificate is not None:
            self.context = self._certificate.context()

    @property
    def fingerprint(self) -> str | None:
        """Return what clients pin, `AB:CD:…`; None for plain HTTP."""
        return self._certificate.fingerprint if self._certificate else None

    @property
    def leaf(self) -> bytes | None:
        """Return the server's own certificate (DER); None for plain HTTP."""
        return self._certificate.leaf if self._certificate else None

    def follow(self) -> bool:
        """Load given files again when they have changed; return whether clients see it.

        Files that are half written are tried again when they change once more.
        """
        stamp = self._files_stamp()
        if stamp is None or stamp == self._stamp:
            return False
        self._stamp = stamp
        _LOGGER.info("The certificate's files have changed")
        return self.renew()

    def renew(self) -> bool:
        """Load the certificate again, renewed when its end is near; return whether it is new."""
        if self.context is None:
            return False
        before = self.fingerprint
        try:
            certificate = self._load()
            if certificate is not None:
                # A chain without its key would spoil the context that serves now.
                certificate.context()
                certificate.load_into(self.context)
                self._certificate = certificate
        except CertificateError:
            _LOGGER.exception("The certificate was not renewed")
        except OSError as err:
            _LOGGER.warning(
                "The certificate could not be renewed and will be tried again later; "
                "check room and permissions in %s: %s",
                self._settings.data_dir,
                err,
            )
        return self.fingerprint != before

    def _load(self) -> ServerCertificate | None:
        """Return the certificate to serve with, None for plain HTTP."""
        settings = self._settings
        if not settings.tls:
            return None
        if settings.certfile is not None and settings.keyfile is not None:
            return own_certificate(settings.certfile, settings.keyfile)
        names = [URL(self._base).host or "", "localhost", "127.0.0.1", socket.gethostname()]
        self.authority = Authority(authority_folder(settings.data_dir))
        return self.authority.server_certificate(names)

    def _files_stamp(self) -> _Stamp:
        """Return what tells given files from changed ones; None without, or while one is away."""
        files = (self._settings.certfile, self._settings.keyfile)
        try:
            stats = [file.stat() for file in files if file is not None]
        except OSError:
            return None
        return tuple((each.st_ino, each.st_size, each.st_mtime_ns) for each in stats) or None


def authority_folder(data_dir: Path) -> Path:
    """Return where the depot keeps its own certificate authority."""
    return data_dir / "certificates"
