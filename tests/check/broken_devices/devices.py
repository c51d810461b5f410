"""The broken devices, each named after its habit."""

from contextlib import suppress
import http.client
import json
import re
import socket

from .simple_device import TOPIC, Command, RefusedError, SimpleDevice

BUFFER = 1024


class Mute(SimpleDevice):
    """Reports its version at the start, but answers no query."""

    def handle(self, event_type: str, paras: Command) -> None:
        """Know upgrades only."""
        if event_type != "version_query":
            super().handle(event_type, paras)


class Eager(SimpleDevice):
    """Installs what it runs already."""

    def command(self, command: Command) -> None:
        """Begin whatever comes."""
        self.begin(command)


class Brittle(SimpleDevice):
    """Ends its message loop at the first broken message."""

    def receive(self, payload: bytes) -> None:
        """Trust every message."""
        try:
            json.loads(payload)
        except ValueError:
            self._client.on_message = None
        super().receive(payload)


class SmallBuffer(SimpleDevice):
    """Its MQTT library drops what does not fit into its buffer, topic included."""

    def receive(self, payload: bytes) -> None:
        """Lose large messages."""
        if len(payload) + len(f"{TOPIC}down") + 5 <= BUFFER:
            super().receive(payload)


class FirstServiceOnly(SimpleDevice):
    """Looks at the first entry of the list of services."""

    def receive(self, payload: bytes) -> None:
        """Read one entry."""
        try:
            envelope = json.loads(payload)
            first = json.dumps({"services": envelope["services"][:1]}).encode()
        except ValueError, KeyError, TypeError, IndexError:
            return
        super().receive(first)


class Searcher(SimpleDevice):
    """Searches the text of the message instead of reading JSON."""

    def receive(self, payload: bytes) -> None:
        """Expect the pieces as they came the first time."""
        if b"firmware_upgrade" in payload and not re.search(rb'"version":"[^"]+","url":"', payload):
            return
        super().receive(payload)


class Trusting(SimpleDevice):
    """Installs without a look at the hash."""

    def verify(self) -> None:
        """Believe."""


class StatusBlind(SimpleDevice):
    """Takes the body of every answer for the package, and the target for its version."""

    def judge(self, response: http.client.HTTPResponse) -> None:
        """Take whatever comes when it is refused."""
        try:
            super().judge(response)
        except RefusedError:
            self.flash.have = b"?" * self.running["file_size"]

    def verify(self) -> None:
        """Find every refusal good."""
        if set(self.flash.have) != set(b"?"):
            super().verify()


class Silent(SimpleDevice):
    """Ends a download that it cannot have without a word."""

    def report(self, code: int, *, version: str | None = None, progress: int | None = None) -> None:
        """Tell good news only."""
        if code in {0, 1, 3}:
            super().report(code, version=version, progress=progress)


class Appender(SimpleDevice):
    """Writes what comes behind what it has, whatever the status."""

    def judge(self, response: http.client.HTTPResponse) -> None:
        """Keep the bytes so far even when all come again."""
        have = self.flash.have
        super().judge(response)
        self.flash.have = have


class ReadsToEnd(SimpleDevice):
    """Waits for the server to close the connection."""

    def take(self, response: http.client.HTTPResponse) -> None:
        """Read on until nothing comes any more."""
        super().take(response)
        # Gone already when the answer said that the connection will be closed.
        sock: socket.socket | None = self.connection.sock
        while sock is not None and not self.off.is_set():
            sock.settimeout(0.1)
            with suppress(TimeoutError):
                if not sock.recv(1):
                    return


class Forgetful(SimpleDevice):
    """Keeps the command in memory only."""

    def run(self) -> None:
        """Start without a memory."""
        self.flash.command = None
        super().run()


class Mixer(SimpleDevice):
    """Lets a second command take over the buffer of the first."""

    def command(self, command: Command) -> None:
        """Change the address under the running download."""
        running = self.flash.command
        if running and running["version"] != command.get("version"):
            self.flash.command = command
            return
        super().command(command)


class Quitter(SimpleDevice):
    """Gives up when the connection breaks."""

    def after_cut(self) -> None:
        """End the upgrade."""
        raise RefusedError(6)


class Hammerer(SimpleDevice):
    """Asks again at once, and for ever."""

    def fetch(self) -> None:
        """Never get tired."""
        while not self.off.is_set() and len(self.flash.have) < self.running["file_size"]:
            super().fetch()

    def after_cut(self) -> None:
        """Do not wait."""


class Liar(SimpleDevice):
    """Reports success and the new version without fetching anything."""

    def fetch(self) -> None:
        """Fetch nothing."""

    def verify(self) -> None:
        """Check nothing."""
