"""Plain JSON over HTTP to a part on the loopback address."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from .errors import StackError

REQUEST_SECONDS = 60.0


class NoAnswerError(StackError):
    """The part did not answer at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An HTTP answer; `data` is None where the body is not JSON."""

    status: int
    text: str
    data: Any


class JsonClient:
    """Sends requests to one base URL, never through a proxy."""

    def __init__(self, url: str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        """Remember whom to talk to."""
        self.url = url
        self._ssl_context = ssl_context
        self._parts = urlsplit(url)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to one request; raise NoAnswerError where there is none."""
        sent = dict(headers or {})
        if isinstance(body, Mapping):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        connection = self._connection()
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, HTTPException) as err:
            raise NoAnswerError(f"{self.url} did not answer {method} {path}: {err}") from err
        finally:
            connection.close()
        return _answer(status, content)

    def _connection(self) -> HTTPConnection:
        """Return a connection of the URL's kind."""
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return HTTPSConnection(host, port, timeout=REQUEST_SECONDS, context=self._ssl_context)
        return HTTPConnection(host, port, timeout=REQUEST_SECONDS)


def _answer(status: int, content: bytes) -> Answer:
    """Return the answer with its body read as JSON where it is JSON."""
    text = content.decode(errors="replace")
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    return Answer(status=status, text=text, data=data)
