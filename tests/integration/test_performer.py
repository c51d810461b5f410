"""What tasks want of the depot, and what becomes of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from unittest.mock import patch

from aiohttp import web
import pytest

from custom_components.mqtt_ota.depot import DepotClient
from custom_components.mqtt_ota.upgrade import Cause, Notify, QueryCell, RequestGrant, Resumed
from tests.integration.fake_depot import make_package, problem
from tests.integration.home import Home

GRANTS = "POST /api/v1/grants"


@pytest.fixture(autouse=True)
async def ready(home: Home) -> None:
    """Offer a device its package."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()


def grants_asked(home: Home) -> int:
    """Return how often the depot was asked for a grant."""
    return home.depot.requests.count(("POST", "/api/v1/grants"))


def refuse(home: Home, answer: Callable[[], web.Response]) -> None:
    """Let the depot refuse grants."""

    async def refused(_request: web.Request) -> web.Response:
        return answer()

    home.depot.answers[GRANTS] = refused


async def test_a_refusal_for_now_is_tried_again(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The user is told once; the task goes on as soon as the depot can."""
    refuse(home, lambda: problem(HTTPStatus.INSUFFICIENT_STORAGE, "disk-full", "no space"))
    await home.install()
    await home.report()
    await home.until(lambda: grants_asked(home) >= 3, "third attempt")
    assert home.stage() == "queued"
    assert caplog.text.count("weather_1 can't download yet") == 1
    assert "no space" in caplog.text
    del home.depot.answers[GRANTS]
    await home.until(home.sent_upgrades, "upgrade message")
    assert home.stage() == "awaiting_download"


@pytest.mark.parametrize(
    "refusal",
    [
        (HTTPStatus.CONFLICT, "package-withdrawn"),
        (HTTPStatus.NOT_FOUND, "package-not-found"),
    ],
)
async def test_a_refusal_for_good_ends_the_task(
    home: Home, refusal: tuple[HTTPStatus, str]
) -> None:
    """A package that the depot will not give any more needs another choice."""
    refuse(home, lambda: problem(*refusal))
    await home.install()
    await home.report()
    await home.until(lambda: home.stage() == "failed", "failure")
    assert home.state().attributes["cause"] == "package_withdrawn"
    assert grants_asked(home) == 1
    assert home.sent_upgrades() == []


async def test_a_refused_key_asks_the_user(home: Home) -> None:
    """The stream of events may still be open when the key has been changed."""
    home.depot.api_key = "another"
    await home.install()
    await home.report()

    def sources() -> list[str]:
        return [
            flow["context"]["source"] for flow in home.hass.config_entries.flow.async_progress()
        ]

    await home.until(sources, "flow")
    assert sources() == ["reauth"]
    assert home.stage() == "queued"


async def test_the_depot_is_asked_once_at_a_time(home: Home) -> None:
    """A second grant would kill the first one, which the device may have by then."""
    released = asyncio.Event()
    answer = home.depot._async_create_grant

    async def slow(request: web.Request) -> web.StreamResponse:
        await released.wait()
        return await answer(request)

    home.depot.answers[GRANTS] = slow
    await home.install()
    await home.report()
    await home.until(lambda: grants_asked(home) == 1, "question")
    home.manager._runner.apply(home.task().id, Resumed())
    await home.settle()
    released.set()
    await home.until(home.sent_upgrades, "upgrade message")
    assert grants_asked(home) == 1
    assert list(home.depot.grants) == ["grant1"]
    assert home.sent_upgrades()[0].paras["access_token"] == "secret-grant1"


async def test_a_grant_that_comes_too_late_is_taken_back(home: Home) -> None:
    """The task was given up while the depot was thinking."""
    released = asyncio.Event()
    answer = home.depot._async_create_grant

    async def slow(request: web.Request) -> web.StreamResponse:
        await released.wait()
        return await answer(request)

    home.depot.answers[GRANTS] = slow
    await home.install()
    await home.report()
    await home.until(lambda: grants_asked(home) == 1, "question")
    home.manager.cancel(home.task().id)
    released.set()
    await home.until(lambda: ("DELETE", "/api/v1/grants/grant1") in home.depot.requests, "end")
    assert home.depot.grants == {}
    assert home.stage() == "cancelled"
    assert home.sent_upgrades() == []


async def test_the_grant_dies_with_the_task(home: Home) -> None:
    """Whoever has read the upgrade message can't download after the end."""
    await home.install_and_notify()
    assert list(home.depot.grants) == ["grant1"]
    await home.report(firmware="1.4.0")
    await home.until(lambda: not home.depot.grants, "revocation")
    assert home.stage() == "succeeded"


async def test_a_revocation_is_made_up_for(home: Home) -> None:
    """A depot that was away when the task ended is told when it returns."""
    await home.install_and_notify()
    await home.depot_goes_away()
    await home.report(firmware="1.4.0")
    assert home.stage() == "succeeded"
    assert list(home.depot.grants) == ["grant1"]
    foreign = home.depot.grants["grant1"] | {"id": "other", "task_id": "of-another-home"}
    home.depot.grants["other"] = foreign
    await home.depot_returns()
    await home.until(lambda: "grant1" not in home.depot.grants, "revocation")
    assert list(home.depot.grants) == ["other"]


async def test_grants_that_cannot_be_listed_disturb_nothing(home: Home) -> None:
    """They expire by themselves; the depot's return is used all the same."""
    await home.depot_goes_away()

    async def broken(_request: web.Request) -> web.Response:
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "broken")

    home.depot.answers["GET /api/v1/grants"] = broken
    await home.depot_returns()
    await home.install_and_notify()
    assert home.stage() == "awaiting_download"


