"""What packages say of themselves, with every format and every lie."""

import struct

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_depot.image_header import HEADER_SIZE, ImageFormat, ImageHeader, read_header


def esp_app(
    chip: int = 5,
    name: bytes = b"weather",
    version: bytes = b"1.4.0",
    *,
    secure_version: int = 0,
    framework: bytes = b"v5.5.1",
) -> bytes:
    """Return the beginning of an application of ESP-IDF, as its linker lays it out."""
    image = struct.pack(
        "<BBBBIB3sHBHHI", 0xE9, 5, 2, 0x2F, 0x40081234, 0xEE, b"", chip, 0, 0, 99, 0
    )
    image += bytes(24 - len(image)) + struct.pack("<II", 0x3F400020, 0x1000)
    fields = (
        0xABCD5432,
        secure_version,
        b"",
        version,
        name,
        b"12:30:00",
        b"Nov 23 2026",
        framework,
    )
    return image + struct.pack("<II8s32s32s16s16s32s32s80s", *fields, b"\x11" * 32, b"") + b"code"


def uf2(family: int = 0xE48BFF56, *, flags: int = 0x2000, tags: bytes = b"") -> bytes:
    """Return one block of a UF2 file with 256 bytes of payload."""
    head = struct.pack("<IIIIIIII", 0x0A324655, 0x9E5D5157, flags, 0x10000000, 256, 0, 1, family)
    return head + (bytes(256) + tags).ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def tag(kind: int, text: bytes) -> bytes:
    """Return an extension tag of a UF2 block."""
    whole = bytes([4 + len(text)]) + kind.to_bytes(3, "little") + text
    return whole + bytes(-len(whole) % 4)


def test_an_application_of_esp_idf() -> None:
    """Chip, project and version fill themselves in."""
    assert read_header(esp_app(9, secure_version=3)) == ImageHeader(
        format=ImageFormat.ESP,
        chip="ESP32-S3",
        name="weather",
        version="1.4.0",
        secure_version=3,
        framework="v5.5.1",
        built="Nov 23 2026 12:30:00",
    )


def test_an_application_for_the_esp8266() -> None:
    """Without a description nothing is made up."""
    assert read_header(b"\xe9\x01\x02\x40" + bytes(200)) == ImageHeader(format=ImageFormat.ESP)


def test_an_application_of_homie() -> None:
    """Its name and version stand between markers far behind the header."""
    marks = b"\xbf\x84\xe4\x13\x54garden\x93\x44\x6b\xa7\x75 \x6a\x3f\x3e\x0e\xe12.0.1\xb0\x30\x48\xd4\x1a"
    header = read_header(b"\xe9\x01\x02\x40" + bytes(300_000) + marks + bytes(1000))
    assert (header.name, header.version) == ("garden", "2.0.1")
    endless = read_header(b"\xe9" + bytes(100) + marks[:5] + b"x" * 5000 + marks[-5:])
    assert (endless.name, endless.version) == (None, None)


def test_an_image_for_the_serial_port() -> None:
    """Devices cannot take what begins with a boot loader and holds a partition table."""
    partition = b"\xaa\x50\x01\x02" + bytes(28)
    factory = esp_app().ljust(0x8000, b"\xff") + partition * 3
    assert read_header(factory).format is ImageFormat.ESP_FACTORY
    assert read_header(b"\xff" * 0x8000 + partition * 3).format is ImageFormat.ESP_FACTORY
    assert read_header(esp_app().ljust(0x8000, b"\xff") + partition[:2]).format is ImageFormat.ESP


def test_uf2() -> None:
    """The family tells the chip, extension tags tell name and version."""
    assert read_header(uf2()) == ImageHeader(format=ImageFormat.UF2, chip="RP2040")
    tags = tag(0x650D9D, b"Garden node") + tag(0x9FC7BC, b"0.9.1")
    header = read_header(uf2(0xC47E5767, flags=0xA000, tags=tags))
    assert header == ImageHeader(
        format=ImageFormat.UF2, chip="ESP32-S3", name="Garden node", version="0.9.1"
    )
    assert read_header(uf2(1)).chip is None
    assert read_header(uf2(flags=0)).chip is None


def test_uf2_with_tags_that_lead_outside() -> None:
    """Lengths beyond the block are cut with it, and none is followed for ever."""
    broken = bytes([255]) + (0x9FC7BC).to_bytes(3, "little") + b"1.0"
    assert read_header(uf2(flags=0xA000, tags=broken)).version == "1.0"
    assert read_header(uf2(flags=0xA000, tags=b"\x01\x02\x03\x04" * 30)).version is None
    huge = bytearray(uf2(flags=0xA000))
    huge[16:20] = b"\xff\xff\xff\xff"
    assert read_header(bytes(huge)) == ImageHeader(format=ImageFormat.UF2, chip="RP2040")


def test_mcuboot() -> None:
    """The version is written as imgtool takes it."""
    image = struct.pack("<IIHHIIBBHI", 0x96F3B83D, 0, 0x200, 0, 1000, 0, 2, 3, 400, 0)
    assert read_header(image) == ImageHeader(format=ImageFormat.MCUBOOT, version="2.3.400")
    assert read_header(image[:24] + b"\x07\0\0\0").version == "2.3.400+7"


def test_zigbee() -> None:
    """The file version is the number that devices report."""
    image = struct.pack("<IHHHHHIH32s", 0x0BEEF11E, 0x100, 56, 0, 0x1234, 1, 0x01020304, 2, b"Lamp")
    header = read_header(image)
    assert (header.format, header.name, header.version) == ("zigbee", "Lamp", "0x01020304")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x7fELF\x02\x01", ImageFormat.ELF),
        (b"\x1f\x8b\x08\0", ImageFormat.GZIP),
        (b"PK\x03\x04\x14", ImageFormat.ZIP),
        (b":020000040800F2\r\n", ImageFormat.INTEL_HEX),
        (b"#!/bin/sh\n", ImageFormat.UNKNOWN),
        (b"\xe9", ImageFormat.UNKNOWN),
        (b"", ImageFormat.UNKNOWN),
    ],
)
def test_other_formats(data: bytes, expected: ImageFormat) -> None:
    """They are named, so that a wrong file shows."""
    assert read_header(data) == ImageHeader(format=expected)


@pytest.mark.parametrize(
    "lie",
    [b"\xff" * 32, b"\x1b[2J\x07", b"\xe2\x80\xae1.0", b"   ", b"", b"\xed\xa0\x80"],
    ids=["no UTF-8", "controls", "right to left", "blank", "empty", "surrogate"],
)
def test_a_header_that_lies(lie: bytes) -> None:
    """What cannot be shown harmlessly on one line is not told at all."""
    header = read_header(esp_app(version=lie, name=lie))
    assert (header.format, header.chip) == ("esp", "ESP32-C3")
    assert (header.name, header.version) == (None, None)


def test_a_text_without_an_end() -> None:
    """It ends with its field."""
    assert read_header(esp_app(name=b"n" * 32, version=b"v" * 32)).name == "n" * 32


@given(
    st.one_of(
        st.binary(max_size=HEADER_SIZE),
        st.builds(
            lambda start, rest: start + rest,
            st.sampled_from([esp_app(), esp_app()[:40], uf2(flags=0xA000), uf2()[:30], b"\xe9"]),
            st.binary(max_size=200),
        ),
    )
)
def test_any_bytes_are_answered(data: bytes) -> None:
    """Nothing that a maker uploads breaks the reading, and every text can be shown."""
    texts = read_header(data).as_dict().values()
    assert all(text.isprintable() for text in texts if isinstance(text, str))
