"""A person at the depot's page, played by a real browser."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, ViewportSize

from .browser import HEIGHT, WIDTH, open_page

PHONE: Final = ViewportSize(width=390, height=844)
DESK: Final = ViewportSize(width=WIDTH, height=HEIGHT)
LOOKS: Final[dict[str, tuple[Literal["light", "dark"], ViewportSize]]] = {
    "light": ("light", DESK),
    "dark": ("dark", DESK),
    "phone": ("light", PHONE),
    "phone-dark": ("dark", PHONE),
}
# Files of the machine cannot be dragged by a test; these are made in the page.
_DROP: Final = """(files) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) transfer.items.add(new File([text], name));
  for (const type of ["dragover", "drop"]) {
    document.querySelector("ota-page").dispatchEvent(
      new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true, composed: true }),
    );
  }
}"""


class Visitor:
    """Someone who uses the page, and notes what its makers would not want."""

    def __init__(self, page: Page, pictures: Path) -> None:
        """Sit down at a page; pictures are kept in the folder."""
        self.page = page
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        self._pictures = pictures
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        page.on("request", self._note_request)

    def unlock(self, key: str) -> None:
        """Type the API key."""
        self.page.get_by_label("API key", exact=True).fill(key)
        self.page.get_by_role("button", name="Open", exact=True).click()

    def choose(self, *files: Path) -> None:
        """Choose files in the dialog of the browser."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Upload packages").first.click()
        chooser.value.set_files(files)

    def drop(self, files: Sequence[tuple[str, str]]) -> None:
        """Drag files with the given names and texts onto the page."""
        self.page.evaluate(_DROP, files)

    def card(self, file_name: str) -> Locator:
        """Return what the page shows of a chosen file."""
        return self.page.get_by_role("article", name=file_name)

    def upload(self, file: Path) -> None:
        """Upload a file of which nothing needs to be typed."""
        self.choose(file)
        card = self.card(file.name)
        card.get_by_role("button", name="Upload", exact=True).click()
        card.get_by_text("In the depot:").wait_for()
        card.get_by_role("button", name="Dismiss").click()

    def row(self, name: str) -> Locator:
        """Return the link of a package in the list."""
        return self.page.get_by_role("list", name="Packages").get_by_role("link", name=name)

    def open(self, name: str) -> None:
        """Go to a package's own page."""
        self.row(name).click()
        self.page.get_by_role("heading", name=name).wait_for()

    def go_to(self, section: str) -> None:
        """Go to a section of the page."""
        self.page.get_by_role("navigation").get_by_role("link", name=section).click()
        self.page.get_by_role("heading", name=section, level=1).wait_for()

    def press(self, button: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=button, exact=True).click()

    def look(self, name: str) -> list[str]:
        """Take pictures in all looks; return what would keep people from using the page."""
        obstacles: list[str] = []
        for look, (scheme, size) in LOOKS.items():
            self.page.emulate_media(color_scheme=scheme)
            self.page.set_viewport_size(size)
            # Colours change with a transition, and axe would measure them half way.
            self.page.wait_for_timeout(400)
            path = self._pictures / f"depot-{name}-{look}.png"
            self.page.screenshot(path=path, animations="disabled", full_page=True)
            obstacles += [f"{name} {look}: {each}" for each in self._obstacles()]
        self.page.set_viewport_size(DESK)
        self.page.emulate_media(color_scheme="light")
        return obstacles

    def _obstacles(self) -> list[str]:
        """Return axe's findings, and whether the page is wider than its window."""
        violations = Axe().run(self.page).response["violations"]
        found = [
            f"{each['id']}: {each['nodes'][0]['html'][:150]} {each['nodes'][0]['failureSummary']}"
            for each in violations
        ]
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("the page is wider than its window")
        return found

    def _note_message(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains about."""
        if message.type in {"error", "warning"}:
            self.faults.append(message.text)

    def _note_request(self, request: Request) -> None:
        """Keep where the page fetches from."""
        self.hosts.add(request.url.partition("://")[2].partition("/")[0])


@contextmanager
def visiting(url: str, pictures: Path) -> Iterator[Visitor]:
    """Yield a visitor of the page."""
    with open_page() as page:
        visitor = Visitor(page, pictures)
        page.goto(url)
        yield visitor
