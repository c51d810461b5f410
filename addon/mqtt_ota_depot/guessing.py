"""Guessing: how often an address may show a wrong token or key."""

from collections import OrderedDict
from collections.abc import Callable
import math
import time
from typing import Final

# A person who mistypes and a device that holds on to an old token stay within;
# a program that tries words does not.
BURST: Final = 20
INTERVAL: Final = 5.0
# An attacker with more addresses pushes out its own oldest ones first.
MAX_ADDRESSES: Final = 4096


class Guesses:
    """Counts wrong tokens or keys by address: `BURST` at once, then one per `INTERVAL` seconds.

    What is kept per address is one moment, that at which its next guess would
    be on time (the generic cell rate algorithm).
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Create a counter; `monotonic` tells seconds."""
        self._monotonic = monotonic
        self._due: OrderedDict[str, float] = OrderedDict()
        self.wrong = 0
        self.limited = 0

    def __len__(self) -> int:
        """Return the number of addresses that are remembered."""
        return len(self._due)

    def note(self, address: str) -> int:
        """Note a wrong token or key; return the seconds to wait, 0 while within the bounds."""
        self.wrong += 1
        if wait := self.wait(address):
            self.limited += 1
            return wait
        due = max(self._due.pop(address, 0.0), self._monotonic()) + INTERVAL
        self._due[address] = due
        if len(self._due) > MAX_ADDRESSES:
            self._due.popitem(last=False)
        return 0

    def wait(self, address: str) -> int:
        """Return the seconds until the address may guess again, 0 when it may now."""
        ahead = self._due.get(address, 0.0) - self._monotonic()
        return max(0, math.ceil(ahead - (BURST - 1) * INTERVAL))
