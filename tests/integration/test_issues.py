"""Tests of the issues: each appears by evidence and vanishes when it is fixed."""

from collections.abc import Iterator
from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import web
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.mqtt_ota.const import DOMAIN, PROBE_ID
from custom_components.mqtt_ota.depot import (
    DepotAuthenticationError,
    DepotCertificateError,
    DepotConnectionError,
    DepotError,
    DepotTooOldError,
)
from custom_components.mqtt_ota.issues import Issue, failures, report_depot, topics
from tests.integration.fake_depot import make_info
from tests.integration.home import Home

pytestmark = pytest.mark.long

MINUTE = timedelta(minutes=1)
PREFIX = "$oc/devices"


def texts() -> dict[str, Any]:
    """Return the English texts of the issues."""
    path = Path(__file__).parents[2] / "custom_components/mqtt_ota/translations/en.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["issues"]
    return content


def shown(home: Home) -> dict[str, ir.IssueEntry]:
    """Return the issues that the user sees; their texts are complete."""
    issues = {
        issue_id: entry
        for (domain, issue_id), entry in ir.async_get(home.hass).issues.items()
        if domain == DOMAIN and entry.active
    }
    for entry in issues.values():
        text = texts()[entry.translation_key]
        told = entry.translation_placeholders or {}
        text["title"].format(**told)
        assert ("fix_flow" in text) is bool(entry.is_fixable)
        if "description" in text:
            text["description"].format(**told)
    return issues


def placeholders(home: Home, issue_id: str) -> dict[str, str]:
    """Return what an issue tells."""
    told = shown(home)[issue_id].translation_placeholders
    assert told is not None
    return told


async def pass_minutes(home: Home, minutes: int) -> None:
    """Let every minute ring."""
    for _ in range(minutes):
        await home.pass_time(MINUTE)


def test_every_issue_has_its_texts() -> None:
    """No issue is shown as its key, and no text is left over."""
    assert texts().keys() == set(Issue)


async def test_a_healthy_home_has_no_issues(home: Home) -> None:
    """Nothing is shown where nothing is wrong."""
    await home.start()
    await home.report()
    await pass_minutes(home, 15)
    assert shown(home) == {}


async def test_depot_is_away_for_long(home: Home) -> None:
    """A depot that is restarted is no matter; one that stays away is."""
    await home.start()
    await home.report()
    await home.depot_goes_away()
    await pass_minutes(home, 9)
    assert shown(home) == {}
    await pass_minutes(home, 2)
    assert shown(home).keys() == {"depot_unreachable"}
    told = placeholders(home, "depot_unreachable")
    assert told["url"] == home.depot.url
    assert told["minutes"] == "10"
    assert told["reason"]

    await home.depot_returns()
    assert shown(home) == {}


async def test_depot_is_away_at_the_start(home: Home) -> None:
    """The time counts over all attempts to set up, and is over with the first that succeeds."""
    await home.depot.async_stop()
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert shown(home) == {}
    home.clock.tick(11 * MINUTE)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    assert shown(home).keys() == {"depot_unreachable"}

    await home.depot.async_start()
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.LOADED
    assert shown(home) == {}


async def test_short_absences_do_not_add_up(home: Home) -> None:
    """Each absence is counted from its own beginning."""
    await home.start()
    await home.report()
    for _ in range(2):
        await home.depot_goes_away()
        await pass_minutes(home, 8)
        await home.depot_returns()
    assert shown(home) == {}


@pytest.mark.parametrize(
    ("versions", "issue_id", "version"),
    [
        ({"api_version": 0, "min_api_version": 0}, "depot_too_old", "0"),
        ({"api_version": 9, "min_api_version": 8}, "depot_too_new", "8"),
    ],
)
async def test_depot_of_another_age(
    home: Home, versions: dict[str, int], issue_id: str, version: str
) -> None:
    """Both sides must speak one API; after an update they do."""
    home.depot.info = make_info(**versions)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    assert shown(home).keys() == {issue_id}
    assert placeholders(home, issue_id)["version"] == version

    home.depot.info = make_info()
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    assert shown(home) == {}


