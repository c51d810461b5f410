"""The task as a value: what is saved, restored and shown."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from datetime import timedelta
import json
from typing import Any

import pytest

from custom_components.mqtt_ota.upgrade import GrantRef, PackageRef, Policy, Task

from .builders import NOW, TOKEN, Stage, a_grant, a_package, a_task, task_at


def test_defaults_are_those_of_the_source_document() -> None:
    """25 hours for coming online, 3 minutes for answers, 24 hours for all the rest."""
    assert Policy().as_dict() == {
        "online_timeout": 90_000.0,
        "cell_timeout": 180.0,
        "version_timeout": 180.0,
        "depot_timeout": 86_400.0,
        "grant_lifetime": 86_400.0,
        "report_timeout": 86_400.0,
        "download_start_timeout": None,
        "download_timeout": None,
        "update_start_timeout": None,
        "check_timeout": 180.0,
        "wait_online": True,
        "query_cell": False,
        "retry_count": 0,
        "retry_interval": 300.0,
    }


def test_new_task_in_the_store() -> None:
    """The form of the file: a change here needs a way to read what older versions wrote."""
    assert a_task().as_dict() == {
        "id": "task-1",
        "device_id": "weather_1",
        "kind": "firmware",
        "package": {
            "id": "package-1",
            "version": "1.4.0",
            "size": 1000,
            "sha256": "a1" * 32,
            "file_name": "weather-1.4.0.bin",
            "source_versions": ["1.3.0"],
            "custom_info": None,
        },
        "policy": Policy().as_dict(),
        "pinned": False,
        "requester": None,
        "created_at": "2026-11-23T12:00:00+00:00",
        "attempt": 1,
        "retry_at": None,
        "state": "queued",
        "state_since": "2026-11-23T12:00:00+00:00",
        "history": [],
        "deadline": None,
        "online_deadline": None,
        "report_deadline": None,
        "negotiations": 0,
        "negotiate_at": None,
        "probe_at": None,
        "probes": 0,
        "asked": False,
        "asked_at": None,
        "previous_version": None,
        "version_at": None,
        "reported_version": None,
        "cell_id": None,
        "grant": None,
        "granting": False,
        "renewals": 0,
        "notified_at": None,
        "message_size": 0,
        "heard": False,
        "progress": None,
        "bytes_served": 0,
        "requests": 0,
        "refusals": 0,
        "unauthorized": 0,
        "gap_start": 0,
        "gap_end": 0,
        "left_open": False,
        "downloaded": False,
        "claimed": False,
        "went_offline": False,
        "restarted": False,
        "cause": None,
        "result_code": None,
        "description": None,
    }


@pytest.mark.parametrize("stage", Stage)
def test_task_survives_the_store(stage: Stage) -> None:
    """What is written as JSON comes back equal, field by field and type by type."""
    task, _ = task_at(stage)
    restored = Task.from_dict(json.loads(json.dumps(task.as_dict())))
    assert restored == task
    for item in fields(Task):
        assert type(getattr(restored, item.name)) is type(getattr(task, item.name))


def test_own_policy_and_package_survive_the_store() -> None:
    """Neither a policy nor a package falls back to defaults."""
    policy = Policy(
        online_timeout=timedelta(days=7),
        grant_lifetime=timedelta(seconds=61.5),
        wait_online=False,
        query_cell=True,
    )
    package = a_package(source_versions=(), custom_info='{"slot": "b"}')
    task = a_task(policy=policy, package=package)
    assert Task.from_dict(json.loads(json.dumps(task.as_dict()))) == task


def test_task_of_an_older_file_takes_defaults() -> None:
    """Fields that an older version did not write are filled in, unknown ones left out."""
    data = a_task().as_dict()
    for name in ("probes", "cell_id", "downloaded", "description"):
        del data[name]
    del data["policy"]["check_timeout"]
    data["policy"]["from_the_future"] = 1
    data["package"]["from_the_future"] = 1
    data["from_the_future"] = 1
    assert Task.from_dict(data) == a_task()


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    """Return what takes a field away."""
    return lambda data: data.pop(name)


def _with(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    """Return what breaks a field."""
    return lambda data: data.update({name: value})


@pytest.mark.parametrize(
    "spoil",
    [
        _without("id"),
        _without("kind"),
        _without("state"),
        _without("package"),
        _without("policy"),
        _without("created_at"),
        _with("kind", "hardware"),
        _with("state", "dreaming"),
        _with("cause", "bad_luck"),
        _with("created_at", "yesterday"),
        _with("deadline", 5),
        _with("package", None),
        _with("package", {"id": "package-1"}),
        _with("policy", []),
        _with("policy", {"online_timeout": "long"}),
        _with("policy", {"online_timeout": 1e300}),
        _with("policy", {"online_timeout": float("inf")}),
        _with("policy", {"online_timeout": float("nan")}),
        _with("grant", {"id": "grant-1"}),
        _with("grant", "grant-1"),
    ],
)
def test_broken_record_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    """A record that can't be read raises what the store skips, and nothing else."""
    task, _ = task_at(Stage.AWAITING_DOWNLOAD)
    data = task.as_dict()
    spoil(data)
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        Task.from_dict(data)


@pytest.mark.parametrize("stage", Stage)
def test_token_is_in_no_text(stage: Stage) -> None:
    """Neither a log line nor a traceback can show the token."""
    task, _ = task_at(stage)
    for text in (repr(task), str(task), f"{task.grant}", repr(task.grant)):
        assert TOKEN not in text
    assert (TOKEN in json.dumps(task.as_dict())) == (task.grant is not None)


@pytest.mark.parametrize("value", [a_task(), a_package(), a_grant(), Policy()])
def test_values_are_frozen(value: Task | PackageRef | GrantRef | Policy) -> None:
    """Nobody but the engine makes a new task, and nobody changes one."""
    for item in fields(value):
        with pytest.raises(FrozenInstanceError):
            setattr(value, item.name, None)


@pytest.mark.parametrize(
    ("deadline", "probe", "wake"),
    [(None, None, None), (5, None, 5), (None, 3, 3), (5, 3, 3), (5, 9, 5)],
)
def test_wakes_at_what_comes_first(
    deadline: int | None, probe: int | None, wake: int | None
) -> None:
    """One timer is enough for a deadline and a query."""

    def time(minutes: int | None) -> object:
        """Return a time, or none."""
        return None if minutes is None else NOW + timedelta(minutes=minutes)

    assert a_task(deadline=time(deadline), probe_at=time(probe)).wake_at == time(wake)
