"""Downloads: every way a device may ask, and what it is told when it may not."""

import asyncio
import base64
from collections.abc import AsyncIterator
import os
from pathlib import Path
import random
import re
import socket
from typing import Any

import pytest

from mqtt_ota_depot import connections, sending

from .rig import Rig, depot_running, wait_for_databases
from .sockets import Reply, connected

DATA = random.Random(1).randbytes(300_000)


@pytest.fixture
async def grant(rig: Rig) -> dict[str, Any]:
    """Return a grant of a package of 300,000 bytes."""
    return await rig.grant(await rig.package(DATA))


async def raw(rig: Rig, request: bytes) -> bytes:
    """Send bytes over a socket of their own and return the whole answer."""
    host, port = rig.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def path(grant: dict[str, Any]) -> str:
    """Return the path of a grant's URL."""
    return str(grant["url"][grant["url"].index("/p/") :])


async def test_the_whole_package_comes_unasked(rig: Rig, grant: dict[str, Any]) -> None:
    """A plain request gets 200 with everything a device may need to know."""
    async with rig.get(grant) as response:
        assert response.status == 200
        assert await response.read() == DATA
        headers = response.headers
    package = (await rig.api("GET", f"/packages/{grant['package_id']}")).body
    assert headers["Content-Length"] == "300000"
    assert headers["ETag"] == f'"{package["sha256"]}"'
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment;filename=weather.bin"
    assert headers["Last-Modified"].endswith(" GMT")
    assert not {"Transfer-Encoding", "Content-Encoding", "Location", "Server"} & set(headers)


async def test_packages_are_never_compressed(rig: Rig, grant: dict[str, Any]) -> None:
    """What a client accepts does not change the bytes."""
    for encoding in ("gzip, deflate", "br", "*"):
        assert await rig.download(grant, Accept_Encoding=encoding) == DATA


async def test_ranges_are_byte_exact(rig: Rig, grant: dict[str, Any]) -> None:
    """A part is exactly what was asked for."""
    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=299999-", 299_999, 300_000),
        ("bytes=-5", 299_995, 300_000),
        ("bytes=100000-199999", 100_000, 200_000),
        ("bytes=150000-", 150_000, 300_000),
    ):
        async with rig.get(grant, Range=asked) as response:
            assert response.status == 206
            assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/300000"
            assert response.headers["Content-Length"] == str(end - start)
            assert await response.read() == DATA[start:end]


async def test_many_ranges_on_one_connection_make_the_whole(
    rig: Rig, grant: dict[str, Any]
) -> None:
    """Small devices fetch block by block."""
    blocks = [
        await rig.download(grant, Range=f"bytes={start}-{start + 4095}")
        for start in range(0, len(DATA), 4096)
    ]
    assert b"".join(blocks) == DATA


def block(grant: dict[str, Any], asked: str) -> bytes:
    """Return a request for a range, as a device writes it that fetches block by block."""
    fields = ("Host: depot", f"Range: bytes={asked}", f"Authorization: Bearer {grant['token']}")
    return "\r\n".join([f"GET {path(grant)} HTTP/1.1", *fields, "", ""]).encode()


def port(rig: Rig) -> int:
    """Return the port of the depot."""
    return int(rig.url.rpartition(":")[2])


async def test_the_blocks_of_one_connection_are_what_each_alone_would_be(
    rig: Rig, grant: dict[str, Any]
) -> None:
    """The first request of a connection is judged in full; the others are answered alike."""
    chance = random.Random(7)
    spans = ["0-0", "299999-299999", "299999-300000", "300000-300001", "5-4", "00-007", "0-299999"]
    spans += ["5-", "-5", f"0-{10**15}", f"{10**20}-{10**20}"]
    for _ in range(40):
        start = chance.randrange(len(DATA))
        spans.append(f"{start}-{start + chance.choice([0, 100, 5000, 70_000])}")
    chance.shuffle(spans)

    def undated(reply: Reply) -> tuple[bytes, bytes]:
        """Return an answer without what differs from second to second."""
        return re.sub(rb"Date: [^\r]*", b"", reply.head), reply.body

    async with connected(port(rig)) as wire:
        await wire.send(block(grant, "1-2"))
        assert (await wire.reply()).body == DATA[1:3]
        for span in spans:
            await wire.send(block(grant, span))
            async with connected(port(rig)) as other:
                await other.send(block(grant, span))
                assert undated(await wire.reply()) == undated(await other.reply()), span


