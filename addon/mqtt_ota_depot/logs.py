"""Logs: where they go, and what never gets into them."""

import logging
import re
import sys
from typing import Final, override

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

_SECRET: Final = re.compile(r"(token=|Bearer |Basic )[^\s&\"'\\]+", re.IGNORECASE)


class RedactingFormatter(logging.Formatter):
    """Takes out tokens and keys that a library's message might repeat."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, traceback included, without secrets."""
        return _SECRET.sub(r"\1***", super().format(record))


class AccessLogger(AbstractAccessLogger):
    """One line per request at level debug; the query never gets in."""

    @override
    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log an answered request; `time` is in seconds."""
        log_request(
            self.logger,
            request.remote,
            request.method,
            one_line(request.path),
            status=response.status,
            seconds=time,
        )


def one_line(path: str) -> str:
    """Return a path without the line ends that clients can hide in it.

    It stays decoded otherwise, or a token in it would not be recognised.
    """
    return ascii(path)[1:-1]


def log_request(
    logger: logging.Logger | logging.LoggerAdapter[logging.Logger],
    remote: str | None,
    method: str,
    path: str,
    *,
    status: int,
    seconds: float,
) -> None:
    """Log an answered request; `path` is without the query."""
    logger.debug("%s %s %s %d %.3f s", remote, method, path, status, seconds)


def set_up(level: str) -> None:
    """Log to the standard error stream."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # They tell each statement, which buries everything else.
    for name in ("aiosqlite", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
