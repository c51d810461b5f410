"""Does what tasks want done: messages to devices, grants at the depot."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from homeassistant.util import dt as dt_util

from .const import LOGGER
from .depot import (
    DepotAuthenticationError,
    DepotClient,
    DepotError,
    DepotNotFoundError,
    DepotRefusedError,
)
from .devices import Device
from .messenger import Messenger
from .pacing import Job, PacedLine
from .protocol import Download
from .upgrade import (
    Cause,
    Effect,
    Event,
    GrantDelayed,
    Granted,
    GrantRef,
    GrantRefused,
    Notified,
    Notify,
    QueryCell,
    QueryVersion,
    RequestGrant,
    RevokeGrant,
    State,
    Task,
)

_GRANT_PAUSE: Final = 10.0
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_PACKAGE_WITHDRAWN: Final = "package-withdrawn"


class Performer:
    """Performs effects and tells the task how it went."""

    def __init__(
        self,
        client: DepotClient,
        messenger: Messenger,
        devices: Mapping[str, Device],
        line: PacedLine,
        *,
        save: Callable[[], Awaitable[None]],
        apply: Callable[[str, Event], bool],
        tasks: Callable[[], Mapping[str, Task]],
        on_unauthorized: Callable[[], None],
    ) -> None:
        """Remember how to save all tasks, to look them up and to tell one of them an event."""
        self._client = client
        self._messenger = messenger
        self._devices = devices
        self._line = line
        self._save = save
        self._apply = apply
        self._tasks = tasks
        self._on_unauthorized = on_unauthorized
        self._asking: set[str] = set()
        self._notifying: set[str] = set()
        self._unrevoked: set[str] = set()
        self._told_delays: set[str] = set()

    async def async_perform(
        self, task: Task, effects: tuple[Effect, ...], *, urgent: bool = False
    ) -> None:
        """Send questions at once; do what can't be done twice after the task is saved.

        `urgent` is a device that spoke just now. The others stand in line, so that a home
        in which everybody waits does not answer as one.
        """
        device = self._devices[task.device_id]
        for effect in effects:
            if (ask := self._question(effect, device)) is None:
                continue
            question = f"{device.id}/{type(effect).__name__}"
            if urgent:
                # A battery device may be awake for seconds: no disk between it and us.
                self._line.remove(question)
                await ask()
            else:
                self._line.add(question, ask)
        await self._save()
        for effect in effects:
            if isinstance(effect, RequestGrant):
                await self._async_request_grant(task)
            elif isinstance(effect, Notify):
                await self._async_notify(task, device)
            elif isinstance(effect, RevokeGrant):
                await self._async_revoke(effect.grant_id)

    async def async_revoke_leftovers(self) -> None:
        """Take back the grants of ended tasks that the depot could not be told of."""
        for grant_id in list(self._unrevoked):
            await self._async_revoke(grant_id)
        try:
            grants = await self._client.async_get_grants()
        except DepotError as err:
            LOGGER.debug("Grants could not be checked: %s", err)
            return
        for grant in grants:
            task = self._tasks().get(grant.task_id)
            if task is not None and task.is_ended:
                await self._async_revoke(grant.id)

    def _question(self, effect: Effect, device: Device) -> Job | None:
        """Return what asks a device, None for an effect that is no question."""
        if isinstance(effect, QueryVersion):
            return partial(self._messenger.async_query_version, device.id, device.gateway_id)
        if isinstance(effect, QueryCell):
            return partial(self._messenger.async_query_cell, device)
        return None

    async def _async_request_grant(self, task: Task) -> None:
        """Ask the depot for the download, one question at a time for each task."""
        # The depot keeps one grant per task: a second one would kill the first, which the
        # device may have by then.
        if task.id in self._asking:
            return
        self._asking.add(task.id)
        try:
            event = await self._async_ask_grant(task)
        finally:
            self._asking.discard(task.id)
        if not self._apply(task.id, event) and isinstance(event, Granted):
            await self._async_revoke(event.grant.id)

    async def _async_ask_grant(self, task: Task) -> Event:
        """Return what the depot answers; what it refuses for good ends the task."""
        try:
            grant = await self._client.async_create_grant(
                package_id=task.package.id,
                device_id=task.device_id,
                task_id=task.id,
                expires_in=task.policy.grant_lifetime,
            )
        except DepotError as err:
            if (cause := _lasting_cause(err)) is not None:
                LOGGER.warning("%s can't download: %s", task.device_id, err)
                return GrantRefused(cause=cause)
            return await self._async_delay(task, err)
        self._told_delays.discard(task.id)
        return Granted(
            grant=GrantRef(
                id=grant.id, url=grant.url, expires_at=grant.expires_at, token=grant.token
            )
        )

    async def _async_delay(self, task: Task, err: DepotError) -> GrantDelayed:
        """Let the task keep its slot for a while, so that nobody storms the depot."""
        if isinstance(err, DepotAuthenticationError):
            self._on_unauthorized()
        if task.id not in self._told_delays:
            self._told_delays.add(task.id)
            LOGGER.warning("%s can't download yet, trying again: %s", task.device_id, err)
        await asyncio.sleep(_GRANT_PAUSE)
        return GrantDelayed()

    async def _async_notify(self, task: Task, device: Device) -> None:
        """Send the upgrade message once; without a broker the task is resumed with it."""
        # The task may have ended while it was saved, and the broker may come back before it
        # has confirmed the message that it already has.
        current = self._tasks().get(task.id)
        grant = task.grant
        if (
            current is None
            or grant is None
            or current.grant != grant
            or current.state is not State.AWAITING_DOWNLOAD
            or current.notified_at is not None
            or task.id in self._notifying
        ):
            return
        self._notifying.add(task.id)
        try:
            await self._async_send_upgrade(task, grant, device)
        finally:
            self._notifying.discard(task.id)

    async def _async_send_upgrade(self, task: Task, grant: GrantRef, device: Device) -> None:
        """Hand a device its grant."""
        download = Download(
            version=task.package.version,
            url=grant.url,
            file_size=task.package.size,
            file_name=task.package.file_name,
            sign=task.package.sha256,
            expires=max(0, int((grant.expires_at - dt_util.utcnow()).total_seconds())),
            access_token=grant.token,
            custom_info=task.package.custom_info,
        )
        size = await self._messenger.async_notify(device, task.kind, download)
        if size is not None:
            self._apply(task.id, Notified(message_size=size))

    async def _async_revoke(self, grant_id: str) -> None:
        """Take a grant back; a depot that is away is told when it returns."""
        try:
            await self._client.async_revoke_grant(grant_id)
        except DepotError as err:
            self._unrevoked.add(grant_id)
            LOGGER.debug("A grant could not be revoked yet: %s", err)
        else:
            self._unrevoked.discard(grant_id)


def _lasting_cause(err: DepotError) -> Cause | None:
    """Return why the depot will never grant this download, None when it may later."""
    if not isinstance(err, DepotRefusedError):
        return None
    if isinstance(err, DepotNotFoundError) or err.problem == _PACKAGE_WITHDRAWN:
        return Cause.PACKAGE_WITHDRAWN
    is_lasting = (
        HTTPStatus.BAD_REQUEST <= err.status < HTTPStatus.INTERNAL_SERVER_ERROR
        and err.status not in _PASSING
    )
    return Cause.DOWNLOAD_REFUSED if is_lasting else None
