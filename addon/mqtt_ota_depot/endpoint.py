"""How people and programs on the same machine learn where the depot is."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
import logging
import os
from typing import Final

from .auth import key_file
from .doors import Doors, port_of
from .files import write_private
from .served_certificate import ServedCertificate
from .settings import Settings

_LOGGER: Final = logging.getLogger(__name__)


class Endpoint:
    """Tells people by the log and programs by a file in the data folder."""

    def __init__(
        self, settings: Settings, doors: Doors, base: str, certificate: ServedCertificate
    ) -> None:
        """Create the teller; nothing is told yet."""
        self._settings = settings
        self._file = settings.data_dir / "endpoint.json"
        self._doors = doors
        self._base = base
        self._certificate = certificate

    @contextmanager
    def announced(self) -> Iterator[None]:
        """Tell how to reach the depot, while the block runs."""
        _LOGGER.info("Listening; URL %s", self._base)
        if self._settings.api_key is None:
            _LOGGER.info("The API key is in %s", key_file(self._settings.data_dir))
        else:
            _LOGGER.info("The API key is the one of the settings")
        self.write()
        try:
            yield
        finally:
            self._file.unlink(missing_ok=True)

    def write(self) -> None:
        """Write the file anew, with the certificate of now."""
        fingerprint = self._certificate.fingerprint
        if fingerprint is not None:
            _LOGGER.info("SHA-256 fingerprint of the certificate authority: %s", fingerprint)
        else:
            _LOGGER.warning("Plain HTTP: anyone on the network can read downloads and keys")
        content: dict[str, object] = {
            "url": self._base,
            "fingerprint": fingerprint,
            "pid": os.getpid(),
        }
        for name, sock in (("http_port", self._doors.http), ("ingress_port", self._doors.ingress)):
            if sock is not None:
                content[name] = port_of(sock)
        write_private(self._file, json.dumps(content).encode())
