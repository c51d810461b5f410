"""What the depot does by itself now and then."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
import itertools
import logging
from typing import Final

from .blobs import StorageFullError
from .depot import Depot
from .retention import remove_old_versions
from .served_certificate import ServedCertificate

TICK: Final = 1.0
# Saving progress costs wear of flash cards; new and ended downloads are saved
# with the next tick, the rest at every so many ticks.
SAVE_TICKS: Final = 5
LOOK_TICKS: Final = 5
EXPIRE_TICKS: Final = 60
RENEW_TICKS: Final = 24 * 3600

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Duties:
    """What is looked after; `certificate_changed` hears of another certificate to pin."""

    depot: Depot
    certificate: ServedCertificate
    certificate_changed: Callable[[], None]
    keep_versions: int


async def tick(duties: Duties) -> None:
    """Do what is due now and then; a failure is logged and tried again."""
    urgent = duties.depot.transfers.urgent
    for count in itertools.count(1):
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK):
                await urgent.wait()
        try:
            await _look_after_packages(duties, count)
            if count % LOOK_TICKS == 0 and duties.certificate.follow():
                duties.certificate_changed()
            if count % RENEW_TICKS == 0 and duties.certificate.renew():
                duties.certificate_changed()
        except StorageFullError:
            _LOGGER.warning("No room is left to save the progress of downloads")
        except Exception:
            _LOGGER.exception("What is due now and then failed; it will be tried again")
            # What is urgent and was not done would begin the next tick at once.
            await asyncio.sleep(TICK)


async def _look_after_packages(duties: Duties, count: int) -> None:
    """Save progress, and remove what is due."""
    depot = duties.depot
    depot.transfers.flush()
    await depot.remove_due_packages()
    if depot.transfers.urgent.is_set() or count % SAVE_TICKS == 0:
        await depot.save_transfers()
    if count % EXPIRE_TICKS == 0:
        await depot.remove_expired_grants()
        await depot.remove_held_blobs()
        await remove_old_versions(depot, duties.keep_versions)
