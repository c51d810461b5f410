"""What the first bytes of a package tell: format, chip, name, version. Never trusted, only shown and compared."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
import struct
from typing import Any, Final

# What is needed to learn an ESP chip, and what for every header with a fixed place.
CHIP_SIZE: Final = 36
HEADER_SIZE: Final = 1024
# Homie's markers and the partition table lie deeper; whoever reads this much finds them.
DEEP_SIZE: Final = 4 * 1024 * 1024

ESP_CHIPS: Final[Mapping[int, str]] = {
    # esp_chip_id_t of ESP-IDF; the names are those of ESP Web Tools.
    0x0000: "ESP32",
    0x0002: "ESP32-S2",
    0x0005: "ESP32-C3",
    0x0009: "ESP32-S3",
    0x000C: "ESP32-C2",
    0x000D: "ESP32-C6",
    0x0010: "ESP32-H2",
    0x0012: "ESP32-P4",
    0x0014: "ESP32-C61",
    0x0017: "ESP32-C5",
}

_ESP_MAGIC: Final = 0xE9
_ESP_CHIP: Final = slice(12, 14)
# esp_app_desc_t follows the image header (24 bytes) and the first segment's (8 bytes);
# images for the ESP8266 have none, so that their chip cannot be told.
_ESP_APP: Final = struct.Struct("<II8s32s32s16s16s32s")
_ESP_APP_OFFSET: Final = 32
_ESP_APP_MAGIC: Final = 0xABCD5432
_PARTITIONS: Final = 0x8000
_PARTITION_SIZE: Final = 32
_PARTITION_MAGIC: Final = b"\xaa\x50"

_UF2: Final = struct.Struct("<IIIIIIII")
_UF2_BLOCK: Final = 512
_UF2_MAGIC: Final = (0x0A324655, 0x9E5D5157)
_UF2_HAS_FAMILY: Final = 0x2000
_UF2_HAS_TAGS: Final = 0x8000
_UF2_DATA: Final = slice(32, 508)
_UF2_VERSION: Final = 0x9FC7BC
_UF2_DESCRIPTION: Final = 0x650D9D
_UF2_FAMILIES: Final[Mapping[int, str]] = {
    0x1C5F21B0: "ESP32",
    0x55114460: "SAMD51",
    0x68ED2B88: "SAMD21",
    0x7EAB61ED: "ESP8266",
    0xADA52840: "nRF52840",
    0xBFDD4EEE: "ESP32-S2",
    0xC47E5767: "ESP32-S3",
    0xD42BA06C: "ESP32-C3",
    0xE48BFF56: "RP2040",
    0xE48BFF59: "RP2350",
}

_MCUBOOT: Final = struct.Struct("<IIHHIIBBHI")
_MCUBOOT_MAGIC: Final = 0x96F3B83D
_ZIGBEE: Final = struct.Struct("<IHHHHHIH32s")
_ZIGBEE_MAGIC: Final = 0x0BEEF11E

# Homie_setFirmware() puts name and version between these, anywhere in the image.
_HOMIE_NAME: Final = (b"\xbf\x84\xe4\x13\x54", b"\x93\x44\x6b\xa7\x75")
_HOMIE_VERSION: Final = (b"\x6a\x3f\x3e\x0e\xe1", b"\xb0\x30\x48\xd4\x1a")
_MAX_TEXT: Final = 128


class ImageFormat(StrEnum):
    """Formats that are told apart."""

    ELF = "elf"
    ESP = "esp"
    ESP_FACTORY = "esp_factory"
    GZIP = "gzip"
    INTEL_HEX = "intel_hex"
    MCUBOOT = "mcuboot"
    UF2 = "uf2"
    UNKNOWN = "unknown"
    ZIGBEE = "zigbee"
    ZIP = "zip"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageHeader:
    """What an image says of itself; None where it says nothing that can be shown.

    `name` is the project's name, `framework` the version of what it was built
    with, `secure_version` the anti-rollback counter of ESP-IDF.
    """

    format: ImageFormat
    chip: str | None = None
    name: str | None = None
    version: str | None = None
    secure_version: int | None = None
    framework: str | None = None
    built: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the API."""
        return asdict(self)


def read_header(data: bytes) -> ImageHeader:
    """Return what the first bytes of a file tell; any bytes are answered.

    HEADER_SIZE of them are enough but for Homie and for telling an image for
    the serial port, which need up to DEEP_SIZE. Sources: ESP-IDF's
    esp_image_format.h and esp_app_desc.h, the UF2 specification, MCUboot's
    image.h, the Zigbee Cluster Library §11.4.2, homie-esp8266.
    """
    if _is_factory_image(data):
        return ImageHeader(format=ImageFormat.ESP_FACTORY)
    if data[:1] == bytes([_ESP_MAGIC]) and len(data) > _ESP_APP_OFFSET:
        return _esp(data)
    for read in (_uf2, _mcuboot, _zigbee):
        if (header := read(data)) is not None:
            return header
    for magic, image_format in _MAGICS.items():
        if data.startswith(magic):
            return ImageHeader(format=image_format)
    return ImageHeader(format=ImageFormat.UNKNOWN)


