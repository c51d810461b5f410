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

    GRANT_NOT_FOUND = "grant-not-found"
    HASH_MISMATCH = "hash-mismatch"
    INTERNAL_ERROR = "internal-error"
    INVALID_REQUEST = "invalid-request"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_FOUND = "not-found"
    PACKAGE_NOT_FOUND = "package-not-found"
    PACKAGE_WITHDRAWN = "package-withdrawn"
    PRECONDITION_FAILED = "precondition-failed"
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable"
    STORAGE_FULL = "storage-full"
    TOO_LARGE = "too-large"
    UNAUTHORIZED = "unauthorized"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    UPLOAD_TIMEOUT = "upload-timeout"
    VERSION_EXISTS = "version-exists"


_STATUS: Final[Mapping[ProblemKind, HTTPStatus]] = {
    ProblemKind.GRANT_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemKind.HASH_MISMATCH: HTTPStatus.UNPROCESSABLE_CONTENT,
    ProblemKind.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    ProblemKind.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    ProblemKind.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ProblemKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemKind.PACKAGE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemKind.PACKAGE_WITHDRAWN: HTTPStatus.CONFLICT,
    ProblemKind.PRECONDITION_FAILED: HTTPStatus.PRECONDITION_FAILED,
    ProblemKind.RANGE_NOT_SATISFIABLE: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    ProblemKind.STORAGE_FULL: HTTPStatus.INSUFFICIENT_STORAGE,
    ProblemKind.TOO_LARGE: HTTPStatus.CONTENT_TOO_LARGE,
    ProblemKind.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ProblemKind.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ProblemKind.UPLOAD_TIMEOUT: HTTPStatus.REQUEST_TIMEOUT,
    ProblemKind.VERSION_EXISTS: HTTPStatus.CONFLICT,
}

_TITLE: Final[Mapping[ProblemKind, str]] = {
    ProblemKind.GRANT_NOT_FOUND: "Grant not found",
    ProblemKind.HASH_MISMATCH: "The package's bytes do not have the given SHA-256",
    ProblemKind.INTERNAL_ERROR: "The depot failed",
    ProblemKind.INVALID_REQUEST: "Invalid request",
    ProblemKind.METHOD_NOT_ALLOWED: "Method not allowed",
    ProblemKind.NOT_FOUND: "Not found",
    ProblemKind.PACKAGE_NOT_FOUND: "Package not found",
    ProblemKind.PACKAGE_WITHDRAWN: "The package is withdrawn",
    ProblemKind.PRECONDITION_FAILED: "The package is not the one asked for",
    ProblemKind.RANGE_NOT_SATISFIABLE: "The range is outside of the package",
    ProblemKind.STORAGE_FULL: "The depot's storage is full",
    ProblemKind.TOO_LARGE: "Too large",
    ProblemKind.UNAUTHORIZED: "Not authorized",
    ProblemKind.UNSUPPORTED_MEDIA_TYPE: "Unsupported media type",
    ProblemKind.UPLOAD_TIMEOUT: "The upload stalled",
    ProblemKind.VERSION_EXISTS: "This version exists with other content",
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
        return web.Response(
            body=json.dumps(self.as_dict()).encode(),
            status=self.status,
            headers=self.headers,
            content_type=CONTENT_TYPE,
        )


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
