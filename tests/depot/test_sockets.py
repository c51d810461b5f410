"""The test environment lets a real server be reached."""

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest
from pytest_socket import SocketConnectBlockedError


async def hello(request: web.Request) -> web.Response:
    """Answer with the method, so that the answer depends on the request."""
    return web.Response(text=request.method)


async def test_a_server_in_the_test_is_reached() -> None:
    """A request over a real socket is answered."""
    app = web.Application()
    app.router.add_get("/", hello)
    async with TestServer(app) as server, ClientSession() as session:
        answer = await session.get(server.make_url("/"))
        assert (answer.status, await answer.text()) == (200, "GET")


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
async def test_no_other_machine_is_reached() -> None:
    """A test that left this machine would depend on it."""
    async with ClientSession() as session:
        with pytest.raises(SocketConnectBlockedError):
            await session.get("http://192.0.2.1/")