def chip_family(data: bytes) -> str | None:
    """Return the chip that the first bytes of an ESP-IDF application name, None without one."""
    if len(data) < CHIP_SIZE or data[0] != _ESP_MAGIC:
        return None
    if int.from_bytes(data[_ESP_APP_OFFSET:CHIP_SIZE], "little") != _ESP_APP_MAGIC:
        return None
    return ESP_CHIPS.get(int.from_bytes(data[_ESP_CHIP], "little"))


def _esp(data: bytes) -> ImageHeader:
    """Read an application for ESP chips, with ESP-IDF's description or Homie's markers."""
    description = _unpack(_ESP_APP, data[_ESP_APP_OFFSET:])
    if description is None or description[0] != _ESP_APP_MAGIC:
        return ImageHeader(
            format=ImageFormat.ESP,
            name=_between(data, _HOMIE_NAME),
            version=_between(data, _HOMIE_VERSION),
        )
    _, secure_version, _, version, name, time, date, framework = description
    built = " ".join(part for part in (_text(date), _text(time)) if part)
    return ImageHeader(
        format=ImageFormat.ESP,
        chip=chip_family(data),
        name=_text(name),
        version=_text(version),
        secure_version=secure_version,
        framework=_text(framework),
        built=built or None,
    )


def _is_factory_image(data: bytes) -> bool:
    """Return whether a partition table lies where only images for the serial port have one."""
    entries = (data[at : at + 2] for at in (_PARTITIONS, _PARTITIONS + _PARTITION_SIZE))
    return all(entry == _PARTITION_MAGIC for entry in entries) and data[0] in {_ESP_MAGIC, 0xFF}


def _uf2(data: bytes) -> ImageHeader | None:
    """Read the first block of a UF2 file."""
    block = data[:_UF2_BLOCK]
    fields = _unpack(_UF2, block)
    if fields is None or fields[:2] != _UF2_MAGIC:
        return None
    _, _, flags, _, size, _, _, family = fields
    tags = _uf2_tags(block[_UF2_DATA], size) if flags & _UF2_HAS_TAGS else {}
    return ImageHeader(
        format=ImageFormat.UF2,
        chip=_UF2_FAMILIES.get(family) if flags & _UF2_HAS_FAMILY else None,
        name=_text(tags.get(_UF2_DESCRIPTION, b"")),
        version=_text(tags.get(_UF2_VERSION, b"")),
    )


def _uf2_tags(data: bytes, start: int) -> dict[int, bytes]:
    """Return the extension tags behind a block's payload; each begins on a multiple of four."""
    tags: dict[int, bytes] = {}
    at = start
    while at + 4 <= len(data) and (length := data[at]) >= 4:  # noqa: PLR2004
        tags[int.from_bytes(data[at + 1 : at + 4], "little")] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return tags


def _mcuboot(data: bytes) -> ImageHeader | None:
    """Read the header of MCUboot (Zephyr and others)."""
    fields = _unpack(_MCUBOOT, data)
    if fields is None or fields[0] != _MCUBOOT_MAGIC:
        return None
    major, minor, revision, build = fields[6:]
    version = f"{major}.{minor}.{revision}" + (f"+{build}" if build else "")
    return ImageHeader(format=ImageFormat.MCUBOOT, version=version)


def _zigbee(data: bytes) -> ImageHeader | None:
    """Read the header of a Zigbee upgrade file; its version is written as devices report it."""
    fields = _unpack(_ZIGBEE, data)
    if fields is None or fields[0] != _ZIGBEE_MAGIC:
        return None
    return ImageHeader(
        format=ImageFormat.ZIGBEE, name=_text(fields[8]), version=f"0x{fields[6]:08x}"
    )


def _unpack(form: struct.Struct, data: bytes) -> tuple[Any, ...] | None:
    """Return the fields at the beginning of the bytes, None when there are too few."""
    return form.unpack_from(data) if len(data) >= form.size else None


def _between(data: bytes, marks: tuple[bytes, bytes]) -> str | None:
    """Return the text between two marks."""
    start = data.find(marks[0])
    if start < 0:
        return None
    start += len(marks[0])
    end = data.find(marks[1], start, start + _MAX_TEXT + len(marks[1]))
    return _text(data[start:end]) if end >= 0 else None


def _text(raw: bytes) -> str | None:
    """Return the text before the first NUL; None for what is no text to show."""
    try:
        text = raw.partition(b"\0")[0].decode().strip()
    except UnicodeDecodeError:
        return None
    return text if text and text.isprintable() else None


_MAGICS: Final[Mapping[bytes, ImageFormat]] = {
    b"\x7fELF": ImageFormat.ELF,
    b"\x1f\x8b\x08": ImageFormat.GZIP,
    b"PK\x03\x04": ImageFormat.ZIP,
    b":10": ImageFormat.INTEL_HEX,
    b":02000004": ImageFormat.INTEL_HEX,
}
