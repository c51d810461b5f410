"""Tells what a task has come to: the log, the event bus and whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback

from .const import EVENT_TASK_CHANGED, LOGGER
from .upgrade import CAUSES, Requester, State, Task, advice_in_english, likely_mistake


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskChange:
    """A task in a new state; `before` is None for a task that is new itself."""

    task: Task
    before: State | None


type TaskListener = Callable[[TaskChange], None]


class Announcer:
    """Tells each change of a task once, in the name of who asked for the upgrade."""

    def __init__(self, hass: HomeAssistant, registry_id: Callable[[str], str | None]) -> None:
        """Remember how to find Home Assistant's own id of a device."""
        self._hass = hass
        self._registry_id = registry_id
        self._listeners: list[TaskListener] = []

    @callback
    def listen(self, listener: TaskListener) -> CALLBACK_TYPE:
        """Call the listener with every change from now on."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def announce(self, change: TaskChange) -> None:
        """Tell a change; for an automation the bus has the whole of it."""
        _log(change)
        task = change.task
        self._hass.bus.async_fire(
            EVENT_TASK_CHANGED,
            {
                "device_id": self._registry_id(task.device_id),
                "device": task.device_id,
                "task_id": task.id,
                "kind": task.kind,
                "version": task.package.version,
                "from_version": task.previous_version,
                "from_state": change.before,
                "state": task.state,
                "cause": task.cause,
                "likely_mistake": likely_mistake(task),
                "attempt": task.attempt,
                "unproven": task.is_unproven,
            },
            context=requester_context(task.requester),
        )
        for listener in list(self._listeners):
            listener(change)


def requester_context(requester: Requester | None) -> Context | None:
    """Return who asked for an upgrade as Home Assistant has it; None where nobody is known."""
    if requester is None:
        return None
    return Context(
        id=requester.context_id, parent_id=requester.parent_id, user_id=requester.user_id
    )


def _log(change: TaskChange) -> None:
    """Log a failure with its remedy, and every other change for those who look closely."""
    task = change.task
    if task.is_ended and task.is_unproven:
        LOGGER.warning(
            "%s told success, but the depot did not see it fetch the whole package: look whether "
            "it really runs %s %s",
            task.device_id,
            task.kind,
            task.package.version,
        )
    if task.state is State.FAILED and task.cause is not None:
        text, advice = CAUSES[task.cause], advice_in_english(task)
        LOGGER.warning(
            "Upgrade of %s to %s %s failed: %s",
            task.device_id,
            task.kind,
            task.package.version,
            " ".join(part for part in (f"{text.message}.", text.solution, advice) if part),
        )
    else:
        LOGGER.debug("Upgrade of %s: %s -> %s", task.device_id, change.before, task.state)