async def test_the_blocks_of_a_connection_are_read_in_full_once(
    rig: Rig, grant: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs a comparison then, and counts like any other."""
    async with connected(port(rig)) as wire, rig.events() as events:
        await wire.send(block(grant, "0-9"))
        assert (await wire.reply()).body == DATA[:10]
        monkeypatch.setattr(connections, "read_head", None)
        for start in range(10, 100, 10):
            await wire.send(block(grant, f"{start}-{start + 9}"))
            assert (await wire.reply()).body == DATA[start : start + 10]
        await events.until(bytes_served=100, bytes_sent=100, requests=10)


async def test_a_revoked_token_ends_blocks_at_once(rig: Rig, grant: dict[str, Any]) -> None:
    """Even on a connection that it opened."""
    async with connected(port(rig)) as wire:
        for span in ("0-9", "10-19"):
            await wire.send(block(grant, span))
            assert (await wire.reply()).status == 206
        await rig.api("DELETE", f"/grants/{grant['id']}")
        await wire.send(block(grant, "20-29"))
        assert (await wire.reply()).status == 401


async def test_blocks_are_sent_no_more_often_than_the_limit_allows(tmp_path: Path) -> None:
    """A device that fetches the same for ever costs no more than so many packages."""
    async with depot_running(tmp_path, max_repeats=2) as rig:
        grant = await rig.grant(await rig.package(DATA[:100]))
        async with connected(port(rig)) as wire:
            statuses = []
            for _ in range(6):
                await wire.send(block(grant, "0-49"))
                statuses.append((await wire.reply()).status)
        assert statuses == [206, 206, 206, 206, 403, 403]
    wait_for_databases()


async def test_a_changed_package_is_told_in_the_next_block(rig: Rig, grant: dict[str, Any]) -> None:
    """The answers of a connection are those of now."""
    async with connected(port(rig)) as wire:
        await wire.send(block(grant, "0-9"))
        assert (await wire.reply()).status == 206
        await rig.api("DELETE", f"/packages/{grant['package_id']}")
        await wire.send(block(grant, "10-19"))
        reply = await wire.reply()
        await wire.send(block(grant, "20-29"))
        assert (reply.status, (await wire.reply()).status) == (401, 401)


@pytest.mark.parametrize("asked", ["bytes=300000-", "bytes=5-4", "bytes=a-b", "bytes="])
async def test_a_range_that_cannot_be_is_a_problem(
    rig: Rig, grant: dict[str, Any], asked: str
) -> None:
    """Outside or malformed: the answer tells the size and has a length."""
    async with rig.get(grant, Range=asked) as response:
        assert response.status == 416
        assert response.headers["Content-Range"] == "bytes */300000"
        assert "Content-Length" in response.headers
        problem = await response.json(content_type=None)
    assert problem["type"] == "urn:mqtt-ota:range-not-satisfiable"


async def test_conditions_hold(rig: Rig, grant: dict[str, Any]) -> None:
    """If-Range, If-None-Match and If-Match work with the entity tag."""
    async with rig.get(grant) as response:
        etag = response.headers["ETag"]
    async with rig.get(grant, Range="bytes=5-", If_Range=etag) as response:
        assert (response.status, await response.read()) == (206, DATA[5:])
    async with rig.get(grant, Range="bytes=5-", If_Range='"other"') as response:
        assert (response.status, await response.read()) == (200, DATA)
    async with rig.get(grant, If_None_Match=etag) as response:
        assert (response.status, await response.read()) == (304, b"")
        assert response.headers["ETag"] == etag
    async with rig.get(grant, If_Match='"other"') as response:
        assert response.status == 412
        problem = await response.json(content_type=None)
    assert problem["type"] == "urn:mqtt-ota:precondition-failed"


async def test_head_has_the_same_header(rig: Rig, grant: dict[str, Any]) -> None:
    """HEAD answers as GET would, without bytes."""
    async with rig.get(grant) as response:
        expected = dict(response.headers)
    async with rig.get(grant, "HEAD") as response:
        assert (response.status, await response.read()) == (200, b"")
        found = dict(response.headers)
    for headers in (expected, found):
        headers.pop("Date")
    assert found == expected


def basic(token: str, user: str = "device") -> str:
    """Return the Basic form of a token."""
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


async def test_the_token_comes_in_three_ways(rig: Rig, grant: dict[str, Any]) -> None:
    """Header, Basic password with any user, and query parameter."""
    token, url = grant["token"], grant["url"]
    ways: list[tuple[str, dict[str, str]]] = [
        (url, {"Authorization": f"Bearer {token}"}),
        (url, {"Authorization": f"bearer {token}"}),
        (url, {"Authorization": basic(token)}),
        (url, {"Authorization": basic(token, "")}),
        (f"{url}?token={token}", {}),
        (f"{url}?x=1&token={token}", {}),
        (f"{url}?token={token}", {"Authorization": "Digest x"}),
    ]
    for address, headers in ways:
        async with rig.session.get(address, headers=headers) as response:
            assert (response.status, await response.read()) == (200, DATA), (address, headers)


async def test_without_a_right_token_there_is_nothing(rig: Rig, grant: dict[str, Any]) -> None:
    """Missing, wrong and malformed tokens are refused alike."""
    for authorization in (
        "", "Bearer", "Bearer x", "Basic", "Basic !!!", basic(""), basic("x"),
        "Basic " + base64.b64encode(b"\xff\xfe").decode(), f"Bearer {grant['token']}x",
        f"Bearer {grant['token'][:-1]}", f"Digest {grant['token']}", "Bearer " + "x" * 7000,
    ):  # fmt: skip
        async with rig.get(grant, Authorization=authorization) as response:
            assert response.status == 401, authorization
            assert "WWW-Authenticate" in response.headers
            problem = await response.json(content_type=None)
        assert problem["type"] == "urn:mqtt-ota:unauthorized"


async def test_requests_without_a_right_token_tell_of_the_only_device(
    rig: Rig, grant: dict[str, Any]
) -> None:
    """Of the one that may ask for the path; other paths tell nothing."""
    async with rig.events() as events:
        await events.next()
        for url, token in (
            (grant["url"], "none"),
            (grant["url"] + "?token=", ""),
            (grant["url"], f"Bearer {grant['token'][:-1]}"),
            (rig.url + "/p/" + "0" * 16, "none"),
        ):
            async with rig.get({**grant, "url": url}, Authorization=token) as response:
                assert response.status == 401
        told = await events.until(unauthorized=3)
    assert (told["requests"], told["refusals"]) == (0, 0)


async def test_requests_without_a_right_token_tell_nothing_of_two_devices(
    rig: Rig, grant: dict[str, Any]
) -> None:
    """Until one of them is known to be elsewhere, or has everything."""
    package = {"id": grant["package_id"]}
    other = await rig.grant(package, task_id="other", device_id="other")

    async def told_without_token() -> dict[str, int]:
        async with rig.session.get(grant["url"]) as response:
            assert response.status == 401
        async with rig.events() as events:
            transfers = (await events.next())["transfers"]
        return {each["task_id"]: each["unauthorized"] for each in transfers}

    assert await told_without_token() == {"task": 0, "other": 0}
    await rig.download(other)
    assert await told_without_token() == {"task": 1, "other": 0}


async def test_a_token_is_for_one_package(rig: Rig, grant: dict[str, Any]) -> None:
    """Another path is not found; a stranger does not even learn that."""
    other = await rig.grant(await rig.package(b"other", version="2"), task_id="other")
    for url in (
        other["url"],
        rig.url + "/p/" + "0" * 16,
        rig.url + "/p/..%2f" + grant["url"][-16:],
        grant["url"] + "0",
    ):
        async with rig.get({**grant, "url": url}) as response:
            assert response.status == 404, url
            assert (await response.json(content_type=None))["type"] == "urn:mqtt-ota:not-found"
        async with rig.session.get(url) as response:
            assert response.status == 401, url


async def test_other_methods_are_not_allowed(rig: Rig, grant: dict[str, Any]) -> None:
    """A token is for reading."""
    for method in ("PUT", "POST", "DELETE"):
        async with rig.get(grant, method) as response:
            assert response.status == 405


@pytest.fixture
async def slow(rig: Rig) -> AsyncIterator[tuple[dict[str, Any], socket.socket]]:
    """Return the grant of a large package and a device that has read only its beginning."""
    grant = await rig.grant(await rig.package(os.urandom(1024) * 16_384, version="big"))
    host, port = rig.url.removeprefix("http://").split(":")
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (host, int(port)))
    head = (
        f"GET {path(grant)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {grant['token']}\r\n\r\n"
    )
    await loop.sock_sendall(sock, head.encode())
    await loop.sock_recv(sock, 1000)
    with sock:
        yield grant, sock


async def read_to_end(sock: socket.socket) -> int:
    """Read until the connection ends or breaks; return the number of bytes."""
    loop = asyncio.get_running_loop()
    count = 0
    try:
        while chunk := await asyncio.wait_for(loop.sock_recv(sock, 65_536), 5):
            count += len(chunk)
    except ConnectionResetError:
        return count
    return count


@pytest.mark.parametrize("how", ["revoke", "remove", "replace"])
async def test_running_downloads_end_with_their_grant(
    rig: Rig, slow: tuple[dict[str, Any], socket.socket], how: str
) -> None:
    """A download that runs is cut when the grant is revoked, replaced or its package removed."""
    grant, sock = slow
    if how == "revoke":
        await rig.api("DELETE", f"/grants/{grant['id']}")
    elif how == "remove":
        await rig.api("DELETE", f"/packages/{grant['package_id']}")
    else:
        await rig.grant({"id": grant["package_id"]})
    assert await read_to_end(sock) < 16_384 * 1024 // 2


async def test_a_slow_device_is_not_said_to_have_more_than_it_has(
    rig: Rig, slow: tuple[dict[str, Any], socket.socket]
) -> None:
    """What counts as served is near to what the device has taken."""
    await asyncio.sleep(0.3)
    async with rig.events() as events:
        (transfer,) = (await events.next())["transfers"]
    assert transfer["active"] is True
    assert transfer["bytes_served"] < 1024 * 1024


async def test_a_device_that_stalls_is_cut(
    rig: Rig,
    slow: tuple[dict[str, Any], socket.socket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A device that takes nothing for long is let go, and nobody else suffers."""
    monkeypatch.setattr(sending, "STALL_TIMEOUT", 0.2)
    monkeypatch.setattr(sending, "_WATCH", 0.05)
    grant, _ = slow
    second = await rig.grant({"id": grant["package_id"]}, task_id="second")
    host, port = rig.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(f"GET {path(second)}?token={second['token']} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    async with rig.events() as events:
        await events.next()
        await events.until(grant_id=second["id"], active=False, complete=False)
    writer.close()
    assert len(await rig.download(second)) == 16_384 * 1024
    del reader


async def test_a_damaged_file_breaks_the_download(
    rig: Rig, grant: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Missing bytes are never made up."""
    file = rig.data_dir / rig.files()[0]
    with file.open("r+b") as handle:
        handle.truncate(100_000)
    answer = await raw(rig, f"GET {path(grant)}?token={grant['token']} HTTP/1.0\r\n\r\n".encode())
    assert len(answer.partition(b"\r\n\r\n")[2]) <= 100_000
    assert "is damaged" in caplog.text


async def test_lf_only_requests_are_answered(rig: Rig, grant: dict[str, Any]) -> None:
    """The heads that C SDKs send, bare LF and all."""
    token, where = grant["token"], path(grant)
    heads = [
        (
            f"GET {where} HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\n"
            f"Authorization:Bearer {token}\nConnection: close\r\n\r\n"
        ),
        f"GET {where}?token={token} HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\r\n\r\n",
        f"GET {where}?token={token} HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n",
    ]
    for head in heads:
        answer = await raw(rig, head.encode())
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), head
        assert b"\r\nContent-Length: 300000\r\n" in answer
        assert answer.partition(b"\r\n\r\n")[2] == DATA


async def test_http_1_0_is_answered(rig: Rig, grant: dict[str, Any]) -> None:
    """The oldest clients get a plain whole answer."""
    answer = await raw(rig, f"GET {path(grant)}?token={grant['token']} HTTP/1.0\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.partition(b"\r\n\r\n")[2] == DATA


async def test_garbage_is_a_problem_without_an_echo(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no HTTP gets a problem; neither it nor the log repeats the request."""
    for request in (b"\x16\x03\x01 hello\r\n\r\n", b"GET /p/0?token=SECRETSECRET HTTP/x\r\n\r\n",
                    b"GET / HTTP/1.1\r\nAuthorization Bearer SECRETSECRET\r\n\r\n"):  # fmt: skip
        answer = await raw(rig, request)
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
        assert b"application/problem+json" in answer
        assert b"SECRETSECRET" not in answer
    assert "SECRETSECRET" not in caplog.text


async def test_the_header_fits_small_buffers(tmp_path: Path) -> None:
    """The header block has at most 400 bytes, whatever the file's name."""
    async with depot_running(tmp_path) as rig:
        package = await rig.package(DATA, name="n" * 200 + ".bin")
        grant = await rig.grant(package)
        for status, asked, numbers in (
            (b"206", "Range: bytes=100000-299999\r\n", 4),
            (b"200", "", 1),
        ):
            request = (
                f"GET {path(grant)}?token={grant['token']} HTTP/1.1\r\nHost: x\r\n"
                f"{asked}Connection: close\r\n\r\n"
            )
            head = (await raw(rig, request.encode())).partition(b"\r\n\r\n")[0]
            assert head.startswith(b"HTTP/1.1 " + status)
            # An 8 GiB package has numbers of ten digits where this one has six.
            assert len(head) + 4 + numbers * 4 <= 400
            assert b"attachment;filename=nnnnnnnnnnnnnnnnnnnn.bin" in head


async def test_bytes_come_from_a_cold_disk_too(
    rig: Rig, grant: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is in memory, threads read."""
    monkeypatch.setattr("mqtt_ota_depot.blobs._NOWAIT", None)
    assert await rig.download(grant) == DATA
