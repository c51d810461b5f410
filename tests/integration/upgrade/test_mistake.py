"""What a device most likely does wrong: each mistake by its evidence, and none by less."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
import json
from typing import Final

import pytest

from custom_components.mqtt_ota.upgrade import (
    MISTAKES,
    CancelRequested,
    Cause,
    Event,
    Granted,
    Mistake,
    Notified,
    ProgressReported,
    SignOfLife,
    SlotFreed,
    State,
    Task,
    TimePassed,
    TransferSeen,
    VersionReported,
    WentOffline,
    advice_in_english,
    likely_mistake,
    mistake_words,
    step,
)

from .builders import NEW, OLD, SIZE, Stage, a_grant, follow, task_at, transfer
from .strategies import left_alone

MINUTE: Final = timedelta(minutes=1)
LARGE: Final = Notified(message_size=430)
SMALL: Final = Notified(message_size=256)
CLAIM: Final = ProgressReported(result_code=0, progress=100, version=NEW)
LOST: Final = ProgressReported(result_code=6)
BROKEN: Final = ProgressReported(result_code=7)
NO_ROOM: Final = ProgressReported(result_code=5)
NOTHING_SERVED: Final = TransferSeen(bytes_served=0, requests=0, complete=False)
WHOLE: Final = transfer()
LEFT_OPEN: Final = replace(WHOLE, left_open=True)
# Served from 0 to 100 and from 300 to 500
GAP: Final = TransferSeen(bytes_served=300, requests=2, complete=False, gap_start=100, gap_end=300)


def notified(message: Notified = LARGE) -> tuple[Task, datetime]:
    """Return a task whose upgrade message has just left."""
    task, now = task_at(Stage.GRANTING)
    task, _ = follow(task, [Granted(grant=a_grant()), message], now)
    return task, now


def after(*events: Event, message: Notified = LARGE) -> Task:
    """Return what has become of a task that sees events, two minutes apart, and nothing more."""
    task, now = notified(message)
    for event in events:
        now += 2 * MINUTE
        task, _ = step(task, event, now)
    return task if task.is_ended else left_alone(task, now)[0]


def told_old(*events: Event) -> Task:
    """Return what has become of a task whose device answers its check with the old version."""
    task, now = notified()
    for event in events:
        now += 2 * MINUTE
        task, _ = step(task, event, now)
    while task.state is not State.VERIFYING:
        assert task.wake_at is not None
        now = max(now, task.wake_at)
        task, _ = step(task, TimePassed(), now)
    return left_alone(step(task, VersionReported(version=OLD), now)[0], now)[0]


@pytest.mark.parametrize(
    ("task", "cause", "mistake"),
    [
        (after(SignOfLife()), Cause.DOWNLOAD_START_TIMEOUT, Mistake.BUFFER_TOO_SMALL),
        (
            after(SignOfLife(), message=SMALL),
            Cause.DOWNLOAD_START_TIMEOUT,
            Mistake.MESSAGE_IGNORED,
        ),
        (
            after(replace(NOTHING_SERVED, unauthorized=4)),
            Cause.DOWNLOAD_START_TIMEOUT,
            Mistake.UNAUTHORIZED,
        ),
        (
            after(replace(NOTHING_SERVED, unauthorized=4), BROKEN),
            Cause.INTEGRITY_CHECK_FAILED,
            Mistake.UNAUTHORIZED,
        ),
        (after(GAP, BROKEN), Cause.INTEGRITY_CHECK_FAILED, Mistake.WRONG_OFFSET),
        (after(GAP), Cause.DOWNLOAD_TIMEOUT, Mistake.WRONG_OFFSET),
        (told_old(GAP, CLAIM), Cause.RESULT_TIMEOUT, Mistake.WRONG_OFFSET),
        (after(WHOLE, LOST), Cause.CONNECTION_LOST, Mistake.READS_TOO_FAR),
        (after(LEFT_OPEN), Cause.UPDATE_START_TIMEOUT, Mistake.READS_TOO_FAR),
        (told_old(CLAIM), Cause.RESULT_TIMEOUT, Mistake.CLAIMED_TOO_EARLY),
        (after(CLAIM), Cause.CHECK_TIMEOUT, Mistake.CLAIMED_TOO_EARLY),
        (told_old(WHOLE, WentOffline()), Cause.ROLLED_BACK, Mistake.STARTED_OLD),
        (
            told_old(WHOLE, VersionReported(version=OLD), VersionReported(version=OLD)),
            Cause.RESULT_TIMEOUT,
            Mistake.STARTED_OLD,
        ),
    ],
)
def test_evidence_shows_a_mistake(task: Task, cause: Cause, mistake: Mistake) -> None:
    """Beside the cause, which stays what it is."""
    assert (task.state, task.cause) == (State.FAILED, cause)
    assert likely_mistake(task) is mistake


@pytest.mark.parametrize(
    ("task", "cause"),
    [
        # Nobody knows whether the device was there.
        (after(), Cause.DOWNLOAD_START_TIMEOUT),
        # Nobody knows how long the message was.
        (after(SignOfLife(), message=Notified()), Cause.DOWNLOAD_START_TIMEOUT),
        # The device knows the address, so that it has read the message.
        (
            after(SignOfLife(), replace(NOTHING_SERVED, refusals=1)),
            Cause.DOWNLOAD_START_TIMEOUT,
        ),
        # A program that sends its token only after a refusal.
        (after(replace(transfer(100, complete=False), unauthorized=1)), Cause.DOWNLOAD_TIMEOUT),
        # A connection that broke, and no more.
        (after(transfer(100, complete=False), LOST), Cause.CONNECTION_LOST),
        # The device says itself what was wrong.
        (after(GAP, NO_ROOM), Cause.NOT_ENOUGH_STORAGE),
        # The device may be dead, or slow.
        (after(WHOLE), Cause.UPDATE_START_TIMEOUT),
        (after(LEFT_OPEN, WentOffline()), Cause.CHECK_TIMEOUT),
        # It has all the bytes, and the hash is another's fault.
        (after(WHOLE, BROKEN), Cause.INTEGRITY_CHECK_FAILED),
    ],
)
def test_weaker_evidence_shows_none(task: Task, cause: Cause) -> None:
    """A wrong hint costs more than none."""
    assert (task.state, task.cause) == (State.FAILED, cause)
    assert likely_mistake(task) is None


def test_device_heard_at_once_may_be_gone_a_moment_later() -> None:
    """What was under way when the message arrived shows nothing; what comes later does."""
    task, now = notified()
    assert not step(task, SignOfLife(), now + MINUTE / 2)[0].heard
    assert step(task, SignOfLife(), now + MINUTE)[0].heard


@pytest.mark.parametrize("event", [WentOffline(), TimePassed(), SlotFreed()])
def test_what_is_not_the_device_is_no_sign_of_it(event: Event) -> None:
    """Nor does its leave show that it was there."""
    task, now = notified()
    assert not step(task, event, now + MINUTE)[0].heard


@pytest.mark.parametrize(
    "events", [(replace(NOTHING_SERVED, unauthorized=4), VersionReported(version=NEW)), ()]
)
def test_what_has_not_failed_shows_none(events: Sequence[Event]) -> None:
    """Neither a success nor a task that a user gave up."""
    task, now = notified()
    task, _ = follow(task, [*events, CancelRequested()], now + MINUTE)
    assert task.state in {State.SUCCEEDED, State.CANCELLED}
    assert likely_mistake(task) is None


def test_advice_has_the_numbers() -> None:
    """A maker can look for them in the device."""
    assert "message of 430 bytes" in str(advice_in_english(after(SignOfLife())))
    offset = str(advice_in_english(after(GAP, BROKEN)))
    assert "from 300 on though it was sent only those before 100" in offset
    refused = str(advice_in_english(after(replace(NOTHING_SERVED, unauthorized=4))))
    assert "refused 4 requests" in refused
    assert f"only 0 of {SIZE} bytes" in str(advice_in_english(after(CLAIM)))
    assert advice_in_english(after()) is None


@pytest.mark.parametrize("mistake", Mistake)
def test_every_mistake_has_its_texts(mistake: Mistake) -> None:
    """Each placeholder can be filled, with a number: nothing that a device says stands there."""
    text = MISTAKES[mistake]
    words = mistake_words(after(GAP))
    assert all(word.isdecimal() for word in words.values())
    advice = text.advice.format_map(words)
    assert "{" not in advice
    assert advice.endswith(".")
    assert text.title
    assert text.evidence.endswith(".")


def test_evidence_survives_the_store() -> None:
    """A task that failed before a restart shows the same mistake after it."""
    for task in (after(SignOfLife()), after(GAP), after(LEFT_OPEN)):
        restored = Task.from_dict(json.loads(json.dumps(task.as_dict())))
        assert restored == task
        assert likely_mistake(restored) is not None


def test_task_of_an_older_version_has_no_evidence() -> None:
    """What was not noted shows nothing, and hinders nothing."""
    record = after(SignOfLife()).as_dict()
    known = {item.name for item in fields(Task)}
    evidence = {
        "message_size", "heard", "unauthorized", "gap_start", "gap_end", "left_open", "restarted"
    }  # fmt: skip
    assert evidence <= known
    restored = Task.from_dict({key: record[key] for key in record.keys() - evidence})
    assert restored.cause is Cause.DOWNLOAD_START_TIMEOUT
    assert likely_mistake(restored) is None


def test_what_the_depot_tells_again_is_not_saved_each_time() -> None:
    """A stranger who asks without a token does not keep the disk busy."""
    task, now = notified()
    told, _ = step(task, replace(NOTHING_SERVED, unauthorized=4, left_open=True), now)
    assert told != task
    assert not told.is_worth_saving(task)
