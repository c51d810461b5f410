"""Manifests: a package in the words of the libraries that read one."""

from typing import Any, Final

from .image_header import ESP_CHIPS
from .packages import Package

CHIP_FAMILIES: Final = frozenset({*ESP_CHIPS.values(), "ESP8266"})


def web_tools(package: Package, *, family: str, md5: str, path: str) -> dict[str, Any]:
    """Return the manifest of ESP Web Tools, as ESPHome's `update.http_request` reads it.

    `path` is that of the download; readers take it relative to the manifest's host.
    """
    ota: dict[str, str] = {"path": path, "md5": md5}
    if package.release_notes is not None:
        ota["summary"] = package.release_notes.strip().partition("\n")[0]
    return {
        "name": package.model,
        "version": package.version,
        "builds": [{"chipFamily": family, "ota": ota}],
    }


def fota(package: Package, *, url: str) -> dict[str, str]:
    """Return the manifest that the library esp32FOTA reads; `url` is absolute."""
    return {"type": package.model, "version": package.version, "url": url}
