"""The documents are true: every block is run by a test, and every statement that can be looked up is."""

import importlib
from pathlib import Path
import re
import subprocess

import pytest
import yaml

from custom_components.mqtt_ota.protocol import EventType
from custom_components.mqtt_ota.upgrade import Policy, State
from mqtt_ota_depot import __main__ as depot_command
from mqtt_ota_depot.packages import _FACTS
from mqtt_ota_depot.settings import SETTINGS
from reference_device.command_line import _parser
from reference_device.results import ResultCode
from tests.documents import (
    CLAIMS,
    Claim,
    blocks,
    code_spans,
    documents,
    prose,
    runs,
    section,
    table,
)
from tests.meta.files import ADDON, INTEGRATION, ROOT, repository_files, text_of

DEVICE_README = "examples/reference_device/README.md"
DEPOT_DOCS = "addon/DOCS.md"
# Where blocks are run that need more than this module: importing them makes their claims known.
TEST_MODULES = (
    "tests.e2e.test_documents",
    "tests.integration.test_document_examples",
    "tests.integration.test_schemas",
    "tests.depot.test_container",
    "tests.depot.test_drop_folder",
    "tests.check.test_documents",
    "tests.upload.test_documents",
    "tests.e2e.test_simulate",
)

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_every_block_is_run() -> None:
    """A command or an example that nobody runs is wrong sooner or later."""
    for module in TEST_MODULES:
        importlib.import_module(module)
    orphans = [str(block) for block in blocks() if not any(claim.fits(block) for claim in CLAIMS)]
    assert not orphans, (
        f"No test runs {', '.join(orphans)}. Write one with @runs from tests/documents.py, here "
        f"or in {' or '.join(TEST_MODULES)}."
    )
    for claim in CLAIMS:
        claim.block()


@pytest.mark.parametrize("document", documents())
def test_links_lead_somewhere(document: str) -> None:
    """A relative link points to a file, and one into a file to one of its headings."""
    for link in _LINK.findall(prose(document)):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), f"{document}: {link} does not exist"
        if anchor:
            assert anchor in anchors(text_of(target)), f"{document}: {link}: no such heading"


@pytest.mark.parametrize("document", documents())
def test_named_paths_exist(document: str) -> None:
    """A path into the repository that is set as code leads somewhere."""
    folders = "|".join(sorted({file.relative_to(ROOT).parts[0] for file in repository_files()}))
    named = [
        span
        for span in code_spans(prose(document))
        if re.fullmatch(rf"({folders})/[\w./-]*", span) and not (ROOT / span).exists()
    ]
    assert named == []


def anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings, as they are made from them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


SCRIPT_CALLS = sorted(
    {
        span
        for document in documents()
        for span in code_spans(prose(document))
        if re.match(r"(script|\.ci)/\w", span)
    }
)


@pytest.mark.parametrize("call", SCRIPT_CALLS)
def test_scripts_know_what_is_documented(call: str) -> None:
    """A script that is named can be run, with the options that are named."""
    name, *arguments = call.split()
    script = ROOT / name
    assert script.stat().st_mode & 0o111
    for argument in arguments:
        if "/" in argument:
            assert (ROOT / argument).exists()
        elif argument.startswith("-") and argument != "-k":
            assert argument in script_help(script)


def script_help(script: Path) -> str:
    """Return what a script says of its options."""
    if script.name != "demo":
        return text_of(script)
    return subprocess.run([script, "--help"], check=True, capture_output=True, text=True).stdout


def test_every_script_is_documented() -> None:
    """Whoever contributes finds every script in the table."""
    documented = {code_spans(row[0])[0] for row in table("CONTRIBUTING.md", "The scripts")}
    scripts = {
        str(path.relative_to(ROOT))
        for path in (*(ROOT / "script").iterdir(), ROOT / ".ci/run")
        if path.is_file() and path.stat().st_mode & 0o111
    }
    assert documented == scripts


DEPOT_CALLS = sorted(
    {
        found[1]
        for document in documents()
        for span in code_spans(prose(document))
        if (found := re.search(r"\bmqtt-ota (.+)", span))
    }
)


@pytest.mark.parametrize("call", DEPOT_CALLS)
def test_depot_knows_the_documented_commands(call: str) -> None:
    """The depot's command line takes what the documents tell people to type."""
    depot_command._parser().parse_args(call.split())


@runs("CONTRIBUTING.md", "git clone")
def test_clone(claim: Claim, tmp_path: Path) -> None:
    """A clone has a set-up that can be run; only that it does its work is tested elsewhere."""
    *commands, last = claim.block().text.splitlines()
    subprocess.run(
        ["bash", "-euc", "\n".join([*commands, f"test -x {last}", f"bash -n {last}"])],
        cwd=tmp_path,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(tmp_path),
            # The address of the block leads to this checkout, whoever owns its files.
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": f"url.file://{ROOT}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/mqtt-ota/mqtt-ota",
            "GIT_CONFIG_KEY_1": "safe.directory",
            "GIT_CONFIG_VALUE_1": "*",
        },
        check=True,
        timeout=30,
    )
    assert (tmp_path / "mqtt-ota" / last).is_file()


