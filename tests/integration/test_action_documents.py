"""Actions are described alike in the code, on the page and in the documents."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from homeassistant.core import HomeAssistant
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import probatio as vol
import pytest

from custom_components.mqtt_ota import services
from custom_components.mqtt_ota.const import DOMAIN, PackageKind
from custom_components.mqtt_ota.options import MAX_RETRIES
from custom_components.mqtt_ota.upgrade import State
from tests.documents import code_spans, documents, section, table
from tests.integration.actions import act
from tests.integration.fake_depot import make_package
from tests.integration.home import Home
from tests.meta.files import INTEGRATION, ROOT

DOCUMENT = "docs/actions.md"
DESCRIBED: dict[str, Any] = parse_yaml((INTEGRATION / "services.yaml").read_text(encoding="utf-8"))
TARGETS = {"area_id", "device_id", "entity_id", "floor_id", "label_id"}


def first_spans(document: str, heading: str) -> list[str]:
    """Return what the first column of a table sets as code."""
    return [span for row in table(document, heading) for span in code_spans(row[0])]


@pytest.mark.parametrize("action", DESCRIBED)
async def test_page_and_document_have_the_fields_of_each_action(
    hass: HomeAssistant, action: str
) -> None:
    """The page and the document have the fields that the action takes."""
    assert await async_setup_component(hass, DOMAIN, {})
    described = list(DESCRIBED[action].get("fields", {}))
    schema = hass.services.async_services()[DOMAIN][action].schema
    assert schema is not None
    assert sorted(keys_of(schema) - TARGETS) == sorted(described)
    if described:
        assert first_spans(DOCUMENT, f"`{DOMAIN}.{action}`") == described
    else:
        assert f"\n## `{DOMAIN}.{action}`\n" in documents()[DOCUMENT]
    texts = (await async_get_all_descriptions(hass))[DOMAIN][action]
    assert list(texts["fields"]) == described


def keys_of(schema: Any) -> set[str]:
    """Return the keys that a schema of an action takes."""
    node = schema.schema
    while not isinstance(node, dict):
        node = node.validators[0].schema if isinstance(node, vol.All) else node.schema
    # The page keeps something of its own beside the fields.
    return {str(key) for key in node} - {"metadata"}


def test_every_action_is_described() -> None:
    """An action of the code is one of the page, and the other way round."""
    named = {value for name, value in vars(services).items() if name.startswith("SERVICE_")}
    assert DESCRIBED.keys() == named
    for action in DESCRIBED.values():
        assert action["target"]["entity"] == {"integration": DOMAIN, "domain": "update"}


@pytest.mark.parametrize(
    ("field", "choices"), [("kind", list(PackageKind)), ("state", list(State))]
)
def test_page_offers_every_choice(field: str, choices: list[str]) -> None:
    """The page offers every choice, under a name."""
    texts = parse_yaml((INTEGRATION / "translations/en.json").read_text(encoding="utf-8"))
    for action in DESCRIBED.values():
        if (described := action.get("fields", {}).get(field)) is not None:
            assert described["selector"]["select"]["options"] == choices
    assert list(texts["selector"][field]["options"]) == choices


def test_page_offers_as_many_attempts_as_the_action_takes() -> None:
    """The page offers as many attempts as the action takes."""
    assert DESCRIBED["upgrade"]["fields"]["retries"]["selector"]["number"]["max"] == MAX_RETRIES


async def test_document_has_every_key_of_the_answers(home: Home) -> None:
    """The document has every key of the answers."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    upgraded = await act(home, "upgrade", entity_id="all")
    (upgrade,) = upgraded["upgrades"]
    assert sorted(first_spans(DOCUMENT, "An upgrade in an answer")) == sorted(upgrade)
    for action, key in (("check_version", "devices"), ("list_packages", "packages")):
        answer = await act(home, action, entity_id="all")
        told = code_spans(section(DOCUMENT, f"`{DOMAIN}.{action}`").partition(f"`{key}`")[2])
        assert told[: len(answer[key][0])] == list(answer[key][0])


def test_blueprints_can_be_imported() -> None:
    """Each link of the table leads to a blueprint, the very one that the file names itself."""
    rows = table("README.md", "Blueprints")
    folder = ROOT / "blueprints"
    assert len(rows) == len(list(folder.rglob("*.yaml")))
    for row in rows:
        link = row[2].partition("](")[2].rstrip(")")
        (source,) = parse_qs(urlsplit(link).query)["blueprint_url"]
        path = source.partition("/blob/main/")[2]
        assert f"source_url: {source}\n" in (ROOT / path).read_text(encoding="utf-8")
