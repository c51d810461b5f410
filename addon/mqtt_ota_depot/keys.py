"""The API key: where it is kept, and how it is exchanged for a new one."""

from pathlib import Path

from .auth import key_file, load_api_key, make_api_key
from .problems import Problem, ProblemKind


class Keys:
    """Knows the API key. One of the settings stays; one that the depot made can be renewed."""

    def __init__(self, data_dir: Path, configured: str | None) -> None:
        """Read the key, or make it on first use."""
        self._file = key_file(data_dir)
        self.configured = configured is not None
        self.key = load_api_key(data_dir, configured)

    def renew(self) -> str:
        """Return a new key, kept in place of the old one.

        Raises a Problem of kind key-configured where the settings have the key.
        """
        if self.configured:
            raise Problem(
                ProblemKind.KEY_CONFIGURED,
                "The key is the setting api_key; change it there, or remove it so that the "
                "depot makes one.",
            )
        self.key = make_api_key(self._file)
        return self.key
