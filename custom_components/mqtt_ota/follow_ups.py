"""What comes after a task: another attempt, a newer package, or the end of a wait."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .const import DOMAIN, LOGGER
from .task_list import TaskList
from .upgrade import (
    Cause,
    PackageRef,
    Task,
    successor,
    without_retry,
)


class FollowUps:
    """Follows the chain of tasks that one wish becomes, and tells its last one."""

    def __init__(
        self,
        hass: HomeAssistant,
        tasks: TaskList,
        *,
        add: Callable[[Task], None],
        package_for: Callable[[Task], PackageRef | None],
    ) -> None:
        """Remember how to begin a task, and how to find the package it should get now."""
        self._hass = hass
        self._tasks = tasks
        self._add = add
        self._package_for = package_for
        self._timers: dict[str, CALLBACK_TYPE] = {}
        self._waiting: dict[str, list[asyncio.Future[Task]]] = {}

    @callback
    def stop(self) -> None:
        """End all timers and tell those that wait."""
        while self._timers:
            self._timers.popitem()[1]()
        error = HomeAssistantError(translation_domain=DOMAIN, translation_key="stopped_waiting")
        while self._waiting:
            for future in self._waiting.popitem()[1]:
                if not future.done():
                    future.set_exception(error)

    @callback
    def follow(self, task: Task) -> None:
        """Take up a task that has ended, now or before a restart."""
        if task.retry_at is not None:
            self._arm(task.id, task.retry_at)
        elif task.cause is not Cause.SUPERSEDED or not self._supersede(task):
            self._tell(task)

    @callback
    def pass_on(self, task: Task, begun: Task) -> None:
        """Let those who wait for an ended task wait for the one that is begun in its place."""
        self._disarm(task.id)
        if waiting := self._waiting.pop(task.id, None):
            self._waiting[begun.id] = waiting

    @callback
    def give_up(self, task: Task) -> None:
        """Try an ended task no more; the caller saves."""
        self._disarm(task.id)
        given_up = without_retry(task)
        self._tasks.put(given_up, dt_util.utcnow())
        self._tell(given_up)

    async def async_wait_ended(self, task_id: str) -> Task:
        """Return how a task ended, or the last one of those that came after it.

        Raises KeyError for an unknown task, HomeAssistantError when the integration stops.
        """
        task = self._tasks.all[task_id]
        if task.is_ended and task.retry_at is None:
            return task
        future: asyncio.Future[Task] = self._hass.loop.create_future()
        self._waiting.setdefault(task_id, []).append(future)
        return await future

    @callback
    def _arm(self, task_id: str, when: datetime) -> None:
        """Set the timer of another attempt."""

        @callback
        def retry(_now: datetime) -> None:
            """Try again."""
            del self._timers[task_id]
            self._retry(self._tasks.all[task_id])

        # A task that fails while everything starts is followed twice
        self._disarm(task_id)
        self._timers[task_id] = async_track_point_in_utc_time(
            self._hass, HassJob(retry, cancel_on_shutdown=True), when
        )

    @callback
    def _retry(self, task: Task) -> None:
        """Begin the next attempt, with the package that suits the device now."""
        if (package := self._package_for(task)) is None:
            LOGGER.debug("Upgrade of %s: its package is gone, no retry", task.device_id)
            self.give_up(task)
            return
        again = successor(task, ulid_now(), dt_util.utcnow())
        self._tasks.put(without_retry(task), dt_util.utcnow())
        self._hand_over(task, replace(again, package=package))

    @callback
    def _supersede(self, task: Task) -> bool:
        """Begin the task of the newer package; return whether there is one."""
        if (package := self._package_for(task)) is None:
            return False
        begun = replace(
            successor(task, ulid_now(), dt_util.utcnow()),
            package=package,
            attempt=1,
        )
        self._hand_over(task, begun)
        return True

    @callback
    def _hand_over(self, task: Task, begun: Task) -> None:
        """Begin the task that comes after another one."""
        self.pass_on(task, begun)
        self._add(begun)

    @callback
    def _disarm(self, task_id: str) -> None:
        """End the timer of another attempt, if there is one."""
        if (cancel := self._timers.pop(task_id, None)) is not None:
            cancel()

    @callback
    def _tell(self, task: Task) -> None:
        """Tell those who wait that nothing comes after this."""
        for future in self._waiting.pop(task.id, ()):
            if not future.done():
                future.set_result(task)
