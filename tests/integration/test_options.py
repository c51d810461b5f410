"""Tests of the options: what was saved, what is taken, what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mqtt_ota.const import DOMAIN
from custom_components.mqtt_ota.options import (
    MAX_PAYLOAD_LENGTH,
    MAX_TOPIC_LENGTH,
    AddDevices,
    ModelSource,
    Options,
    parse_availability_topic,
    parse_payload,
    parse_topic_prefix,
)
from custom_components.mqtt_ota.upgrade import Policy


def options(**saved: Any) -> Options:
    """Return the options of an entry."""
    return Options.from_entry(MockConfigEntry(domain=DOMAIN, options=saved))


def test_defaults_are_those_of_the_source_document() -> None:
    """An entry whose options were never opened works as the source document says."""
    defaults = options()
    assert defaults == Options()
    assert defaults.topic_prefix == "$oc/devices"
    assert defaults.policy == Policy()
    assert defaults.add_devices is AddDevices.AUTOMATIC
    assert defaults.parallel_transfers == 4
    assert not defaults.policy.query_cell


def test_what_was_saved() -> None:
    """Durations are saved in seconds; a cell limit makes tasks ask for the cell."""
    taken = options(
        topic_prefix="home/devices",
        availability_topic="tele/{device_id}/LWT",
        payload_available="Online",
        payload_not_available="Offline",
        add_devices="confirmed",
        parallel_transfers=8,
        cell_limit=2,
        model_source="id_prefix",
        models={"attic": "weather"},
        online_timeout=3600,
        report_timeout=90.0,
    )
    assert taken == Options(
        topic_prefix="home/devices",
        availability_topic="tele/{device_id}/LWT",
        payload_available="Online",
        payload_not_available="Offline",
        add_devices=AddDevices.CONFIRMED,
        parallel_transfers=8,
        cell_limit=2,
        model_source=ModelSource.ID_PREFIX,
        models={"attic": "weather"},
        policy=Policy(
            online_timeout=timedelta(hours=1),
            report_timeout=timedelta(seconds=90),
            query_cell=True,
        ),
    )


@pytest.mark.parametrize(
    ("source", "reported", "model"),
    [
        ("reported", "sun", "sun"),
        ("reported", None, "weather"),
        ("id_prefix", "sun", "weather"),
        ("id_prefix", None, "weather"),
    ],
)
def test_a_model_is_reported_or_the_first_part_of_the_id(
    source: str, reported: str | None, model: str
) -> None:
    """The model is what the device reports, or the first part of its id."""
    assert options(model_source=source).model_of("weather_1", reported) == model


@pytest.mark.parametrize("source", ModelSource)
def test_model_by_hand(source: ModelSource) -> None:
    """What a user sets by hand counts more than what any device says."""
    by_hand = options(model_source=source, models={"weather_1": "wind"})
    assert by_hand.model_of("weather_1", "sun") == "wind"
    assert by_hand.model_of("_1", None) == "_1"


@pytest.mark.parametrize("prefix", ["$oc/devices", "home", "a/b/c", " $oc/devices\n"])
def test_a_topic_prefix_is_one_or_more_levels(prefix: str) -> None:
    """A prefix is one or more levels of a topic."""
    assert parse_topic_prefix(prefix) == prefix.strip()


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/home",
        "home/",
        "a//b",
        "home/+",
        "home/#",
        "a\x00b",
        "$share/group/home",
        "$SYS/broker",
        "a" * (MAX_TOPIC_LENGTH + 1),
    ],
)
def test_broken_topic_prefix(prefix: str) -> None:
    """No device could send on what is not a topic."""
    with pytest.raises(ValueError, match=r"."):
        parse_topic_prefix(prefix)


@pytest.mark.parametrize("topic", ["tele/{device_id}/LWT", "{device_id}", "/{device_id}/status"])
def test_an_availability_topic_has_the_device_as_one_level(topic: str) -> None:
    """The device id is one whole level, wherever it stands."""
    assert parse_availability_topic(f" {topic} ") == topic


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "tele/LWT",
        "tele/x{device_id}/LWT",
        "{device_id}/{device_id}",
        "{device_id}/{model}",
        "tele/+/{device_id}",
        "{device_id}/#",
        "$share/{device_id}",
    ],
)
def test_broken_availability_topic(topic: str) -> None:
    """A template that names no device, or two, or a wildcard, is refused."""
    with pytest.raises(ValueError, match=r"."):
        parse_availability_topic(topic)


@pytest.mark.parametrize("payload", ["", "  ", "x" * (MAX_PAYLOAD_LENGTH + 1)])
def test_an_empty_payload_is_refused(payload: str) -> None:
    """An empty payload would be one that the broker deletes."""
    with pytest.raises(ValueError, match=r"."):
        parse_payload(payload)


def test_a_payload_loses_the_blanks_around_it() -> None:
    """Blanks around it come from copying."""
    assert parse_payload(" online ") == "online"
