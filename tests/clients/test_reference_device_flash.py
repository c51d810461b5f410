"""The reference device's simulated flash and what it keeps over a power cut."""

from pathlib import Path

import pytest

from reference_device import flash as flash_module
from reference_device.flash import Flash, FlashError
from reference_device.messages import Kind, Upgrade
from reference_device.results import Report, ResultCode, UpgradeError

FACTORY = {Kind.FIRMWARE: "1.0", Kind.SOFTWARE: "1.0"}
UPGRADE = Upgrade(
    kind=Kind.FIRMWARE,
    version="2.0",
    url="https://127.0.0.1:1/p/0",
    token="secret",
    size=3,
    sha256="0" * 64,
    expires=86400,
)
FAILED = Report(result_code=ResultCode.INTERNAL_ERROR, version="1.0", description="why")


def staged(folder: Path, upgrade: Upgrade = UPGRADE) -> Flash:
    """Return a flash with a staged package."""
    flash = Flash(folder, FACTORY)
    flash.begin(upgrade)
    package = folder / "package.part"
    package.write_bytes(b"new")
    flash.stage(upgrade, package)
    return flash


def test_kept_versions_win_over_factory_versions(tmp_path: Path) -> None:
    """The command line tells what a new device has, not what an upgraded one has."""
    staged(tmp_path).boot()
    flash = Flash(tmp_path, {Kind.FIRMWARE: "9.9", Kind.SOFTWARE: "9.9"})
    assert flash.versions == {Kind.FIRMWARE: "2.0", Kind.SOFTWARE: "1.0"}


def test_boot_switches_the_staged_image_into_place(tmp_path: Path) -> None:
    """New version, success kept for its report, no upgrade under way any more."""
    flash = staged(tmp_path)
    assert flash.versions[Kind.FIRMWARE] == "1.0"
    assert flash.boot() is Kind.FIRMWARE
    assert flash.versions[Kind.FIRMWARE] == "2.0"
    assert flash.upgrade is None
    assert flash.result == Report(
        result_code=ResultCode.SUCCESS, version="2.0", progress=100, description="upgrade success"
    )
    assert flash.image_path(Kind.FIRMWARE, "a").read_bytes() == b"new"
    assert flash.boot() is None


def test_next_upgrade_uses_the_other_slot(tmp_path: Path) -> None:
    """The running image is never written over."""
    staged(tmp_path).boot()
    flash = staged(tmp_path)
    assert flash.image_path(Kind.FIRMWARE, "a").exists()
    assert flash.image_path(Kind.FIRMWARE, "b").exists()
    flash.boot()
    assert flash.versions[Kind.FIRMWARE] == "2.0"


def test_roll_back_leaves_the_old_version(tmp_path: Path) -> None:
    """An image that does not start changes nothing and has no success to report."""
    flash = staged(tmp_path)
    flash.boot(roll_back=True)
    assert flash.versions[Kind.FIRMWARE] == "1.0"
    assert flash.result is None
    assert flash.upgrade is None


def test_upgrade_and_result_survive_a_restart(tmp_path: Path) -> None:
    """What is due to be done or told is found again, the token included."""
    flash = Flash(tmp_path, FACTORY)
    flash.begin(UPGRADE)
    assert Flash(tmp_path, FACTORY).upgrade == UPGRADE
    flash.fail(FAILED)
    again = Flash(tmp_path, FACTORY)
    assert again.upgrade is None
    assert again.result == FAILED
    again.acknowledge()
    assert Flash(tmp_path, FACTORY).result is None


def test_power_cut_at_any_write_leaves_old_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever write is the last one, the next start finds a whole state."""
    write = flash_module.write_atomically
    for cut_at in range(1, 5):
        folder = tmp_path / str(cut_at)
        writes = 0

        def cut(path: Path, data: bytes, cut_at: int = cut_at) -> None:
            nonlocal writes
            writes += 1
            if writes == cut_at:
                path.with_name(f"{path.name}.new").write_bytes(data[: len(data) // 2])
                raise KeyboardInterrupt
            write(path, data)

        monkeypatch.setattr(flash_module, "write_atomically", cut)
        with pytest.raises(KeyboardInterrupt):
            staged(folder).boot()
        monkeypatch.setattr(flash_module, "write_atomically", write)
        flash = Flash(folder, FACTORY)
        version = flash.versions[Kind.FIRMWARE]
        assert version == "1.0"
        assert (flash.upgrade is not None) == (cut_at > 2)
        booted = flash.boot()
        assert (booted is Kind.FIRMWARE) == (cut_at == 4)


def test_state_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """The state holds a token."""
    Flash(tmp_path, FACTORY).begin(UPGRADE)
    state = tmp_path / "flash.json"
    assert b"secret" in state.read_bytes()
    assert state.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"installed": 3}', b"\xff"])
def test_damaged_state_names_file_and_remedy(content: bytes, tmp_path: Path) -> None:
    """Guessing versions would be worse than asking a person."""
    (tmp_path / "flash.json").write_bytes(content)
    with pytest.raises(FlashError, match=r"flash\.json is damaged .*; remove it"):
        Flash(tmp_path, FACTORY)


def test_unwritable_slot_is_a_failed_installation(tmp_path: Path) -> None:
    """What the flash refuses ends with result code 10."""
    flash = Flash(tmp_path, FACTORY)
    flash.begin(UPGRADE)
    flash.image_path(Kind.FIRMWARE, "a").mkdir()
    package = tmp_path / "package.part"
    package.write_bytes(b"new")
    with pytest.raises(UpgradeError) as caught:
        flash.stage(UPGRADE, package)
    assert caught.value.code is ResultCode.INSTALLATION_FAILED
