"""The options of `mqtt-ota upload`, checked at the edge."""

from argparse import SUPPRESS, Action, ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import sys
from typing import Any, Final, NoReturn

from mqtt_ota_depot.packages import MAX_RELEASE_NOTES, PackageKind
from mqtt_ota_depot.settings import ENV_PREFIX

from .address import Address, read_address
from .client import ApiKey
from .errors import OptionsError
from .facts import Wishes
from .trust import Trust, read_fingerprint

DEPOT_ENV: Final = ENV_PREFIX + "DEPOT"
API_KEY_ENV: Final = ENV_PREFIX + "API_KEY"
CA_FILE_ENV: Final = ENV_PREFIX + "CA_FILE"
FINGERPRINT_ENV: Final = ENV_PREFIX + "FINGERPRINT"
STANDARD_INPUT: Final = "-"
_MAX_KEY: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to upload, where to and as what."""

    files: tuple[Path, ...]
    address: Address
    trust: Trust
    key: ApiKey
    wishes: Wishes
    quiet: bool
    json: bool


def add_options(parser: ArgumentParser) -> None:
    """Add all options of the command."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what to upload")
    depot = parser.add_argument_group("depot")
    depot.add_argument(
        "--depot", metavar="URL", help=f"for example https://192.168.1.10:8443 (also {DEPOT_ENV})"
    )
    depot.add_argument(
        "--api-key-file",
        type=Path,
        metavar="FILE",
        help=f"file with the API key, which otherwise comes from {API_KEY_ENV}; never given "
        "itself: others on this machine see the command line",
    )
    depot.add_argument("--api-key", nargs="?", action=_NoKeyHere, help=SUPPRESS)
    trust = depot.add_mutually_exclusive_group()
    trust.add_argument(
        "--ca-file",
        metavar="FILE",
        help=f"trust this certificate authority (PEM; also {CA_FILE_ENV})",
    )
    trust.add_argument(
        "--fingerprint",
        metavar="SHA256",
        help="trust the certificate with this fingerprint, which `mqtt-ota fingerprint` prints "
        f"(also {FINGERPRINT_ENV})",
    )
    _add_facts(parser)
    results = parser.add_argument_group("results")
    results.add_argument("--quiet", action="store_true", help="write nothing but errors")
    results.add_argument(
        "--json",
        action="store_true",
        help="write each package as JSON, on one line; everything else goes to the error output",
    )


def read_options(namespace: Namespace, environ: Mapping[str, str] = os.environ) -> Options:
    """Return the checked options, the command line before the environment; raises OptionsError."""
    address = _address(namespace, environ)
    return Options(
        files=tuple(namespace.files),
        address=address,
        trust=_trust(namespace, environ, address),
        key=_key(namespace, environ),
        wishes=_wishes(namespace),
        quiet=namespace.quiet,
        json=namespace.json,
    )


