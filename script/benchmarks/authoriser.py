"""What nginx asks for every request where it has to: a server that knows the tokens.

It does as little as a correct one can: it looks the token's hash up, and answers.
"""

import hashlib
import sys

from aiohttp import web
from stack.ports import LOOPBACK


def main() -> None:
    """Serve on the port of the first argument; the second one is the only token."""
    port, token = int(sys.argv[1]), sys.argv[2]
    known = {hashlib.sha256(token.encode()).digest()}

    async def authorise(request: web.Request) -> web.Response:
        """Answer whether the token is known."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        is_known = scheme == "Bearer" and hashlib.sha256(given.encode()).digest() in known
        return web.Response(status=204 if is_known else 401)

    app = web.Application()
    app.router.add_get("/authorise", authorise)
    web.run_app(app, host=LOOPBACK, port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
