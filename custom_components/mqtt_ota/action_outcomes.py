"""What comes of asking for many upgrades at once: one refusal does not stop the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.json import JsonObjectType

from .action_results import device_name, failure_message, refusal_result, task_result
from .const import DOMAIN, LOGGER, PackageKind
from .manager import UpgradeManager
from .upgrade import State, Task

type Begin = Callable[[str, PackageKind], Awaitable[Task]]

# A message names this many devices; the answer has them all.
_MAX_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The task of one kind of one device, or why there is none."""

    device_id: str
    kind: PackageKind
    task: Task | None = None
    error: HomeAssistantError | None = None

    @property
    def is_success(self) -> bool:
        """Return whether the device runs the version."""
        return self.task is not None and self.task.state is State.SUCCEEDED

    def as_response(self, hass: HomeAssistant, manager: UpgradeManager) -> JsonObjectType:
        """Return the outcome as an action answers it."""
        if self.task is not None:
            return task_result(hass, manager, self.task)
        assert self.error is not None
        return refusal_result(hass, manager, self.device_id, self.kind, self.error)

    def reason(self, hass: HomeAssistant, manager: UpgradeManager) -> str:
        """Return whose upgrade did not succeed and why, as one sentence."""
        if self.task is None:
            why = str(self.error)
        else:
            why = failure_message(hass, self.task) or self.task.state
        return f"{device_name(hass, manager, self.device_id)}: {why}"


async def async_begin_all(
    manager: UpgradeManager, wanted: Iterable[tuple[str, PackageKind]], begin: Begin
) -> list[Outcome]:
    """Return what came of each; all at once, so that they share the writes to disk."""

    async def begin_one(device_id: str, kind: PackageKind) -> Outcome:
        """Return a task or the refusal."""
        try:
            task = await begin(device_id, kind)
        except HomeAssistantError as err:
            LOGGER.warning("No upgrade of %s (%s): %s", device_id, kind, err)
            return Outcome(device_id=device_id, kind=kind, error=err)
        # It has gone on while the others were created.
        return Outcome(device_id=device_id, kind=kind, task=manager.tasks.get(task.id, task))

    return await asyncio.gather(*(begin_one(device_id, kind) for device_id, kind in wanted))


async def async_wait_for_all(manager: UpgradeManager, outcomes: list[Outcome]) -> list[Outcome]:
    """Return the outcomes once all tasks have ended, their further attempts included."""

    async def wait_for(outcome: Outcome) -> Outcome:
        """Return how one has ended."""
        if outcome.task is None or outcome.task.id not in manager.tasks:
            # Refused, or forgotten together with its device
            return outcome
        return replace(outcome, task=await manager.async_wait_ended(outcome.task.id))

    return await asyncio.gather(*(wait_for(outcome) for outcome in outcomes))


@callback
def raise_if_all_refused(outcomes: list[Outcome]) -> None:
    """Raise when something was wanted and there is no task at all."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not errors or len(errors) < len(outcomes):
        return
    if len(errors) == 1:
        raise errors[0]
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="all_refused",
        translation_placeholders={
            "count": str(len(errors)),
            # Many devices are refused for few reasons
            "reasons": " ".join(list(dict.fromkeys(str(error) for error in errors))[:_MAX_NAMED]),
        },
    )


@callback
def raise_if_any_failed(
    hass: HomeAssistant, manager: UpgradeManager, outcomes: list[Outcome]
) -> None:
    """Raise for whoever waited without looking at the answer."""
    failed = [outcome for outcome in outcomes if not outcome.is_success]
    if failed:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="upgrades_failed",
            translation_placeholders={
                "failed": str(len(failed)),
                "count": str(len(outcomes)),
                "reasons": " ".join(item.reason(hass, manager) for item in failed[:_MAX_NAMED]),
            },
        )
