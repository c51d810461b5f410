"""Why upgrades failed, in the user's language where Home Assistant does not translate itself."""

import re
from string import punctuation
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .upgrade import CAUSES, MISTAKES, Cause, State, Task, likely_mistake, mistake_words

_ATTRIBUTES: Final = f"component.{DOMAIN}.entity.update.firmware.state_attributes"
_PUNCTUATION: Final = re.compile(f"[{re.escape(punctuation)}]")


@callback
def cause_title(hass: HomeAssistant, cause: Cause) -> str:
    """Return a cause's name; in English where no translation is loaded."""
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    return texts.get(f"{_ATTRIBUTES}.cause.state.{cause}", CAUSES[cause].message)


@callback
def cause_advice(hass: HomeAssistant, task: Task) -> str:
    """Return what happened and what to do, with what the device probably does wrong.

    In English where no translation is loaded; the task must have a cause.
    """
    cause, mistake = task.cause, likely_mistake(task)
    assert cause is not None
    advice = _message(
        hass, f"cause_{cause}", f"{CAUSES[cause].description} {CAUSES[cause].solution}"
    )
    if mistake is None:
        return advice
    pattern = _message(hass, f"mistake_{mistake}", MISTAKES[mistake].advice)
    return f"{advice} {pattern.format_map(mistake_words(task))}"


@callback
def failure_notice(hass: HomeAssistant, task: Task) -> str | None:
    """Return why a task failed and what to do, as the alert of Home Assistant's pages."""
    if task.state is not State.FAILED or task.cause is None:
        return None
    title = cause_title(hass, task.cause)
    parts = [cause_advice(hass, task)]
    if task.description:
        name = _attribute_name(hass, "description")
        parts.append(f"{name}: {_as_plain_markdown(task.description)}")
    if task.result_code is not None:
        parts.append(f"{_attribute_name(hass, 'result_code')}: {task.result_code}")
    return f"<ha-alert alert-type='error' title='{title}'>{'<br>'.join(parts)}</ha-alert>"


def _message(hass: HomeAssistant, key: str, english: str) -> str:
    """Return one of the longer texts; in English where no translation is loaded."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    return texts.get(f"component.{DOMAIN}.exceptions.{key}.message", english)


def _attribute_name(hass: HomeAssistant, attribute: str) -> str:
    """Return the name of an update entity's attribute, as its page shows it."""
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    return texts.get(f"{_ATTRIBUTES}.{attribute}.name", attribute)


def _as_plain_markdown(text: str) -> str:
    """Return a device's words without any meaning to Markdown or HTML: no links, no images."""
    return _PUNCTUATION.sub(r"\\\g<0>", text)
