"""An MQTT 3.1.1 broker in Python, for machines on which Mosquitto cannot be installed."""

import asyncio
from dataclasses import dataclass, field
import hmac
import json
from pathlib import Path
import signal
import sys
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import BaseContext, BrokerConfig, ListenerConfig
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin
from amqtt.session import Session

DEVICE_TOPICS = "$oc/"


class DeviceTopicsBroker(Broker):
    """A broker that lets clients talk on `$oc/...`.

    The library closes the connection of whoever publishes on a `$` topic; MQTT 3.1.1
    section 4.7.2 reserves only `$SYS` in practice, and devices report on `$oc/devices/...`.
    """

    async def _handle_message_delivery(
        self,
        client_session: Session,
        handler: BrokerProtocolHandler,
        wait_deliver: asyncio.Future[Any],
    ) -> bool:
        """Pass device messages on; leave every other message to the library."""
        message = wait_deliver.result()
        if message is not None and message.topic.startswith(DEVICE_TOPICS):
            await self._broadcast_message(client_session, message.topic, message.data)
            return True
        return await super()._handle_message_delivery(client_session, handler, wait_deliver)


class SubscriptionLogPlugin(BasePlugin[BaseContext]):
    """Writes down who subscribes to what, as Mosquitto does."""

    async def on_broker_client_subscribed(self, *, client_id: str, topic: str, qos: int) -> None:
        """Log a subscription that is in force from now on."""
        sys.stdout.write(f"{client_id} {qos} {topic}\n")
        sys.stdout.flush()


class KnownUsersPlugin(BaseAuthPlugin):
    """Lets in the users of the settings, or everybody where none are given."""

    @dataclass
    class Config:
        """Passwords by user name."""

        users: dict[str, str] = field(default_factory=dict)

    def __init__(self, context: BaseContext) -> None:
        """Take the users from the settings."""
        super().__init__(context)
        self._users: dict[str, str] = self._get_config_option("users", {})

    async def authenticate(self, *, session: Session) -> bool | None:
        """Return whether the session's user may connect."""
        if not self._users:
            return True
        expected = self._users.get(session.username or "")
        return expected is not None and hmac.compare_digest(expected, session.password or "")


async def serve(settings: dict[str, Any]) -> None:
    """Run the broker until the process is asked to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    broker = DeviceTopicsBroker(
        BrokerConfig(
            listeners={"default": ListenerConfig(bind=f"{settings['host']}:{settings['port']}")},
            plugins={
                f"{__spec__.name}.{KnownUsersPlugin.__name__}": {"users": settings["users"]},
                f"{__spec__.name}.{SubscriptionLogPlugin.__name__}": {},
            },
        )
    )
    await broker.start()
    await ended.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
