"""What the depot tells of itself."""

from http import HTTPStatus

from aiohttp import web

from tests.integration.fake_depot import make_info, make_package, problem
from tests.integration.home import Home


async def test_the_depot_is_asked_when_it_is_found(home: Home) -> None:
    """Its version and storage are known, and are news after its return."""
    await home.start()
    await home.until(lambda: home.manager.depot_info, "depot's state")
    info = home.manager.depot_info
    assert info is not None
    assert (info.version, info.storage.free) == ("0.1.0", 2)
    told: list[bool] = []
    stop = home.manager.listen_depot(lambda: told.append(home.manager.mirror.is_connected))
    await home.depot_goes_away()
    await home.until(lambda: told, "word of the loss")
    assert set(told) == {False}
    assert home.manager.mirror.last_error is not None
    home.depot.info = make_info(version="0.2.0")
    await home.depot_returns()

    def version() -> str | None:
        return home.manager.depot_info and home.manager.depot_info.version

    await home.until(lambda: version() == "0.2.0", "newer version")
    assert told[-1] is True
    assert home.manager.mirror.last_error is None
    stop()


async def test_a_depot_that_does_not_answer_keeps_its_state(home: Home) -> None:
    """What it told last is still shown; the reason is known."""
    await home.start()
    await home.until(lambda: home.manager.depot_info, "depot's state")

    async def broken(_request: web.Request) -> web.Response:
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "broken")

    home.depot.answers["GET /api/v1/info"] = broken
    await home.depot_goes_away()
    await home.depot_returns()
    await home.until(lambda: home.manager.depot_error, "failure")
    info = home.manager.depot_info
    assert info is not None
    assert info.version == "0.1.0"


async def test_transfers_are_mirrored(home: Home) -> None:
    """What the depot saw is there for whoever wants to look."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.transfer(bytes_served=512, refusals=3)
    grant = home.task().grant
    assert grant is not None
    assert home.manager.mirror.transfers[grant.id].bytes_served == 512
    assert (home.task().bytes_served, home.task().refusals) == (512, 3)
    await home.depot.async_send_event({"type": "transfer_removed", "grant_id": grant.id})
    await home.until(lambda: not home.manager.mirror.transfers, "end of the transfer")
