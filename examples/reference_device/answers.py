"""Judgement of the depot's answers to download requests; RFC 9110, sections 13 to 15."""

from dataclasses import dataclass
from email.message import Message
import re

from .results import ResultCode, UpgradeError

CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", re.ASCII)
LENGTH = re.compile(r"\d{1,15}", re.ASCII)
STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')

WHOLE = 200
PART = 206
UNSATISFIABLE = 416
REDIRECTS = range(300, 400)
SERVER_ERRORS = range(500, 600)
TRY_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for: the bytes from `offset` on, of `size` in all."""

    offset: int
    size: int
    etag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An answer worth reading: where its bytes belong and how many to read."""

    start: int
    length: int
    etag: str | None


class UnavailableError(Exception):
    """The depot cannot serve now; waiting helps."""


class UntrustedError(Exception):
    """The depot's certificate is not trusted; a few tries, as clocks may be late at boot."""

    code = ResultCode.INTERNAL_ERROR


class BadAnswerError(Exception):
    """The answer contradicts the request; only starting over may help."""

    def __init__(self, reason: str, code: ResultCode = ResultCode.DOWNLOAD_TIMEOUT) -> None:
        """Keep the code to report should every answer be like this."""
        super().__init__(reason)
        self.code = code


def request_headers(wanted: Wanted, token: str | None) -> dict[str, str]:
    """Return the headers that ask for the missing bytes, or for all of them."""
    headers = {"User-Agent": "mqtt-ota-reference-device"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if wanted.offset:
        headers["Range"] = f"bytes={wanted.offset}-"
        if wanted.etag:
            # Turns "the package has changed meanwhile" into a plain 200 with all its bytes.
            headers["If-Range"] = wanted.etag
    return headers


def judge(status: int, headers: Message, wanted: Wanted) -> Accepted:
    """Return how to read an answer.

    Raises UnavailableError (wait, ask again), BadAnswerError (start over) or UpgradeError
    (asking again is useless: the grant or the address is wrong).
    """
    if status == WHOLE:
        return _judge_whole(headers, wanted)
    if status == PART:
        return _judge_part(headers, wanted)
    if status == UNSATISFIABLE:
        msg = f"depot has no bytes from {wanted.offset} on (416)"
        raise BadAnswerError(msg)
    if status in SERVER_ERRORS or status in TRY_AGAIN:
        msg = f"depot answered {status}"
        raise UnavailableError(msg)
    raise UpgradeError(ResultCode.INTERNAL_ERROR, _refusal(status))


def _judge_whole(headers: Message, wanted: Wanted) -> Accepted:
    """Judge an answer that carries the package from its first byte."""
    _check_plain(headers)
    length = _content_length(headers)
    if length not in (None, wanted.size):
        msg = f"depot offers {length} bytes, the command says {wanted.size}"
        raise BadAnswerError(msg, ResultCode.VERIFICATION_FAILED)
    return Accepted(start=0, length=wanted.size, etag=_strong_etag(headers))


def _judge_part(headers: Message, wanted: Wanted) -> Accepted:
    """Judge an answer that goes on from where the last one broke off."""
    if not wanted.offset:
        msg = "depot sent a part (206) where all was asked for"
        raise BadAnswerError(msg)
    _check_plain(headers)
    first, last = _content_range(headers, wanted)
    length = _content_length(headers)
    if length not in (None, last - first + 1):
        msg = f"Content-Length {length} contradicts Content-Range {first}-{last}"
        raise BadAnswerError(msg)
    etag = _strong_etag(headers)
    if wanted.etag and etag and etag != wanted.etag:
        msg = "depot goes on with another package (ETag changed)"
        raise BadAnswerError(msg)
    return Accepted(start=first, length=last - first + 1, etag=wanted.etag)


def _content_range(headers: Message, wanted: Wanted) -> tuple[int, int]:
    """Return first and last position of a part, checked against the request."""
    values = headers.get_all("Content-Range", [])
    match = CONTENT_RANGE.fullmatch(values[0]) if len(values) == 1 else None
    if match is None:
        msg = f"part (206) without one valid Content-Range: {values!r:.200}"
        raise BadAnswerError(msg)
    first, last = int(match[1]), int(match[2])
    fits = first == wanted.offset and first <= last < wanted.size
    if not fits or match[3] not in ("*", str(wanted.size)):
        msg = f"asked from {wanted.offset} of {wanted.size}, got Content-Range {values[0]!r:.200}"
        raise BadAnswerError(msg)
    return first, last


def _content_length(headers: Message) -> int | None:
    """Return the announced length in bytes; None when the depot announces none."""
    values = headers.get_all("Content-Length", [])
    if not values:
        return None
    if len(values) > 1 or not LENGTH.fullmatch(values[0]):
        msg = f"no valid Content-Length: {values!r:.200}"
        raise BadAnswerError(msg)
    return int(values[0])


def _check_plain(headers: Message) -> None:
    """Refuse compressed bytes: positions and size would count something else."""
    encoding = headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        msg = f"depot compressed the package ({encoding!r:.50})"
        raise BadAnswerError(msg)


def _strong_etag(headers: Message) -> str | None:
    """Return the ETag when it is fit for If-Range, which weak ones are not."""
    etag = headers.get("ETag", "")
    return etag if STRONG_ETAG.fullmatch(etag) else None


def _refusal(status: int) -> str:
    """Return why a final refusal ends the download."""
    if status in (401, 403):
        return f"depot refused the download ({status}): token missing, expired or revoked"
    if status in (404, 410):
        return f"Invalid URI: depot does not know the package ({status})"
    if status in REDIRECTS:
        return f"Invalid URI: depot redirects ({status}), and redirects are not followed"
    return f"depot refused the download ({status})"
