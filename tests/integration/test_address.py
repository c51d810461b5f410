"""Tests of what people type as the depot's address and key."""

import pytest

from custom_components.mqtt_ota.depot.address import parse_address, parse_api_key


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("192.168.1.20", "https://192.168.1.20:8443"),
        (" 192.168.1.20:9000 ", "https://192.168.1.20:9000"),
        ("depot.local/", "https://depot.local:8443"),
        ("HTTPS://Depot.Example.COM", "https://depot.example.com:8443"),
        ("https://depot.example.com:443", "https://depot.example.com:443"),
        ("http://depot:80//", "http://depot:80"),
        ("http://depot", "http://depot:8443"),
        ("https://[fd00::1]", "https://[fd00::1]:8443"),
        ("[fd00::1]:9000", "https://[fd00::1]:9000"),
    ],
)
def test_address_is_completed(typed: str, url: str) -> None:
    """Scheme and port are added, and the outcome is a fixed point."""
    assert parse_address(typed).url == url
    assert parse_address(url).url == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "https://",
        "https:///path",
        "ftp://depot",
        "file:///etc/passwd",
        "https://depot/api/v1",
        "https://depot?key=1",
        "https://depot#top",
        "https://user@depot",
        "https://user:secret@depot",
        "https://:secret@depot",
        "https://depot:0",
        "https://depot:65536",
        "https://depot:port",
        "https://[fd00::1",
        "two words",
        "depot\nHost: other",
        "d" * 300,
    ],
)
def test_other_addresses_are_refused(typed: str) -> None:
    """Nothing that was typed is dropped silently."""
    with pytest.raises(ValueError, match=r".+"):
        parse_address(typed)


def test_api_key_loses_only_the_blanks_around_it() -> None:
    """Copying often brings a line break along."""
    assert parse_api_key(" k3y-_.~\r\n") == "k3y-_.~"


@pytest.mark.parametrize("typed", ["", " \n", "a b", "a\tb", "a\r\nb", "ключ", "k" * 257])
def test_broken_api_keys_are_refused(typed: str) -> None:
    """Only what fits into a header is a key."""
    with pytest.raises(ValueError, match="not an API key"):
        parse_api_key(typed)
