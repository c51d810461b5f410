"""What the depot's answers mean: a body, a refusal, a failure, or that no depot is there."""

from http import HTTPStatus
import json
from typing import Any, Final

from mqtt_ota_depot.problems import TYPE_PREFIX, ProblemKind

from .errors import LostError, RefusedError, UnusableError, UploadError

_MAX_DETAIL: Final = 500
# Another try may find the depot or the line in better order.
_PASSING: Final = frozenset({ProblemKind.INTERNAL_ERROR, ProblemKind.UPLOAD_TIMEOUT})


def accepted(status: int, raw: bytes, *, url: str, key_source: str) -> dict[str, Any]:
    """Return the body of a success; raises what any other answer means."""
    try:
        body = json.loads(raw)
    except ValueError, RecursionError:
        body = None
    if not isinstance(body, dict):
        body = {}
    if status in {HTTPStatus.OK, HTTPStatus.CREATED} and body:
        return body
    kind = _kind(body)
    if kind is None:
        raise _from_elsewhere(status, url)
    detail = told(str(body.get("detail")))
    if kind is ProblemKind.UNAUTHORIZED:
        detail = (
            f"The depot does not accept the API key from {key_source}. `mqtt-ota api-key` on the "
            "depot's machine prints the right one."
        )
        raise RefusedError(detail, kind)
    if kind in _PASSING:
        raise LostError(f"The depot failed: {detail}")
    raise RefusedError(f"The depot refused: {detail}", kind)


def no_depot(url: str) -> UnusableError:
    """Return the error for a server of something else."""
    return UnusableError(
        f"Something other than a depot answers at {url}. Check --depot: the depot's log and its "
        "page tell its address."
    )


def told(text: str) -> str:
    """Return what a server told, fit for a terminal."""
    shown = "".join(char if char.isprintable() else " " for char in text[:_MAX_DETAIL])
    return shown.strip()


def _kind(body: dict[str, Any]) -> ProblemKind | None:
    """Return the kind of a depot's problem; None for any other body."""
    name = str(body.get("type")).removeprefix(TYPE_PREFIX)
    return next((kind for kind in ProblemKind if kind == name), None)


def _from_elsewhere(status: int, url: str) -> UploadError:
    """Return the error for an answer that is not the depot's own."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return LostError(f"{url} failed with status {status}.")
    if status == HTTPStatus.CONTENT_TOO_LARGE:
        return RefusedError(
            f"What stands before the depot at {url} refuses so large an upload: raise its limit "
            "(nginx: client_max_body_size).",
            ProblemKind.TOO_LARGE,
        )
    return no_depot(url)
