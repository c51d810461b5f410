"""Where model and version come from, and what is missing."""

from pathlib import Path

import pytest

from mqtt_ota_upload.errors import OptionsError
from mqtt_ota_upload.facts import NewPackage, Wishes, complete
from mqtt_ota_upload.image import read_image
from tests.depot.test_image_header import esp_app


def package(
    folder: Path, name: str, data: bytes = b"firmware", wishes: Wishes | None = None
) -> NewPackage:
    """Return what becomes of a file."""
    path = folder / name
    path.write_bytes(data)
    return complete(read_image(path), wishes or Wishes())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("weather-1.4.0.bin", ("weather", "1.4.0")),
        ("weather_v2.1.tar.gz", ("weather", "2.1")),
        ("rain gauge 1.0.0-rc1+7.UF2", ("rain gauge", "1.0.0-rc1+7")),
        ("a-b-1.2.bin", ("a-b", "1.2")),
    ],
)
def test_a_file_name_helps_out(tmp_path: Path, name: str, expected: tuple[str, str]) -> None:
    """The depot's page reads file names alike."""
    new = package(tmp_path, name)
    assert (new.facts.model, new.facts.version) == expected
    assert set(new.sources.values()) == {"the file's name"}


def test_the_header_goes_before_the_file_name(tmp_path: Path) -> None:
    """And the maker's own word before both."""
    wishes = Wishes(version="9.9")
    new = package(tmp_path, "other-1.0.bin", esp_app(), wishes)
    assert (new.facts.model, new.facts.version) == ("weather", "9.9")
    assert new.sources == {"model": "the header", "version": "--version"}


@pytest.mark.parametrize(
    ("name", "wishes", "missing"),
    [
        ("firmware.bin", Wishes(), "model and version; give --model MODEL and --version VERSION"),
        ("firmware.bin", Wishes(model="weather"), "tells the version; give --version VERSION"),
        ("firmware.bin", Wishes(version="1"), "tells the model; give --model MODEL"),
        ("-1.0.bin", Wishes(), "model and version"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, name: str, wishes: Wishes, missing: str) -> None:
    """With the options that give it."""
    with pytest.raises(OptionsError, match=f"{name}: neither its header nor its name .*{missing}"):
        package(tmp_path, name, wishes=wishes)


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        (Wishes(version="1.0 "), "version: must not begin or end with a space"),
        (Wishes(version="ä"), "version: must be printable ASCII"),
        (Wishes(model=""), "model: must have 1 to 128 characters"),
        (Wishes(source_versions=("",)), "source_versions.0: must have 1 to 256 characters"),
        (Wishes(release_notes="x" * 70_000), "release_notes: must have at most 65536 bytes"),
    ],
)
def test_what_the_depot_would_refuse(tmp_path: Path, wishes: Wishes, reason: str) -> None:
    """It is refused by the depot's own rules before anything is sent."""
    with pytest.raises(OptionsError, match=reason):
        package(tmp_path, "weather-1.4.0.bin", wishes=wishes)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Each is named, with the reason."""
    (tmp_path / "empty.bin").touch()
    for name, reason in (
        ("absent.bin", "cannot be read: No such file or directory"),
        (".", "is no regular file"),
        ("empty.bin", "is empty"),
    ):
        with pytest.raises(OptionsError, match=reason):
            read_image(tmp_path / name)


def test_a_long_file_name(tmp_path: Path) -> None:
    """One that fits nearly everywhere is read as quickly as any other."""
    with pytest.raises(OptionsError, match="neither its header nor its name"):
        package(tmp_path, "a-1.1" * 50 + "!")
