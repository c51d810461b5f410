"""The platform's side of the MQTT conversation, as tests need it."""

from collections.abc import Callable
import json
import queue
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from .misbehaving_depot import SHA256, SIZE

PREFIX = "$oc/devices"


class Platform:
    """Sends events to one device and sees every event that it reports."""

    def __init__(self, port: int, device_id: str) -> None:
        """Connect and watch the device's uplink topic."""
        self.device_id = device_id
        self.events: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        subscribed: queue.Queue[bool] = queue.Queue()
        self._client.on_subscribe = lambda *_: subscribed.put(True)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(f"{PREFIX}/{device_id}/sys/events/up", qos=1)
        self._client.loop_start()
        subscribed.get(timeout=10)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, event_type: str, **paras: object) -> None:
        """Send one event down."""
        service = {"service_id": "$ota", "event_type": event_type, "paras": paras}
        self.send_raw(json.dumps({"object_device_id": self.device_id, "services": [service]}))

    def send_raw(self, payload: str | bytes, *, retain: bool = False) -> None:
        """Send any bytes down."""
        topic = f"{PREFIX}/{self.device_id}/sys/events/down"
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)

    def upgrade(self, url: str, *, event_type: str = "firmware_upgrade", **changes: object) -> None:
        """Command the upgrade to version 2 from the misbehaving depot."""
        paras = {"version": "2", "url": url, "file_size": SIZE, "sign": SHA256.upper()}
        self.send(event_type, **(paras | {"access_token": "secret", "expires": 86400} | changes))

    def next(self, timeout: float = 10) -> tuple[str, dict[str, Any]]:
        """Return type and paras of the device's next event."""
        return self.events.get(timeout=timeout)

    def until(
        self, wanted: Callable[[str, dict[str, Any]], bool], timeout: float = 15
    ) -> list[tuple[str, dict[str, Any]]]:
        """Return all events up to the wanted one."""
        seen: list[tuple[str, dict[str, Any]]] = []
        end = time.monotonic() + timeout
        while not seen or not wanted(*seen[-1]):
            try:
                seen.append(self.next(max(0.01, end - time.monotonic())))
            except queue.Empty:
                msg = f"the wanted event did not come; seen: {seen}"
                raise TimeoutError(msg) from None
        return seen

    def result(self) -> list[tuple[str, dict[str, Any]]]:
        """Return all events up to a failure, or up to the success of version 2."""
        return self.until(
            lambda event, paras: (
                event == "upgrade_progress_report"
                and (
                    paras["result_code"] != 0 or (paras["progress"], paras["version"]) == (100, "2")
                )
            )
        )

    def silent_for(self, seconds: float) -> bool:
        """Tell whether the device reports nothing for a while."""
        try:
            self.next(seconds)
        except queue.Empty:
            return True
        return False

    def _on_message(
        self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        """Keep the events of a message."""
        envelope = json.loads(message.payload)
        assert envelope.get("object_device_id", self.device_id) == self.device_id
        for service in envelope["services"]:
            assert service["service_id"] == "$ota"
            self.events.put((service["event_type"], service["paras"]))
