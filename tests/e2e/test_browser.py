"""The web page, used by a real browser as a person would."""

from pathlib import Path
import re

from playwright.sync_api import expect
import pytest
from stack.package import MEBIBYTE
from stack.upgrade_watch import prove_upgraded
from stack.world import World

from .browser import Person, open_page
from .conftest import MakeDevice, MakePackage

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

DOWNLOAD_MILLISECONDS = 20_000
UPGRADE_MILLISECONDS = 40_000


def test_a_person_upgrades_a_device_from_its_page(
    world: World, make_device: MakeDevice, make_package: MakePackage, screenshots: Path
) -> None:
    """Log in, go to the device, press Update, see progress and then the new version."""
    device, package = make_device(), make_package(3 * MEBIBYTE // 2)
    world.offer(device, package)
    with open_page() as page:
        person = Person(page, screenshots)
        person.log_in(world.home_assistant.url, world.home_assistant.owner)
        person.open_device(device.id)
        person.take_picture("device")
        dialog = person.open_update()
        installed = dialog.locator(".row", has_text="Installed version")
        expect(installed).to_contain_text("1.0.0")
        expect(dialog.locator(".row", has_text="Latest version")).to_contain_text("1.1.0")
        expect(dialog.get_by_role("heading", name=f"{device.model} 1.1.0")).to_be_visible()
        person.take_picture("update-offered")
        dialog.get_by_role("button", name="Update", exact=True).click()
        for percent in (r"[1-4]\d", r"[5-9]\d"):
            installing = page.get_by_text(re.compile(rf"Installing \({percent}%\)"))
            expect(installing.first).to_be_visible(timeout=DOWNLOAD_MILLISECONDS)
            expect(dialog.locator("ha-progress-bar")).to_be_visible()
        person.take_picture("update-running")
        expect(installed).to_contain_text("1.1.0", timeout=UPGRADE_MILLISECONDS)
        expect(page.get_by_text("Up-to-date", exact=True).first).to_be_visible()
        person.take_picture("update-done")
    prove_upgraded(world, device, package)