async def test_depot_is_updated_while_it_is_followed(home: Home) -> None:
    """A depot that became too new is noticed when it is back."""
    await home.start()
    await home.depot_goes_away()
    home.depot.info = make_info(api_version=9, min_api_version=8)
    await home.depot_returns()
    await home.until(lambda: shown(home).keys() == {"depot_too_new"}, "issue")


@pytest.mark.parametrize(
    ("err", "issues"),
    [
        (DepotCertificateError(url="u", reason="r"), {"certificate_changed"}),
        (DepotTooOldError(url="u", version="0"), {"depot_too_old"}),
        (DepotAuthenticationError(url="u"), set()),
        (DepotConnectionError(url="u", reason="r"), set()),
        (None, set()),
    ],
)
async def test_one_issue_of_the_depot_at_a_time(
    home: Home, err: DepotError | None, issues: set[str]
) -> None:
    """What the last attempt came to counts, not what an earlier one did."""
    report_depot(home.hass, DepotCertificateError(url="u", reason="r"))
    report_depot(home.hass, err)
    assert shown(home).keys() == issues


async def test_address_that_devices_do_not_reach(home: Home, two_packages: None) -> None:
    """A device that lives but never asks the depot was given a useless address."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await pass_minutes(home, 1)
    await home.say("weather_1", "something_else")
    await pass_minutes(home, 8)
    assert shown(home) == {}
    await pass_minutes(home, 2)
    assert placeholders(home, "address_unreachable") == {
        "device": "weather_1",
        "minutes": "10",
        "url": "https://192.168.1.20:8443",
    }
    assert "secret" not in str(shown(home))

    await home.transfer(requests=1, bytes_served=10)
    assert shown(home) == {}


async def test_refused_request_reaches_the_depot(home: Home, two_packages: None) -> None:
    """A device whose token is refused has found the depot all the same."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await pass_minutes(home, 1)
    await home.say("weather_1", "something_else")
    await pass_minutes(home, 10)
    assert shown(home).keys() == {"address_unreachable"}
    await home.transfer(requests=0, refusals=1, bytes_served=0)
    await pass_minutes(home, 1)
    assert shown(home) == {}


async def test_silent_device_says_nothing_about_the_address(home: Home, two_packages: None) -> None:
    """A device that was switched off after the message proves nothing."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await pass_minutes(home, 30)
    assert shown(home) == {}


async def test_device_says_that_it_got_nowhere(home: Home, two_packages: None) -> None:
    """A lost connection without a single request is told at once."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.report_progress(result_code=6)
    assert shown(home).keys() == {"address_unreachable"}


async def test_lost_connection_after_a_request(home: Home, two_packages: None) -> None:
    """The depot has seen the device: its address is good."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.transfer(requests=1, bytes_served=10)
    await home.report_progress(result_code=6)
    assert shown(home) == {}


async def test_address_was_changed(home: Home, two_packages: None) -> None:
    """What was said of the old address does not hold for the new one."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.report_progress(result_code=6)
    home.depot.info = make_info(device_url="https://192.168.1.21:8443")
    await home.depot_goes_away()
    await home.depot_returns()
    await home.until(
        lambda: (
            home.manager.depot_info is not None
            and home.manager.depot_info.device_url == "https://192.168.1.21:8443"
        ),
        "new address",
    )
    await pass_minutes(home, 1)
    assert shown(home) == {}


