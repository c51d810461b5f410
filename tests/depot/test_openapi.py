"""The API description and the program say the same."""

from aiohttp import web
import pytest

from mqtt_ota_depot.address_check import AddressCheck
from mqtt_ota_depot.api import Api
from mqtt_ota_depot.api_version import PREFIX
from mqtt_ota_depot.app import create_app
from mqtt_ota_depot.blobs import FileBlobs
from mqtt_ota_depot.catalog import SqlCatalog
from mqtt_ota_depot.depot import Depot
from mqtt_ota_depot.downloads import Downloads
from mqtt_ota_depot.gate import Gate
from mqtt_ota_depot.keys import Keys
from mqtt_ota_depot.limits import Limits
from mqtt_ota_depot.packages import _CHANGES, _FACTS
from mqtt_ota_depot.problems import TYPE_PREFIX, Problem, ProblemKind

from .openapi import DESCRIPTION, check
from .rig import PREFIX as TESTED_PREFIX

SCHEMAS = DESCRIPTION["components"]["schemas"]


def _application(folder: object) -> web.Application:
    """Return the application, not running."""
    depot = Depot(SqlCatalog.in_folder(folder), FileBlobs(folder))  # type: ignore[arg-type]
    gate = Gate(Limits())
    api = Api(
        depot,
        keys=Keys(folder, "x"),  # type: ignore[arg-type]
        key_renewed=list,
        address_check=AddressCheck("https://x:1", bytes),
        device_url="https://x:1",
        max_package_size=1,
        max_listeners=1,
        counts=gate.counts,
    )
    return create_app(depot, api, Downloads(depot, gate))


async def test_every_route_is_described_and_every_description_has_a_route(
    tmp_path: object,
) -> None:
    """Neither has a path or a method that the other lacks."""
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in _application(tmp_path).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    described = {
        (method, path)
        for path, item in DESCRIPTION["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert routes == described
    assert TESTED_PREFIX == PREFIX


def test_every_problem_is_described() -> None:
    """The list of kinds is complete, and every kind makes a valid answer."""
    kinds = {TYPE_PREFIX + kind for kind in ProblemKind}
    assert kinds == set(SCHEMAS["Problem"]["properties"]["type"]["enum"])
    for kind in ProblemKind:
        check(SCHEMAS["Problem"], Problem(kind, "Detail.", field="x").as_dict(), kind)


@pytest.mark.parametrize(
    ("name", "schema", "beside"),
    [("PackageChanges", _CHANGES, set()), ("Upload", _FACTS, {"file"})],
)
def test_fields_are_those_of_the_program(name: str, schema: object, beside: set[str]) -> None:
    """Fields that may be sent are described, and no others."""
    fields = {str(field) for field in schema.schema}  # type: ignore[attr-defined]
    assert set(SCHEMAS[name]["properties"]) == fields | beside