async def test_the_task_is_saved_before_the_depot_is_asked(home: Home) -> None:
    """After a power cut nothing has happened that nobody remembers."""
    order: list[str] = []
    save, create = home.manager._store.async_save_tasks, DepotClient.async_create_grant

    async def saving(tasks: object) -> None:
        await save(tasks)  # type: ignore[arg-type]
        order.append("saved")

    async def creating(client: object, **wanted: object) -> object:
        order.append("granted")
        return await create(client, **wanted)  # type: ignore[arg-type]

    await home.install()
    with (
        patch.object(home.manager._store, "async_save_tasks", saving),
        patch.object(DepotClient, "async_create_grant", creating),
    ):
        await home.report()
        await home.until(home.sent_upgrades, "upgrade message")
    assert order.index("saved") < order.index("granted")
    assert order[order.index("granted") :].count("saved") >= 1


async def test_a_cell_is_asked_for(home: Home) -> None:
    """Where a policy limits cells, the device names its own."""
    await home.install()
    home.forget_sent()
    await home.manager._performer.async_perform(home.task(), (QueryCell(),))
    assert home.sent_types() == ["cell_query"]


async def test_without_a_grant_nobody_is_notified(home: Home) -> None:
    """The task has ended between the decision and the message."""
    await home.install()
    home.forget_sent()
    await home.manager._performer.async_perform(home.task(), (Notify(),))
    assert home.sent == []


async def test_a_task_cancelled_while_it_was_saved_notifies_nobody(home: Home) -> None:
    """The device would only find out that its token is dead."""
    await home.install_and_notify()
    before = replace(home.task(), notified_at=None)
    home.forget_sent()
    home.manager.cancel(before.id)
    await home.manager._performer.async_perform(before, (Notify(),))
    assert home.sent_upgrades() == []


async def test_the_broker_returns_before_it_has_confirmed_the_message(home: Home) -> None:
    """Home Assistant's client keeps such a message itself: a second one would be too many."""
    confirmed = asyncio.Event()
    notified = []

    async def slow_notify(*_args: object) -> int:
        notified.append(1)
        await confirmed.wait()
        return 430

    with patch.object(home.manager.messenger, "async_notify", slow_notify):
        await home.install()
        await home.report()
        await home.until(lambda: notified, "upgrade message")
        home.broker_goes_away()
        await home.broker_returns()
        confirmed.set()
        await home.settle()
    assert notified == [1]
    assert home.task().notified_at is not None


async def test_a_refusal_that_lasts_ends_the_task(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """What the depot calls wrong does not become right by asking again."""
    refuse(home, lambda: problem(HTTPStatus.BAD_REQUEST, "invalid-request", "device_id: no"))
    await home.install()
    await home.report()
    await home.until(lambda: home.stage() == "failed", "end")
    assert home.task().cause is Cause.DOWNLOAD_REFUSED
    assert "device_id: no" in caplog.text
    assert grants_asked(home) == 1


async def test_a_newer_task_does_not_hide_a_revocation(home: Home) -> None:
    """A grant dies with its task, even when a newer task has taken that one's place."""
    await home.install_and_notify()
    grant = home.task().grant
    assert grant is not None
    await home.depot_goes_away()
    home.manager.cancel(home.task().id)
    await home.settle()
    await home.install()
    await home.depot_returns()
    revocation = ("DELETE", f"/api/v1/grants/{grant.id}")
    await home.until(lambda: revocation in home.depot.requests, "revocation")


async def test_a_grant_for_nobody_is_taken_back(home: Home) -> None:
    """The task was replaced by a newer one while the depot was thinking."""
    await home.install()
    forgotten = replace(home.task(), id="forgotten")
    await home.manager._performer.async_perform(forgotten, (RequestGrant(),))
    assert grants_asked(home) == 1
    assert home.depot.grants == {}


async def test_an_expired_grant_is_replaced_for_the_same_task(home: Home) -> None:
    """A device that was away for a day goes on where it stopped, with a fresh token."""
    await home.stop()
    home.set_options(report_timeout=timedelta(hours=48).total_seconds())
    await home.start()
    await home.install_and_notify()
    task, first = home.task(), home.task().grant
    assert first is not None
    await home.transfer(bytes_served=512)
    for _ in range(25):
        await home.pass_time(timedelta(hours=1))
    assert home.stage() == "downloading"
    await home.say("weather_1", "hello")
    await home.until(lambda: len(home.sent_upgrades()) == 2, "second upgrade message")
    assert home.task().id == task.id
    assert home.sent_upgrades()[1].paras["access_token"] == "secret-grant2"
    revocation = ("DELETE", f"/api/v1/grants/{first.id}")
    await home.until(lambda: revocation in home.depot.requests, "revocation of the first")
    await home.report(firmware="1.4.0")
    assert home.stage() == "succeeded"
