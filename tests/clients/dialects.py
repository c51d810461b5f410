"""How device SDKs and libraries write their requests, byte for byte."""

import base64
from dataclasses import dataclass

CRLF = "\r\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One way to ask; `request` holds {path}, {host}, {port}, {token} and {basic}.

    A resumed request has a Range line after the first line, with the same line
    end as that; `block` is the number of bytes that a client of blocks asks for.
    """

    name: str
    request: str
    token: str = "Bearer"
    block: int | None = None
    head_first: bool = False

    def bytes_for(self, path: str, token: str, *, port: int, first: int, last: int | None) -> bytes:
        """Return the request for the bytes from `first` to `last`; the whole when both are open."""
        text = self.request.format(
            path=path,
            host="127.0.0.1",
            port=port,
            token=token,
            basic=base64.b64encode(f"device:{token}".encode()).decode(),
        )
        if first or last is not None:
            line, end, rest = text.partition("\n")
            ending = end if not line.endswith("\r") else CRLF
            wanted = f"Range: bytes={first}-{'' if last is None else last}"
            text = f"{line}{end}{wanted}{ending}{rest}"
        return text.encode()


def crlf(*lines: str) -> str:
    """Return a request with line ends as in the standard."""
    return CRLF.join([*lines, "", ""])


DIALECTS = (
    Dialect(
        name="IoTDA device SDK for Python",
        request=crlf(
            "GET {path} HTTP/1.1",
            "Host: {host}:{port}",
            "User-Agent: python-requests/2.32.0",
            "Accept-Encoding: gzip, deflate",
            "Accept: */*",
            "Connection: keep-alive",
            "Authorization: Bearer {token}",
        ),
    ),
    Dialect(
        name="IoTDA device SDK for Java and Android (OkHttp)",
        request=crlf(
            "GET {path} HTTP/1.1",
            "Content-Type: application/json",
            "Authorization: Bearer {token}",
            "Host: {host}:{port}",
            "Connection: Keep-Alive",
            "Accept-Encoding: gzip",
            "User-Agent: okhttp/4.9.1",
        ),
    ),
    Dialect(
        name="IoTDA device SDK for C",
        request="GET {path} HTTP/1.1\nHost: {host}\nContent-Type: application/json\n"
        "Authorization:Bearer {token}\r\n\r\n",
    ),
    Dialect(
        name="IoTDA device SDK for C, version 2 events",
        request="GET {path}?token={token} HTTP/1.1\nHost: {host}\n\r\n\r\n",
        token="query",
    ),
    Dialect(
        name="IoTDA device SDK for C#",
        request=crlf(
            "GET {path} HTTP/1.1",
            "Content-Type: application/json",
            "Authorization: Bearer {token}",
            "Host: {host}:{port}",
            "Connection: Keep-Alive",
        ),
    ),
    Dialect(
        name="IoTDA device SDK for Go",
        request=crlf(
            "GET {path} HTTP/1.1",
            "Host: {host}:{port}",
            "User-Agent: Go-http-client/1.1",
            "Authorization: Bearer {token}",
            "Content-Type: text/plain",
            "Accept-Encoding: gzip",
        ),
    ),
    Dialect(
        name="ESP-IDF esp_https_ota",
        request=crlf(
            "GET {path} HTTP/1.1",
            "User-Agent: ESP32 HTTP Client/1.0",
            "Host: {host}:{port}",
            "Authorization: Bearer {token}",
        ),
    ),
    Dialect(
        name="ESP-IDF esp_https_ota, partial_http_download",
        request=crlf(
            "GET {path} HTTP/1.1",
            "User-Agent: ESP32 HTTP Client/1.0",
            "Host: {host}:{port}",
            "Authorization: Bearer {token}",
        ),
        block=4096,
        head_first=True,
    ),
    Dialect(
        name="Arduino-ESP32 HTTPUpdate",
        request=crlf(
            "GET {path}?token={token} HTTP/1.0",
            "Host: {host}:{port}",
            "User-Agent: ESP32-http-Update",
            "Connection: close",
            "Cache-Control: no-cache",
            "x-ESP32-STA-MAC: 24:0A:C4:00:00:01",
            "x-ESP32-free-space: 1310720",
            "x-ESP32-sketch-size: 300000",
            "x-ESP32-mode: sketch",
        ),
        token="query",
    ),
    Dialect(
        name="ESP8266 ESPhttpUpdate",
        request=crlf(
            "GET {path} HTTP/1.0",
            "Host: {host}:{port}",
            "User-Agent: ESP8266-http-Update",
            "Connection: close",
            "Accept-Encoding: identity;q=1,chunked;q=0.1,*;q=0",
            "Authorization: Basic {basic}",
            "x-ESP8266-STA-MAC: 5C:CF:7F:00:00:01",
            "x-ESP8266-mode: sketch",
        ),
        token="password",
    ),
    Dialect(
        name="ESPHome http_request",
        request=crlf(
            "GET {path} HTTP/1.1",
            "Host: {host}:{port}",
            "User-Agent: ESPHome/2026.10",
            "Connection: close",
            "Authorization: Basic {basic}",
        ),
        token="password",
    ),
    Dialect(
        name="Tasmota OtaUrl",
        request=crlf(
            "GET {path}?token={token} HTTP/1.0",
            "Host: {host}:{port}",
            "User-Agent: ESP8266-http-Update",
            "Connection: close",
            "x-ESP8266-sketch-size: 600000",
        ),
        token="query",
    ),
    Dialect(
        name="nRF Connect SDK fota_download",
        request=crlf(
            "GET {path} HTTP/1.1",
            "Host: {host}:{port}",
            "Authorization: Bearer {token}",
            "Connection: keep-alive",
        ),
        block=2048,
    ),
)
