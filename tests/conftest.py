"""What holds for every test."""

import asyncio
import logging
import os

from hypothesis import settings
import pytest

# The test plugin shows every log line from INFO on, and Alembic logs while it is imported:
# on the workers that would end up below the results.
logging.getLogger("alembic").setLevel(logging.WARNING)

# Failing examples are printed; a database of them would be a file left behind.
settings.register_profile("repository", database=None, deadline=None, print_blob=True)
settings.load_profile("repository")


# xdist reads the groups in a hook of the same name, so they must be there before.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep all tests that start real programs on one worker: two cores carry only one such set."""
    for item in items:
        if any(item.iter_markers("e2e")) or any(item.iter_markers("browser")):
            item.add_marker(pytest.mark.xdist_group("real_programs"))


@pytest.fixture(autouse=True)
async def enable_event_loop_debug() -> None:
    """Debug the event loop in the thorough run only, instead of always.

    Debugging keeps a traceback of every callback, which takes half the time of the tests that
    have a Home Assistant.
    """
    if os.environ.get("MQTT_OTA_THOROUGH") == "1":
        asyncio.get_running_loop().set_debug(True)
