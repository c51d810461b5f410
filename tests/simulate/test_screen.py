"""What a person sees, on a terminal and in a log."""

import io
import json

from rich.console import Console

from mqtt_ota_simulate.device import News
from mqtt_ota_simulate.fault import Fault
from mqtt_ota_simulate.personality import PERSONALITIES
from mqtt_ota_simulate.screen import ROWS, Screen, show_list
from mqtt_ota_tools.protocol import Kind


def news(device_id: str, text: str, progress: float | None = None) -> News:
    """Return news of a device."""
    versions = {Kind.FIRMWARE: "1.0.0", Kind.SOFTWARE: "7"}
    return News(device_id=device_id, versions=versions, text=text, progress=progress)


def test_a_log_has_a_line_for_each_thing() -> None:
    """Of a download only the begin; hostile texts do no harm."""
    file = io.StringIO()
    with Screen(Console(file=file, width=40), 1) as screen:
        screen.state("connected to the broker")
        screen.device(news("weather_sim1", "downloads 1.1.0", 1.0))
        screen.device(news("weather_sim1", "downloads 1.1.0", 50.0))
        screen.device(news("weather_sim1", "runs [red]\x1b[2J and a long word more", None))
    lines = [line.partition(" ")[2] for line in file.getvalue().splitlines()]
    assert lines == [
        "connected to the broker",
        "weather_sim1 downloads 1.1.0",
        "weather_sim1 runs [red][2J and a long word more",
    ]


def test_a_log_is_not_flooded_by_many_downloads() -> None:
    """However many go on side by side, the begin of each is enough."""
    file = io.StringIO()
    with Screen(Console(file=file), ROWS + 5) as screen:
        for progress in range(100):
            for number in range(ROWS + 5):
                screen.device(news(f"weather_sim{number}", "downloads 1.1.0", progress))
    assert len(file.getvalue().splitlines()) == ROWS + 5


def test_programs_get_a_line_of_json_for_each_thing() -> None:
    """On a terminal as well, and nothing else; the time is in UTC."""
    file = io.StringIO()
    with Screen(Console(file=file, force_terminal=True, width=20), 1, json=True) as screen:
        screen.state("connected to the broker")
        screen.device(news("weather_sim1", "runs [red]:smile: after the upgrade"))
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert all(line.pop("time").endswith("+00:00") for line in lines)
    assert lines == [
        {"state": "connected to the broker"},
        {
            "device_id": "weather_sim1",
            "versions": {"firmware": "1.0.0", "software": "7"},
            "text": "runs [red]:smile: after the upgrade",
        },
    ]


def test_a_terminal_has_a_table_of_those_heard_last() -> None:
    """With bars for downloads, and how many there are in all."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, height=40)
    with Screen(console, 30) as screen:
        screen.state("connected to the broker")
        for number in range(ROWS + 1):
            screen.device(news(f"weather_sim{number}", "downloads 1.1.0", 50.0))
        screen.device(news("weather_sim1", "runs 1.1.0", None))
    shown = file.getvalue().rpartition("\x1b[?25h")[0]
    assert "weather_sim0 " not in shown
    assert "weather_sim20" in shown
    assert "1.0.0, 7" in shown
    assert "━" in shown
    assert shown.count("runs 1.1.0") == 1
    assert "30 devices: connected to the broker. Ctrl-C ends." in shown


def test_the_list_names_all() -> None:
    """Personalities and faults."""
    file = io.StringIO()
    show_list(Console(file=file, width=200))
    words = file.getvalue().split()
    assert {*PERSONALITIES, *Fault} <= set(words)
