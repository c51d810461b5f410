"""The policy: how long each stage of an upgrade may take, and what is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How long each stage may take; the defaults are the source document's.

    `report_timeout` is shared by all stages from the notification to the result. The three
    time-outs that are None by default end one of these stages before that. `retry_count`
    says how often a failed task is tried again, `retry_interval` how long after its end.
    """

    online_timeout: timedelta = timedelta(hours=25)
    cell_timeout: timedelta = timedelta(minutes=3)
    version_timeout: timedelta = timedelta(minutes=3)
    depot_timeout: timedelta = timedelta(hours=24)
    grant_lifetime: timedelta = timedelta(hours=24)
    report_timeout: timedelta = timedelta(hours=24)
    download_start_timeout: timedelta | None = None
    download_timeout: timedelta | None = None
    update_start_timeout: timedelta | None = None
    check_timeout: timedelta = timedelta(minutes=3)
    wait_online: bool = True
    query_cell: bool = False
    retry_count: int = 0
    retry_interval: timedelta = timedelta(minutes=5)

    def as_dict(self) -> dict[str, Any]:
        """Return the policy as JSON types, durations in seconds."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            name: value.total_seconds() if isinstance(value, timedelta) else value
            for name, value in values.items()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the policy saved by `as_dict`; what is missing takes its default.

        Raises TypeError or ValueError for a broken record.
        """
        values: dict[str, Any] = {}
        for item in fields(cls):
            if (value := data.get(item.name)) is not None:
                values[item.name] = _restored(item.default, value)
        return cls(**values)


def _restored(default: object, value: Any) -> bool | int | timedelta:
    """Return a saved value in the type of its default; raises TypeError or ValueError."""
    try:
        if isinstance(default, int):
            return type(default)(value)
        return timedelta(seconds=value)
    except OverflowError as err:
        raise ValueError("value is out of range") from err
