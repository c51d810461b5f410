"""The personalities' messages are those of the real SDKs."""

import pytest

from tests.integration.personalities.wire import SDKS, Personality, Sdk
from tests.integration.test_protocol import C_REPORT, GO_REPORT, JAVA_REPORT, PYTHON_REPORT


@pytest.mark.parametrize(
    ("personality", "version", "expected"),
    [
        (Personality.PYTHON, "v1.0.0", PYTHON_REPORT),
        (Personality.JAVA, "v1.0", JAVA_REPORT),
        (Personality.GO, "v1.0", GO_REPORT),
        (Personality.C, "v1.0", C_REPORT),
    ],
)
def test_version_reports_are_those_seen_on_the_wire(
    personality: Personality, version: str, expected: bytes
) -> None:
    """Byte for byte what was seen on the wire, but for the hour."""
    written = SDKS[personality].version_report(version).encode()
    assert _without_time(written) == _without_time(expected)


@pytest.mark.parametrize(
    ("personality", "report", "expected"),
    [
        (
            Personality.PYTHON,
            (0, 100, "v2.0.0", "upgrade success"),
            (
                '"paras": {"result_code": 0, "version": "v2.0.0", "progress": 100, '
                '"description": "upgrade success"}'
            ),
        ),
        (
            Personality.JAVA,
            (0, 100, "v1.0", None),
            '"paras":{"progress":100,"result_code":0,"version":"v1.0"}',
        ),
        (
            Personality.JAVA,
            (0, 100, "v2.0.0", "upgrade success"),
            (
                '"paras":{"progress":100,"description":"upgrade success","result_code":0,'
                '"version":"v2.0.0"}'
            ),
        ),
        (
            Personality.GO,
            (0, 100, "v2.0.0", ""),
            '"paras":{"result_code":0,"progress":100,"version":"v2.0.0","description":""}',
        ),
    ],
)
def test_progress_reports_have_the_order_of_the_sdk(
    personality: Personality, report: tuple[int, int, str, str | None], expected: str
) -> None:
    """The keys stand in the SDK's own order; one that it leaves out is not there."""
    assert expected in SDKS[personality].progress_report(*report)


def test_a_failure_of_the_c_sdk_is_printed_over_several_lines() -> None:
    """C prints it over several lines, with the version that it does not have."""
    paras = SDKS[Personality.C].progress_report(1, 0, "v2.0.0", "failed").partition('"paras":')[2]
    assert "".join(paras.split()).startswith(
        '{"result_code":1,"progress":0,"version":"v2.0.0","description":"failed"}'
    )


def _without_time(payload: bytes) -> bytes:
    """Return a message without the value of its time, which is another one each time."""
    before, name, after = payload.partition(b'"event_time":')
    return before + name + after.partition(b",")[2]


@pytest.mark.parametrize("sdk", SDKS.values(), ids=SDKS)
def test_greeting_has_no_versions(sdk: Sdk) -> None:
    """What an SDK sends when it connects names no version that anybody could take for one."""
    if sdk.habits.greeting is not None:
        _, _, paras = sdk.habits.greeting
        assert not paras.get("fw_version")
        assert not paras.get("sw_version")