async def test_address_after_a_restart(home: Home, two_packages: None) -> None:
    """A task that was told before the restart is watched as well."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.restart()
    await pass_minutes(home, 1)
    await home.say("weather_1", "something_else")
    await pass_minutes(home, 11)
    assert shown(home).keys() == {"address_unreachable"}


def probes(home: Home) -> list[str]:
    """Return the topics of the probes that left; none is retained."""
    calls = [call.args for call in home.paho.publish.mock_calls if call.args]
    sent = [args for args in calls if PROBE_ID in args[0]]
    assert all(args[3] is False for args in sent)
    return [args[0] for args in sent]


@pytest.fixture
def access_list(home: Home) -> Iterator[set[str]]:
    """Let the broker drop, without a word, messages to topics that hold one of the words."""
    hidden = {PROBE_ID}
    deliver = home.paho.publish.side_effect

    def publish(topic: str, *rest: Any) -> Any:
        """Confirm the message, wherever it goes."""
        dropped = any(word in topic for word in hidden)
        return deliver(f"nowhere/{topic}" if dropped else topic, *rest)

    home.paho.publish.side_effect = publish
    yield hidden
    home.paho.publish.side_effect = deliver


async def test_broker_hides_the_topics(home: Home, access_list: set[str]) -> None:
    """A probe that does not come back within half a minute shows it."""
    await home.start()
    await pass_minutes(home, 1)
    (probe,) = probes(home)
    assert probe.startswith(f"{PREFIX}/{PROBE_ID}_")
    assert probe.endswith("/sys/events/up")
    assert shown(home) == {}
    await pass_minutes(home, 1)
    assert placeholders(home, "topics_hidden") == {
        "topic": "$oc/devices/+/sys/events/up",
        "rule": "topic readwrite $oc/devices/#",
        "device_rule": "pattern readwrite $oc/devices/%u/#",
    }

    await home.report()
    await pass_minutes(home, 1)
    assert shown(home) == {}


async def test_probe_comes_back(home: Home) -> None:
    """Our own message is proof enough, and no device; it is not sent again."""
    await home.start()
    await pass_minutes(home, 30)
    assert shown(home) == {}
    assert len(probes(home)) == 1
    assert home.manager.devices == {}
    assert not home.manager.messenger.faults
    assert home.sent == []


async def test_probe_cannot_be_sent(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """A connection that breaks just then is no reason to complain."""
    await home.start()
    with patch.object(topics.mqtt, "async_publish", side_effect=HomeAssistantError("gone")):
        await pass_minutes(home, 1)
    assert "probe of the topics was not sent: gone" in caplog.text
    assert shown(home) == {}


async def test_devices_are_heard(home: Home) -> None:
    """Nothing is sent where devices talk: Home Assistant may be allowed only to read."""
    await home.start()
    await home.report()
    await pass_minutes(home, 15)
    assert probes(home) == []


async def test_access_list_is_mended(home: Home, access_list: set[str]) -> None:
    """The probe is repeated, so that the issue vanishes without a restart."""
    await home.start()
    await pass_minutes(home, 10)
    assert shown(home).keys() == {"topics_hidden"}
    access_list.clear()
    await pass_minutes(home, 2)
    assert len(probes(home)) == 2
    assert shown(home) == {}


async def test_broker_is_away(home: Home, access_list: set[str]) -> None:
    """What is not connected hides nothing; a new connection is judged anew."""
    await home.start()
    await home.report()
    home.broker_goes_away()
    await pass_minutes(home, 15)
    assert probes(home) == []
    assert shown(home) == {}

    await home.broker_returns()
    await pass_minutes(home, 3)
    assert len(probes(home)) == 1
    assert shown(home).keys() == {"topics_hidden"}


async def fail(home: Home, device_id: str = "weather_1", result_code: int = 4) -> None:
    """Let an upgrade fail."""
    await home.install(device_id)
    await home.report(device_id)
    await home.until(lambda: home.sent_upgrades(device_id), "upgrade message")
    await home.report_progress(device_id, result_code=result_code)
    assert home.task(device_id).is_ended
    home.forget_sent()


async def test_the_third_failure_in_a_row_is_an_issue(home: Home, two_packages: None) -> None:
    """The third failure in a row is told with its cause; a success takes it back."""
    await home.start()
    await home.report()
    for _ in range(2):
        await fail(home)
    assert shown(home) == {}
    await fail(home)
    told = placeholders(home, "repeated_failure_firmware_weather_1")
    assert told["count"] == "3"
    assert told["version"] == "1.4.0"
    assert told["cause"]
    assert told["advice"]
    await fail(home)
    assert placeholders(home, "repeated_failure_firmware_weather_1")["count"] == "4"

    await home.install_and_notify()
    await home.report(firmware="1.4.0")
    assert shown(home) == {}


async def test_issue_names_the_likely_mistake(home: Home, two_packages: None) -> None:
    """What to do holds what the device probably does wrong."""
    await home.start()
    await home.report()
    for _ in range(2):
        await fail(home)
    await home.install_and_notify()
    await home.transfer(bytes_served=200, gap=[100, 300])
    await home.report_progress(result_code=7)
    told = placeholders(home, "repeated_failure_firmware_weather_1")
    assert "asked for the bytes from 300 on" in told["advice"]


async def test_success_between_failures(home: Home, two_packages: None) -> None:
    """Only failures in a row count."""
    await home.start()
    await home.report()
    for _ in range(2):
        await fail(home)
    await home.install_and_notify()
    await home.report(firmware="1.4.0")
    await home.report(firmware="1.3.0")
    home.forget_sent()
    await fail(home)
    assert shown(home) == {}


async def test_failing_device_is_forgotten(home: Home, two_packages: None) -> None:
    """Nobody can mend a device that is gone."""
    await home.start()
    await home.report()
    for _ in range(3):
        await fail(home)
    await home.manager.async_forget("weather_1")
    await pass_minutes(home, 1)
    assert shown(home) == {}


async def test_repeated_failure_survives_a_restart(home: Home, two_packages: None) -> None:
    """It is kept by Home Assistant, and still vanishes with a success."""
    await home.start()
    await home.report()
    for _ in range(3):
        await fail(home)
    await home.restart()
    issue_id = "repeated_failure_firmware_weather_1"
    assert shown(home)[issue_id].is_persistent
    await home.install_and_notify()
    await home.report(firmware="1.4.0")
    assert shown(home) == {}


async def test_failures_that_no_device_can_help(home: Home, two_packages: None) -> None:
    """A withdrawn package says nothing about the device."""
    await home.start()
    await home.report()
    for _ in range(4):
        await home.install()
        home.depot.packages[0]["withdrawn"] = True
        await home.depot.async_send_event(
            {"type": "package_changed", "package": home.depot.packages[0]}
        )
        await home.until(lambda: home.task().is_ended, "end of the task")
        home.depot.packages[0]["withdrawn"] = False
        await home.depot.async_send_event(
            {"type": "package_changed", "package": home.depot.packages[0]}
        )
        await home.until(lambda: home.state().state == "on", "offer")
    assert shown(home) == {}


async def test_many_failing_devices(
    home: Home, two_packages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fault of the whole home does not bury the page under repairs."""
    monkeypatch.setattr(failures, "_MAX_ISSUES", 1)
    await home.start()
    for device_id in ("weather_1", "weather_2"):
        await home.report(device_id)
        for _ in range(4):
            await fail(home, device_id)
    assert shown(home).keys() == {"repeated_failure_firmware_weather_1"}
    assert placeholders(home, "repeated_failure_firmware_weather_1")["count"] == "4"


