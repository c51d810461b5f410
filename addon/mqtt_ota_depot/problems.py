"""Errors that a client is told: problem details of RFC 9457."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
import json
from typing import Final

from aiohttp import web

type Member = str | int

TYPE_PREFIX: Final = "urn:mqtt-ota:"
CONTENT_TYPE: Final = "application/problem+json"


class ProblemKind(StrEnum):
    """Machine-readable kinds of problems; the value ends the `type` URN."""

    DOWNLOAD_LIMIT = "download-limit"
    GRANT_NOT_FOUND = "grant-not-found"
    HASH_MISMATCH = "hash-mismatch"
    HEADER_TOO_LARGE = "header-too-large"
    INTERNAL_ERROR = "internal-error"
    INVALID_REQUEST = "invalid-request"
    KEY_CONFIGURED = "key-configured"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_FOUND = "not-found"
    PACKAGE_NOT_FOUND = "package-not-found"
    PACKAGE_WITHDRAWN = "package-withdrawn"
    PRECONDITION_FAILED = "precondition-failed"
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable"
    STORAGE_FULL = "storage-full"
    TOO_LARGE = "too-large"
    TOO_MANY_REQUESTS = "too-many-requests"
    UNAUTHORIZED = "unauthorized"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    UPLOAD_TIMEOUT = "upload-timeout"
    VERSION_EXISTS = "version-exists"
    WRONG_CHIP = "wrong-chip"


_STATUS: Final[Mapping[ProblemKind, HTTPStatus]] = {
    # Not 401 or 429: some device libraries repeat those at once.
    ProblemKind.DOWNLOAD_LIMIT: HTTPStatus.FORBIDDEN,
    ProblemKind.GRANT_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemKind.HASH_MISMATCH: HTTPStatus.UNPROCESSABLE_CONTENT,
    ProblemKind.HEADER_TOO_LARGE: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ProblemKind.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    ProblemKind.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    ProblemKind.KEY_CONFIGURED: HTTPStatus.CONFLICT,
    ProblemKind.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ProblemKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemKind.PACKAGE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemKind.PACKAGE_WITHDRAWN: HTTPStatus.CONFLICT,
    ProblemKind.PRECONDITION_FAILED: HTTPStatus.PRECONDITION_FAILED,
    ProblemKind.RANGE_NOT_SATISFIABLE: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    ProblemKind.STORAGE_FULL: HTTPStatus.INSUFFICIENT_STORAGE,
    ProblemKind.TOO_LARGE: HTTPStatus.CONTENT_TOO_LARGE,
    ProblemKind.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    ProblemKind.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ProblemKind.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ProblemKind.UPLOAD_TIMEOUT: HTTPStatus.REQUEST_TIMEOUT,
    ProblemKind.VERSION_EXISTS: HTTPStatus.CONFLICT,
    ProblemKind.WRONG_CHIP: HTTPStatus.UNPROCESSABLE_CONTENT,
}

_TITLE: Final[Mapping[ProblemKind, str]] = {
    ProblemKind.DOWNLOAD_LIMIT: "Downloaded too often",
    ProblemKind.GRANT_NOT_FOUND: "Grant not found",
    ProblemKind.HASH_MISMATCH: "The package's bytes do not have the given SHA-256",
    ProblemKind.HEADER_TOO_LARGE: "The request's header is too large",
    ProblemKind.INTERNAL_ERROR: "The depot failed",
    ProblemKind.INVALID_REQUEST: "Invalid request",
    ProblemKind.KEY_CONFIGURED: "The key is one of the settings",
    ProblemKind.METHOD_NOT_ALLOWED: "Method not allowed",
    ProblemKind.NOT_FOUND: "Not found",
    ProblemKind.PACKAGE_NOT_FOUND: "Package not found",
    ProblemKind.PACKAGE_WITHDRAWN: "The package is withdrawn",
    ProblemKind.PRECONDITION_FAILED: "The package is not the one asked for",
    ProblemKind.RANGE_NOT_SATISFIABLE: "The range is outside of the package",
    ProblemKind.STORAGE_FULL: "The depot's storage is full",
    ProblemKind.TOO_LARGE: "Too large",
    ProblemKind.TOO_MANY_REQUESTS: "Too many requests",
    ProblemKind.UNAUTHORIZED: "Not authorized",
    ProblemKind.UNSUPPORTED_MEDIA_TYPE: "Unsupported media type",
    ProblemKind.UPLOAD_TIMEOUT: "The upload stalled",
    ProblemKind.VERSION_EXISTS: "This version exists with other content",
    ProblemKind.WRONG_CHIP: "The package is built for another chip",
}


class Problem(Exception):  # noqa: N818  (the word of RFC 9457)
    """A refusal with its kind, a sentence for people and further members."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Member,
    ) -> None:
        """Create the problem; `members` extend the JSON object (RFC 9457 §3.2)."""
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    @property
    def status(self) -> int:
        """Return the HTTP status code."""
        return int(_STATUS[self.kind])

    def as_dict(self) -> dict[str, Member]:
        """Return the JSON object of RFC 9457."""
        return {
            "type": TYPE_PREFIX + self.kind,
            "title": _TITLE[self.kind],
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }

    def as_response(self) -> web.Response:
        """Return the HTTP response; always with Content-Length."""
        response = web.Response(
            body=json.dumps(self.as_dict()).encode(),
            status=self.status,
            headers=self.headers,
            content_type=CONTENT_TYPE,
        )
        if self.headers.get("Connection") == "close":
            response.force_close()
        return response


def too_many_requests(reason: str, wait: int) -> Problem:
    """Return the problem of a client that must come back after `wait` seconds."""
    return Problem(
        ProblemKind.TOO_MANY_REQUESTS,
        f"{reason}; try again in {wait} seconds.",
        headers={"Retry-After": str(wait), "Connection": "close"},
    )


def downloads_only() -> Problem:
    """Return the problem of a request that would send a key in the clear."""
    return Problem(ProblemKind.NOT_FOUND, "Only downloads are served without TLS.")


def from_http_exception(err: web.HTTPException) -> Problem:
    """Return the problem that stands for an exception of the web framework."""
    kinds = {
        HTTPStatus.NOT_FOUND: ProblemKind.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED: ProblemKind.METHOD_NOT_ALLOWED,
        HTTPStatus.CONTENT_TOO_LARGE: ProblemKind.TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ProblemKind.UNSUPPORTED_MEDIA_TYPE,
    }
    fallback = (
        ProblemKind.INTERNAL_ERROR
        if err.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        else ProblemKind.INVALID_REQUEST
    )
    kind = kinds.get(HTTPStatus(err.status), fallback)
    headers = {"Allow": err.headers["Allow"]} if "Allow" in err.headers else {}
    return Problem(kind, f"{err.reason}.", headers=headers)
