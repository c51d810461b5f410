"""The root certificate of the depot's own authority, as makers give it to their devices."""

from typing import Final

from aiohttp import web

from .certificates import Authority
from .problems import Problem, ProblemKind

_TYPES: Final = {"pem": "application/pem-certificate-chain", "der": "application/pkix-cert"}


class RootCertificate:
    """Serves the certificate; it is public, so no key is asked for."""

    def __init__(self, authority: Authority | None) -> None:
        """Create the handler; without an authority there is nothing to serve."""
        self._authority = authority

    async def serve(self, request: web.Request) -> web.Response:
        """Return the certificate; raises a Problem of kind not-found."""
        if self._authority is None:
            raise Problem(
                ProblemKind.NOT_FOUND,
                "The depot has no authority of its own: it serves plain HTTP, or with a "
                "certificate that somebody else made.",
            )
        form = request.match_info["form"]
        return web.Response(
            body=self._authority.pem if form == "pem" else self._authority.der,
            content_type=_TYPES[form],
            headers={"Content-Disposition": f'attachment; filename="mqtt-ota-ca.{form}"'},
        )
