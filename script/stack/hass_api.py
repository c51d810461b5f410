"""What a user does with Home Assistant, done over its REST API."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from .errors import NotInTimeError, StackError, wait_until
from .hass_config import Owner
from .json_client import Answer, JsonClient, NoAnswerError


class RefusedError(StackError):
    """Home Assistant answered with an error."""


class HassApi:
    """A logged-in user of one Home Assistant."""

    def __init__(self, url: str, owner: Owner) -> None:
        """Remember the user; nothing is sent yet."""
        self.url = url
        self._owner = owner
        self._client = JsonClient(url)
        self._client_id = f"{url}/"
        self._refresh_token: str | None = None
        self._access_token: str | None = None

    def log_in(self) -> None:
        """Log in with user and password, as the login page does."""
        flow = self._open_post(
            "/auth/login_flow",
            {
                "client_id": self._client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": f"{self._client_id}?auth_callback=1",
            },
        )
        done = self._open_post(
            f"/auth/login_flow/{flow['flow_id']}",
            {
                "client_id": self._client_id,
                "username": self._owner.username,
                "password": self._owner.password,
            },
        )
        if done.get("type") != "create_entry":
            raise RefusedError(f"Home Assistant refused the login: {done.get('errors')}")
        tokens = self._token(grant_type="authorization_code", code=done["result"])
        self._refresh_token = tokens["refresh_token"]

    def is_running(self) -> bool:
        """Return whether Home Assistant has started every integration."""
        try:
            if self._refresh_token is None:
                self.log_in()
            config = self._request("GET", "/api/config").data
        except NoAnswerError, RefusedError:
            # The login endpoints appear some seconds after the web server itself.
            return False
        return isinstance(config, dict) and config.get("state") == "RUNNING"

    def state(self, entity_id: str) -> dict[str, Any] | None:
        """Return an entity's state and attributes, or None when there is no such entity."""
        answer = self._request(
            "GET", f"/api/states/{entity_id}", accept=(HTTPStatus.OK, HTTPStatus.NOT_FOUND)
        )
        return answer.data if answer.status == HTTPStatus.OK else None

    def states(self) -> list[dict[str, Any]]:
        """Return every entity's state."""
        states: list[dict[str, Any]] = self._request("GET", "/api/states").data
        return states

    def wait_for_state(
        self, entity_id: str, wanted: str, seconds: float, **attributes: Any
    ) -> dict[str, Any]:
        """Return the entity once it has the state and the attributes that are wanted."""
        seen: dict[str, Any] | None = None

        def probe() -> dict[str, Any] | None:
            nonlocal seen
            seen = self.state(entity_id)
            fits = (
                seen is not None
                and seen["state"] == wanted
                and all(seen["attributes"].get(key) == value for key, value in attributes.items())
            )
            return seen if fits else None

        try:
            return wait_until(probe, f"{entity_id} being {wanted} {attributes or ''}", seconds)
        except NotInTimeError as err:
            raise StackError(f"{err}; it was last seen as {seen}") from err

    def device_page(self, entity_id: str) -> str:
        """Return the address of the page of the device that an entity belongs to."""
        template = "{{ device_id('" + entity_id + "') }}"
        answer = self._request("POST", "/api/template", body={"template": template})
        return f"{self.url}/config/devices/device/{answer.text}"

    def call(self, domain: str, service: str, **data: Any) -> None:
        """Perform an action."""
        self._request("POST", f"/api/services/{domain}/{service}", body=data)

    def ask(self, domain: str, service: str, **data: Any) -> dict[str, Any]:
        """Perform an action that answers; return its answer."""
        answer = self._request(
            "POST", f"/api/services/{domain}/{service}?return_response", body=data
        )
        response: dict[str, Any] = answer.data["service_response"]
        return response

    def install(self, entity_id: str) -> None:
        """Press Install on an update entity."""
        self.call("update", "install", entity_id=entity_id)

    def start_flow(self, handler: str, entry_id: str | None = None) -> dict[str, Any]:
        """Begin to add an integration, or to change an entry; return the first step."""
        changed = {} if entry_id is None else {"entry_id": entry_id}
        return self._flow("", {"handler": handler, **changed})

    def answer_flow(self, flow: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """Fill in a step's form; return the next step or the result."""
        return self._flow(f"/{flow['flow_id']}", values)

    def entries(self, domain: str) -> list[dict[str, Any]]:
        """Return the set-up entries of an integration."""
        entries: list[dict[str, Any]] = self._request(
            "GET", f"/api/config/config_entries/entry?domain={domain}"
        ).data
        return entries

    def wait_for_entry(self, domain: str, state: str, seconds: float) -> dict[str, Any]:
        """Return the integration's only entry once it is in the state."""

        def probe() -> dict[str, Any] | None:
            entries = self.entries(domain)
            return entries[0] if entries and entries[0]["state"] == state else None

        try:
            return wait_until(probe, f"{domain} being {state}", seconds)
        except NotInTimeError as err:
            raise StackError(f"{err}; its entries are {self.entries(domain)}") from err

    def reload_entry(self, entry_id: str) -> None:
        """Set an entry up anew."""
        self._request("POST", f"/api/config/config_entries/entry/{entry_id}/reload")

    def remove_entry(self, entry_id: str) -> None:
        """Delete a set-up entry."""
        self._request("DELETE", f"/api/config/config_entries/entry/{entry_id}")

    def _flow(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return one step of a config flow."""
        step: dict[str, Any] = self._request(
            "POST", f"/api/config/config_entries/flow{path}", body=body
        ).data
        return step

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        accept: tuple[int, ...] = (HTTPStatus.OK, HTTPStatus.CREATED),
    ) -> Answer:
        """Return the answer to a request of the logged-in user."""
        answer = self._send(method, path, body)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            # Access tokens live for half an hour only.
            self._token(grant_type="refresh_token", refresh_token=self._refresh_token or "")
            answer = self._send(method, path, body)
        if answer.status not in accept:
            raise RefusedError(
                f"Home Assistant answered {answer.status} to {method} {path}: {answer.text}"
            )
        return answer

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        """Send a request with the access token."""
        headers = {"Authorization": f"Bearer {self._access_token}"}
        return self._client.request(method, path, body=body, headers=headers)

    def _open_post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post to an endpoint that needs no login."""
        answer = self._client.request("POST", path, body=body)
        if answer.status != HTTPStatus.OK or not isinstance(answer.data, dict):
            raise RefusedError(f"Home Assistant answered {answer.status} to {path}: {answer.text}")
        return answer.data

    def _token(self, **form: str) -> dict[str, Any]:
        """Return tokens and keep the access token."""
        answer = self._client.request(
            "POST",
            "/auth/token",
            body=urlencode({**form, "client_id": self._client_id}).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        if answer.status != HTTPStatus.OK:
            raise RefusedError(f"Home Assistant gave no token: {answer.text}")
        tokens: dict[str, Any] = answer.data
        self._access_token = tokens["access_token"]
        return tokens
