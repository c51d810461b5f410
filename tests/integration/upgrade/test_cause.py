"""The table of causes, and which cause stands behind what a device says."""

from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.mqtt_ota.upgrade import (
    CAUSES,
    RETRYABLE,
    Cause,
    Origin,
    cause_of_result,
)

from .builders import THOROUGHNESS

MESSAGES: Final = {
    origin: {text.message: cause for cause, text in CAUSES.items() if text.origin is origin}
    for origin in Origin
}


def test_no_further_cause_claims_to_come_from_the_source_document() -> None:
    """Its tables have ten and seven rows, each of which the tests of its sentences compare."""
    assert len(MESSAGES[Origin.PLATFORM]) == 10
    assert len(MESSAGES[Origin.DEVICE]) == 7


def test_every_cause_has_its_own_texts() -> None:
    """No cause is without text, and no two can be mixed up."""
    assert set(CAUSES) == set(Cause)
    assert len({text.message for text in CAUSES.values()}) == len(Cause)
    for text in CAUSES.values():
        assert text.message
        for sentence in (text.description, text.solution, text.occurs):
            assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (1, Cause.DEVICE_BUSY),
        (2, Cause.WEAK_SIGNAL),
        (4, Cause.LOW_BATTERY),
        (5, Cause.NOT_ENOUGH_STORAGE),
        (6, Cause.CONNECTION_LOST),
        (7, Cause.INTEGRITY_CHECK_FAILED),
        (8, Cause.UNSUPPORTED_PACKAGE_TYPE),
        (9, Cause.OUT_OF_MEMORY),
        (10, Cause.UPDATE_FAILED),
        (255, Cause.UPDATE_FAILED),
        (11, Cause.UPDATE_FAILED),
        (-1, Cause.UPDATE_FAILED),
        (2**63, Cause.UPDATE_FAILED),
    ],
)
@pytest.mark.parametrize("description", [None, "", "failed", "download response fail"])
def test_cause_of_code(code: int, cause: Cause, description: str | None) -> None:
    """A code decides where the description is of the device's own making."""
    assert cause_of_result(code, description) is cause


@pytest.mark.parametrize(("description", "cause"), MESSAGES[Origin.DEVICE].items())
def test_cause_of_description(description: str, cause: Cause) -> None:
    """A message of the source document decides whatever the code is."""
    for said in (
        description,
        f" {description.upper()}.\n",
        f"{description}: 404",
    ):
        assert cause_of_result(255, said) is cause
        assert cause_of_result(1, said) is cause


@pytest.mark.parametrize("message", MESSAGES[Origin.PLATFORM])
def test_device_cannot_speak_for_the_platform(message: str) -> None:
    """Only the causes that devices report are read from their descriptions."""
    assert cause_of_result(7, message) is Cause.INTEGRITY_CHECK_FAILED


@pytest.mark.parametrize(
    "description",
    [
        "Task Conflict",
        "firmware upgrade in progress",
        "another OTA is running",
        "software update already active",
        "Upgrading.",
        "log collection in progress",
        "busy: collecting logs",
        "restart pending",
        "device is rebooting",
    ],
)
def test_busy_device_that_names_what_it_is_busy_with(description: str) -> None:
    """An upgrade, a log collection or a restart that goes on is a conflict of tasks."""
    assert cause_of_result(1, description) is Cause.TASK_CONFLICT
    assert cause_of_result(2, description) is Cause.WEAK_SIGNAL


@pytest.mark.parametrize(
    "description",
    ["failed", "upgrade failed", "in use", "busy", "motor running", "catalogue is active", "cold"],
)
def test_busy_device_that_is_busy_with_its_work(description: str) -> None:
    """Neither an upgrade that failed nor other work of a device is a conflict of tasks."""
    assert cause_of_result(1, description) is Cause.DEVICE_BUSY


def test_causes_that_another_attempt_may_cure() -> None:
    """Nothing is tried again that would fail in the same way, or that nobody wants any more."""
    assert set(Cause) - RETRYABLE == {
        Cause.NOT_ENOUGH_STORAGE,
        Cause.UNSUPPORTED_PACKAGE_TYPE,
        Cause.INVALID_URI,
        Cause.SOURCE_VERSION_UNSUPPORTED,
        Cause.UNEXPECTED_VERSION,
        Cause.ROLLED_BACK,
        Cause.PACKAGE_WITHDRAWN,
        Cause.DOWNLOAD_REFUSED,
        Cause.SUPERSEDED,
    }


@THOROUGHNESS
@given(code=st.integers(), description=st.none() | st.text())
def test_every_failure_has_a_cause(code: int, description: str | None) -> None:
    """Whatever a device says, the cause is none that only the platform can know."""
    cause = cause_of_result(code, description)
    assert CAUSES[cause].origin is not Origin.PLATFORM or (code, cause) == (1, Cause.TASK_CONFLICT)
