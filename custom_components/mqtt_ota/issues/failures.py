"""Devices whose upgrades fail again and again."""

from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers import issue_registry as ir

from ..announcer import TaskChange
from ..const import PackageKind
from ..texts import cause_advice, cause_title
from ..upgrade import Cause, State, Task
from .registry import Issue, clear_issue, issues_of, raise_issue
from .watch import Watch

_MANY: Final = 3
# One fault of the whole home must not bury everything else under its repairs.
_MAX_ISSUES: Final = 20
# What a device can't help says nothing about it.
_NOT_THE_DEVICE: Final = frozenset(
    {
        Cause.DEPOT_UNREACHABLE,
        Cause.DOWNLOAD_REFUSED,
        Cause.PACKAGE_WITHDRAWN,
        Cause.SUPERSEDED,
        Cause.TASK_CONFLICT,
    }
)

type _Key = tuple[str, PackageKind]


class FailureWatch(Watch):
    """Counts a device's failed tasks in a row, per kind."""

    _counts: dict[_Key, int]

    @callback
    def start(self) -> list[CALLBACK_TYPE]:
        """Take up the issues that were there before a restart, and follow all tasks."""
        self._counts = {}
        for issue in issues_of(self._hass, Issue.REPEATED_FAILURE):
            self._counts[_key_of(issue)] = _MANY
        return [self._manager.listen_for_tasks(self._on_task)]

    @callback
    def look(self, now: datetime) -> None:
        """Let go of devices that were forgotten, and of what was upgraded meanwhile."""
        for key in list(self._counts):
            task = self._manager.last_task(*key) if key[0] in self._manager.devices else None
            if task is None or task.state is State.SUCCEEDED:
                self._clear(key)

    @callback
    def _on_task(self, change: TaskChange) -> None:
        """Count a failure; a success takes all of them back."""
        task = change.task
        key = task.device_id, task.kind
        if task.state is State.SUCCEEDED:
            self._clear(key)
        elif task.state is State.FAILED and task.cause not in _NOT_THE_DEVICE:
            self._counts[key] = self._counts.get(key, 0) + 1
            if self._counts[key] >= _MANY and self._has_room(key):
                self._raise(task, self._counts[key])

    def _has_room(self, key: _Key) -> bool:
        """Return whether one more issue may be shown, or this one is shown already."""
        shown = [_key_of(issue) for issue in issues_of(self._hass, Issue.REPEATED_FAILURE)]
        return key in shown or len(shown) < _MAX_ISSUES

    @callback
    def _raise(self, task: Task, count: int) -> None:
        """Say what failed how often, and why the last time."""
        assert task.cause is not None
        raise_issue(
            self._hass,
            Issue.REPEATED_FAILURE,
            {
                "device": task.device_id,
                "count": str(count),
                "kind": task.kind,
                "version": task.package.version,
                "cause": cause_title(self._hass, task.cause),
                "advice": cause_advice(self._hass, task),
            },
            about=_about((task.device_id, task.kind)),
            data={"device_id": task.device_id, "kind": task.kind},
        )

    @callback
    def _clear(self, key: _Key) -> None:
        """Begin to count anew."""
        if self._counts.pop(key, None) is not None:
            clear_issue(self._hass, Issue.REPEATED_FAILURE, _about(key))


def _key_of(issue: ir.IssueEntry) -> _Key:
    """Return which device and kind an issue of ours is about."""
    data = issue.data or {}
    return str(data["device_id"]), PackageKind(str(data["kind"]))


def _about(key: _Key) -> str:
    """Return what tells the issues of several devices apart."""
    device_id, kind = key
    return f"{kind}_{device_id}"
