"""What the documents quote of the screen, and the numbers that they name, are what a user meets."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
import json
from pathlib import Path
import re
from typing import Any

import hass_frontend
import pytest

from custom_components.mqtt_ota.const import DEFAULT_DEPOT_PORT, EVENT_TASK_CHANGED
from custom_components.mqtt_ota.options import AddDevices, Options
from custom_components.mqtt_ota.protocol import DEFAULT_TOPIC_PREFIX, downlink_topic
from custom_components.mqtt_ota.upgrade import Policy
from tests.documents import documents, prose, section, table
from tests.meta.files import INTEGRATION, ROOT

_MENU = re.compile(r"\*{1,2}([^*]*→[^*]*)\*{1,2}")
# What is on the screen but no text of Home Assistant's own.
_OTHER_LABELS = {"⋮", "MQTT OTA"}


def leaves(node: Any) -> Iterator[str]:
    """Iterate over all texts of a translation file."""
    if isinstance(node, dict):
        for child in node.values():
            yield from leaves(child)
    else:
        yield str(node)


@cache
def own_texts() -> frozenset[str]:
    """Return what the integration can show, its placeholders as `…`."""
    data = json.loads((INTEGRATION / "translations/en.json").read_text(encoding="utf-8"))
    return frozenset(re.sub(r"\{\w+\}", "…", text) for text in leaves(data))


@cache
def page_texts() -> frozenset[str]:
    """Return the English texts of Home Assistant's own web page."""
    folder = Path(str(hass_frontend.where())) / "static/translations"
    files = [path for path in folder.rglob("en-*.json") if not path.name.startswith("en-GB")]
    assert len(files) > 1
    return frozenset(
        text for path in files for text in leaves(json.loads(path.read_text(encoding="utf-8")))
    )


MENUS = sorted(
    {" ".join(menu.split()) for document in documents() for menu in _MENU.findall(prose(document))}
)


@pytest.mark.parametrize("menu", MENUS)
def test_menus(menu: str) -> None:
    """Every step of a way through the menus is written on the page."""
    for label in menu.split(" → "):
        assert label in page_texts() | _OTHER_LABELS, f"{menu}: Home Assistant has no {label!r}"


def test_menus_are_found() -> None:
    """The ways to the two installations are among what is checked."""
    assert "Settings → Devices & services → Add integration → MQTT OTA" in MENUS
    assert "Settings → Apps → Install app → ⋮ → Repositories" in MENUS


def test_button() -> None:
    """The button has the name that the page gives it."""
    assert "Press **Update**" in prose("README.md")
    assert "Update" in page_texts()


TROUBLES = [row[0] for row in table("README.md", "Troubleshooting")]


@pytest.mark.parametrize("seen", TROUBLES)
def test_troubles(seen: str) -> None:
    """What somebody sees is quoted word by word, so that a search finds it."""
    if quoted := re.fullmatch(r'"(.+)"', seen):
        assert any(text.startswith(quoted[1]) for text in own_texts())
    else:
        stage = re.fullmatch(r"the update stays at \*(.+)\*", seen)
        assert stage
        assert stage[1] in own_texts()


def test_connection_settings() -> None:
    """The table has the fields of the set-up dialog under their names."""
    data = json.loads((INTEGRATION / "translations/en.json").read_text(encoding="utf-8"))
    fields = data["config"]["step"]["user"]["data"]
    rows = table("README.md", "Configuration")
    assert [row[0] for row in rows] == list(fields.values())
    assert f"port {DEFAULT_DEPOT_PORT}" in rows[0][1]


def test_times_and_limits() -> None:
    """The times and limits in the text are those of an upgrade that nobody changed."""
    text = prose("README.md")
    policy = Policy()
    assert policy.online_timeout == timedelta(hours=25)
    assert "is waited for (25 hours)" in text
    assert policy.version_timeout == timedelta(minutes=3)
    assert "(3 min)" in text
    assert policy.grant_lifetime == policy.report_timeout == timedelta(hours=24)
    assert "silence (24 h)" in text
    assert Options().parallel_transfers == 4
    assert "At most four devices transfer at a time" in text


def test_settings() -> None:
    """The defaults in the table are those of settings that nobody changed."""
    default = {row[0]: row[1] for row in table("README.md", "Settings")}
    options = Options()
    policy = options.policy
    assert options.add_devices is AddDevices.AUTOMATIC
    assert default["New devices"] == "add at once"
    assert default["Topic prefix"] == f"`{options.topic_prefix}`"
    payloads = f"`{options.payload_available}`, `{options.payload_not_available}`"
    assert default["Availability topic, payloads"] == f"none, {payloads}"
    assert policy.depot_timeout == timedelta(hours=24)
    assert default["Depot comes back"] == "24 h"
    assert policy.check_timeout == timedelta(minutes=3)
    assert default["Version is checked"] == "3 min"
    assert policy.download_start_timeout is policy.download_timeout is None
    assert default["Download starts; is complete; update starts"] == "none"
    assert default["Downloads at a time"] == str(options.parallel_transfers)
    assert (policy.retry_count, policy.retry_interval) == (0, timedelta(minutes=5))
    assert default["Retries, pause before a retry"] == "0, 5 min"


def test_names() -> None:
    """Topics, models and the oldest Home Assistant are those of the code."""
    text = prose("README.md")
    assert f"`{DEFAULT_TOPIC_PREFIX}/<device id>/sys/events/up`" in text
    assert f"`{downlink_topic(DEFAULT_TOPIC_PREFIX, '<device id>')}`" in text
    assert Options().model_of("weather_kitchen", None) == "weather"
    assert "(`weather_kitchen` is a `weather`)" in text
    oldest = json.loads((ROOT / "hacs.json").read_text())["homeassistant"]
    assert f"Home Assistant {oldest.removesuffix('.0')} or newer" in text
    assert EVENT_TASK_CHANGED in documents()["README.md"]


def test_changelog_names_what_there_is() -> None:
    """The newest changes stand at the top."""
    assert section("CHANGELOG.md", "Added").count("\n- ") >= 3
    assert documents()["CHANGELOG.md"].index("[Unreleased]") < 600
