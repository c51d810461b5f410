"""A person at Home Assistant's web page, played by a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import shutil
import threading

from playwright.sync_api import Locator, Page, sync_playwright
from stack.hass_config import Owner

# No sandbox: tests may be run by root. The rest keeps the browser from the internet.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
]
WIDTH, HEIGHT = 1200, 800
STEP_MILLISECONDS = 20_000


class MissingBrowserError(Exception):
    """Chromium is not on this machine."""


@contextmanager
def open_page() -> Iterator[Page]:
    """Yield a page of a fresh browser, in light colours."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        msg = "Chromium is missing: install it (Debian: apt-get install chromium)"
        raise MissingBrowserError(msg)
    with _threads_ended(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB", color_scheme="light"
        )
        page.set_default_timeout(STEP_MILLISECONDS)
        yield page
        browser.close()


@contextmanager
def _threads_ended() -> Iterator[None]:
    """Wait for the threads that wrote pictures, which Playwright leaves to end by themselves."""
    before = frozenset(threading.enumerate())
    try:
        yield
    finally:
        for thread in frozenset(threading.enumerate()) - before:
            thread.join(5)


class Person:
    """Someone who clicks and reads."""

    def __init__(self, page: Page, pictures: Path) -> None:
        """Sit down at a page; pictures are kept in the folder."""
        self.page = page
        self._pictures = pictures

    def log_in(self, url: str, owner: Owner) -> None:
        """Type user and password, and wait for the main view."""
        self.page.goto(url)
        self.page.get_by_label("Username").fill(owner.username)
        self.page.locator("input[name=password]").fill(owner.password)
        self.take_picture("login")
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_text("Settings", exact=True).wait_for()

    def open_device(self, name: str) -> None:
        """Go to Settings, Devices & services, MQTT OTA and the device."""
        self.page.get_by_text("Settings", exact=True).click()
        self.page.get_by_text("Devices & services", exact=True).click()
        self.page.locator("ha-integration-card", has_text="MQTT OTA").click()
        self.page.get_by_text(name, exact=True).click()
        self.page.get_by_text("Device info").wait_for()

    def open_update(self, name: str = "Firmware") -> Locator:
        """Click on an update entity of the device's page; return its dialog."""
        self.page.locator("hui-update-entity-row, ha-device-entities-card").get_by_text(
            name, exact=True
        ).first.click()
        dialog = self.page.locator("more-info-update")
        dialog.wait_for()
        return dialog

    def take_picture(self, name: str) -> Path:
        """Save what the page shows now."""
        path = self._pictures / f"{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        return path
