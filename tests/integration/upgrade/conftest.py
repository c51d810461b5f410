"""The engine runs without Home Assistant, and so do its tests."""

import pytest


@pytest.fixture(autouse=True)
def _integration_enabled() -> None:
    """Start no Home Assistant, which would take most of the time of these tests."""
