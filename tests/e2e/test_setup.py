"""Setting MQTT OTA up against real parts that are missing, wrong or not trusted."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
import shutil
from typing import Any

import pytest
import pytest_socket
from stack.broker import Broker, Login
from stack.depot import Depot
from stack.errors import wait_until
from stack.home_assistant import HomeAssistant
from stack.world import DEVICE_REPORTS

# Mostly waiting: these run beside the tests that share the one world.
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own_programs")]

MQTT_OTA = "mqtt_ota"
RETRY_SECONDS = 40.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """A home in which nothing is set up yet."""

    broker: Broker
    depot: Depot
    home_assistant: HomeAssistant


@pytest.fixture(scope="module")
def _module_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Run a broker, a depot and a Home Assistant that knows neither."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("bare")
    parts = Parts(
        broker=Broker(folder / "broker", logins=(Login(username="home_assistant"),)),
        depot=Depot(folder / "depot"),
        home_assistant=HomeAssistant(folder / "home_assistant"),
    )
    everything = (parts.home_assistant, parts.depot, parts.broker)
    with ExitStack() as stack:
        for part in everything:
            stack.enter_context(part.process)
        for part in everything:
            part.wait_ready()
        yield parts


@pytest.fixture
def bare(_module_parts: Parts, _real_sockets: None) -> Parts:
    """Return running parts; Home Assistant has neither MQTT nor MQTT OTA."""
    for part in (_module_parts.broker, _module_parts.depot, _module_parts.home_assistant):
        if not part.process.running:
            part.start()
    api = _module_parts.home_assistant.api
    for domain in (MQTT_OTA, "mqtt"):
        for entry in api.entries(domain):
            api.remove_entry(entry["entry_id"])
    return _module_parts


@pytest.fixture
def parts(bare: Parts) -> Parts:
    """Return running parts; Home Assistant has MQTT."""
    bare.home_assistant.add_broker(bare.broker)
    bare.home_assistant.api.wait_for_entry("mqtt", "loaded", 10)
    return bare


def submit(parts: Parts, api_key: str | None = None) -> dict[str, Any]:
    """Return the step that follows the form with address and key."""
    api = parts.home_assistant.api
    step = api.start_flow(MQTT_OTA)
    assert step["step_id"] == "user"
    values = {"url": parts.depot.url, "api_key": api_key or parts.depot.api_key}
    return api.answer_flow(step, values)


def try_again(parts: Parts, step: dict[str, Any]) -> dict[str, Any]:
    """Return the step that follows the same form, sent once more."""
    values = {"url": parts.depot.url, "api_key": parts.depot.api_key}
    return parts.home_assistant.api.answer_flow(step, values)


def key_was_sent(parts: Parts, log_size: int) -> bool:
    """Return whether the depot was asked anything with a key since its log had the size."""
    log = parts.depot.process.log.read_bytes()[log_size:]
    return b"/api/v1/" in log


def test_without_mqtt_there_is_nothing_to_set_up(bare: Parts) -> None:
    """The dialog says that the MQTT integration comes first."""
    step = bare.home_assistant.api.start_flow(MQTT_OTA)
    assert (step["type"], step["reason"]) == ("abort", "mqtt_not_configured")


def test_a_broker_that_is_down_is_told(parts: Parts) -> None:
    """The dialog names the broker, and goes on once Home Assistant is connected again."""
    parts.broker.stop()
    step = submit(parts)
    assert step["errors"] == {"base": "mqtt_not_connected"}
    parts.broker.start()
    wait_until(
        lambda: try_again(parts, step)["step_id"] == "certificate", "the broker's return", 30
    )


def test_a_depot_that_is_down_is_told(parts: Parts) -> None:
    """The dialog names the address, and goes on once the depot answers."""
    parts.depot.stop()
    step = submit(parts)
    assert step["errors"] == {"url": "cannot_connect"}
    parts.depot.start()
    assert try_again(parts, step)["step_id"] == "certificate"


def test_an_untrusted_certificate_is_shown_before_the_key_is_sent(parts: Parts) -> None:
    """The fingerprint is the one that the depot's own command prints."""
    log_size = parts.depot.process.log.stat().st_size
    step = submit(parts)
    assert step["step_id"] == "certificate"
    shown = step["description_placeholders"]["fingerprint"]
    assert shown == parts.depot.fingerprint
    api = parts.home_assistant.api
    step = api.answer_flow(step, {"confirm": False})
    assert step["errors"] == {"confirm": "certificate_not_trusted"}
    assert not key_was_sent(parts, log_size)
    assert api.answer_flow(step, {"confirm": True})["type"] == "create_entry"
    assert key_was_sent(parts, log_size)


def test_a_wrong_api_key_is_told(parts: Parts) -> None:
    """The dialog names the key, and the right one finishes it."""
    api = parts.home_assistant.api
    step = api.answer_flow(submit(parts, api_key="wrong" * 8), {"confirm": True})
    assert (step["step_id"], step["errors"]) == ("user", {"api_key": "invalid_auth"})
    assert try_again(parts, step)["type"] == "create_entry"
    api.wait_for_entry(MQTT_OTA, "loaded", 10)


def test_home_assistant_waits_for_a_depot_that_starts_later(parts: Parts) -> None:
    """After a start without the depot, set-up is tried again by itself."""
    parts.home_assistant.add_depot(parts.depot)
    parts.depot.stop()
    parts.home_assistant.stop()
    parts.home_assistant.start()
    api = parts.home_assistant.api
    entry = api.wait_for_entry(MQTT_OTA, "setup_retry", 10)
    assert parts.depot.url in entry["reason"]
    parts.depot.start()
    api.wait_for_entry(MQTT_OTA, "loaded", RETRY_SECONDS)


def test_home_assistant_waits_for_a_broker_that_starts_later(parts: Parts) -> None:
    """After a start without the broker, devices are heard as soon as it is there."""
    parts.home_assistant.add_depot(parts.depot)
    parts.broker.stop()
    parts.home_assistant.stop()
    parts.home_assistant.start()
    parts.broker.start()
    parts.broker.wait_for_subscriber(DEVICE_REPORTS)
    parts.home_assistant.api.wait_for_entry(MQTT_OTA, "loaded", RETRY_SECONDS)


def test_another_certificate_is_not_trusted_until_it_is_confirmed(parts: Parts) -> None:
    """A depot with a new authority gets no key before a person has compared again."""
    api = parts.home_assistant.api
    entry_id = parts.home_assistant.add_depot(parts.depot)["entry_id"]
    parts.depot.stop()
    shutil.rmtree(parts.depot.ca_file.parent)
    log_size = parts.depot.process.log.stat().st_size
    parts.depot.start()
    api.reload_entry(entry_id)
    entry = api.wait_for_entry(MQTT_OTA, "setup_retry", 10)
    assert "certificate" in entry["reason"]
    assert not key_was_sent(parts, log_size)
    step = api.answer_flow(api.start_flow(MQTT_OTA, entry_id), {"url": parts.depot.url})
    assert step["step_id"] == "certificate"
    step = api.answer_flow(step, {"confirm": True})
    assert (step["type"], step["reason"]) == ("abort", "reconfigure_successful")
    api.wait_for_entry(MQTT_OTA, "loaded", 10)
