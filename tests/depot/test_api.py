"""The API of the integration: packages, grants, keys and wrong requests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from mqtt_ota_depot import __version__
from mqtt_ota_depot.catalog import SqlCatalog
from mqtt_ota_depot.server import running

from .rig import AUTHORIZATION, KEY, PREFIX, Rig, checked, depot_running, settings


async def test_info_tells_what_the_depot_is(rig: Rig) -> None:
    """The handshake has versions, identity and how full the storage is."""
    package = await rig.package(b"x" * 5000)
    info = (await rig.api("GET", "/info")).body
    assert (info["api_version"], info["min_api_version"], info["version"]) == (1, 1, __version__)
    assert info["device_url"] == rig.url
    assert info["max_package_size"] == 64 * 1024 * 1024
    assert info["storage"]["used"] == package["size"]
    assert 0 < info["storage"]["free"] < info["storage"]["total"]


async def test_the_depot_keeps_its_id_and_packages(tmp_path: Path) -> None:
    """A restart changes nothing that is kept."""
    async with depot_running(tmp_path) as rig:
        package = await rig.package(source_versions=["1"], release_notes="x", custom_info="y")
        grant = await rig.grant(package)
        before = (await rig.api("GET", "/info")).body["depot_id"]
    async with depot_running(tmp_path) as rig:
        assert (await rig.api("GET", "/info")).body["depot_id"] == before
        assert (await rig.api("GET", f"/packages/{package['id']}")).body == package
        grants = (await rig.api("GET", "/grants")).body["grants"]
        assert [each["id"] for each in grants] == [grant["id"]]
        url = rig.url + grant["url"][grant["url"].index("/p/") :]
        assert await rig.download({**grant, "url": url}) == b"firmware"


async def test_packages_are_listed_oldest_first(rig: Rig) -> None:
    """The list has every package."""
    made = [await rig.package(version=version) for version in ("1", "3", "2")]
    assert (await rig.api("GET", "/packages")).body == {"packages": made}


async def test_facts_of_a_package_change(rig: Rig) -> None:
    """A change answers the whole package and keeps the rest."""
    package = await rig.package(release_notes="old")
    changes = {
        "version": "1.4.1",
        "model": "barometer",
        "withdrawn": True,
        "release_notes": None,
        "custom_info": "x",
        "source_versions": ["1.3.0"],
        "file_name": "new.bin",
    }
    answer = await rig.api("PATCH", f"/packages/{package['id']}", json=changes)
    assert answer.body == {**package, **changes}
    assert (await rig.api("GET", f"/packages/{package['id']}")).body == answer.body


async def test_a_change_may_not_clash(rig: Rig) -> None:
    """Two packages never have the same kind, model and version."""
    first = await rig.package(version="1")
    second = await rig.package(version="2")
    answer = await rig.api("PATCH", f"/packages/{second['id']}", json={"version": "1"})
    assert (answer.status, answer.problem) == (409, "version-exists")
    assert answer.body["package_id"] == first["id"]
    same = await rig.api("PATCH", f"/packages/{second['id']}", json={"version": "2"})
    assert (same.status, same.body) == (200, second)


async def test_a_removed_package_is_gone(rig: Rig) -> None:
    """Its facts, its grants and its bytes go."""
    package = await rig.package()
    await rig.grant(package)
    answer = await rig.api("DELETE", f"/packages/{package['id']}")
    assert (answer.status, answer.body) == (204, None)
    assert (await rig.api("GET", "/packages")).body == {"packages": []}
    assert (await rig.api("GET", "/grants")).body == {"grants": []}
    assert rig.files() == []


async def test_shared_bytes_stay_until_the_last_package_goes(rig: Rig) -> None:
    """Bytes are removed when no package has them any more."""
    first, second = await rig.package(), await rig.package(version="2")
    await rig.api("DELETE", f"/packages/{first['id']}")
    assert await rig.download(await rig.grant(second)) == b"firmware"
    await rig.api("DELETE", f"/packages/{second['id']}")
    assert rig.files() == []


async def test_unknown_packages_are_told(rig: Rig) -> None:
    """No name reaches anything but a package."""
    for name in ("0" * 32, "..%2f..%2fetc%2fpasswd", "%00", "x" * 3000):
        for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
            answer = await rig.api(method, f"/packages/{name}", json=body)
            assert (answer.status, answer.problem) == (404, "package-not-found"), name


async def test_a_grant_tells_its_token_once(rig: Rig) -> None:
    """The token is short, and no list has it."""
    package = await rig.package()
    grant = await rig.grant(package, device_id="sensor/1", task_id="t-1")
    assert grant["url"] == f"{rig.url}/p/{package['sha256'][:16]}"
    assert 32 <= len(grant["token"]) <= 43
    expires = datetime.strptime(grant["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    left = expires - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    listed = (await rig.api("GET", "/grants")).body["grants"]
    assert listed == [
        {name: value for name, value in grant.items() if name not in {"token", "url"}}
    ]


async def test_no_token_is_stored(rig: Rig) -> None:
    """Neither the database nor its journal has a token."""
    grant = await rig.grant(await rig.package())
    await rig.download(grant)
    for path in rig.data_dir.iterdir():
        if path.is_file():
            assert grant["token"].encode() not in path.read_bytes()


async def test_a_task_has_one_grant(rig: Rig) -> None:
    """A new grant of a task ends the older one."""
    package = await rig.package()
    older = await rig.grant(package)
    newer = await rig.grant(package, expires_in=60)
    other = await rig.grant(package, task_id="another")
    grants = (await rig.api("GET", "/grants")).body["grants"]
    assert [grant["id"] for grant in grants] == [newer["id"], other["id"]]
    async with rig.get(older) as response:
        assert response.status == 401
    assert await rig.download(newer) == b"firmware"


async def test_withdrawn_packages_are_not_granted(rig: Rig) -> None:
    """A withdrawn package can come back."""
    package = await rig.package()
    path = f"/packages/{package['id']}"
    await rig.api("PATCH", path, json={"withdrawn": True})
    body = {"package_id": package["id"], "device_id": "d", "task_id": "t"}
    answer = await rig.api("POST", "/grants", json=body)
    assert (answer.status, answer.problem) == (409, "package-withdrawn")
    await rig.api("PATCH", path, json={"withdrawn": False})
    assert (await rig.api("POST", "/grants", json=body)).status == 201


WRONG_GRANTS: list[tuple[dict[str, Any], str]] = [
    ({"package_id": 1}, "package_id"),
    ({"device_id": ""}, "device_id"),
    ({"device_id": "x" * 257}, "device_id"),
    ({"device_id": "a\x07"}, "device_id"),
    ({"task_id": None}, "task_id"),
    ({"expires_in": 59}, "expires_in"),
    ({"expires_in": 604_801}, "expires_in"),
    ({"expires_in": True}, "expires_in"),
    ({"expires_in": 3600.5}, "expires_in"),
    ({"expires_in": "3600"}, "expires_in"),
    ({"extra": 1}, "extra"),
]


async def test_wrong_grant_requests_are_named(rig: Rig) -> None:
    """The problem names the field."""
    package = await rig.package()
    for changes, field in WRONG_GRANTS:
        body = {"package_id": package["id"], "device_id": "d", "task_id": "t", **changes}
        answer = await rig.api("POST", "/grants", json=body)
        assert (answer.status, answer.problem) == (400, "invalid-request"), changes
        assert answer.body["field"] == field


async def test_grants_of_unknown_packages_are_refused(rig: Rig) -> None:
    """A grant needs a package."""
    body = {"package_id": "0" * 32, "device_id": "d", "task_id": "t"}
    answer = await rig.api("POST", "/grants", json=body)
    assert (answer.status, answer.problem) == (404, "package-not-found")


async def test_a_revoked_grant_is_gone(rig: Rig) -> None:
    """Revoking works once."""
    grant = await rig.grant(await rig.package())
    answer = await rig.api("DELETE", f"/grants/{grant['id']}")
    assert (answer.status, answer.body) == (204, None)
    again = await rig.api("DELETE", f"/grants/{grant['id']}")
    assert (again.status, again.problem) == (404, "grant-not-found")
    async with rig.get(grant) as response:
        assert response.status == 401


WRONG_KEYS = [
    None,
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    f"Basic {KEY}",
    KEY,
    f"Bearer {KEY}x",
    f"Bearer {KEY[:-1]}",
    "Bearer \u00e9\u00e9",
]


async def test_nothing_works_without_the_key(rig: Rig) -> None:
    """Every path of the API wants the key; who shows too many wrong ones must wait."""
    told = set()
    for authorization in WRONG_KEYS:
        headers = {} if authorization is None else {"Authorization": authorization}
        for method, path in (
            ("GET", "/info"),
            ("GET", "/packages"),
            ("POST", "/packages"),
            ("PATCH", "/packages/x"),
            ("DELETE", "/packages/x"),
            ("POST", "/grants"),
            ("GET", "/grants"),
            ("DELETE", "/grants/x"),
            ("GET", "/events"),
        ):
            answer = await rig.api(method, path, headers=headers)
            told.add((answer.status, answer.problem))
            named = {401: "WWW-Authenticate", 429: "Retry-After"}[answer.status]
            assert named in answer.headers, authorization
    assert told == {(401, "unauthorized"), (429, "too-many-requests")}


async def test_unknown_paths_do_not_tell_strangers_that_they_are_unknown(rig: Rig) -> None:
    """Below the API, the key comes before the path."""
    async with rig.session.get(rig.url + PREFIX + "/nothing") as response:
        assert response.status == 401
    async with rig.session.get(rig.url + PREFIX + "/nothing", headers=AUTHORIZATION) as response:
        assert response.status == 404
        assert (await response.json(content_type=None))["type"] == "urn:mqtt-ota:not-found"


async def test_the_scheme_is_read_without_regard_to_case(rig: Rig) -> None:
    """The scheme is case-insensitive (RFC 9110 section 11.1)."""
    answer = await rig.api("GET", "/info", headers={"Authorization": f"bearer  {KEY}"})
    assert answer.status == 200


async def test_wrong_json_is_refused(rig: Rig) -> None:
    """No body makes the depot fail."""
    for body in (b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 50_000, b"1e999", b'"x"', b"null"):
        answer = await rig.api("POST", "/grants", data=body)
        assert (answer.status, answer.problem) == (400, "invalid-request"), body[:10]


async def test_large_json_is_refused(rig: Rig) -> None:
    """A body has its bound."""
    answer = await rig.api("POST", "/grants", data=b" " * 300_000)
    assert (answer.status, answer.problem) == (413, "too-large")


async def test_wrong_methods_are_told(rig: Rig) -> None:
    """The answer names the methods that work."""
    for method, path in (("PUT", "/packages"), ("POST", "/info"), ("DELETE", "/grants")):
        url = rig.url + PREFIX + path
        async with rig.session.request(method, url, headers=AUTHORIZATION) as response:
            assert response.status == 405
            assert "GET" in response.headers["Allow"]
            problem = await response.json(content_type=None)
        assert problem["type"] == "urn:mqtt-ota:method-not-allowed"


async def test_health_needs_no_key(rig: Rig) -> None:
    """The container's health check has no key."""
    async with rig.session.get(rig.url + "/health") as response:
        answer = await checked(response, "GET", "/health")
    assert (answer.status, answer.body) == (200, {"status": "ok"})


async def test_an_unexpected_failure_is_a_problem_too(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client learns nothing of the inside, the log everything."""

    async def fail(*_args: object) -> None:
        """Fail in a way that nobody foresaw."""
        msg = "something inside"
        raise KeyError(msg)

    monkeypatch.setattr(SqlCatalog, "remove_package", fail)
    package = await rig.package()
    answer = await rig.api("DELETE", f"/packages/{package['id']}")
    assert (answer.status, answer.problem) == (500, "internal-error")
    assert "something inside" not in str(answer.body)
    assert "something inside" in caplog.text
    assert await rig.download(await rig.grant(package)) == b"firmware"


async def test_a_configured_device_url_is_told(tmp_path: Path) -> None:
    """Devices get URLs with the host that the settings name."""
    changed = settings(tmp_path, device_url=URL("http://depot.example:8000"))
    async with running(changed) as base:
        assert base == "http://depot.example:8000"
