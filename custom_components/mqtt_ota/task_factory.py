"""Makes the task that a user or an automation asks for, after the checks that refuse it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .const import DOMAIN, PackageKind
from .depot_follower import DepotFollower, package_ref
from .devices import Device
from .task_list import TaskList
from .upgrade import Policy, Requester, State, Task, successor


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskOverrides:
    """What is to be other than in the options; None is as there."""

    wait_online: bool | None = None
    retry_count: int | None = None
    retry_interval: timedelta | None = None
    pinned: bool | None = None

    def applied(self, policy: Policy) -> Policy:
        """Return a policy with what is overridden."""
        values: dict[str, Any] = {
            "wait_online": self.wait_online,
            "retry_count": self.retry_count,
            "retry_interval": self.retry_interval,
        }
        return replace(policy, **{name: it for name, it in values.items() if it is not None})


class TaskFactory:
    """Makes new tasks; every method raises ServiceValidationError where there can be none."""

    def __init__(
        self, devices: Mapping[str, Device], tasks: TaskList, depot: DepotFollower, policy: Policy
    ) -> None:
        """Remember what requests are checked against."""
        self._devices = devices
        self._tasks = tasks
        self._depot = depot
        self._policy = policy

    def for_install(
        self,
        device_id: str,
        kind: PackageKind,
        version: str | None,
        overrides: TaskOverrides,
        context: Context | None,
    ) -> Task:
        """Return the task for a version, or for the one that is offered.

        Unless overridden, a version that is not the offer is pinned: the user's choice.
        """
        device = self._devices[device_id]
        offer = self._depot.offer(device, kind)
        package = offer if version is None else self._depot.exactly(device, kind, version)
        if package is None:
            raise _no_package(device, version) if version else _error("no_offer", device=device_id)
        self._check_no_conflict(device_id, kind)
        now = dt_util.utcnow()
        return Task(
            id=ulid_now(),
            device_id=device_id,
            kind=kind,
            package=package_ref(package),
            policy=overrides.applied(self._policy),
            pinned=package is not offer if overrides.pinned is None else overrides.pinned,
            requester=_requester(context),
            created_at=now,
            state_since=now,
        )

    def for_retry(self, device_id: str, kind: PackageKind, context: Context | None) -> Task:
        """Return the task that does the last one again, which did not succeed."""
        last = self._tasks.last(device_id, kind)
        if last is None or last.state is State.SUCCEEDED:
            raise _error("nothing_to_retry", device=device_id, kind=kind)
        self._check_no_conflict(device_id, kind)
        package = self._depot.package_for(replace(last, pinned=True))
        if package is None:
            raise _no_package(self._devices[device_id], last.package.version)
        return replace(
            successor(last, ulid_now(), dt_util.utcnow()),
            package=package,
            attempt=1,
            history=(),
            requester=_requester(context),
        )

    def _check_no_conflict(self, device_id: str, kind: PackageKind) -> None:
        """Refuse a second upgrade of one kind while the first is live."""
        last = self._tasks.last(device_id, kind)
        if last is not None and not last.is_ended:
            raise _error("task_conflict", device=device_id, version=last.package.version)


def _requester(context: Context | None) -> Requester | None:
    """Return what a task keeps of the context in which somebody asked for it."""
    if context is None:
        return None
    return Requester(context_id=context.id, parent_id=context.parent_id, user_id=context.user_id)


def _no_package(device: Device, version: str) -> ServiceValidationError:
    """Return the error for a version that the depot does not have."""
    return _error("no_package", device=device.id, model=device.model, version=version)


def _error(key: str, **placeholders: str) -> ServiceValidationError:
    """Return an error that a user can understand."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