async def test_new_devices_are_one_issue(home: Home) -> None:
    """All of them are one issue, and it goes when the last one is settled."""
    home.hass.config_entries.async_update_entry(home.entry, options={"add_devices": "confirmed"})
    await home.start()
    assert shown(home) == {}
    await home.report("weather_1")
    await home.report("weather_2")
    assert placeholders(home, "new_devices") == {"count": "2"}
    await home.manager.async_confirm("weather_1")
    assert placeholders(home, "new_devices") == {"count": "1"}
    await home.manager.async_reject("weather_2")
    assert shown(home) == {}
    await home.report("weather_2")
    assert shown(home) == {}


async def test_ignored_issue_stays_ignored_over_a_reload(home: Home, access_list: set[str]) -> None:
    """Issues are not made anew by a reload: that would forget the user's choice."""
    await home.start()
    await pass_minutes(home, 2)
    ir.async_ignore_issue(home.hass, DOMAIN, "topics_hidden", ignore=True)
    await home.restart()
    assert shown(home)["topics_hidden"].dismissed_version is not None


async def test_disabled_integration_complains_no_more(home: Home, access_list: set[str]) -> None:
    """Whoever disables the integration knows what is wrong."""
    await home.start()
    await pass_minutes(home, 2)
    assert shown(home)
    await home.hass.config_entries.async_set_disabled_by(
        home.entry.entry_id, ConfigEntryDisabler.USER
    )
    assert shown(home) == {}


async def test_removed_integration_complains_no_more(home: Home) -> None:
    """Every issue goes with the entry, also while the depot is away."""

    async def refuse(request: web.Request) -> web.Response:
        """Answer as no depot does."""
        return web.Response(status=404)

    home.depot.answers["GET /api/v1/info"] = refuse
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    home.clock.tick(11 * MINUTE)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    assert shown(home).keys() == {"depot_unreachable"}
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert shown(home) == {}
