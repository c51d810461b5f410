"""The issues that a user can fix, as Home Assistant's repairs show them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN


class Issue(StrEnum):
    """What can be wrong; the value is the id and the translation key."""

    ADDRESS_UNREACHABLE = "address_unreachable"
    APP_REMOVED = "app_removed"
    APP_STOPPED = "app_stopped"
    CERTIFICATE_CHANGED = "certificate_changed"
    DEPOT_TOO_NEW = "depot_too_new"
    DEPOT_TOO_OLD = "depot_too_old"
    DEPOT_UNREACHABLE = "depot_unreachable"
    NEW_DEVICES = "new_devices"
    REPEATED_FAILURE = "repeated_failure"
    TOPICS_HIDDEN = "topics_hidden"


_FIXABLE: Final = frozenset(
    {Issue.APP_STOPPED, Issue.CERTIFICATE_CHANGED, Issue.NEW_DEVICES, Issue.REPEATED_FAILURE}
)
# What is found out again soon after a restart need not be kept over it.
_PERSISTENT: Final = frozenset({Issue.REPEATED_FAILURE})
# Nothing can be upgraded while one of these is there.
_SEVERE: Final = frozenset(
    {
        Issue.APP_REMOVED,
        Issue.APP_STOPPED,
        Issue.CERTIFICATE_CHANGED,
        Issue.DEPOT_TOO_NEW,
        Issue.DEPOT_TOO_OLD,
        Issue.DEPOT_UNREACHABLE,
        Issue.TOPICS_HIDDEN,
    }
)


@callback
def raise_issue(
    hass: HomeAssistant,
    issue: Issue,
    placeholders: Mapping[str, str],
    *,
    about: str = "",
    data: Mapping[str, str | int | float | None] | None = None,
) -> None:
    """Show an issue, or what has changed of it; `about` tells several of a kind apart."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(issue, about),
        data=dict(data) if data is not None else None,
        is_fixable=issue in _FIXABLE,
        is_persistent=issue in _PERSISTENT,
        severity=ir.IssueSeverity.ERROR if issue in _SEVERE else ir.IssueSeverity.WARNING,
        translation_key=issue,
        translation_placeholders=dict(placeholders),
    )


@callback
def clear_issue(hass: HomeAssistant, issue: Issue, about: str = "") -> None:
    """Take an issue back; one that was never shown is no matter."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(issue, about))


@callback
def issues_of(hass: HomeAssistant, issue: Issue) -> list[ir.IssueEntry]:
    """Return the issues of a kind that are shown now."""
    return [
        entry
        for (domain, _), entry in ir.async_get(hass).issues.items()
        if domain == DOMAIN and entry.active and entry.translation_key == issue
    ]


@callback
def clear_issues(hass: HomeAssistant) -> None:
    """Take every issue back, because the integration is removed or disabled."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _issue_id(issue: Issue, about: str) -> str:
    """Return the id of an issue in the registry."""
    return f"{issue}_{about}" if about else issue.value
