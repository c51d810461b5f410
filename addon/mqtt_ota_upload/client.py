"""The depot's API, as far as uploads need it."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
import ssl
from typing import Any, Final, Self, cast

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
)

from mqtt_ota_depot.api_version import API_VERSION, PREFIX
from mqtt_ota_depot.problems import ProblemKind

from .address import Address
from .answers import accepted, no_depot, told
from .errors import LostError, RefusedError, UnusableError
from .facts import NewPackage
from .form import OnProgress, upload_form
from .trust import CONNECT_TIMEOUT, Trust, client_tls, distrust, unreachable, without_tls

# How long nothing may move; the depot syncs a large package to its disk before it answers.
STALL_TIMEOUT: Final = 120.0
_MAX_ANSWER: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """The depot's key, and where it comes from."""

    value: str = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the depot can take, in bytes."""

    max_package_size: int
    free: int


class DepotClient:
    """One depot; every method raises the errors of this package."""

    def __init__(self, address: Address, trust: Trust, key: ApiKey) -> None:
        """Remember where the depot is; nothing is sent yet."""
        self._address = address
        self._trust = trust
        self._key = key
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the connection."""
        if self._session is not None:
            await self._session.close()

    async def room(self) -> Room:
        """Return what the depot can take, once it is known to be one that is understood."""
        try:
            _, info = await self._request("GET", "/info")
            spoken = range(int(info["min_api_version"]), int(info["api_version"]) + 1)
            limit, free = int(info["max_package_size"]), int(info["storage"]["free"])
        except RefusedError as err:
            if err.kind is ProblemKind.NOT_FOUND:
                raise UnusableError(f"{self._address.url} does not serve the API: {err}") from err
            raise
        except (KeyError, TypeError, ValueError) as err:
            raise no_depot(self._address.url) from err
        if API_VERSION not in spoken:
            msg = (
                f"The depot speaks version {spoken.start} to {spoken.stop - 1} of the API, this "
                f"program version {API_VERSION}: update the older of the two."
            )
            raise UnusableError(msg)
        return Room(max_package_size=limit, free=free)

    async def packages(self) -> list[dict[str, Any]]:
        """Return all packages, as the API tells them."""
        _, body = await self._request("GET", "/packages")
        try:
            return [dict(package) for package in body["packages"]]
        except (KeyError, TypeError, ValueError) as err:
            raise no_depot(self._address.url) from err

    async def upload(self, new: NewPackage, on_progress: OnProgress) -> tuple[dict[str, Any], bool]:
        """Send a package; return what the depot made of it, and whether it is new there."""
        new.image.check_unchanged()
        status, package = await self._request("POST", "/packages", new, on_progress)
        return package, status == HTTPStatus.CREATED

    async def _request(
        self,
        method: str,
        path: str,
        new: NewPackage | None = None,
        on_progress: OnProgress | None = None,
    ) -> tuple[int, Any]:
        """Return status and body of an answer that is no refusal."""
        session = await self._open()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(STALL_TIMEOUT) as patience:

                def moved(sent: int) -> None:
                    """Be patient for as long as bytes leave."""
                    patience.reschedule(loop.time() + STALL_TIMEOUT)
                    if on_progress is not None:
                        on_progress(sent)

                async with session.request(
                    method,
                    self._address.url + PREFIX + path,
                    data=None if new is None else upload_form(new, moved),
                    # The key is for this address and no other.
                    allow_redirects=False,
                ) as response:
                    raw = await _read(response)
        except ClientConnectorCertificateError as err:
            reason = cast("ssl.SSLCertVerificationError", err.certificate_error)
            raise await distrust(self._address, reason) from err
        except ClientConnectorSSLError as err:
            raise without_tls(self._address, err.os_error) from err
        except ClientConnectorError as err:
            raise unreachable(self._address, err.os_error) from err
        except (ClientError, OSError, TimeoutError) as err:
            raise self._broken(err) from err
        return response.status, accepted(
            response.status, raw, url=self._address.url, key_source=self._key.source
        )

    async def _open(self) -> ClientSession:
        """Return the session; a depot that is pinned is looked at first."""
        if self._session is None:
            tls = await client_tls(self._address, self._trust) if self._address.tls else True
            self._session = ClientSession(
                connector=TCPConnector(ssl=tls),
                timeout=ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
                headers={"Authorization": f"Bearer {self._key.value}"},
            )
        return self._session

    def _broken(self, err: BaseException) -> LostError:
        """Return the error for a connection that broke or stands still."""
        if isinstance(err, TimeoutError):
            return LostError(f"{self._address.url} stood still for {STALL_TIMEOUT:.0f} seconds.")
        hint = "" if self._address.tls else " If the depot speaks HTTPS, give --depot https://…"
        return LostError(f"The connection to {self._address.url} broke: {told(str(err))}.{hint}")


async def _read(response: ClientResponse) -> bytes:
    """Return the body of an answer, cut where no depot's answer goes on."""
    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > _MAX_ANSWER:
            break
    return bytes(raw)