@runs("README.md", "sequenceDiagram")
def test_diagram(claim: Claim) -> None:
    """The diagram's MQTT messages are those of the protocol."""
    lines = claim.block().text.splitlines()
    people = {line.split()[1] for line in lines if line.strip().startswith("participant")}
    arrows = [
        found.groups() for line in lines if (found := re.match(r" *(\w)-+>>(\w): (\w+)", line))
    ]
    assert people == {name for source, target, _ in arrows for name in (source, target)}
    told = [word for source, target, word in arrows if {source, target} == {"H", "D"}]
    assert told == [
        EventType.VERSION_QUERY,
        EventType.VERSION_REPORT,
        EventType.FIRMWARE_UPGRADE,
        EventType.VERSION_REPORT,
    ]


@runs("docs/architecture.md", "──uplink──▶")
def test_module_diagram(claim: Claim) -> None:
    """Every module of the diagram, and of the text below it, is one of the integration."""
    names = set(re.findall(r"\w+(?:\.py|/)", claim.block().text))
    assert {"runner.py", "upgrade/"} <= names
    told = section("docs/architecture.md", "The integration: a functional core in a thin shell")
    names |= {name for name in code_spans(told) if re.fullmatch(r"\w+(?:\.py|/)", name)}
    assert [name for name in names if not (INTEGRATION / name).exists()] == []


def test_states() -> None:
    """The table has every state of a task, in their order, with its deadline."""
    rows = table("docs/architecture.md", "States")
    assert [name for row in rows for name in code_spans(row[0])] == list(State)
    deadlines = {code_spans(row[0])[0]: row[2] for row in rows}
    policy = Policy()
    for state, timeout in (
        (State.WAITING_ONLINE, policy.online_timeout),
        (State.QUERYING_CELL, policy.cell_timeout),
        (State.QUERYING_VERSION, policy.version_timeout),
        (State.AWAITING_DOWNLOAD, policy.report_timeout),
        (State.VERIFYING, policy.check_timeout),
    ):
        minutes = int(timeout.total_seconds()) // 60
        told = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
        assert deadlines[state].startswith(told)


def test_depot_settings() -> None:
    """The table has every setting once, with its default."""
    rows = table(DEPOT_DOCS, "Configuration")
    documented = {name: row for row in rows for name in code_spans(row[0])}
    assert list(documented) == [setting.name for setting in SETTINGS]
    for setting in SETTINGS:
        default = documented[setting.name][1]
        if setting.default is None:
            assert "`" not in default
        elif setting.name == "data_dir":
            assert code_spans(default)[0] == "~/.local/share/mqtt-ota"
        else:
            assert code_spans(default)[0] == str(setting.default).lower()


def test_app_settings() -> None:
    """The app has every setting that the table does not except."""
    rows = table(DEPOT_DOCS, "Configuration")
    excepted = {
        name
        for row in rows
        for name in code_spans(row[0])
        if "Not a setting of the app" in row[2] or "In the app, map" in row[2]
    }
    app = yaml.safe_load((ADDON / "config.yaml").read_text())
    settings = {setting.in_app or setting.name for setting in SETTINGS}
    assert app["schema"].keys() == settings - excepted
    assert app["name"] == "MQTT OTA depot"
    assert app["ports"] == {"8443/tcp": 8443, "8080/tcp": None}


def test_upload_fields() -> None:
    """The table has every field of an upload."""
    documented = [code_spans(row[0])[0] for row in table(DEPOT_DOCS, "Uploading a package")]
    assert documented == [*map(str, _FACTS.schema), "file"]


def test_device_options() -> None:
    """The two tables have every option of the reference device."""
    spans = [
        span.split()[0]
        for row in all_rows(section(DEVICE_README, "Options"))
        for span in code_spans(row[0])
    ]
    known = [
        option
        for action in _parser()._actions
        for option in action.option_strings
        if option not in {"-h", "--help"}
    ]
    assert sorted(spans) == sorted(known)


def all_rows(text: str) -> list[list[str]]:
    """Return the rows of all tables of a text that begin with code."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]


def test_device_option_defaults() -> None:
    """A default that the table tells is the one of the command line."""
    told = {code_spans(row[0])[0]: row[-1] for row in all_rows(section(DEVICE_README, "Options"))}
    options = _parser().parse_args(["--device-id", "x"])
    assert told["--host"].split(",")[0] == options.host
    assert code_spans(told["--topic-prefix"]) == [options.topic_prefix]
    assert float(told["--reboot-seconds"]) == options.reboot_seconds
    assert options.cut_times == 1


def test_device_files() -> None:
    """The table has every module of the reference device that is one to read."""
    documented = {
        name for row in table(DEVICE_README, "What talks to what") for name in code_spans(row[0])
    }
    modules = {path.name for path in (ROOT / DEVICE_README).parent.glob("*.py")}
    assert documented == modules - {"__init__.py", "__main__.py", "command_line.py"}


def test_result_codes() -> None:
    """The table has the codes that the device reports of itself, not only as a fault."""
    rows = all_codes(section(DEVICE_README, "The order of things"))
    sources = "".join(
        text_of(path)
        for path in (ROOT / DEVICE_README).parent.glob("*.py")
        if path.name not in {"results.py", "faults.py"}
    )
    used = {int(code) for code in ResultCode if f"ResultCode.{code.name}" in sources}
    assert set(rows) == used - {0}


def all_codes(text: str) -> list[int]:
    """Return the numbers in the first column of a table."""
    return [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
