"""The running depot: from settings to a listening process and back."""

import asyncio
from asyncio import sslproto
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
import fcntl
import itertools
import json
import logging
import os
from pathlib import Path
import resource
import signal
import socket
import ssl
from typing import Final

from aiohttp import web
from yarl import URL

from .addresses import device_url
from .api import Api
from .app import create_app
from .auth import ApiKey, key_file, load_api_key
from .blobs import FileBlobs, StorageFullError
from .catalog import SqlCatalog
from .certificates import (
    Authority,
    CertificateError,
    ServerCertificate,
    own_certificate,
)
from .connections import DeviceFriendlySite
from .depot import Depot
from .files import write_private
from .logs import AccessLogger
from .settings import Settings
from .supervisor import machine_address

# The Supervisor kills after ten seconds; downloads are resumed anyway.
SHUTDOWN_TIMEOUT: Final = 1.0
TICK: Final = 1.0
# Saving progress costs wear of flash cards; new and ended downloads are saved
# with the next tick, the rest at every so many ticks.
SAVE_TICKS: Final = 5
EXPIRE_TICKS: Final = 60
RENEW_TICKS: Final = 24 * 3600
KEEPALIVE_TIMEOUT: Final = 75.0
TLS_BUFFER: Final = 64 * 1024

_LOGGER: Final = logging.getLogger(__name__)


class StartError(Exception):
    """The depot cannot start; the text names the remedy."""


async def serve(settings: Settings) -> None:
    """Run the depot until SIGTERM or SIGINT.

    Raises StartError, CatalogError or CertificateError.
    """
    _prepare_process()
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
    sock = _listen(settings.host, settings.port)
    port = sock.getsockname()[1]
    token = os.environ.get("SUPERVISOR_TOKEN")
    base = device_url(
        settings.device_url,
        settings.host,
        port,
        tls=settings.tls,
        machine=await machine_address(token, port) if token else None,
    )
    catalog = SqlCatalog.in_folder(settings.data_dir)
    blobs = FileBlobs(settings.data_dir)
    depot = Depot(catalog, blobs)
    try:
        certificate = _certificate(settings, base)
        await depot.open()
        api = Api(
            depot,
            api_key=ApiKey(load_api_key(settings.data_dir, settings.api_key)),
            device_url=base,
            max_package_size=settings.max_package_size,
        )
        context = certificate.context() if certificate else None
        async with _site(create_app(depot, api), sock, context):
            ticking = asyncio.create_task(_tick(depot, settings, base, context))
            try:
                with _announced(settings, base, certificate):
                    yield base
            finally:
                await api.events.close()
                ticking.cancel()
                await asyncio.gather(ticking, return_exceptions=True)
        depot.transfers.stop()
        await depot.save_transfers()
    finally:
        sock.close()
        blobs.close()
        await catalog.close()


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


def _prepare_process() -> None:
    """Make room for many devices at once in this process."""
    # asyncio keeps a read buffer of this size for every TLS connection; its own
    # 256 KiB are half of what a slow device costs.
    sslproto.SSLProtocol.max_size = TLS_BUFFER
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; raises StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")
    except OSError as err:
        msg = f"cannot listen on {host} port {port}: {err.strerror}; choose another"
        raise StartError(msg) from err


def _certificate(settings: Settings, base: str) -> ServerCertificate | None:
    """Return the certificate to serve with, None for plain HTTP."""
    if not settings.tls:
        return None
    if settings.certfile is not None and settings.keyfile is not None:
        return own_certificate(settings.certfile, settings.keyfile)
    names = [URL(base).host or "", "localhost", "127.0.0.1", socket.gethostname()]
    return Authority(authority_folder(settings.data_dir)).server_certificate(names)


def authority_folder(data_dir: Path) -> Path:
    """Return where the depot keeps its own certificate authority."""
    return data_dir / "certificates"


@asynccontextmanager
async def _site(
    app: web.Application, sock: socket.socket, context: ssl.SSLContext | None
) -> AsyncIterator[None]:
    """Serve the application inside the block."""
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        await DeviceFriendlySite(
            runner,
            sock,
            context,
            access_log=logging.getLogger("mqtt_ota_depot.access"),
            access_log_class=AccessLogger,
            keepalive_timeout=KEEPALIVE_TIMEOUT,
        ).start()
        yield
    finally:
        await runner.cleanup()


@contextmanager
def _announced(
    settings: Settings, base: str, certificate: ServerCertificate | None
) -> Iterator[None]:
    """Tell people by the log and programs by a file how to reach the depot."""
    fingerprint = certificate.fingerprint if certificate else None
    endpoint = settings.data_dir / "endpoint.json"
    _LOGGER.info("Listening; URL %s", base)
    if fingerprint is not None:
        _LOGGER.info("SHA-256 fingerprint of the certificate authority: %s", fingerprint)
    else:
        _LOGGER.warning("Plain HTTP: anyone on the network can read downloads and keys")
    if settings.api_key is None:
        _LOGGER.info("The API key is in %s", key_file(settings.data_dir))
    else:
        _LOGGER.info("The API key is the one of the settings")
    content = {"url": base, "fingerprint": fingerprint, "pid": os.getpid()}
    write_private(endpoint, json.dumps(content).encode())
    try:
        yield
    finally:
        endpoint.unlink(missing_ok=True)


async def _tick(
    depot: Depot, settings: Settings, base: str, context: ssl.SSLContext | None
) -> None:
    """Do what is due now and then; a failure is logged and tried again."""
    for count in itertools.count(1):
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK):
                await depot.transfers.urgent.wait()
        try:
            depot.transfers.flush()
            if depot.transfers.urgent.is_set() or count % SAVE_TICKS == 0:
                await depot.save_transfers()
            if count % EXPIRE_TICKS == 0:
                await depot.remove_expired_grants()
            if count % RENEW_TICKS == 0 and context is not None:
                _renew(settings, base, context)
        except StorageFullError:
            _LOGGER.warning("No room is left to save the progress of downloads")
        except Exception:
            _LOGGER.exception("What is due now and then failed; it will be tried again")
            # What is urgent and was not done would begin the next tick at once.
            await asyncio.sleep(TICK)


def _renew(settings: Settings, base: str, context: ssl.SSLContext) -> None:
    """Load the certificate again, renewed when its end is near."""
    try:
        certificate = _certificate(settings, base)
        if certificate is not None:
            certificate.load_into(context)
    except CertificateError:
        _LOGGER.exception("The certificate was not renewed")
    except OSError as err:
        _LOGGER.warning(
            "The certificate could not be renewed and will be tried again later; "
            "check room and permissions in %s: %s",
            settings.data_dir,
            err,
        )
