"""What answers mean: every problem of the depot, and what others say in its place."""

import json

import pytest

from mqtt_ota_depot.problems import Problem, ProblemKind
from mqtt_ota_upload.answers import accepted
from mqtt_ota_upload.errors import LostError, RefusedError, UnusableError, UploadError


def read(status: int, raw: bytes) -> dict[str, object]:
    """Return what an answer means."""
    return accepted(status, raw, url="https://depot:8443", key_source="MQTT_OTA_API_KEY")


@pytest.mark.parametrize("kind", ProblemKind)
def test_every_problem(kind: ProblemKind) -> None:
    """It is told with its reason; only what may pass by itself is worth another try."""
    problem = Problem(kind, "The reason.")
    with pytest.raises(UploadError) as caught:
        read(problem.status, json.dumps(problem.as_dict()).encode())
    passing = kind in {ProblemKind.INTERNAL_ERROR, ProblemKind.UPLOAD_TIMEOUT}
    assert isinstance(caught.value, LostError if passing else RefusedError)
    expected = "MQTT_OTA_API_KEY" if kind is ProblemKind.UNAUTHORIZED else "The reason."
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("status", "raw", "error"),
    [
        (200, b"<html>", UnusableError),
        (200, b"[]", UnusableError),
        (200, b"{}", UnusableError),
        (204, b"", UnusableError),
        (200, b"[" * 100_000, UnusableError),
        (401, b'{"type": "about:blank"}', UnusableError),
        (503, b"", LostError),
        (413, b"<html>", RefusedError),
    ],
)
def test_answers_of_others(status: int, raw: bytes, error: type[UploadError]) -> None:
    """None of them passes for the depot's own."""
    with pytest.raises(error) as caught:
        read(status, raw)
    assert type(caught.value) is error


def test_a_detail_that_would_disturb_a_terminal() -> None:
    """It is cut, and has no control characters."""
    raw = json.dumps({"type": "urn:mqtt-ota:too-large", "detail": "\x1b[2J\n" * 1000}).encode()
    with pytest.raises(RefusedError) as caught:
        read(413, raw)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600
