"""What survives a power cut: the state, the bytes downloaded so far, the installed image."""

import binascii
import hashlib
import json
import os

from ota_messages import INTERNAL_ERROR, NO_ROOM, UpgradeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BLOCK = 2048
ENOSPC = 28


class Store:
    """A folder of the board's file system, with a slot for the image that runs.

    Firmware of an ESP32 lives in partitions instead: replace `append`, `stored` and `digest` by
    `esp32.Partition`, and `boot` by `Partition.set_boot`.
    """

    def __init__(self, folder: str, version: str) -> None:
        """Take over what is there, or begin as a new device."""
        self._state_file = folder + "/state.json"
        self._part = folder + "/package.part"
        self._staged = folder + "/image.new"
        self._image = folder + "/image.bin"
        self.state: dict[str, Any] = {"version": version}
        try:
            with open(self._state_file) as file:
                self.state = json.load(file)
        except OSError:
            self.save()
        # Taken once: a heap that has been used for a while may have no such piece left.
        self._block = memoryview(bytearray(BLOCK))

    def save(self, **changes: object) -> None:
        """Change the state in one step, whenever the power goes."""
        self.state.update(changes)
        with open(self._state_file + ".new", "w") as file:
            json.dump(self.state, file)
        os.rename(self._state_file + ".new", self._state_file)

    def stored(self) -> int:
        """Return how many bytes of the package are there."""
        try:
            return os.stat(self._part)[6]
        except OSError:
            return 0

    def discard(self) -> None:
        """Throw the package's bytes away."""
        try:
            os.remove(self._part)
        except OSError:
            if self.stored():
                raise

    def append(self, stream: "Any", limit: int) -> "int | None":
        """Keep what has come of a stream; return how much, None for nothing yet, 0 at the end."""
        count: int | None = stream.readinto(self._block[: min(limit, BLOCK)])
        if not count:
            return count
        try:
            with open(self._part, "ab") as file:
                file.write(self._block[:count])
        except OSError as err:
            code = NO_ROOM if err.errno == ENOSPC else INTERNAL_ERROR
            raise UpgradeError(code, "storage: " + str(err)) from err
        return count

    def digest(self) -> str:
        """Return the SHA-256 of what the storage holds."""
        sha256 = hashlib.sha256()
        with open(self._part, "rb") as file:
            while True:
                count = file.readinto(self._block)
                if not count:
                    return binascii.hexlify(sha256.digest()).decode()
                sha256.update(self._block[:count])

    def stage(self, version: str) -> None:
        """Make the package what the next start runs."""
        os.rename(self._part, self._staged)
        self.save(staged=version)

    def boot(self) -> None:
        """Run what was staged; what a power cut interrupts here goes on at the next start."""
        version = self.state.get("staged")
        if version is None:
            return
        try:
            os.rename(self._staged, self._image)
        except OSError:
            os.stat(self._image)
        self.save(version=version, staged=None, upgrade=None, result=[0, "upgrade success"])
