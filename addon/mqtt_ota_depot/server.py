"""The running depot: from settings to a listening process and back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
import fcntl
from functools import partial
import logging
import os
from pathlib import Path
import signal
import socket
from typing import Any, Final

from aiohttp import web

from .address_check import AddressCheck
from .addresses import device_url
from .api import Api
from .app import create_app
from .backup import is_under_way, restore
from .blobs import FileBlobs
from .catalog import SqlCatalog
from .connections import Host
from .depot import Depot
from .discovery import Discovery, Offer
from .doors import Doors
from .downloads import Downloads
from .drop_folder import DropFolder
from .endpoint import Endpoint
from .errors import StartError
from .framework import Door
from .gate import Gate
from .ingress import IngressSite
from .keys import Keys
from .limits import Limits, open_many_files
from .logs import AccessLogger
from .scrub import scrub_weekly
from .served_certificate import ServedCertificate
from .settings import Settings
from .sites import DeviceFriendlySite
from .supervisor import Machine, ask_machine
from .ticking import Duties, tick

# The Supervisor kills after ten seconds; downloads are resumed anyway.
SHUTDOWN_TIMEOUT: Final = 1.0

_LOGGER: Final = logging.getLogger(__name__)


async def serve(settings: Settings) -> None:
    """Run the depot until SIGTERM or SIGINT.

    Raises StartError, CatalogError or CertificateError.
    """
    open_many_files()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with lock(settings.data_dir):
        async with running(settings):
            await stop.wait()
            _LOGGER.info("Stopping")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[str]:
    """Run the depot inside the block; yields the base of download URLs."""
    with ExitStack() as stack:
        doors = Doors.open(settings, stack)
        token = os.environ.get("SUPERVISOR_TOKEN")
        machine = await ask_machine(token) if token else None
        base = _base(settings, doors.port, machine)
        blobs = FileBlobs(settings.data_dir)
        stack.callback(blobs.close)
        restore(settings.data_dir)
        catalog = SqlCatalog.in_folder(settings.data_dir)
        depot = Depot(catalog, blobs, hold=partial(is_under_way, settings.data_dir))
        try:
            certificate = ServedCertificate(settings, base)
            await depot.open()
            keys = Keys(settings.data_dir, settings.api_key)
            reach = _Reach(
                doors=doors,
                base=base,
                keys=keys,
                certificate=certificate,
                teller=_teller(token, machine, doors.port, keys, certificate),
            )
            async with _served(settings, depot, reach):
                yield base
            depot.transfers.stop()
            await depot.save_transfers()
        finally:
            # A change that runs on would take a connection of its own after the close.
            await depot.settle()
            await catalog.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reach:
    """How the depot is reached, and what makes sure that it is this one."""

    doors: Doors
    base: str
    keys: Keys
    certificate: ServedCertificate
    teller: Discovery | None


@asynccontextmanager
async def _served(settings: Settings, depot: Depot, reach: _Reach) -> AsyncIterator[None]:
    """Serve the depot inside the block, and look after it."""
    gate = Gate(Limits.of(settings))
    certificate, teller = reach.certificate, reach.teller
    in_front = settings.device_url is not None
    check = AddressCheck(reach.base, lambda: None if in_front else certificate.leaf)
    told = teller.renew if teller else _nobody_to_tell
    api = Api(
        depot,
        keys=reach.keys,
        key_renewed=told,
        address_check=check,
        device_url=reach.base,
        max_package_size=settings.max_package_size,
        max_listeners=settings.max_listeners,
        counts=gate.counts,
    )
    downloads = Downloads(depot, gate)
    host = Host(depot=depot, gate=gate, downloads=downloads, context=certificate.context)
    app = create_app(depot, api, downloads, certificate.authority)
    endpoint = Endpoint(settings, reach.doors, reach.base, certificate)

    def certificate_changed() -> None:
        """Tell programs and Home Assistant what is to be trusted now."""
        endpoint.write()
        told()

    duties = Duties(
        depot=depot,
        certificate=certificate,
        certificate_changed=certificate_changed,
        keep_versions=settings.keep_versions,
    )
    async with _sites(app, reach.doors, host, settings.ingress_peer):
        jobs = [tick(duties), check.run(), scrub_weekly(depot)]
        if teller is not None:
            jobs.append(teller.run())
        if settings.drop_dir is not None:
            drops = DropFolder(settings.drop_dir, depot, settings.max_package_size)
            jobs.append(drops.run())
        tasks = [asyncio.create_task(job) for job in jobs]
        try:
            with endpoint.announced():
                yield
        finally:
            await api.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _base(settings: Settings, port: int, machine: Machine | None) -> str:
    """Return the base of download URLs."""
    return device_url(
        settings.device_url,
        settings.host,
        port,
        tls=settings.tls,
        machine=(machine.address, machine.port(port)) if machine else None,
    )


def _teller(
    token: str | None,
    machine: Machine | None,
    port: int,
    keys: Keys,
    certificate: ServedCertificate,
) -> Discovery | None:
    """Return what tells Home Assistant of the depot, None without a Supervisor."""
    if token is None:
        return None
    hostname = machine.hostname if machine else socket.gethostname()

    def offer() -> Offer:
        """Return what there is to tell now."""
        return Offer(
            host=hostname, port=port, api_key=keys.key, fingerprint=certificate.fingerprint
        )

    return Discovery(token, offer)


def _nobody_to_tell() -> None:
    """Leave it to people to tell the integration of a new key or certificate."""


@contextmanager
def lock(data_dir: Path) -> Iterator[None]:
    """Keep a second process off the data folder, which is made when missing."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (data_dir / "lock").open("w")
    except OSError as err:
        msg = f"cannot use data_dir {data_dir}: {err.strerror}"
        raise StartError(msg) from err
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            msg = f"another depot uses data_dir {data_dir}; stop it or choose another"
            raise StartError(msg) from err
        yield


@asynccontextmanager
async def _sites(
    app: web.Application, doors: Doors, host: Host, ingress_peer: str
) -> AsyncIterator[None]:
    """Serve the application at all doors inside the block."""
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    options: dict[str, Any] = {
        "access_log": logging.getLogger("mqtt_ota_depot.access"),
        "access_log_class": AccessLogger,
    }
    sites: list[web.BaseSite] = [DeviceFriendlySite(runner, doors.main, host, **options)]
    if doors.http is not None:
        plain = replace(host, context=None, connections=set())
        sites.append(DeviceFriendlySite(runner, doors.http, plain, door=Door.DOWNLOADS, **options))
    if doors.ingress is not None:
        sites.append(IngressSite(runner, doors.ingress, peer=ingress_peer, **options))
    try:
        for site in sites:
            await site.start()
        yield
    finally:
        await runner.cleanup()
