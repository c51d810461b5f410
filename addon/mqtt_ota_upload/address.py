"""Where the depot is, as people type it."""

from dataclasses import dataclass
from typing import Final

from yarl import URL

DEFAULT_PORT: Final = 8443
_MAX_LENGTH: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A depot's host, a name or an address without brackets, and port."""

    tls: bool
    host: str
    port: int

    @property
    def url(self) -> str:
        """Return the base of its URLs, with the port."""
        return str(
            URL.build(scheme="https" if self.tls else "http", host=self.host, port=self.port)
        )


def read_address(text: str) -> Address:
    """Return the address, https and the depot's own port where none are given.

    Raises ValueError for more than a host and a port: somebody meant something by it.
    """
    text = text.strip()
    if len(text) > _MAX_LENGTH or not text.isprintable() or " " in text:
        msg = "must be one word"
        raise ValueError(msg)
    url = URL(text if "://" in text else f"https://{text}")
    if url.scheme not in {"http", "https"} or not url.host or url.explicit_port == 0:
        msg = "must be like https://192.168.1.10:8443"
        raise ValueError(msg)
    if url.raw_path.strip("/") or url.query_string or url.fragment or "@" in url.raw_authority:
        msg = "must be a scheme, a host and a port, nothing more"
        raise ValueError(msg)
    return Address(tls=url.scheme == "https", host=url.host, port=url.explicit_port or DEFAULT_PORT)
