"""What people type as a depot's address and key, brought to one exact form."""

from typing import Final

from yarl import URL

from ..const import DEFAULT_DEPOT_PORT

_MAX_LENGTH: Final = 256


def normalised_url(typed: str) -> str:
    """Return scheme://host:port of a depot; ValueError when that is not what was typed.

    Without a scheme https is meant, without a port the depot's own one. A path, query
    or password is refused rather than dropped, because somebody meant something by it.
    """
    text = typed.strip()
    if len(text) > _MAX_LENGTH or not text.isprintable() or " " in text:
        raise ValueError("not an address")
    url = URL(text if "://" in text else f"https://{text}")
    if url.scheme not in {"http", "https"} or url.host_subcomponent is None:
        raise ValueError("not the address of a web server")
    if url.raw_path.strip("/") or url.raw_query_string or url.raw_fragment or url.user:
        raise ValueError("more than a host and a port")
    port = url.explicit_port or DEFAULT_DEPOT_PORT
    return f"{url.scheme}://{url.host_subcomponent}:{port}"


def normalised_api_key(typed: str) -> str:
    """Return the key without the blanks that copying adds; ValueError for a broken one."""
    key = typed.strip()
    if not 0 < len(key) <= _MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise ValueError("not an API key")
    if " " in key:
        raise ValueError("a blank within the API key")
    return key
