"""What people type as a depot's address and key, brought to one exact form."""

from dataclasses import dataclass
from typing import Final

from yarl import URL

from ..const import DEFAULT_DEPOT_PORT

_MAX_LENGTH: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class DepotAddress:
    """Where a depot listens; the host is a name or an address without brackets."""

    tls: bool
    host: str
    port: int

    @property
    def url(self) -> str:
        """Return scheme://host:port, the port always named."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def parse_address(typed: str) -> DepotAddress:
    """Return the depot's address; ValueError when that is not what was typed.

    Without a scheme https is meant, without a port the depot's own one. A path, query
    or password is refused rather than dropped, because somebody meant something by it.
    """
    text = typed.strip()
    if len(text) > _MAX_LENGTH or not _is_one_word(text):
        msg = "not an address"
        raise ValueError(msg)
    url = URL(text if "://" in text else f"https://{text}")
    if url.scheme not in {"http", "https"} or not url.host or url.explicit_port == 0:
        msg = "not the address of a web server"
        raise ValueError(msg)
    if url.raw_path.strip("/") or url.query_string or url.fragment or "@" in url.raw_authority:
        msg = "more than a host and a port"
        raise ValueError(msg)
    port = url.explicit_port or DEFAULT_DEPOT_PORT
    return DepotAddress(tls=url.scheme == "https", host=url.host, port=port)


def parse_api_key(typed: str) -> str:
    """Return the key without the blanks that copying adds; ValueError for a broken one."""
    key = typed.strip()
    if not 0 < len(key) <= _MAX_LENGTH or not key.isascii() or not _is_one_word(key):
        msg = "not an API key"
        raise ValueError(msg)
    return key


def _is_one_word(text: str) -> bool:
    """Return whether the text has neither blanks nor control characters."""
    return text.isprintable() and " " not in text
