"""What can go wrong with a depot, each error with a translated cause and remedy."""

from typing import ClassVar

from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN

_MAX_REASON = 200


class DepotError(HomeAssistantError):
    """Base of every depot failure."""

    key: ClassVar[str]

    def __init__(self, **placeholders: str) -> None:
        """Fill the class's message with placeholders, cut to a readable length."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key=self.key,
            translation_placeholders={
                name: value[:_MAX_REASON] for name, value in placeholders.items()
            },
        )


class DepotConnectionError(DepotError):
    """The depot cannot be reached, is too slow or hung up (url, reason)."""

    key = "depot_connection"


class DepotAuthenticationError(DepotError):
    """The depot does not accept the API key (url)."""

    key = "depot_authentication"


class DepotCertificateError(DepotError):
    """The depot's certificate is not the trusted one (url, reason)."""

    key = "depot_certificate"


class DepotCertificateNameError(DepotCertificateError):
    """A public authority vouches for the certificate, but under another name (url, reason)."""

    key = "depot_certificate_name"


class DepotTooOldError(DepotError):
    """The depot speaks only API versions older than ours (url, version)."""

    key = "depot_too_old"


class DepotTooNewError(DepotError):
    """The depot no longer speaks our API version (url, version)."""

    key = "depot_too_new"


class DepotProtocolError(DepotError):
    """The answer is not one that a depot gives (url, reason)."""

    key = "depot_protocol"


class DepotRefusedError(DepotError):
    """The depot understood the request and refused it with an RFC 9457 problem."""

    key = "depot_refused"

    def __init__(self, *, problem: str, status: int, detail: str) -> None:
        """Keep the machine code (slug of urn:mqtt-ota:<slug>) and the HTTP status."""
        super().__init__(problem=problem, status=str(status), detail=detail)
        self.problem = problem
        self.status = status


class DepotNotFoundError(DepotRefusedError):
    """The package or grant that was asked for does not exist at the depot."""

    key = "depot_not_found"
