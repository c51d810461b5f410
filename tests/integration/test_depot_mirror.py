"""The mirror of the depot, which follows a real server on a socket."""

import pytest

from custom_components.mqtt_ota.depot import Package
from tests.integration.fake_depot import make_package
from tests.integration.home import Home


def versions(home: Home) -> set[str]:
    """Return the versions of the packages that are known."""
    return {package.version for package in home.manager.mirror.packages.values()}


async def test_the_snapshot_comes_before_the_entities(home: Home) -> None:
    """Right after the set-up nobody sees an offer appear out of nowhere."""
    home.depot.packages.append(make_package())
    await home.start()
    assert versions(home) == {"1.4.0"}
    assert home.manager.mirror.is_connected


async def test_changes_are_followed(home: Home) -> None:
    """Packages come, change and go."""
    await home.start()
    await home.add_package()
    changed = make_package(release_notes="Even better.")
    await home.depot.async_send_event({"type": "package_changed", "package": changed})

    def package() -> Package:
        return home.manager.mirror.packages["pkg1"]

    await home.until(lambda: package().release_notes == "Even better.", "change")
    await home.depot.async_send_event({"type": "package_removed", "package_id": "pkg1"})
    await home.until(lambda: not versions(home), "removal")
    # What was never there is no news
    await home.depot.async_send_event({"type": "package_removed", "package_id": "pkg1"})
    await home.depot.async_send_event({"type": "transfer_removed", "grant_id": "grant1"})
    await home.add_package(id="pkg2", version="1.5.0")
    assert versions(home) == {"1.5.0"}


async def test_the_mirror_cannot_be_changed_from_outside(home: Home) -> None:
    """It is a view."""
    await home.start()
    with pytest.raises(TypeError):
        home.manager.mirror.packages["pkg1"] = "mine"  # type: ignore[index]


async def test_a_lost_depot_is_told_once_and_found_again(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it is tried in vain; after that everything is as the depot says."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.depot_goes_away()
    asked = len(home.depot.requests)
    home.depot.packages[:] = [make_package(id="pkg2", version="1.5.0")]
    assert versions(home) == {"1.4.0"}
    await home.depot_returns()
    assert versions(home) == {"1.5.0"}
    assert len(home.depot.requests) > asked
    assert caplog.text.count("Lost the depot") == 1
    assert caplog.text.count("The depot is back") == 1
    await home.depot_goes_away()
    await home.depot_returns()
    assert caplog.text.count("Lost the depot") == 2


async def test_a_refused_key_asks_the_user(home: Home) -> None:
    """Only the user can get a new key: asking for ever would only fill logs."""
    await home.start()
    home.depot.api_key = "another"
    await home.depot.async_stop()
    await home.depot.async_start()

    def flows() -> list[str]:
        return [
            flow["context"]["source"] for flow in home.hass.config_entries.flow.async_progress()
        ]

    await home.until(flows, "flow")
    assert flows() == ["reauth"]
    asked = len(home.depot.requests)
    await home.settle()
    assert len(home.depot.requests) == asked
    assert not home.manager.mirror.is_connected
