"""Repairs that a click can make: trust a new certificate, try again, add new devices."""

from abc import ABC, abstractmethod
from typing import Any, override

from homeassistant.components.hassio import AddonError
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import probatio as vol

from .const import CONF_FINGERPRINT, DOMAIN, PackageKind
from .depot.certificate import Anchor
from .depot_form import (
    CERTIFICATE_SCHEMA,
    CONF_CONFIRM,
    FINGERPRINT_COMMAND,
    FormError,
    async_anchor,
    async_identify,
    read_address,
    trusting,
)
from .issues import Issue, expect_depot, own_app
from .manager import UpgradeManager
from .new_devices import (
    async_settle_new_devices,
    new_devices_placeholders,
    new_devices_schema,
)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    if issue_id == Issue.APP_STOPPED:
        return StartAppFlow()
    if issue_id == Issue.CERTIFICATE_CHANGED:
        return CertificateFlow()
    if issue_id == Issue.NEW_DEVICES:
        return NewDevicesFlow()
    return RetryFlow()


class StartAppFlow(RepairsFlow):
    """Let the Supervisor start the depot's app."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, then start it; somebody may have stopped it on purpose."""
        app = own_app(self.hass)
        if app is None:
            return self.async_abort(reason="not_configured")
        placeholders = {"app": app.addon_name}
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=placeholders,
            )
        try:
            await app.async_start_addon()
        except AddonError as err:
            return self.async_abort(
                reason="cannot_start", description_placeholders=placeholders | {"reason": str(err)}
            )
        expect_depot(self.hass)
        for entry in self.hass.config_entries.async_entries(DOMAIN, include_ignore=False):
            # One that is set up finds the depot by itself.
            if entry.state is ConfigEntryState.SETUP_RETRY:
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data={})


class CertificateFlow(RepairsFlow):
    """Let the user vouch for the depot's new certificate."""

    # Set by the first step
    _entry: ConfigEntry[Any]
    _anchor: Anchor | None

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Look what certificate the depot shows now."""
        entries = self.hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if not entries:
            return self.async_abort(reason="not_configured")
        self._entry = entries[0]
        try:
            self._anchor = await async_anchor(read_address(self._entry.data[CONF_URL]))
        except FormError as err:
            return self._abort(err)
        if self._anchor is None or self._anchor.fingerprint == self._entry.data[CONF_FINGERPRINT]:
            return await self._async_trust()
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask whether the fingerprints are the same."""
        assert self._anchor is not None
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_CONFIRM]:
                return await self._async_trust()
            errors = {CONF_CONFIRM: "certificate_not_trusted"}
        return self.async_show_form(
            step_id="confirm",
            data_schema=CERTIFICATE_SCHEMA,
            errors=errors,
            description_placeholders={
                "url": self._entry.data[CONF_URL],
                "fingerprint": self._anchor.fingerprint,
                "trusted": self._entry.data[CONF_FINGERPRINT] or "-",
                "command": FINGERPRINT_COMMAND,
            },
        )

    async def _async_trust(self) -> RepairsFlowResult:
        """Trust the certificate that was shown, if the same depot stands behind it."""
        data = trusting(self._entry.data, self._anchor)
        try:
            # A server that shows yet another certificate by now does not get the key
            depot_id = await async_identify(self.hass, data)
        except FormError as err:
            return self._abort(err)
        if depot_id != self._entry.unique_id:
            return self.async_abort(reason="wrong_depot")
        self.hass.config_entries.async_update_entry(self._entry, data=data)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    def _abort(self, err: FormError) -> RepairsFlowResult:
        """Say why a click is not enough."""
        return self.async_abort(reason=err.error, description_placeholders=err.placeholders)


class _OneFormFlow(RepairsFlow, ABC):
    """One form about what the running manager knows."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the form."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show the form, or do what the user chose there."""
        for entry in self.hass.config_entries.async_loaded_entries(DOMAIN):
            return await self._async_confirm(entry.runtime_data, user_input)
        return self.async_abort(reason="not_loaded")

    @abstractmethod
    async def _async_confirm(
        self, manager: UpgradeManager, user_input: dict[str, Any] | None
    ) -> RepairsFlowResult:
        """Show the form, or do what the user chose there, while the integration runs."""


class NewDevicesFlow(_OneFormFlow):
    """Ask which of the new devices are wanted."""

    @override
    async def _async_confirm(
        self, manager: UpgradeManager, user_input: dict[str, Any] | None
    ) -> RepairsFlowResult:
        """Add and ignore as the user chooses."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await async_settle_new_devices(manager, user_input)
            if not errors:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=new_devices_schema(manager.candidates),
            errors=errors,
            description_placeholders=new_devices_placeholders(manager.candidates),
        )


class RetryFlow(_OneFormFlow):
    """Try an upgrade again after the user has done what its failure asks for."""

    @override
    async def _async_confirm(
        self, manager: UpgradeManager, user_input: dict[str, Any] | None
    ) -> RepairsFlowResult:
        """Say what failed; then try again."""
        if user_input is not None:
            data = self.data or {}
            try:
                await manager.async_retry(str(data["device_id"]), PackageKind(str(data["kind"])))
            except HomeAssistantError as err:
                return self.async_abort(
                    reason="cannot_retry", description_placeholders={"reason": str(err)}
                )
            return self.async_create_entry(data={})
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders=issue.translation_placeholders if issue else None,
        )
