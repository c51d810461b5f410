"""What the tests of the fault catalogue share: a depot process and grants of one package."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
import hashlib
from pathlib import Path
import random
from typing import Any
from uuid import uuid4

from .process import DepotProcess
from .rig import Rig
from .sockets import Reply, ask, request_for

DATA = random.Random(9).randbytes(300_001)
SIZE = len(DATA)
ETAG = f'"{hashlib.sha256(DATA).hexdigest()}"'


@contextmanager
def process(folder: Path, *options: str, **changes: Any) -> Iterator[DepotProcess]:
    """Run a depot over plain HTTP, unless the options say otherwise."""
    tls = () if "--certfile" in options or "--tls" in options else ("--tls", "false")
    depot = DepotProcess(folder, *tls, *options, **changes)
    try:
        yield depot
    finally:
        depot.kill()


async def grant_for(rig: Rig, data: bytes = DATA, **fields: Any) -> dict[str, Any]:
    """Return a grant of a task of its own, for a package that may be there already."""
    version = hashlib.sha256(data).hexdigest()[:8]
    answer = await rig.upload(data, **{"version": version, **fields})
    assert answer.status in {200, 201}, answer.body
    return await rig.grant(dict(answer.body), task_id=uuid4().hex)


@asynccontextmanager
async def granted(depot: DepotProcess, **fields: Any) -> AsyncIterator[dict[str, Any]]:
    """Return a grant, with the port of its depot as `port`."""
    async with depot.client() as rig:
        yield {**await grant_for(rig, **fields), "port": depot.port}


async def get(grant: dict[str, Any], method: str = "GET", **headers: str) -> Reply:
    """Ask for a grant's package on a connection of its own."""
    return await ask(grant["port"], request_for(grant, method=method, **headers))


async def transfer_of(depot: DepotProcess, grant: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    """Return the transfer of a grant once it has the wanted values."""
    async with depot.client() as rig, rig.events() as events:
        transfers = (await events.next())["transfers"]
        found = next(each for each in transfers if each["grant_id"] == grant["id"])
        if wanted.items() <= found.items():
            return dict(found)
        return await events.until(grant_id=grant["id"], **wanted)


def shows(reply: Reply, text: str) -> bool:
    """Return whether an answer has a text anywhere."""
    return text.encode() in reply.head + reply.body
