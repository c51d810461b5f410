"""The API's place and version: what clients and the depot agree on."""

from typing import Final

PREFIX: Final = "/api/v1"
API_VERSION: Final = 1
MIN_API_VERSION: Final = 1