class _NoKeyHere(Action):
    """Refuses a key on the command line, without repeating it."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> NoReturn:
        """End the program."""
        parser.error(
            "others on this machine see the command line: give the API key in the environment "
            f"variable {API_KEY_ENV} or in a file with --api-key-file, and renew the one that "
            "you have typed"
        )


def _add_facts(parser: ArgumentParser) -> None:
    """Add what is said about the package."""
    group = parser.add_argument_group("package")
    group.add_argument(
        "--kind", choices=[str(kind) for kind in PackageKind], default=str(PackageKind.FIRMWARE)
    )
    group.add_argument("--model", help="which devices it is for (from the header)")
    group.add_argument(
        "--version", help="as the device reports it after the upgrade (from the header)"
    )
    group.add_argument(
        "--source-version",
        action="append",
        default=[],
        metavar="VERSION",
        help="a version that can be upgraded from; may be given several times (every version)",
    )
    group.add_argument(
        "--release-notes",
        metavar="FILE",
        help=f"file with Markdown; {STANDARD_INPUT} reads the standard input",
    )
    group.add_argument("--custom-info", metavar="TEXT", help="handed on to the device")


def _address(namespace: Namespace, environ: Mapping[str, str]) -> Address:
    """Return where the depot is."""
    value = _value("--depot", namespace.depot, DEPOT_ENV, environ, read_address)
    if value is None:
        msg = f"give the depot's address with --depot https://HOST:PORT or in {DEPOT_ENV}"
        raise OptionsError(msg)
    return value


def _trust(namespace: Namespace, environ: Mapping[str, str], address: Address) -> Trust:
    """Return whom to trust; one that is typed goes before both of the environment."""
    if namespace.ca_file is not None or namespace.fingerprint is not None:
        environ = {}
    ca_file = _value("--ca-file", namespace.ca_file, CA_FILE_ENV, environ, Path)
    fingerprint = _value(
        "--fingerprint", namespace.fingerprint, FINGERPRINT_ENV, environ, read_fingerprint
    )
    if ca_file is not None and fingerprint is not None:
        msg = f"{CA_FILE_ENV} and {FINGERPRINT_ENV}: give one of them"
        raise OptionsError(msg)
    if not address.tls and (ca_file is not None or fingerprint is not None):
        msg = f"{address.url} is plain HTTP, which shows no certificate: give --depot https://…"
        raise OptionsError(msg)
    return Trust(ca_file=ca_file, fingerprint=fingerprint)


def _key(namespace: Namespace, environ: Mapping[str, str]) -> ApiKey:
    """Return the API key; no error repeats it."""
    if namespace.api_key_file is not None:
        source = f"--api-key-file {namespace.api_key_file}"
        try:
            with namespace.api_key_file.open("rb") as file:
                text = file.read(_MAX_KEY + 2).decode(errors="replace")
        except OSError as err:
            raise OptionsError(f"{source}: {err.strerror}") from err
    else:
        source, text = API_KEY_ENV, environ.get(API_KEY_ENV, "")
    key = text.strip()
    if not key:
        msg = (
            f"give the depot's API key in {API_KEY_ENV}, or a file that holds it with "
            "--api-key-file; `mqtt-ota api-key` on the depot's machine prints it"
        )
        raise OptionsError(msg)
    if len(key) > _MAX_KEY or not key.isascii() or not key.isprintable() or " " in key:
        msg = f"{source} holds no API key: that is one word of at most {_MAX_KEY} ASCII characters"
        raise OptionsError(msg)
    return ApiKey(value=key, source=source)


def _wishes(namespace: Namespace) -> Wishes:
    """Return what the maker says about the package."""
    if namespace.version is not None and len(namespace.files) > 1:
        msg = "--version is for one file; leave it out, or upload the files one by one"
        raise OptionsError(msg)
    return Wishes(
        kind=PackageKind(namespace.kind),
        model=namespace.model,
        version=namespace.version,
        source_versions=tuple(namespace.source_version),
        release_notes=_release_notes(namespace.release_notes),
        custom_info=namespace.custom_info,
    )


def _release_notes(file: str | None) -> str | None:
    """Return the text of a file, or of the standard input."""
    if file is None:
        return None
    try:
        if file == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(MAX_RELEASE_NOTES + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(MAX_RELEASE_NOTES + 1)
        return raw.decode()
    except OSError as err:
        raise OptionsError(f"--release-notes {file}: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise OptionsError(f"--release-notes {file}: must be text in UTF-8") from err


def _value[T](
    option: str,
    given: str | None,
    variable: str,
    environ: Mapping[str, str],
    read: Callable[[str], T],
) -> T | None:
    """Return a value from the command line, else from the environment, None without any."""
    # Build servers set variables of secrets that do not exist to nothing.
    source, text = (option, given) if given else (variable, environ.get(variable))
    if not text:
        return None
    try:
        return read(text)
    except ValueError as err:
        raise OptionsError(f"{source}: {err}") from err
