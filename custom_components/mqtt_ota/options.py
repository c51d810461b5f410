"""The settings that a user may change while the integration runs, and their bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
import probatio as vol

from .protocol import DEFAULT_TOPIC_PREFIX
from .upgrade import Policy

CONF_ADD_DEVICES: Final = "add_devices"
CONF_AVAILABILITY_TOPIC: Final = "availability_topic"
CONF_CELL_LIMIT: Final = "cell_limit"
CONF_MODEL_SOURCE: Final = "model_source"
CONF_MODELS: Final = "models"
CONF_PARALLEL_TRANSFERS: Final = "parallel_transfers"
CONF_PAYLOAD_AVAILABLE: Final = "payload_available"
CONF_PAYLOAD_NOT_AVAILABLE: Final = "payload_not_available"
CONF_TOPIC_PREFIX: Final = "topic_prefix"

DEVICE_ID_PLACEHOLDER: Final = "{device_id}"

DEFAULT_PARALLEL_TRANSFERS: Final = 4
DEFAULT_PAYLOAD_AVAILABLE: Final = "online"
DEFAULT_PAYLOAD_NOT_AVAILABLE: Final = "offline"

MAX_PARALLEL_TRANSFERS: Final = 64
MAX_MODEL_LENGTH: Final = 128
MAX_PAYLOAD_LENGTH: Final = 64
MAX_TOPIC_LENGTH: Final = 256
# Whoever may publish can invent devices; a user can't look through more than this.
MAX_CANDIDATES: Final = 100

MIN_DURATION: Final = timedelta(seconds=10)
MAX_DURATION: Final = timedelta(days=30)
# What the depot grants at all.
MIN_GRANT_LIFETIME: Final = timedelta(minutes=1)
MAX_GRANT_LIFETIME: Final = timedelta(days=7)
MAX_RETRIES: Final = 5
MIN_RETRY_INTERVAL: Final = timedelta(minutes=1)
MAX_RETRY_INTERVAL: Final = timedelta(days=1)

# Topics that brokers treat in a way of their own: shared subscriptions, their own state.
_RESERVED_LEVELS: Final = frozenset({"$share", "$queue", "$SYS"})


class AddDevices(StrEnum):
    """What becomes of a device that is heard for the first time."""

    AUTOMATIC = "automatic"
    CONFIRMED = "confirmed"


class ModelSource(StrEnum):
    """Where a device's model comes from unless it is set by hand."""

    REPORTED = "reported"
    ID_PREFIX = "id_prefix"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The config entry's options; `policy` holds for the tasks that begin from now on.

    `availability_topic` has `{device_id}` as one whole level. `cell_limit` is how many
    devices of one cell may download at a time, None for no limit. `models` are the
    models set by hand, by device id.
    """

    topic_prefix: str = DEFAULT_TOPIC_PREFIX
    availability_topic: str | None = None
    payload_available: str = DEFAULT_PAYLOAD_AVAILABLE
    payload_not_available: str = DEFAULT_PAYLOAD_NOT_AVAILABLE
    add_devices: AddDevices = AddDevices.AUTOMATIC
    parallel_transfers: int = DEFAULT_PARALLEL_TRANSFERS
    cell_limit: int | None = None
    model_source: ModelSource = ModelSource.REPORTED
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    policy: Policy = field(default_factory=Policy)

    @classmethod
    def from_entry(cls, entry: ConfigEntry[Any]) -> Self:
        """Return a config entry's options; what was never set takes its default."""
        saved = entry.options
        cell_limit = saved.get(CONF_CELL_LIMIT)
        return cls(
            topic_prefix=saved.get(CONF_TOPIC_PREFIX, DEFAULT_TOPIC_PREFIX),
            availability_topic=saved.get(CONF_AVAILABILITY_TOPIC),
            payload_available=saved.get(CONF_PAYLOAD_AVAILABLE, DEFAULT_PAYLOAD_AVAILABLE),
            payload_not_available=saved.get(
                CONF_PAYLOAD_NOT_AVAILABLE, DEFAULT_PAYLOAD_NOT_AVAILABLE
            ),
            add_devices=AddDevices(saved.get(CONF_ADD_DEVICES, AddDevices.AUTOMATIC)),
            parallel_transfers=saved.get(CONF_PARALLEL_TRANSFERS, DEFAULT_PARALLEL_TRANSFERS),
            cell_limit=cell_limit,
            model_source=ModelSource(saved.get(CONF_MODEL_SOURCE, ModelSource.REPORTED)),
            models=MappingProxyType(dict(saved.get(CONF_MODELS, {}))),
            policy=replace(Policy.from_dict(saved), query_cell=cell_limit is not None),
        )

    def model_of(self, device_id: str, reported: str | None) -> str:
        """Return a device's model: by hand, else as reported, else the id's first part."""
        if by_hand := self.models.get(device_id):
            return by_hand
        if self.model_source is ModelSource.REPORTED and reported:
            return reported
        # `model_serial` is how device ids are usually built.
        return device_id.partition("_")[0] or device_id


def parse_topic_prefix(typed: str) -> str:
    """Return the topic before the device id; ValueError when devices can't have it."""
    prefix = _topic(typed)
    if prefix.partition("/")[0] in _RESERVED_LEVELS or "" in prefix.split("/"):
        raise ValueError("not a prefix of topics")
    return prefix


def parse_availability_topic(typed: str) -> str:
    """Return the template of an availability topic; ValueError for one of no use."""
    topic = _topic(typed)
    levels = topic.split("/")
    if levels.count(DEVICE_ID_PLACEHOLDER) != 1:
        raise ValueError("the device id is not exactly one level")
    if any("{" in level for level in levels if level != DEVICE_ID_PLACEHOLDER):
        raise ValueError("an unknown placeholder")
    if levels[0] in _RESERVED_LEVELS:
        raise ValueError("not a topic of devices")
    return topic


def parse_payload(typed: str) -> str:
    """Return an availability payload; ValueError for one that is empty or too long."""
    payload = typed.strip()
    if not 0 < len(payload) <= MAX_PAYLOAD_LENGTH:
        raise ValueError("not a payload")
    return payload


def parse_model(typed: str) -> str:
    """Return a model's name, perhaps empty; ValueError for what no package is for."""
    model = typed.strip()
    if len(model) > MAX_MODEL_LENGTH or not model.isprintable():
        raise ValueError("not a model")
    return model


def _topic(typed: str) -> str:
    """Return a topic without blanks around it; ValueError for what no broker takes."""
    topic = typed.strip()
    if len(topic) > MAX_TOPIC_LENGTH:
        raise ValueError("the topic is too long")
    try:
        return mqtt.valid_publish_topic(topic)
    except vol.Invalid as err:
        raise ValueError(str(err)) from err
